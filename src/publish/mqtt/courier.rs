//! Carries messages from the outbox to the broker, over connection after connection.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use prometheus_client::metrics::gauge::Gauge;
use rumqttc::{
    AsyncClient, ConnectReturnCode, ConnectionError, Event, EventLoop, MqttOptions, NetworkOptions,
};
use rumqttc::{Incoming, Outgoing};
use tokio::time::{Instant, sleep, timeout};

use super::outbox::{Message, Outbox, WINDOW, lock};
use crate::publish::backoff::Backoff;
use crate::publish::network::Ending;
use crate::publish::standing::Standing;

/// Seconds after which a broker that does not answer is given up. With the longest wait it is less than the ten seconds
/// within which a broker that came back is found.
const ANSWER: u64 = 4;
/// Waits before another connection: the first, and the longest.
const WAITS: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(4)];
/// A connection that held so long was a good one: the next is tried at once.
const GOOD: Duration = Duration::from_secs(10);
/// How long the broker is given, at the end, to acknowledge what it has not.
const FAREWELL: Duration = Duration::from_secs(2);

/// Everything that a connection needs.
pub(super) struct Courier {
    pub(super) options: MqttOptions,
    /// The broker, as it is shown.
    pub(super) broker: String,
    pub(super) outbox: Arc<Mutex<Outbox>>,
    /// The last message.
    pub(super) farewell: Message,
    pub(super) standing: Standing,
    pub(super) connected: Gauge,
}

impl Courier {
    /// Makes connection after connection until the end; then waits a little until the broker has everything.
    pub(super) async fn run(self, mut ending: Ending) {
        let mut backoff = Backoff::new(WAITS[0], WAITS[1]);
        loop {
            let begun = Instant::now();
            let (client, mut events) = AsyncClient::new(self.options.clone(), 2 * WINDOW);
            let mut network = NetworkOptions::new();
            network.set_tcp_nodelay(true);
            network.set_connection_timeout(ANSWER);
            events.set_network_options(network);
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
            self.standing.tell(Some(format!("MQTT: {}: {}; tried again", self.broker, reason(&error))));
            tokio::select! {
                () = sleep(wait) => {}
                () = ending.over() => break,
            }
        }
        self.connected.set(0);
        self.standing.lose(lock(&self.outbox).waiting() as u64);
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
            if !leaving && lock(&self.outbox).is_settled() {
                match farewell.take() {
                    Some(message) => lock(&self.outbox).put(message),
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
                self.standing.tell(None);
                lock(&self.outbox).connected(client.clone());
            }
            Event::Outgoing(Outgoing::Publish(id)) => lock(&self.outbox).written(*id),
            Event::Incoming(Incoming::PubAck(ack)) => lock(&self.outbox).acknowledged(ack.pkid),
            _ => {}
        }
    }

    /// Ends a connection that broke: what had been acknowledged before is noted first.
    fn clear(&self, client: &AsyncClient, events: &mut EventLoop) {
        for event in std::mem::take(&mut events.state.events) {
            self.note(client, &event);
        }
        self.connected.set(0);
        lock(&self.outbox).disconnected();
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
