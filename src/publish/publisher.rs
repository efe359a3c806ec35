//! The sink that hands decisions to all outputs.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::kind::{Kind, Parts, Running};
use super::reload::{Coming, Reload, end};
use super::settings::Settings;
use super::station::Station;
use super::{About, PublishError};
use crate::event::State;
use crate::history::Tracker;
use crate::pipeline::{Controls, DecisionContext, Sink, SinkError};

/// How long the end waits for what is still to be written or sent.
const END: Duration = Duration::from_secs(3);

/// Publishes decisions as [`Settings`] say. Taking one never waits: each output has a bounded queue.
pub struct Publisher {
    settings: Settings,
    parts: Parts,
    /// What is known of each source.
    sources: BTreeMap<Option<String>, Source>,
    /// In the order in which they are finished.
    outputs: Vec<Running>,
    /// Outputs that are begun anew, with other settings.
    coming: Vec<Coming>,
    /// Outputs that could not be begun with the settings that count now.
    failed: Vec<Kind>,
    reload: Reload,
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
        let parts = Parts::new(about);
        let begun = Kind::ALL.into_iter().map(|kind| kind.start(settings, &parts));
        let outputs = begun.filter_map(Result::transpose).collect::<Result<Vec<Running>, _>>()?;
        let publisher = Self {
            settings: settings.clone(),
            parts,
            sources: BTreeMap::new(),
            outputs,
            coming: Vec::new(),
            failed: Vec::new(),
            reload: Reload::default(),
            controls: None,
        };
        publisher.list_outputs();
        Ok(publisher)
    }

    /// Reports faults to whoever shows the run.
    #[must_use]
    pub fn tell(mut self, controls: Arc<Controls>) -> Self {
        self.parts.station.watch(controls.clone());
        self.controls = Some(controls);
        self
    }

    /// The address that the web is listened for on, with the port that the system chose if 0 was asked for.
    pub fn address(&self) -> Option<SocketAddr> {
        *self.parts.address.lock()
    }

    /// Gives it other settings while it runs.
    pub fn reload(&self) -> Reload {
        self.reload.clone()
    }

    /// What the page of the station shows besides.
    pub fn station(&self) -> Station {
        self.parts.station.clone()
    }

    /// Tells the page of the station which outputs there are.
    fn list_outputs(&self) {
        self.parts.station.list(self.outputs.iter().map(|running| running.status.clone()).collect());
    }

    /// What is wrong with an output.
    #[cfg(test)]
    pub(super) fn fault(&self, name: &str) -> Option<String> {
        self.outputs.iter().find(|running| running.kind.name() == name)?.status.fault()
    }

    /// Tells what began, went on and ended.
    fn episodes(&mut self, context: &DecisionContext) {
        let source = self.sources.get_mut(&context.event.source);
        let Some(tracker) = source.and_then(|source| source.tracker.as_mut()) else { return };
        for notice in tracker.take(context.event) {
            self.outputs.iter_mut().for_each(|running| running.output.episode(&notice, Some(context)));
        }
        if let Some(episode) = tracker.current() {
            self.outputs.iter_mut().for_each(|running| running.output.lasting(episode, context));
        }
    }

    /// Ends the episodes at hand.
    fn end_episodes(&mut self) {
        for notice in self.sources.values_mut().filter_map(|source| source.tracker.as_mut()?.end()) {
            self.outputs.iter_mut().for_each(|running| running.output.episode(&notice, None));
        }
    }

    /// Reports the faults that have changed.
    fn report_faults(&mut self) {
        let Some(controls) = &self.controls else { return };
        for Running { status, told, .. } in &mut self.outputs {
            let fault = status.fault();
            if fault != *told {
                controls.faults.set(status.name, fault.clone());
                *told = fault;
            }
        }
    }

    /// Takes over other settings: what they change is begun anew in a thread of its own, all else goes on.
    fn change(&mut self) {
        let asked = if self.coming.is_empty() { self.reload.take() } else { None };
        if asked.is_none() && self.coming.is_empty() {
            return;
        }
        if let Some(settings) = asked {
            if !settings.makes_like_episodes(&self.settings) {
                self.end_episodes();
                for (name, source) in &mut self.sources {
                    source.tracker = settings.tracker(name.as_deref());
                }
            }
            let failed = std::mem::take(&mut self.failed);
            let changed = |kind: &Kind| failed.contains(kind) || !kind.is_alike(&self.settings, &settings);
            for kind in Kind::ALL.into_iter().filter(changed) {
                let place = self.outputs.iter().position(|running| running.kind == kind);
                let place = place.filter(|_| kind.is_exclusive());
                let old = place.map(|place| self.outputs.remove(place));
                self.coming.extend(Coming::begin(kind, old, &self.settings, &settings, &self.parts));
            }
            self.settings = settings;
        }
        let (outputs, failed, controls) = (&mut self.outputs, &mut self.failed, &self.controls);
        self.coming.retain(|coming| {
            let Some((running, error)) = coming.poll() else { return true };
            let kind = coming.kind;
            // One that was left running until now goes, but for where there is no other.
            if error.is_none() || running.is_some() {
                let old = outputs.iter().position(|running| running.kind == kind);
                old.map(|place| outputs.remove(place)).into_iter().for_each(end);
                controls.iter().for_each(|controls| controls.faults.set(kind.name(), None));
            }
            outputs.extend(running);
            outputs.sort_by_key(|running| running.kind);
            if error.is_some() {
                failed.push(kind);
                controls.iter().for_each(|controls| controls.faults.set("settings", error.clone()));
            }
            false
        });
        self.list_outputs();
    }
}

/// One camera and microphone.
#[derive(Debug, Default)]
struct Source {
    pace: Pace,
    state: Option<State>,
    /// Makes episodes, if anybody wants them.
    tracker: Option<Tracker>,
}

impl Sink for Publisher {
    fn take(&mut self, context: &DecisionContext) -> Result<(), SinkError> {
        let event = context.event;
        self.change();
        let settings = &self.settings;
        let source = self.sources.entry(event.source.clone()).or_insert_with(|| Source {
            tracker: settings.tracker(event.source.as_deref()),
            ..Source::default()
        });
        let changed = source.state.replace(event.state) != Some(event.state);
        self.parts.metrics.decide(event, source.pace.skipped(event.t));
        self.parts.board.decide(event);
        self.outputs.iter_mut().try_for_each(|running| running.output.take(context, changed))?;
        self.episodes(context);
        self.report_faults();
        Ok(())
    }

    /// Ends everything, and waits up to 3 seconds for what is still to be written or sent.
    fn finish(&mut self) -> Result<(), SinkError> {
        let now = Instant::now();
        self.end_episodes();
        // The web and the broker are told later that nothing more comes: rules may still have something for them.
        let waits = |kind: Kind| matches!(kind, Kind::Mqtt | Kind::Web);
        self.outputs
            .iter_mut()
            .filter(|running| !waits(running.kind))
            .for_each(|running| running.output.close());
        let mut late: Vec<&str> = Vec::new();
        for Running { kind, output, .. } in &mut self.outputs {
            if waits(*kind) {
                output.close();
            }
            // A rule's command may take longer than the others can wait.
            let end = if *kind == Kind::Rules { now + END / 2 } else { now + END };
            if !output.finish(end) {
                late.push(kind.name());
            }
        }
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
    use crate::publish::settings::{self, Events};
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
