//! Health check: whether decisions are made and the devices are on.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde::Serialize;

use crate::event::{DeviceState, Devices, Event, State};

/// How old the last decision may be.
const FRESH: Duration = Duration::from_secs(5);

/// The last decision of each source, as far as it says whether all is well.
#[derive(Debug)]
pub(in crate::publish) struct Board {
    /// Every source that there must be; the only one needs no name.
    latest: Mutex<BTreeMap<Option<String>, Option<Latest>>>,
}

#[derive(Clone, Copy, Debug)]
struct Latest {
    at: Instant,
    devices: Option<Devices>,
    state: State,
    score: f32,
}

/// How a source is doing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct SourceNow {
    /// Its name; `null`: it is the only one.
    pub(super) source: Option<String>,
    /// What was decided last; `null`: nothing yet.
    pub(super) state: Option<State>,
    pub(super) score: Option<f32>,
    /// Seconds since then.
    pub(super) decision_age: Option<f64>,
    /// Live input only.
    pub(super) camera: Option<DeviceState>,
    pub(super) microphone: Option<DeviceState>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Health {
    /// Whether all is well.
    pub(super) healthy: bool,
    /// What is wrong, in plain words.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
    /// Seconds since the last decision; `null` before the first.
    decision_age: Option<f64>,
    /// Camera and microphone; live input only.
    #[serde(skip_serializing_if = "Option::is_none")]
    devices: Option<Devices>,
    /// Seconds since the program began to publish.
    uptime: f64,
}

impl Board {
    /// For sources of these names; none: there is one.
    pub(in crate::publish) fn new(sources: &[String]) -> Self {
        let only = sources.is_empty().then_some(None);
        let all = sources.iter().cloned().map(Some).chain(only);
        Self { latest: Mutex::new(all.map(|source| (source, None)).collect()) }
    }

    /// A decision was made.
    pub(in crate::publish) fn decide(&self, event: &Event) {
        let Event { devices, state, score, .. } = *event;
        let latest = Latest { at: Instant::now(), devices, state, score };
        self.latest.lock().insert(event.source.clone(), Some(latest));
    }

    /// How every source is doing.
    pub(super) fn sources(&self) -> Vec<SourceNow> {
        let (latest, now) = (self.latest.lock(), Instant::now());
        let source = |(source, latest): (&Option<String>, &Option<Latest>)| {
            let devices = latest.and_then(|latest| latest.devices);
            SourceNow {
                source: source.clone(),
                state: latest.map(|latest| latest.state),
                score: latest.map(|latest| latest.score),
                decision_age: latest.map(|latest| age(latest.at, now)),
                camera: devices.map(|devices| devices.camera),
                microphone: devices.map(|devices| devices.microphone),
            }
        };
        latest.iter().map(source).collect()
    }

    /// Whether all is well now, with every source.
    pub(super) fn health(&self, uptime: f64) -> Health {
        let (latest, now) = (self.latest.lock(), Instant::now());
        let all = latest.iter().map(|(source, latest)| (source, judge(*latest, now, uptime)));
        let all: Vec<(&Option<String>, Health)> = all.collect();
        if let [(None, only)] = &all[..] {
            return only.clone();
        }
        let trouble = |(source, health): &(&Option<String>, Health)| {
            let trouble = health.trouble.as_ref()?;
            Some(source.as_ref().map_or(trouble.clone(), |source| format!("{source}: {trouble}")))
        };
        let troubles: Vec<String> = all.iter().filter_map(trouble).collect();
        let oldest = all.iter().filter_map(|(_, health)| health.decision_age).max_by(f64::total_cmp);
        Health {
            healthy: troubles.is_empty(),
            trouble: (!troubles.is_empty()).then(|| troubles.join("; ")),
            decision_age: oldest,
            devices: None,
            uptime: uptime.round(),
        }
    }
}

/// Seconds, to the millisecond.
fn age(at: Instant, now: Instant) -> f64 {
    (now.saturating_duration_since(at).as_secs_f64() * 1e3).round() / 1e3
}

fn judge(latest: Option<Latest>, now: Instant, uptime: f64) -> Health {
    let age = latest.map(|latest| now.saturating_duration_since(latest.at));
    let devices = latest.and_then(|latest| latest.devices);
    let trouble = match age {
        None => Some("no decision was made yet".to_string()),
        Some(age) if age > FRESH => Some(format!("no decision was made for {:.0} s", age.as_secs_f64())),
        Some(_) => devices.and_then(off),
    };
    Health {
        healthy: trouble.is_none(),
        trouble,
        decision_age: latest.map(|latest| self::age(latest.at, now)),
        devices,
        uptime: uptime.round(),
    }
}

/// Which device is not on, and why.
fn off(devices: Devices) -> Option<String> {
    let both = [(devices.camera, "camera"), (devices.microphone, "microphone")];
    let off: Vec<String> = both
        .iter()
        .filter(|(state, _)| *state != DeviceState::Live)
        .map(|(state, what)| state.words(what))
        .collect();
    (!off.is_empty()).then(|| off.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ON: Devices = Devices { camera: DeviceState::Live, microphone: DeviceState::Live };

    fn after(seconds: f64, devices: Option<Devices>) -> Health {
        let at = Instant::now();
        judge(
            Some(Latest { at, devices, state: State::Match, score: 0.5 }),
            at + Duration::from_secs_f64(seconds),
            7.4,
        )
    }

    #[test]
    fn all_is_well_while_decisions_come_and_devices_are_on() {
        assert!(after(4.9, Some(ON)).healthy);
        assert!(after(0.0, None).healthy, "recorded input has no devices");
        let stalled = after(6.0, Some(ON));
        assert_eq!(stalled.trouble.as_deref(), Some("no decision was made for 6 s"));
        let unplugged = after(0.1, Some(Devices { camera: DeviceState::Gone, ..ON }));
        assert_eq!(unplugged.trouble.as_deref(), Some("camera is unplugged"));
        let muted = after(0.1, Some(Devices { microphone: DeviceState::Blank, ..ON }));
        assert!(!muted.healthy && !stalled.healthy && !unplugged.healthy);
        assert_eq!(judge(None, Instant::now(), 0.0).trouble.as_deref(), Some("no decision was made yet"));
    }

    #[test]
    fn of_several_sources_all_must_be_well() {
        let board = Board::new(&["barn".into(), "yard".into()]);
        let event = |source: &str, camera| Event {
            source: Some(source.into()),
            devices: Some(Devices { camera, ..ON }),
            ..Event::example(crate::event::State::Match)
        };
        board.decide(&event("barn", DeviceState::Live));
        let waits = board.health(1.0);
        assert_eq!(waits.trouble.as_deref(), Some("yard: no decision was made yet"));
        board.decide(&event("yard", DeviceState::Live));
        assert!(board.health(1.0).healthy);
        board.decide(&event("barn", DeviceState::Gone));
        assert_eq!(board.health(1.0).trouble.as_deref(), Some("barn: camera is unplugged"));
    }

    #[test]
    fn it_is_said_in_json() {
        let json = serde_json::to_value(after(0.25, Some(ON))).unwrap();
        let devices = serde_json::json!({ "camera": "live", "microphone": "live" });
        let expected =
            serde_json::json!({ "healthy": true, "decision_age": 0.25, "devices": devices, "uptime": 7.0 });
        assert_eq!(json, expected);
    }
}
