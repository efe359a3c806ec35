//! The one pipeline: source -> rings -> preprocess -> towers -> fusion and localization -> events -> sinks.
//!
//! Threads live at both ends: sources decode in threads of their own and fill rings, sinks may encode
//! in threads of their own. Between them everything happens here, in order, so that the same input
//! gives the same events whatever the machine's speed.

use std::ops::RangeInclusive;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use thiserror::Error;

use crate::capture::Source;
use crate::capture::monitor::Health;
use crate::event::{Details, Devices, Event, State};
use crate::judge::Judge;
use crate::media::{FRAME_RATE, MediaError};
use crate::preprocess::SAMPLE_RATE;
use crate::ring::VideoFrame;
use crate::session::{Decided, Stream};
pub use crate::sink::{Adjustments, Controls, DecisionContext, Faults, Sink, SinkError};
use crate::swap::SwapCheck;
use crate::timing::{Stage, Timings};

/// Settings of a run.
#[derive(Clone, Copy, Debug)]
pub struct PipelineSettings {
    /// Seconds between decisions.
    pub hop: f64,
    /// Whether events carry the localization map.
    pub map: bool,
    /// Seconds between two audio-swap self-checks; 0: only when asked for.
    pub swap: f64,
    /// Seconds after which to end; `None`: at the end of the input.
    pub end: Option<f64>,
    /// Whether the network rests while it is quiet: the score is then 0.
    pub sleep: bool,
    /// The largest difference (of 255) from picture to picture that counts as the camera's noise, and does not reach the
    /// network; 0: none. See [`crate::preprocess::NoiseGate`].
    pub noise_gate: u8,
}

impl Default for PipelineSettings {
    /// 80 ms: at this hop successive windows of the presets `edge` and `edge-wide` share whole columns of every layer, and
    /// all of `edge-swift`'s audio tower costs no more than what changes of theirs.
    fn default() -> Self {
        Self { hop: 0.08, map: false, swap: 0.0, end: None, sleep: false, noise_gate: 0 }
    }
}

/// What [`PipelineSettings::noise_gate`] may be: more would hold still what people see move.
pub const NOISE_GATES: RangeInclusive<u8> = 0..=32;

/// Why a run ended before its end.
#[derive(Debug, Error)]
pub enum PipelineError {
    /// The input could not be read.
    #[error(transparent)]
    Input(#[from] MediaError),
    /// A sink failed.
    #[error(transparent)]
    Output(#[from] SinkError),
    /// The input had no picture.
    #[error("the input ended before its first picture")]
    Empty,
}

/// Summary of a run.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Decisions made.
    pub events: usize,
    /// Seconds of input.
    pub seconds: f64,
    /// Decisions skipped because the run was behind a live source.
    pub skipped: usize,
    /// Time that preprocessing, towers and heads took.
    pub busy: Duration,
    /// The latest times of the stages.
    pub timings: Timings,
    /// How the devices were doing at the end; live input only.
    pub health: Option<Health>,
    /// What was lost of the input, in a sentence; `None`: nothing.
    pub damage: Option<String>,
}

/// Number of latest scores that a sink gets.
const SCORES: usize = 150;
/// Seconds by which a run may be behind a live source before it skips decisions.
const LATE: f64 = 0.2;
/// Longest time between decisions, in seconds of input, even on a machine that never catches up.
const AT_LEAST: f64 = 2.0;

/// Runs a source to its end, or until it is asked to stop.
///
/// At `t` = hop, 2 hop, ... the newest frame is judged with the second of sound that ends at `t`; before
/// the first second is complete, it begins with silence. The longer of picture and sound decides the end.
/// If the run is behind a live source, it catches up: it takes all sound but skips decisions.
///
/// # Errors
/// Nothing could be read of the input, its decoder died, or a sink gave up. Sinks are then not finished. If the input
/// is damaged, the readable part is judged, sinks are finished, and [`Summary::damage`] tells what was lost.
pub fn run(
    mut source: Source,
    judge: &mut Judge,
    sinks: &mut [Box<dyn Sink>],
    settings: PipelineSettings,
    controls: &Controls,
) -> Result<Summary, PipelineError> {
    let mut stream = Stream::new(judge).sleep(settings.sleep).noise_gate(settings.noise_gate);
    let mut arrived = Arrived::default();
    let mut swap = SwapCheck::new(settings.swap);
    let mut scores = Vec::new();
    let mut summary = Summary::default();
    let mut decided_at = 0.0;
    source.obey(controls.stop.clone());

    for hop in 1u64.. {
        if controls.stop.load(Ordering::Relaxed) || (source.is_over() && hop > 1) {
            break;
        }
        // Counted from the start, so that nothing drifts.
        let t = hop as f64 * settings.hop;
        if settings.end.is_some_and(|end| t > end + 1e-6) {
            break;
        }
        let inside = arrived.take_until(t, &mut source);
        let mut lap = Instant::now();
        let mut done = |stage: Stage, timings: &mut Timings, busy: &mut Duration| {
            let now = Instant::now();
            timings.add(stage, now - lap);
            *busy += now - lap;
            lap = now;
        };
        arrived.feed(&mut stream);
        done(Stage::Spectrogram, &mut summary.timings, &mut summary.busy);
        let Some(latest) = arrived.frames.last() else {
            if controls.stop.load(Ordering::Relaxed) {
                break;
            }
            source.finish()?;
            return Err(PipelineError::Empty);
        };
        if !inside && hop > 1 {
            break;
        }
        summary.seconds = t;
        if source.monitor().is_some() && source.waiting() > LATE && t - decided_at < AT_LEAST {
            summary.skipped += 1;
            continue;
        }
        decided_at = t;
        stream.adjust(judge, std::mem::take(&mut *controls.adjustments.lock()));

        let decided = stream.decide(judge, t, &latest.picture, |stage| {
            done(stage, &mut summary.timings, &mut summary.busy);
        });
        let Decided { verdict, name, map, signature, seen, heard } = decided;
        let (audible, asked) = (verdict.state != State::Silent, controls.swap.swap(false, Ordering::Relaxed));
        let swapped = swap.update(t, &seen, &heard, audible, asked, judge);
        done(Stage::Heads, &mut summary.timings, &mut summary.busy);

        let latency = source.monitor().map(|monitor| monitor.instant_of(t).elapsed());
        let health = source.monitor().map(|monitor| monitor.health());
        if let Some(latency) = latency {
            summary.timings.add(Stage::Latency, latency);
        }
        let details = Details {
            time: latency.map(|latency| format!("{:.3}", Timestamp::now() - latency)),
            name,
            latency: latency.unwrap_or_default(),
            swapped_score: swapped.map(|swapped| swapped.score),
            devices: health
                .as_ref()
                .map(|health| Devices { camera: health.camera.state, microphone: health.microphone.state }),
            map: settings.map.then(|| map.to_rows()),
        };
        let event = Event::new(verdict, details);
        scores.push(event.score);
        scores.drain(..scores.len().saturating_sub(SCORES));
        let (columns, second) = stream.window.both();
        let context = DecisionContext {
            event: &event,
            picture: &latest.picture,
            map: &map,
            signature: &signature,
            frames: arrived.shown(),
            sound: &arrived.sound,
            second,
            columns,
            scores: &scores,
            timings: &summary.timings,
            swapped,
            health: health.as_ref(),
        };
        for sink in sinks.iter_mut() {
            sink.take(&context)?;
        }
        arrived.decided();
        summary.events += 1;
    }
    summary.health = source.monitor().map(|monitor| monitor.health());
    let ended = source.finish();
    // A source that was stopped early may report an error, which is ignored.
    if !controls.stop.load(Ordering::Relaxed) {
        summary.damage = ended?.map(|damage| damage.to_string());
    }
    for sink in sinks {
        sink.finish()?;
    }
    Ok(summary)
}

/// Input since the previous decision.
#[derive(Default)]
struct Arrived {
    /// Frames; before them the one that was shown last.
    frames: Vec<VideoFrame>,
    /// How many of `frames` are from before.
    kept: usize,
    /// Sound.
    sound: Vec<f32>,
    /// Number of samples of `sound` that the window has taken.
    heard: usize,
    /// Samples since the start.
    samples: usize,
    /// Seconds to which there was sound, and a picture.
    heard_to: f64,
    seen_to: f64,
}

impl Arrived {
    /// Takes sound and frames up to `t`. Returns whether `t` lies inside the input: what is left of it
    /// after that is shorter than a hop.
    fn take_until(&mut self, t: f64, source: &mut Source) -> bool {
        let count = (t * SAMPLE_RATE as f64).round() as usize - self.samples;
        let before = self.sound.len();
        source.sound(count, &mut self.sound);
        if self.sound.len() > before {
            self.heard_to = (self.samples + self.sound.len() - before) as f64 / SAMPLE_RATE as f64;
        }
        self.sound.resize(before + count, 0.0);
        self.samples += count;
        source.frames(t, &mut self.frames);
        if let Some(latest) = self.frames.last() {
            self.seen_to = self.seen_to.max(latest.t + 1.0 / f64::from(FRAME_RATE));
        }
        t <= self.heard_to.max(self.seen_to) + 1e-6
    }

    fn feed(&mut self, stream: &mut Stream) {
        stream.push(&self.sound[self.heard..]);
        self.heard = self.sound.len();
    }

    /// The frames that were shown since the decision before, or else the one that still is.
    fn shown(&self) -> &[VideoFrame] {
        if self.frames.len() > self.kept { &self.frames[self.kept..] } else { &self.frames }
    }

    /// Clears the input after a decision. The last frame is kept until a newer one is shown.
    fn decided(&mut self) {
        self.frames.drain(..self.frames.len().saturating_sub(1));
        self.kept = self.frames.len();
        self.sound.clear();
        self.heard = 0;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, mpsc};

    use image::RgbImage;

    use super::*;
    use crate::model::Bundle;
    use crate::ring::ring;

    /// Tells when decisions were made.
    struct Times(mpsc::Sender<f64>);

    impl Sink for Times {
        fn take(&mut self, context: &DecisionContext) -> Result<(), SinkError> {
            self.0.send(context.event.t).unwrap();
            Ok(())
        }
    }

    #[test]
    fn a_machine_that_never_catches_up_decides_all_the_same() {
        let (frames, sound) = (10 * FRAME_RATE as usize, 10 * SAMPLE_RATE);
        let ((mut seen, frame_ring), (mut heard, sound_ring)) = (ring(frames), ring(sound));
        let picture = Arc::new(RgbImage::new(32, 24));
        for n in 0..frames {
            let t = n as f64 / f64::from(FRAME_RATE);
            assert!(seen.push(VideoFrame { t, captured: t, picture: picture.clone() }));
        }
        assert!(heard.push_all(&mut std::iter::repeat_n(0.0, sound)));
        drop((seen, heard));
        // All of it waits from the first.
        let source = Source::of_device(frame_ring, sound_ring);
        let mut judge = Judge::open(Bundle::built_in().unwrap(), crate::engine::Setup::default()).unwrap();
        let (tell, told) = mpsc::channel();
        let mut sinks: Vec<Box<dyn Sink>> = vec![Box::new(Times(tell))];
        let summary =
            run(source, &mut judge, &mut sinks, PipelineSettings::default(), &Controls::default()).unwrap();
        let times: Vec<f64> = told.try_iter().collect();
        assert!(summary.skipped > 100, "{} were left out", summary.skipped);
        let before = std::iter::once(&0.0).chain(&times);
        let longest = before.zip(&times).map(|(a, b)| b - a).fold(0.0, f64::max);
        assert!(longest < AT_LEAST + 0.1, "{times:?}");
    }
}
