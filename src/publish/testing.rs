//! What the tests of the outputs share.

use std::time::{Duration, Instant};

use image::RgbImage;

use super::metrics::Metrics;
use super::output_status::OutputStatus;
use super::{About, Publisher, Settings};
use crate::event::{DeviceState, Devices, Event, Map, State};
use crate::gallery::Signature;
use crate::pipeline::{DecisionContext, Sink};
use crate::timing::Timings;

/// Longer than anything takes on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// A live event with both devices on.
pub(super) fn event(t: f64, state: State) -> Event {
    Event {
        t,
        score: 0.75,
        peak: [0.25, 0.5],
        bounds: (state == State::Match).then_some([0.1, 0.2, 0.6, 0.8]),
        confidence: 0.5,
        latency_ms: 20.0,
        devices: Some(Devices { camera: DeviceState::Live, microphone: DeviceState::Live }),
        ..Event::example(state)
    }
}

/// The context of an event, with a picture of 64 by 48 pixels.
pub(crate) fn with_context<R>(event: &Event, use_it: impl FnOnce(&DecisionContext) -> R) -> R {
    use_it(&DecisionContext {
        event,
        picture: &RgbImage::from_pixel(64, 48, image::Rgb([200, 40, 40])),
        map: &Map::default(),
        frames: &[],
        sound: &[],
        second: &[],
        columns: &[],
        scores: &[],
        timings: &Timings::default(),
        signature: &Signature::default(),
        swapped: None,
        health: None,
    })
}

/// Gives a publisher an event.
pub(super) fn publish(publisher: &mut Publisher, event: &Event) {
    with_context(event, |context| publisher.take(context).unwrap());
}

/// A publisher with these settings.
pub(super) fn start(settings: &Settings) -> Publisher {
    Publisher::start(settings, &about()).unwrap()
}

/// Who publishes.
pub(super) fn about() -> About {
    About {
        version: "1.2.3".into(),
        preset: "edge".into(),
        model: "0123456789abcdef".into(),
        sources: Vec::new(),
    }
}

/// The status of an output of this name.
pub(super) fn output_status(name: &'static str) -> OutputStatus {
    Metrics::new(&about()).output_status(name)
}

/// Asks again and again until there is an answer.
pub(super) fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        match ask() {
            Some(answer) => return answer,
            None => assert!(begun.elapsed() < PATIENCE, "never: {what}"),
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
