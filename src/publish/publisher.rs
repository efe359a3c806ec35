//! The sink that hands decisions to all outputs.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::history::{self, History};
use super::message::{self, Line, Numbering};
use super::metrics::Metrics;
use super::mqtt::{self, Mqtt};
use super::network::{Network, Task};
use super::output_status::OutputStatus;
use super::queue::Queue;
use super::settings::{Events, Settings};
use super::web::{self, Board, Web};
use super::webhook::{self, Webhook};
use super::rules::{self, Rules};
use super::{About, PublishError, file, socket};
use crate::event::{Event, State};
use crate::history::{Notice, Tracker};
use crate::pipeline::{Controls, DecisionContext, Sink, SinkError};

/// How long the end waits for what is still to be written or sent.
const END: Duration = Duration::from_secs(3);

/// Publishes decisions as [`Settings`] say. Taking one never waits: each output has a bounded queue.
pub struct Publisher {
    metrics: Arc<Metrics>,
    board: Arc<Board>,
    pace: Pace,
    state: Option<State>,
    file: Option<Lines>,
    socket: Option<Lines>,
    /// Makes episodes, if anybody wants them.
    tracker: Option<Tracker>,
    history: Option<History>,
    webhook: Option<Webhook>,
    mqtt: Option<Mqtt>,
    web: Option<Web>,
    rules: Option<Rules>,
    network: Option<Network>,
    /// The status of every output, with the fault that was reported last.
    statuses: Vec<(OutputStatus, Option<String>)>,
    controls: Option<Arc<Controls>>,
}

impl Publisher {
    /// Opens the file, the socket and the address that the settings ask for, and begins to look for broker and web
    /// server, which may be away for now.
    ///
    /// # Errors
    /// A setting is invalid, or a file, socket or address cannot be opened; the error names the key.
    pub fn start(settings: &Settings, about: &About) -> Result<Self, PublishError> {
        settings.validate()?;
        let mut metrics = Metrics::new(about);
        // Registered before the metrics are shared; without a broker there is nothing to say.
        let connected = settings.mqtt.as_ref().map(|_| metrics.mqtt_connected()).unwrap_or_default();
        let (metrics, board) = (Arc::new(metrics), Arc::new(Board::default()));
        let mut statuses = Vec::new();
        let mut status_of = |name| {
            let output_status = metrics.output_status(name);
            statuses.push((output_status.clone(), None));
            output_status
        };
        let web = settings
            .web
            .as_ref()
            .map(|web| web::start(web, settings.history.as_ref(), board.clone(), metrics.clone()));
        let (web, web_task) = web.transpose()?.unzip();
        let mqtt = settings.mqtt.as_ref().map(|mqtt| mqtt::start(mqtt, about, status_of("mqtt"), connected));
        let (mqtt, mqtt_task) = mqtt.transpose()?.unzip();
        let file = settings.file.as_ref().map(|file| -> Result<Lines, PublishError> {
            Ok(Lines::new(file::start(file, status_of("file"))?, file.events))
        });
        let file = file.transpose()?;
        let socket = settings.socket.as_ref().map(|socket| -> Result<Lines, PublishError> {
            Ok(Lines::new(socket::start(socket, status_of("socket"))?, socket.events))
        });
        let socket = socket.transpose()?;
        let history = settings.history.as_ref().map(|history| history::start(history, status_of("history")));
        let history = history.transpose()?;
        let webhook =
            settings.webhook.as_ref().map(|webhook| webhook::start(webhook, about, status_of("webhook")));
        let webhook = webhook.transpose()?;
        let alerts = mqtt.as_ref().map(Mqtt::alerts);
        let rules = (!settings.rules.is_empty())
            .then(|| rules::start(&settings.rules, about, alerts.as_ref(), &status_of("rules")));
        let rules = rules.transpose()?;
        let tasks: Vec<Task> = web_task.into_iter().chain(mqtt_task).collect();
        let network = if tasks.is_empty() { None } else { Some(Network::start(tasks)?) };
        let (pace, state, controls) = (Pace::default(), None, None);
        Ok(Self {
            metrics,
            board,
            pace,
            state,
            file,
            socket,
            tracker: settings.tracker(),
            history,
            webhook,
            mqtt,
            web,
            rules,
            network,
            statuses,
            controls,
        })
    }

    /// Reports faults to whoever shows the run.
    #[must_use]
    pub fn tell(mut self, controls: Arc<Controls>) -> Self {
        self.controls = Some(controls);
        self
    }

    /// The address that the web is listened for on, with the port that the system chose if 0 was asked for.
    pub fn address(&self) -> Option<SocketAddr> {
        self.web.as_ref().map(|web| web.address)
    }

    /// What is wrong with an output.
    #[cfg(test)]
    pub(super) fn fault(&self, name: &str) -> Option<String> {
        self.statuses.iter().find(|(output_status, _)| output_status.name == name)?.0.fault()
    }

    /// Gives JSON lines to the outputs that want them. Each output has its own numbering.
    fn lines(&mut self, context: &DecisionContext, changed: bool) -> Result<(), SinkError> {
        self.file.iter_mut().chain(&mut self.socket).for_each(|lines| lines.offer(context.event, changed));
        if let Some(web) = self.web.as_ref().filter(|web| web.wants_lines()) {
            web.offer_line(&message::line(context)?);
        }
        Ok(())
    }

    /// Tells what began, went on and ended.
    fn episodes(&mut self, context: &DecisionContext) {
        if let Some(history) = &mut self.history {
            history.hear_and_see(context);
        }
        let notices = self.tracker.as_mut().map(|tracker| tracker.take(context.event));
        notices.unwrap_or_default().iter().for_each(|notice| self.episode(notice, Some(context)));
        let current = self.tracker.as_ref().and_then(Tracker::current);
        if let (Some(rules), Some(episode)) = (&mut self.rules, current) {
            rules.take(episode, context);
        }
    }

    fn episode(&mut self, notice: &Notice, context: Option<&DecisionContext>) {
        if let Some(history) = &mut self.history {
            history.offer(notice, context);
        }
        if let Some(mqtt) = &self.mqtt {
            mqtt.offer_episode(notice);
        }
        self.webhook.iter_mut().for_each(|webhook| webhook.offer_episode(notice));
        self.file.iter_mut().chain(&mut self.socket).for_each(|lines| lines.offer_episode(notice));
    }

    /// Reports the faults that have changed.
    fn report_faults(&mut self) {
        let Some(controls) = &self.controls else { return };
        for (output_status, told) in &mut self.statuses {
            let fault = output_status.fault();
            if fault != *told {
                controls.faults.set(output_status.name, fault.clone());
                *told = fault;
            }
        }
    }
}

impl Sink for Publisher {
    fn take(&mut self, context: &DecisionContext) -> Result<(), SinkError> {
        let event = context.event;
        let changed = self.state.replace(event.state) != Some(event.state);
        self.metrics.decide(event, self.pace.skipped(event.t));
        self.board.decide(event);
        self.lines(context, changed)?;
        self.episodes(context);
        if let Some(mqtt) = &mut self.mqtt {
            mqtt.offer(context, changed);
        }
        self.webhook.iter_mut().for_each(|webhook| webhook.offer(event, changed));
        if let Some(web) = &self.web {
            web.show(context);
        }
        self.report_faults();
        Ok(())
    }

    /// Ends everything, and waits up to 3 seconds for what is still to be written or sent.
    fn finish(&mut self) -> Result<(), SinkError> {
        let end = Instant::now() + END;
        if let Some(last) = self.tracker.as_mut().and_then(Tracker::end) {
            self.episode(&last, None);
        }
        self.history.iter_mut().for_each(History::close);
        let lines = self.file.iter_mut().chain(&mut self.socket);
        let mut lines: Vec<&mut Queue<Line>> = lines.map(|lines| &mut lines.queue).collect();
        lines.iter_mut().for_each(|queue| queue.close());
        self.webhook.iter_mut().for_each(Webhook::close);
        self.rules.iter_mut().for_each(Rules::close);
        self.mqtt.iter_mut().for_each(Mqtt::close);
        let mut late: Vec<&str> = Vec::new();
        // Drawn before the network is told that nothing more comes.
        late.extend(self.rules.iter().filter(|rules| !rules.wait(Instant::now() + END / 2)).map(|_| "rules"));
        late.extend(self.mqtt.iter().filter(|mqtt| !mqtt.wait(end)).map(|_| "mqtt"));
        self.network.iter_mut().for_each(Network::close);
        late.extend(lines.iter().filter(|queue| !queue.wait(end)).map(|queue| queue.name()));
        late.extend(self.history.iter().filter(|history| !history.wait(end)).map(|_| "history"));
        late.extend(self.webhook.iter().filter(|webhook| !webhook.wait(end)).map(|_| "webhook"));
        late.extend(self.network.iter().filter(|network| !network.wait(end)).map(|_| "network"));
        match late.is_empty() {
            true => Ok(()),
            false => Err(SinkError::Io {
                output: late.join(", "),
                source: std::io::Error::new(
                    std::io::ErrorKind::TimedOut,
                    "the last events were not taken in time",
                ),
            }),
        }
    }
}

/// An output of JSON lines, with a numbering of its own.
struct Lines {
    queue: Queue<Line>,
    numbering: Numbering,
    events: Events,
}

impl Lines {
    fn new(queue: Queue<Line>, events: Events) -> Self {
        Self { queue, numbering: Numbering::new(), events }
    }

    fn offer(&mut self, event: &Event, changed: bool) {
        if self.events.decision(changed) {
            self.queue.offer(self.numbering.line(event));
        }
    }

    fn offer_episode(&mut self, notice: &Notice) {
        if self.events.episodes() {
            self.queue.offer(self.numbering.line(notice));
        }
    }
}

/// Counts the decisions that were left out. They are a hop apart, so that the shortest step seen so far is one: a run
/// begins without being late.
#[derive(Debug, Default)]
struct Pace {
    last: Option<f64>,
    hop: Option<f64>,
}

impl Pace {
    /// Decisions left out between the one before and the one at `t` seconds.
    fn skipped(&mut self, t: f64) -> u64 {
        let step = self.last.replace(t).map(|last| t - last).filter(|step| *step > 1e-3);
        let Some(step) = step else { return 0 };
        let hop = self.hop.map_or(step, |hop| hop.min(step));
        self.hop = Some(hop);
        ((step / hop).round() as u64).saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::settings;
    use crate::publish::testing::{event, eventually, publish, start};

    #[test]
    fn with_nothing_asked_for_nothing_happens() {
        let mut publisher = start(&Settings::default());
        publish(&mut publisher, &event(0.08, State::Match));
        assert_eq!(publisher.address(), None);
        publisher.finish().unwrap();
    }

    #[test]
    fn a_mistake_is_named_with_its_table() {
        let web = Some(settings::Web::default());
        let error =
            Publisher::start(&Settings { web, ..Settings::default() }, &crate::publish::testing::about());
        assert!(error.err().unwrap().to_string().starts_with("web.view: "));
    }

    #[test]
    fn a_file_gets_every_decision_or_only_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.jsonl");
        for (events, expected) in [(Events::All, 4), (Events::Changes, 2)] {
            let _ = std::fs::remove_file(&path);
            let file = Some(settings::File { path: path.clone(), events });
            let mut publisher = start(&Settings { file, ..Settings::default() });
            let states = [State::Silent, State::Silent, State::Match, State::Match];
            (1..)
                .zip(states)
                .for_each(|(n, state)| publish(&mut publisher, &event(f64::from(n) * 0.08, state)));
            publisher.finish().unwrap();
            let text = std::fs::read_to_string(&path).unwrap();
            let lines: Vec<serde_json::Value> =
                text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            let sequence: Vec<u64> = lines.iter().map(|line| line["sequence"].as_u64().unwrap()).collect();
            assert_eq!(sequence, (1..=expected).collect::<Vec<_>>());
            assert!(lines.iter().all(|line| line["run"] == lines[0]["run"] && line["run"].is_u64()));
        }
    }

    #[test]
    fn trouble_is_told_to_whoever_shows_the_run() {
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mqtt = settings::Mqtt {
            host: nobody.ip().to_string(),
            port: Some(nobody.port()),
            ..settings::Mqtt::default()
        };
        let controls = Arc::new(Controls::default());
        let settings = Settings { mqtt: Some(mqtt), ..Settings::default() };
        let mut publisher = start(&settings).tell(controls.clone());
        let told = eventually("fault", || {
            publish(&mut publisher, &event(0.08, State::Match));
            controls.faults.get()
        });
        assert!(told.contains(&nobody.to_string()), "{told}");
        publisher.finish().unwrap();
    }

    #[test]
    fn steps_longer_than_a_hop_are_decisions_left_out() {
        let mut pace = Pace::default();
        let skipped: Vec<u64> = [1, 2, 3, 6, 7, 9].map(|n| pace.skipped(f64::from(n) * 0.08)).into();
        assert_eq!(skipped, [0, 0, 0, 2, 0, 1]);
    }
}
