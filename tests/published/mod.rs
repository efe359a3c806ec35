//! Decisions without a pipeline, for tests of what becomes of them.

use image::{Rgb, RgbImage};
use lookhear::event::{DeviceState, Devices, Event, Map, SCHEMA, State};
use lookhear::gallery::Signature;
use lookhear::pipeline::{DecisionContext, Sink};
use lookhear::preprocess::spectrogram::{BINS, HOP};
use lookhear::publish::Publisher;
use lookhear::timing::Timings;

/// A decision of a live run: a match at odd numbers, silence at even ones.
pub(crate) fn event(number: u32) -> Event {
    let state = if number % 2 == 1 { State::Match } else { State::Silent };
    Event {
        schema: SCHEMA,
        t: f64::from(number) * 0.08,
        source: None,
        time: None,
        score: 0.875,
        state,
        peak: [0.4, 0.5],
        bounds: (state == State::Match).then_some([0.25, 0.25, 0.625, 0.75]),
        name: None,
        confidence: 0.75,
        latency_ms: 20.0,
        swapped_score: None,
        devices: Some(Devices { camera: DeviceState::Live, microphone: DeviceState::Live }),
        map: None,
    }
}

/// Publishes a decision, with a picture that is blue on the left, where the map is hot, and purple on the right, and with
/// 80 ms of a loud chord.
pub(crate) fn publish(publisher: &mut Publisher, event: &Event) {
    let picture =
        RgbImage::from_fn(640, 480, |x, _| if x < 320 { Rgb([60, 90, 200]) } else { Rgb([200, 40, 160]) });
    let column: Vec<f32> = (0..BINS).map(|bin| if bin % 40 < 12 { 3.0 } else { 0.2 }).collect();
    let (columns, sound) = (vec![column; 16], vec![0.0; 16 * HOP]);
    let context = DecisionContext {
        event,
        picture: &picture,
        map: &Map { rows: 2, columns: 2, values: vec![0.9, 0.0, 0.9, 0.0] },
        frames: &[],
        sound: &sound,
        second: &[],
        columns: &columns,
        scores: &[],
        timings: &Timings::default(),
        signature: &Signature::default(),
        swapped: None,
        health: None,
    };
    publisher.take(&context).unwrap();
}
