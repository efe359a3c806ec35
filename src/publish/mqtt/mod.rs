//! Messages to an MQTT broker. `outbox` keeps them until the broker has acknowledged them, `client` sends them.

mod client;
mod discovery;
mod outbox;
mod tls;
mod topics;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use prometheus_client::metrics::gauge::Gauge;
use rumqttc::{LastWill, MqttOptions, QoS, TlsConfiguration, Transport};

use super::message::{Numbering, json};
use super::network::Network;
use super::output::Output;
use super::output_status::OutputStatus;
use super::queue::Queue;
use super::scene::Scene;
use super::secret::Secret;
use super::settings::{self, Events};
use super::{About, PublishError};
use crate::event::State;
use crate::history::Notice;
use crate::pipeline::{DecisionContext, SinkError};
use outbox::{Kind, Message, Outbox};
use topics::{OFFLINE, ONLINE, Topics};

/// The broker asks after a client that was silent for one and a half times as long, and then sends its last will.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// Seconds between two messages about a state that stays, and between two pictures.
const EVERY: f64 = 1.0;
/// The largest message, in bytes: an event with its map is about 6 kB, a picture of 960 x 720 hardly above 400.
const LARGEST: usize = 1024 * 1024;

/// The pipeline's side.
pub(super) struct Mqtt {
    outbox: Arc<Mutex<Outbox>>,
    sources: BTreeMap<Option<String>, Place>,
    /// Where alerts go.
    alert: String,
    events: Events,
    episodes: bool,
    numbering: Numbering,
    /// Draws pictures, if they are asked for; each with its topic.
    pictures: Option<Queue<(Scene, String)>>,
    network: Network,
}

/// What is told of a source, and where.
struct Place {
    topics: Topics,
    /// When the state was last sent.
    told: Option<f64>,
    /// When the last picture was drawn.
    drawn: Option<f64>,
}

/// Prepares the connection; a thread makes it, and makes it anew whenever it breaks.
///
/// # Errors
/// A file that the settings name cannot be read, or there is no thread.
pub(super) fn start(
    settings: &settings::Mqtt,
    about: &About,
    output_status: OutputStatus,
    connected: Gauge,
) -> Result<Mqtt, PublishError> {
    let only = about.sources.is_empty().then_some(None);
    let sources = about.sources.iter().cloned().map(Some).chain(only);
    let place = |source: Option<String>| {
        let topics = Topics::new(&settings.prefix, source.as_deref());
        (source, Place { topics, told: None, drawn: None })
    };
    let sources: BTreeMap<Option<String>, Place> = sources.map(place).collect();
    let Topics { status, alert, .. } = Topics::new(&settings.prefix, None);
    let qos = if settings.qos == 0 { QoS::AtMostOnce } else { QoS::AtLeastOnce };
    let mut options = MqttOptions::new(&settings.client_id, &settings.host, settings.port());
    options
        .set_keep_alive(KEEP_ALIVE)
        .set_max_packet_size(LARGEST, LARGEST)
        .set_last_will(LastWill::new(&status, OFFLINE, qos, true));
    let password =
        Secret::read("mqtt.password_file", settings.password.as_ref(), settings.password_file.as_deref())?;
    if let Some(username) = &settings.username {
        options.set_credentials(username, password.as_ref().map_or("", Secret::reveal));
    }
    if settings.tls {
        let config = tls::config(settings.ca_file.as_deref())?;
        options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(config)));
    }

    let mut greeting = vec![Message::new(Kind::Greeting, &status, ONLINE)];
    if settings.home_assistant {
        let found = sources.iter().flat_map(|(source, place)| {
            discovery::messages(settings, source.as_deref(), &place.topics, about)
        });
        greeting.extend(found.map(|(topic, config)| Message::new(Kind::Greeting, &topic, json(&config))));
    }
    let farewell = Message::new(Kind::Greeting, &status, OFFLINE);
    let outbox = Arc::new(Mutex::new(Outbox::new(qos, greeting, output_status.clone())));
    let broker = format!("{}:{}", settings.host, settings.port());
    let pictures = settings.picture.then(|| drawing(outbox.clone(), &output_status));
    let pictures = pictures.transpose()?;
    let mqtt_client =
        client::MqttClient { options, broker, outbox: outbox.clone(), farewell, output_status, connected };
    let (events, episodes, numbering) = (settings.events, settings.episodes, Numbering::new());
    let network = Network::start("mqtt", move |ending| Box::pin(mqtt_client.run(ending)))?;
    Ok(Mqtt { outbox, sources, alert, events, episodes, numbering, pictures, network })
}

impl Mqtt {
    /// Where alerts are put, for the threads of the rules.
    pub(super) fn alerts(&self) -> Alerts {
        Alerts { outbox: self.outbox.clone(), topic: self.alert.clone() }
    }
}

impl Output for Mqtt {
    /// Puts what is to be said about a decision into the outbox.
    fn take(&mut self, context: &DecisionContext, changed: bool) -> Result<(), SinkError> {
        let event = context.event;
        let Some(Place { topics, told, drawn }) = self.sources.get_mut(&event.source) else { return Ok(()) };
        let rare = |last: Option<f64>| last.is_none_or(|last| event.t - last >= EVERY);
        let put = |message| self.outbox.lock().put(message);
        if changed || rare(*told) {
            *told = Some(event.t);
            put(Message::new(Kind::State, &topics.state, json(event)));
        }
        if self.events.decision(changed) {
            put(Message::new(Kind::Event, &topics.event, self.numbering.next(event)));
        }
        let due = changed && event.state == State::Match && rare(*drawn);
        if let Some(pictures) = self.pictures.as_ref().filter(|_| due) {
            *drawn = Some(event.t);
            pictures.offer((Scene::of(context), topics.picture.clone()));
        }
        Ok(())
    }

    /// Puts what is new about an episode into the outbox.
    fn episode(&mut self, notice: &Notice, _: Option<&DecisionContext>) {
        let named = self.sources.get(&Some(notice.episode.source.clone()));
        let place = named.or_else(|| self.sources.get(&None));
        if let Some(place) = place.filter(|_| self.episodes || self.events.episodes()) {
            self.outbox.lock().put(Message::new(Kind::Event, &place.topics.episode, json(notice)));
        }
    }

    fn close(&mut self) {
        self.pictures.iter_mut().for_each(Queue::close);
    }

    /// What is still to be drawn goes before the farewell.
    fn finish(&mut self, end: Instant) -> bool {
        let drawn = self.pictures.as_ref().is_none_or(|pictures| pictures.wait(end));
        self.network.close();
        self.network.wait(end) && drawn
    }
}

/// Where alerts are put.
#[derive(Clone)]
pub(super) struct Alerts {
    outbox: Arc<Mutex<Outbox>>,
    topic: String,
}

impl Alerts {
    /// Sends what is to be told, and its picture.
    pub(super) fn put(&self, text: Vec<u8>, jpeg: Option<Vec<u8>>) {
        let mut outbox = self.outbox.lock();
        outbox.put(Message::new(Kind::Event, &self.topic, text));
        if let Some(jpeg) = jpeg {
            outbox.put(Message::new(Kind::Event, &format!("{}/picture", self.topic), jpeg));
        }
    }
}

/// Starts the thread that draws pictures and puts them into the outbox.
fn drawing(outbox: Arc<Mutex<Outbox>>, output_status: &OutputStatus) -> io::Result<Queue<(Scene, String)>> {
    Queue::start(2, output_status.clone(), move |scenes: Receiver<(Scene, String)>| {
        for (scene, topic) in scenes {
            if let Some(jpeg) = scene.jpeg() {
                outbox.lock().put(Message::new(Kind::Picture, &topic, jpeg));
            }
        }
    })
}
