//! Metrics of the run for Prometheus, and the status of outputs.

use std::sync::OnceLock;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use parking_lot::Mutex;
use prometheus_client::encoding::prometheus_text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use serde::Serialize;

use super::About;
use super::output_status::OutputStatus;
use crate::event::{DeviceState, Event, State};

/// Label and value; several of them tell the members of a family apart.
type Labels = Vec<(&'static str, String)>;

/// Upper ends of the latency's buckets in seconds: around the tenth of a second that live answers may take.
const BUCKETS: [f64; 10] = [0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.5, 1.0];

const STATES: [State; 3] = [State::Silent, State::Match, State::NoVisibleSource];

/// The numbers and how they are written.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Mutex<Registry>,
    connected: OnceLock<Gauge>,
    started: Instant,
    decisions: Counter,
    skipped: Counter,
    latency: Histogram,
    score: Family<Labels, Gauge<f64, AtomicU64>>,
    state: Family<Labels, Gauge>,
    devices: Family<Labels, Gauge>,
    lost: Family<Labels, Counter>,
    failing: Family<Labels, Gauge>,
    uptime: Gauge<f64, AtomicU64>,
}

impl Metrics {
    /// Nothing counted yet.
    pub(super) fn new(about: &About) -> Self {
        let metrics = Self {
            registry: Mutex::new(Registry::with_prefix("lookhear")),
            connected: OnceLock::new(),
            started: Instant::now(),
            decisions: Counter::default(),
            skipped: Counter::default(),
            latency: Histogram::new(BUCKETS),
            score: Family::default(),
            state: Family::default(),
            devices: Family::default(),
            lost: Family::default(),
            failing: Family::default(),
            uptime: Gauge::default(),
        };
        let build = Info::new([("version", about.version.clone()), ("model", about.model.clone())]);
        let mut registry = metrics.registry.lock();
        registry.register("build", "Version of the program, and its model", build);
        registry.register("decisions", "Decisions made", metrics.decisions.clone());
        registry.register("skipped", "Decisions left out to keep up", metrics.skipped.clone());
        let help = "From capture to decision; live input only";
        registry.register_with_unit("latency", help, Unit::Seconds, metrics.latency.clone());
        let help = "Probability that picture and sound belong together";
        registry.register("score", help, metrics.score.clone());
        registry.register("state", "1 for the state that was decided last", metrics.state.clone());
        let help = "1 for the state that a device is in; live input only";
        registry.register("device_state", help, metrics.devices.clone());
        registry.register("lost", "Events that did not reach a subscriber", metrics.lost.clone());
        registry.register("failing", "1 if a subscriber is out of order", metrics.failing.clone());
        let help = "Since the program began to publish";
        registry.register_with_unit("uptime", help, Unit::Seconds, metrics.uptime.clone());
        drop(registry);
        metrics
    }

    /// Whether there is a connection to the broker: 1, or 0. Without a broker it is not there.
    pub(super) fn mqtt_connected(&self) -> Gauge {
        let register = || {
            let (connected, help) = (Gauge::default(), "1 if there is a connection to the broker");
            self.registry.lock().register("mqtt_connected", help, connected.clone());
            connected
        };
        self.connected.get_or_init(register).clone()
    }

    /// The status of an output, counted here under its name.
    pub(super) fn output_status(&self, name: &'static str) -> OutputStatus {
        let labels = vec![("subscriber", name.to_string())];
        let (lost, failing) =
            (self.lost.get_or_create_owned(&labels), self.failing.get_or_create_owned(&labels));
        OutputStatus::new(name, lost, failing)
    }

    /// Counts a decision, and those before it that were left out.
    pub(super) fn decide(&self, event: &Event, skipped: u64) {
        self.decisions.inc();
        self.skipped.inc_by(skipped);
        let of = |labels: &[(&'static str, String)]| -> Labels {
            let source = event.source.iter().map(|source| ("source", source.clone()));
            source.chain(labels.iter().cloned()).collect()
        };
        self.score.get_or_create(&of(&[])).set(f64::from(event.score));
        for state in STATES {
            let labels = of(&[("state", word(&state))]);
            self.state.get_or_create(&labels).set(i64::from(state == event.state));
        }
        let Some(devices) = event.devices else { return };
        self.latency.observe(event.latency_ms / 1e3);
        for (device, now) in [("camera", devices.camera), ("microphone", devices.microphone)] {
            for state in DeviceState::ALL {
                let labels = of(&[("device", device.to_string()), ("state", word(&state))]);
                self.devices.get_or_create(&labels).set(i64::from(state == now));
            }
        }
    }

    /// Decisions made, and left out to keep up.
    pub(super) fn decisions(&self) -> [u64; 2] {
        [self.decisions.get(), self.skipped.get()]
    }

    /// Seconds since the program began to publish.
    pub(super) fn uptime(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    /// Everything in Prometheus' text format.
    pub(super) fn text(&self) -> String {
        self.uptime.set(self.uptime());
        let mut text = String::new();
        // Only a writer can fail, and memory does not.
        let _ = encode(&mut text, &self.registry.lock());
        text
    }
}

/// The name that JSON has for a state.
pub(super) fn word(state: &impl Serialize) -> String {
    match serde_json::to_value(state) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Devices;
    use crate::publish::testing::{about, event};

    #[test]
    fn the_text_has_every_number() {
        let metrics = Metrics::new(&about());
        metrics.mqtt_connected().set(1);
        let output_status = metrics.output_status("socket");
        output_status.lose(7);
        output_status.tell(Some("away".into()));
        metrics.decide(&event(0.08, State::Silent), 0);
        let mut latest = event(0.24, State::Match);
        latest.devices = Some(Devices { camera: DeviceState::Gone, microphone: DeviceState::Live });
        metrics.decide(&latest, 1);
        let barn = Event { source: Some("barn".into()), score: 0.5, ..event(0.32, State::Match) };
        metrics.decide(&barn, 0);
        let text = metrics.text();
        for line in [
            "lookhear_score{source=\"barn\"} 0.5",
            "lookhear_state{source=\"barn\",state=\"match\"} 1",
            "lookhear_decisions_total 3",
            "lookhear_skipped_total 1",
            "lookhear_score 0.75",
            "lookhear_state{state=\"match\"} 1",
            "lookhear_state{state=\"silent\"} 0",
            "lookhear_device_state{device=\"camera\",state=\"gone\"} 1",
            "lookhear_device_state{device=\"camera\",state=\"live\"} 0",
            "lookhear_latency_seconds_bucket{le=\"0.02\"} 3",
            "lookhear_latency_seconds_count 3",
            "lookhear_lost_total{subscriber=\"socket\"} 7",
            "lookhear_failing{subscriber=\"socket\"} 1",
            "lookhear_mqtt_connected 1",
            "lookhear_build_info{version=\"1.2.3\",model=\"0123456789abcdef\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }
}
