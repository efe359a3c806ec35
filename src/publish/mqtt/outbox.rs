//! Keeps messages until the broker has acknowledged them.
//!
//! rumqttc forgets unacknowledged messages when the broker returns without its session, as after a crash. So messages
//! stay here until they are acknowledged, only a few of them are handed to rumqttc at a time, and a connection that
//! broke is replaced by a new one that gets the rest.

use std::collections::{BTreeMap, VecDeque};

use rumqttc::{AsyncClient, QoS};

use crate::publish::output_status::OutputStatus;

/// Events that may wait for the broker.
pub(super) const CAPACITY: usize = 1000;
/// Messages that may be on their way at once. Fewer than rumqttc has numbers for, so that it never meets a number
/// again whose message is still on its way.
pub(super) const WINDOW: usize = 20;

/// The kind of a message, which decides what happens to it while the broker is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Sent at the beginning of every connection.
    Greeting,
    /// The state: only the latest of its topic is sent.
    State,
    /// A picture: only the latest of its topic is sent.
    Picture,
    /// An event: each is kept, up to the capacity.
    Event,
}

/// A topic and what goes there. All but events are retained by the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) kind: Kind,
    pub(super) topic: String,
    pub(super) payload: Vec<u8>,
}

impl Message {
    pub(super) fn new(kind: Kind, topic: &str, payload: impl Into<Vec<u8>>) -> Self {
        Self { kind, topic: topic.into(), payload: payload.into() }
    }
}

/// A message that was handed over.
struct Flight {
    message: Message,
    /// Its number in this connection, once it has been written.
    id: Option<u16>,
    acknowledged: bool,
}

/// Messages in all their stages.
pub(super) struct Outbox {
    qos: QoS,
    greeting: Vec<Message>,
    output_status: OutputStatus,
    /// Takes messages while there is a connection.
    client: Option<AsyncClient>,
    /// The part of the greeting that is still to be sent.
    first: VecDeque<Message>,
    /// The latest state and the latest picture, by their topics.
    states: BTreeMap<String, Message>,
    pictures: BTreeMap<String, Message>,
    events: VecDeque<Message>,
    /// Handed over, oldest first.
    flights: VecDeque<Flight>,
}

impl Outbox {
    /// Empty, and without a connection.
    pub(super) fn new(qos: QoS, greeting: Vec<Message>, output_status: OutputStatus) -> Self {
        Self {
            qos,
            greeting,
            output_status,
            client: None,
            first: VecDeque::new(),
            states: BTreeMap::new(),
            pictures: BTreeMap::new(),
            events: VecDeque::new(),
            flights: VecDeque::new(),
        }
    }

    /// Takes a message, and hands over what the connection has room for.
    pub(super) fn put(&mut self, message: Message) {
        match message.kind {
            Kind::Greeting => self.first.push_back(message),
            Kind::State => drop(self.states.insert(message.topic.clone(), message)),
            Kind::Picture => drop(self.pictures.insert(message.topic.clone(), message)),
            Kind::Event => {
                if self.events.len() >= CAPACITY {
                    self.events.pop_front();
                    self.output_status.lose(1);
                }
                self.events.push_back(message);
            }
        }
        self.hand_over();
    }

    /// Starts a connection: sends the greeting and what waits.
    pub(super) fn connected(&mut self, client: AsyncClient) {
        self.first = self.greeting.clone().into();
        self.client = Some(client);
        self.hand_over();
    }

    /// The connection is over. What was not acknowledged waits for the next one, in the order it had.
    pub(super) fn disconnected(&mut self) {
        self.client = None;
        self.first.clear();
        for Flight { message, acknowledged, .. } in std::mem::take(&mut self.flights).into_iter().rev() {
            match message.kind {
                _ if acknowledged => {}
                Kind::Greeting => {}
                Kind::State => {
                    self.states.entry(message.topic.clone()).or_insert(message);
                }
                Kind::Picture => {
                    self.pictures.entry(message.topic.clone()).or_insert(message);
                }
                Kind::Event => self.events.push_front(message),
            }
        }
    }

    /// The next message was written, under this number; 0: it will not be acknowledged.
    pub(super) fn written(&mut self, id: u16) {
        if let Some(flight) = self.flights.iter_mut().find(|flight| flight.id.is_none()) {
            flight.id = Some(id);
            flight.acknowledged = id == 0;
        }
        self.land();
    }

    /// The broker has the message of this number.
    pub(super) fn acknowledged(&mut self, id: u16) {
        let flying = |flight: &&mut Flight| flight.id == Some(id) && !flight.acknowledged;
        if let Some(flight) = self.flights.iter_mut().find(flying) {
            flight.acknowledged = true;
        }
        self.land();
    }

    /// Whether there is a connection, and the broker has everything.
    pub(super) fn is_settled(&self) -> bool {
        let latest = !self.states.is_empty() || !self.pictures.is_empty();
        let waiting = !self.first.is_empty() || latest || !self.events.is_empty();
        self.client.is_some() && self.flights.is_empty() && !waiting
    }

    /// Events that the broker does not have.
    pub(super) fn waiting(&self) -> usize {
        let flying =
            self.flights.iter().filter(|flight| flight.message.kind == Kind::Event && !flight.acknowledged);
        self.events.len() + flying.count()
    }

    /// Forgets the oldest messages that the broker has, and hands over others in their place. Those behind one
    /// that it does not have stay: the window never spans more than its size.
    fn land(&mut self) {
        while self.flights.pop_front_if(|flight| flight.acknowledged).is_some() {}
        self.hand_over();
    }

    fn hand_over(&mut self) {
        let Some(client) = &self.client else { return };
        while self.flights.len() < WINDOW {
            let mut latest = || {
                let latest = self.states.pop_first().or_else(|| self.pictures.pop_first());
                latest.map(|(_, message)| message)
            };
            let next = self.first.pop_front().or_else(&mut latest).or_else(|| self.events.pop_front());
            let Some(message) = next else { return };
            let retain = message.kind != Kind::Event;
            // The channel has room for the whole window, and topics were checked with the settings: the only error is
            // a connection that is over, and then the message is handed over again.
            let _ = client.try_publish(&message.topic, self.qos, retain, message.payload.clone());
            self.flights.push_back(Flight { message, id: None, acknowledged: false });
        }
    }
}

#[cfg(test)]
mod tests {
    use rumqttc::{EventLoop, MqttOptions};

    use super::*;
    use crate::publish::testing::output_status;

    fn event(n: usize) -> Message {
        Message::new(Kind::Event, "x/event", n.to_string())
    }

    /// An outbox, and connections for it that lead nowhere.
    struct Bench {
        outbox: Outbox,
        output_status: OutputStatus,
        connections: Vec<EventLoop>,
    }

    impl Bench {
        fn new(qos: QoS) -> Self {
            let (output_status, greeting) =
                (output_status("mqtt"), Message::new(Kind::Greeting, "x/status", "online"));
            let outbox = Outbox::new(qos, vec![greeting], output_status.clone());
            Self { outbox, output_status, connections: Vec::new() }
        }

        fn connect(&mut self) {
            let (client, events) = AsyncClient::new(MqttOptions::new("x", "localhost", 1), WINDOW);
            self.connections.push(events);
            self.outbox.connected(client);
        }

        /// What is on its way, and not acknowledged.
        fn flying(&self) -> Vec<String> {
            let flights = self.outbox.flights.iter().filter(|flight| !flight.acknowledged);
            flights.map(|flight| String::from_utf8(flight.message.payload.clone()).unwrap()).collect()
        }
    }

    #[test]
    fn what_was_not_acknowledged_is_sent_again_in_order_and_nothing_else() {
        let mut bench = Bench::new(QoS::AtLeastOnce);
        (0..4).for_each(|n| bench.outbox.put(event(n)));
        assert!(bench.flying().is_empty(), "there is no connection");
        bench.connect();
        assert_eq!(bench.flying(), ["online", "0", "1", "2", "3"]);
        (1..=4).for_each(|id| bench.outbox.written(id));
        bench.outbox.acknowledged(1);
        bench.outbox.acknowledged(3);
        bench.outbox.acknowledged(99);
        assert_eq!(bench.flying(), ["0", "2", "3"]);
        bench.outbox.disconnected();
        bench.outbox.put(event(4));
        assert_eq!(bench.outbox.waiting(), 4);
        bench.connect();
        assert_eq!(bench.flying(), ["online", "0", "2", "3", "4"]);
        (1..=5).for_each(|id| bench.outbox.written(id));
        (1..=5).for_each(|id| bench.outbox.acknowledged(id));
        assert!(bench.outbox.is_settled());
        assert_eq!(bench.output_status.lost(), 0);
    }

    #[test]
    fn the_window_moves_on_only_when_its_oldest_is_acknowledged() {
        let mut bench = Bench::new(QoS::AtLeastOnce);
        bench.connect();
        (0..100).for_each(|n| bench.outbox.put(event(n)));
        assert_eq!(bench.outbox.flights.len(), WINDOW);
        (1..=WINDOW as u16).for_each(|id| bench.outbox.written(id));
        (2..=WINDOW as u16).for_each(|id| bench.outbox.acknowledged(id));
        assert_eq!(bench.flying(), ["online"]);
        bench.outbox.acknowledged(1);
        assert_eq!(bench.outbox.flights.len(), WINDOW);
        assert_eq!(bench.flying()[0], "19");
    }

    #[test]
    fn the_oldest_events_make_room_and_only_the_latest_state_is_kept() {
        let mut bench = Bench::new(QoS::AtLeastOnce);
        let state = |n: usize| Message::new(Kind::State, "x/state", format!("state {n}"));
        let picture = |n: usize| Message::new(Kind::Picture, "x/picture", format!("picture {n}"));
        (0..3).for_each(|n| bench.outbox.put(state(n)));
        (0..2).for_each(|n| bench.outbox.put(picture(n)));
        (0..CAPACITY + 5).for_each(|n| bench.outbox.put(event(n)));
        assert_eq!(bench.output_status.lost(), 5);
        bench.connect();
        assert_eq!(bench.flying()[..4], ["online", "state 2", "picture 1", "5"]);
        bench.outbox.disconnected();
        bench.outbox.put(state(3));
        bench.connect();
        assert_eq!(bench.flying()[..4], ["online", "state 3", "picture 1", "5"]);
    }

    #[test]
    fn with_qos_0_a_message_is_over_when_it_is_written() {
        let mut bench = Bench::new(QoS::AtMostOnce);
        bench.connect();
        bench.outbox.put(event(0));
        (0..2).for_each(|_| bench.outbox.written(0));
        assert!(bench.outbox.is_settled());
    }
}
