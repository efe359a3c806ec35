//! The one pipeline: source -> rings -> preprocess -> towers -> fusion and localization -> events -> sinks.
//!
//! Threads live at both ends: sources decode in threads of their own and fill rings, sinks may encode
//! in threads of their own. Between them everything happens here, in order, so that the same input
//! gives the same events whatever the machine's speed.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use image::RgbImage;
use thiserror::Error;

use crate::capture::Source;
use crate::event::{Event, Map};
use crate::judge::{Judge, level};
use crate::media::{FRAME_RATE, MediaError};
use crate::preprocess::spectrogram::{BINS, COLUMNS};
use crate::preprocess::{SAMPLE_RATE, Spectrogram};
use crate::ring::VideoFrame;

/// What may be chosen.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Seconds between decisions.
    pub hop: f64,
    /// Whether events carry the localization map.
    pub map: bool,
}

impl Default for Settings {
    /// 80 ms: at this hop successive windows of the `edge` preset share whole columns of every layer.
    fn default() -> Self {
        Self { hop: 0.08, map: false }
    }
}

/// Everything about one decision, for sinks that show more than the event.
pub struct Moment<'a> {
    /// The decision.
    pub event: &'a Event,
    /// The picture that was judged.
    pub picture: &'a RgbImage,
    /// The localization map.
    pub map: &'a Map,
    /// Frames that were shown since the decision before, in order; the judged one is the last.
    pub frames: &'a [VideoFrame],
    /// Samples since the decision before.
    pub sound: &'a [f32],
    /// The last second of sound.
    pub second: &'a [f32],
    /// The judged spectrogram, column by column, 257 values each, oldest first.
    pub columns: &'a [Vec<f32>],
    /// The latest scores, oldest first.
    pub scores: &'a [f32],
}

/// Takes decisions: prints, saves, sends.
pub trait Sink {
    /// Takes one.
    ///
    /// # Errors
    /// The sink can take no more; the run ends.
    fn take(&mut self, moment: &Moment) -> Result<(), SinkError>;

    /// Completes what was begun. A sink that is dropped instead leaves nothing half-written.
    ///
    /// # Errors
    /// It could not be completed.
    fn finish(&mut self) -> Result<(), SinkError> {
        Ok(())
    }
}

/// Why a sink gave up.
#[derive(Debug, Error)]
pub enum SinkError {
    /// A file or the terminal.
    #[error("{output} cannot be written: {source}")]
    Io {
        /// What was to be written.
        output: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A video or picture.
    #[error(transparent)]
    Media(#[from] MediaError),
}

/// Why a run ended before its end.
#[derive(Debug, Error)]
pub enum PipelineError {
    /// The input.
    #[error(transparent)]
    Input(#[from] MediaError),
    /// An output.
    #[error(transparent)]
    Output(#[from] SinkError),
    /// Picture or sound never came.
    #[error("the input ended before its first picture")]
    Empty,
}

/// What a run did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Summary {
    /// Decisions made.
    pub events: usize,
    /// Seconds of input.
    pub seconds: f64,
    /// Time that preprocessing, towers and heads took.
    pub busy: Duration,
}

/// How many scores a sink can see.
const SCORES: usize = 150;

/// Runs a source to its end, or until `stop` is set.
///
/// At `t` = hop, 2 hop, ... the newest frame is judged with the second of sound that ends at `t`; before
/// the first second is complete, it begins with silence. The longer of picture and sound decides the end.
///
/// # Errors
/// The input was damaged, or a sink gave up. Sinks are then not finished.
pub fn run(
    mut source: Source,
    judge: &mut Judge,
    sinks: &mut [Box<dyn Sink>],
    settings: Settings,
    stop: &AtomicBool,
) -> Result<Summary, PipelineError> {
    let mut window = Window::new();
    let mut decision = judge.decision();
    let mut frames: Vec<VideoFrame> = Vec::new();
    let mut scores = Vec::new();
    let mut summary = Summary::default();
    let (mut heard_to, mut seen_to, mut samples_done) = (0.0f64, 0.0f64, 0);

    for hop in 1u64.. {
        if stop.load(Ordering::Relaxed) || (source.is_over() && hop > 1) {
            break;
        }
        // Counted in samples from the start, so that nothing drifts.
        let t = hop as f64 * settings.hop;
        let samples_due = (t * SAMPLE_RATE as f64).round() as usize;
        let mut sound = Vec::with_capacity(samples_due - samples_done);
        source.sound(samples_due - samples_done, &mut sound);
        if !sound.is_empty() {
            heard_to = (samples_done + sound.len()) as f64 / SAMPLE_RATE as f64;
        }
        sound.resize(samples_due - samples_done, 0.0);
        samples_done = samples_due;

        // The last frame stays until a newer one is shown.
        frames.drain(..frames.len().saturating_sub(1));
        let kept = frames.len();
        source.frames(t, &mut frames);
        let Some(latest) = frames.last() else {
            source.finish()?;
            return Err(PipelineError::Empty);
        };
        seen_to = seen_to.max(latest.t + 1.0 / f64::from(FRAME_RATE));
        // A decision belongs inside the input: what is left of it is shorter than a hop.
        if t > heard_to.max(seen_to) + 1e-6 && hop > 1 {
            break;
        }

        let begin = Instant::now();
        let fresh = window.push(&sound);
        let seen = judge.see(&latest.picture);
        let heard = judge.listen(window.columns.make_contiguous(), fresh);
        let judgement = judge.judge(&seen, &heard);
        let size = latest.picture.dimensions();
        let level = level(window.second.make_contiguous());
        let mut event = judge.event(t, &judgement, size, level, &mut decision);
        let map = judge.shown_map(&judgement.map, size);
        summary.busy += begin.elapsed();

        event.map = settings.map.then(|| map.to_rows());
        scores.push(event.score);
        scores.drain(..scores.len().saturating_sub(SCORES));
        let fresh = if frames.len() > kept { &frames[kept..] } else { &frames[..] };
        let moment = Moment {
            event: &event,
            picture: &latest.picture,
            map: &map,
            frames: fresh,
            sound: &sound,
            second: window.second.make_contiguous(),
            columns: window.columns.make_contiguous(),
            scores: &scores,
        };
        for sink in sinks.iter_mut() {
            sink.take(&moment)?;
        }
        summary.events += 1;
        summary.seconds = t;
    }
    let ended = source.finish();
    if !stop.load(Ordering::Relaxed) {
        // Stopped before its end, a source may complain of that; nobody wants to hear it.
        ended?;
    }
    for sink in sinks {
        sink.finish()?;
    }
    Ok(summary)
}

/// The last second, as sound and as columns.
struct Window {
    stream: Spectrogram,
    columns: VecDeque<Vec<f32>>,
    second: VecDeque<f32>,
}

impl Window {
    fn new() -> Self {
        Self {
            stream: Spectrogram::new(),
            columns: vec![vec![0.0; BINS]; COLUMNS].into(),
            second: vec![0.0; SAMPLE_RATE].into(),
        }
    }

    /// Takes samples; returns the number of columns that they completed.
    fn push(&mut self, samples: &[f32]) -> usize {
        let (columns, mut fresh) = (&mut self.columns, 0);
        self.stream.push(samples, |values| {
            // The oldest column's memory becomes the newest column.
            let mut column = columns.pop_front().unwrap_or_default();
            column.clear();
            column.extend_from_slice(values);
            columns.push_back(column);
            fresh += 1;
        });
        self.second.extend(samples);
        self.second.drain(..self.second.len() - SAMPLE_RATE);
        fresh
    }
}
