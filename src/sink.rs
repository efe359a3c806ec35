//! What takes decisions, what it is given, and how it and others speak to a run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use image::RgbImage;
use parking_lot::Mutex;
use thiserror::Error;

use crate::capture::monitor::Health;
use crate::event::{Event, Map};
use crate::gallery::Impression;
use crate::media::MediaError;
use crate::output::OutputError;
use crate::ring::VideoFrame;
use crate::swap::Swapped;
use crate::timing::Timings;

/// What is asked of a run from outside.
#[derive(Debug, Default)]
pub struct Controls {
    /// End after the decision at hand, outputs complete.
    pub stop: Arc<AtomicBool>,
    /// It was a signal that asked to end.
    pub interrupted: AtomicBool,
    /// Check once, now, whether the answer depends on the sound.
    pub swap: AtomicBool,
    /// Outputs that cannot be written at present, and why: for whoever shows the run.
    pub trouble: Trouble,
}

/// What is wrong with the outputs of a run, a sentence for each.
#[derive(Debug, Default)]
pub struct Trouble(Mutex<BTreeMap<&'static str, String>>);

impl Trouble {
    /// Says what is wrong with an output, or that nothing is any more.
    pub fn set(&self, output: &'static str, sentence: Option<String>) {
        let mut troubles = self.0.lock();
        match sentence {
            Some(sentence) => troubles.insert(output, sentence),
            None => troubles.remove(output),
        };
    }

    /// Everything that is wrong now; `None`: nothing.
    pub fn get(&self) -> Option<String> {
        let troubles = self.0.lock();
        let sentences: Vec<&str> = troubles.values().map(String::as_str).collect();
        (!sentences.is_empty()).then(|| sentences.join("; "))
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
    /// What sounds, and what is seen there: what a [`crate::gallery::Gallery`] tells things by.
    pub impression: &'a Impression,
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
    /// How long the stages took of late.
    pub timings: &'a Timings,
    /// What the audio-swap self-check found, if there was one at this moment.
    pub swapped: Option<Swapped>,
    /// How the devices are doing; live input only.
    pub health: Option<&'a Health>,
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
    /// The place of a file.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// A video or picture.
    #[error(transparent)]
    Media(#[from] MediaError),
}
