//! Carries messages from the outbox to the broker, over connection after connection.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use prometheus_client::metrics::gauge::Gauge;
use rumqttc::{
    AsyncClient, ConnectReturnCode, ConnectionError, Event, EventLoop, MqttOptions, NetworkOptions,
};
use rumqttc::{Incoming, Outgoing};
use tokio::time::{Instant, sleep, timeout};

use super::outbox::{Message, Outbox, WINDOW};
use crate::backoff::Backoff;
use crate::publish::network::Ending;
use crate::publish::output_status::OutputStatus;

/// Seconds after which a broker that does not answer is given up. With the longest wait it is less than the ten seconds
/// within which a broker that came back is found.
const ANSWER: u64 = 4;
/// Waits before another connection: the first, and the longest.
const WAITS: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(4)];
/// After a connection that lasted this long, the next attempt is made at once.
const GOOD: Duration = Duration::from_secs(10);
/// How long the broker is given, at the end, to acknowledge what it has not.
const FAREWELL: Duration = Duration::from_secs(2);

/// Everything that a connection needs.
pub(super) struct MqttClient {
    pub(super) options: MqttOptions,
    /// The broker, as it is shown.
    pub(super) broker: String,
    pub(super) outbox: Arc<Mutex<Outbox>>,
    /// The last message.
    pub(super) farewell: Message,
    pub(super) output_status: OutputStatus,
    pub(super) connected: Gauge,
}

impl MqttClient {
    /// Makes connection after connection until the end; then waits a little until the broker has everything.
    pub(super) async fn run(self, mut ending: Ending) {
        let mut backoff = Backoff::new(WAITS[0], WAITS[1]);
        loop {
            let begun = Instant::now();
            let (client, mut events) = self.connection();
            let error = tokio::select! {
                error = self.serve(&client, &mut events) => error,
                () = ending.over() => {
                    // Without a farewell, the broker sends the last will.
                    let _ = timeout(FAREWELL, self.part(&client, &mut events)).await;
                    break;
                }
            };
            self.clear(&client, &mut events);
            if begun.elapsed() > GOOD {
                backoff.reset();
            }
            let wait = backoff.wait();
            self.output_status.tell(Some(format!("MQTT: {}: {}; tried again", self.broker, reason(&error))));
            tokio::select! {
                () = sleep(wait) => {}
                () = ending.over() => break,
            }
        }
        self.connected.set(0);
        self.output_status.lose(self.outbox.lock().waiting() as u64);
    }

    /// A connection, to be made when it is first asked for events.
    fn connection(&self) -> (AsyncClient, EventLoop) {
        let (client, mut events) = AsyncClient::new(self.options.clone(), 2 * WINDOW);
        let mut network = NetworkOptions::new();
        network.set_tcp_nodelay(true);
        network.set_connection_timeout(ANSWER);
        events.set_network_options(network);
        (client, events)
    }

    /// Goes on until the connection breaks, or cannot be made; returns why.
    async fn serve(&self, client: &AsyncClient, events: &mut EventLoop) -> ConnectionError {
        loop {
            match events.poll().await {
                Ok(event) => self.note(client, &event),
                Err(error) => return error,
            }
        }
    }

    /// Returns when the broker has everything, the farewell last.
    async fn part(&self, client: &AsyncClient, events: &mut EventLoop) {
        let mut farewell = Some(self.farewell.clone());
        let mut leaving = false;
        loop {
            if !leaving && self.outbox.lock().is_settled() {
                match farewell.take() {
                    Some(message) => self.outbox.lock().put(message),
                    None => leaving = client.try_disconnect().is_ok(),
                }
            }
            match events.poll().await {
                Ok(Event::Outgoing(Outgoing::Disconnect)) | Err(_) => return,
                Ok(event) => self.note(client, &event),
            }
        }
    }

    /// Tells the outbox what became of its messages.
    fn note(&self, client: &AsyncClient, event: &Event) {
        match event {
            Event::Incoming(Incoming::ConnAck(_)) => {
                self.connected.set(1);
                self.output_status.tell(None);
                self.outbox.lock().connected(client.clone());
            }
            Event::Outgoing(Outgoing::Publish(id)) => self.outbox.lock().written(*id),
            Event::Incoming(Incoming::PubAck(ack)) => self.outbox.lock().acknowledged(ack.pkid),
            _ => {}
        }
    }

    /// Ends a connection that broke: what had been acknowledged before is noted first.
    fn clear(&self, client: &AsyncClient, events: &mut EventLoop) {
        for event in std::mem::take(&mut events.state.events) {
            self.note(client, &event);
        }
        self.connected.set(0);
        self.outbox.lock().disconnected();
    }
}

/// Why there is no connection, with the way out where there is one.
fn reason(error: &ConnectionError) -> String {
    match error {
        ConnectionError::ConnectionRefused(
            ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized,
        ) => "the broker does not let us in: check mqtt.username and mqtt.password".into(),
        ConnectionError::Tls(error) => {
            format!("the connection cannot be encrypted ({error}): check mqtt.tls and mqtt.ca_file")
        }
        ConnectionError::NetworkTimeout | ConnectionError::FlushTimeout => "no answer".into(),
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read, Write};
    use std::net::{Shutdown, TcpListener};

    use proptest::{collection, prelude::*};
    use rumqttc::QoS;

    use super::*;
    use crate::publish::mqtt::outbox::Kind;
    use crate::publish::testing::{PATIENCE, output_status};

    /// First byte of a PUBACK.
    const ACKNOWLEDGEMENT: u8 = 0x40;

    /// Packets of brokers in any order, and arbitrary bytes, mostly after a CONNACK.
    fn speech() -> impl Strategy<Value = Vec<u8>> {
        let welcome = vec![0x20, 2, 0, 0];
        let numbered = (prop::sample::select(vec![ACKNOWLEDGEMENT, 0x50, 0x62, 0x70, 0xb0]), 0u8..9)
            .prop_map(|(kind, id)| vec![kind, 2, 0, id]);
        let other = prop::sample::select(vec![
            welcome.clone(),
            vec![0xd0, 0],
            vec![0x90, 3, 0, 1, 0x80],
            vec![0x30, 5, 0, 1, b'x', 1, 2],
            vec![0x32, 3, 0, 9, b'x'],
            vec![0x30, 0xff, 0xff, 0xff, 0x7f],
            vec![0x30, 0xff, 0xff, 0xff, 0xff, 0xff],
        ]);
        let bytes = collection::vec(any::<u8>(), 0..12);
        let packets = collection::vec(prop_oneof![2 => numbered, 2 => other, 1 => bytes], 0..10);
        (prop::bool::weighted(0.8), packets).prop_map(move |(welcomes, packets)| {
            let welcome = if welcomes { welcome.clone() } else { vec![] };
            [welcome, packets.concat()].concat()
        })
    }

    #[test]
    fn whatever_a_broker_says_events_stay_until_it_acknowledges_them() {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build().unwrap();
        proptest!(ProptestConfig::with_cases(200), |(speech in speech())| {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let (output_status, port) = (output_status("mqtt"), listener.local_addr().unwrap().port());
            let mut outbox = Outbox::new(QoS::AtLeastOnce, vec![], output_status.clone());
            (0..3).for_each(|n| outbox.put(Message::new(Kind::Event, "x/event", format!("{n}"))));
            let mqtt_client = MqttClient {
                options: MqttOptions::new("lookhear", "127.0.0.1", port),
                broker: "broker".into(),
                outbox: Arc::new(Mutex::new(outbox)),
                farewell: Message::new(Kind::Greeting, "x/status", "offline"),
                output_status,
                connected: Gauge::default(),
            };
            let said = speech.clone();
            let broker = std::thread::spawn(move || {
                let mut stream = listener.accept().unwrap().0;
                stream.read_exact(&mut [0]).unwrap();
                // The client may hang up in the middle.
                let _ = stream.write_all(&said);
                let _ = stream.shutdown(Shutdown::Write);
                let _ = io::copy(&mut stream, &mut io::sink());
            });
            runtime.block_on(async {
                let (client, mut events) = mqtt_client.connection();
                timeout(PATIENCE, mqtt_client.serve(&client, &mut events)).await.expect("the connection ends");
                mqtt_client.clear(&client, &mut events);
            });
            broker.join().unwrap();
            let waiting = mqtt_client.outbox.lock().waiting();
            prop_assert!(waiting == 3 || waiting < 3 && speech.contains(&ACKNOWLEDGEMENT), "{waiting}");
        });
    }
}
