//! What takes decisions, what it is given, and how it and others speak to a run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use image::RgbImage;
use parking_lot::Mutex;
use thiserror::Error;

use crate::capture::monitor::Health;
use crate::event::{Event, Map};
use crate::gallery::{Gallery, Signature};
use crate::media::MediaError;
use crate::model::Thresholds;
use crate::output::OutputError;
use crate::ring::VideoFrame;
use crate::swap::Swapped;
use crate::timing::Timings;

/// Requests to a run from other threads, and its state for them.
#[derive(Debug, Default)]
pub struct Controls {
    /// End after the current decision, with outputs completed.
    pub stop: Arc<AtomicBool>,
    /// Whether a signal asked to end.
    pub interrupted: AtomicBool,
    /// Request for one audio-swap self-check.
    pub swap: AtomicBool,
    /// Request to read the settings again.
    pub reload: AtomicBool,
    /// What is to be judged by from the next decision on.
    pub adjustments: Mutex<Adjustments>,
    /// Faults of outputs that cannot be written at present, for displays.
    pub faults: Faults,
}

/// Changes for a run that goes on; `None`: as before.
#[derive(Debug, Default)]
pub struct Adjustments {
    /// Thresholds of decisions.
    pub thresholds: Option<Thresholds>,
    /// The gallery; none: nothing is named any more.
    pub gallery: Option<Option<Gallery>>,
}

/// Current faults of the outputs of a run, one sentence each.
#[derive(Debug, Default)]
pub struct Faults(Mutex<BTreeMap<&'static str, String>>);

impl Faults {
    /// Sets the fault of an output, or clears it.
    pub fn set(&self, output: &'static str, sentence: Option<String>) {
        let mut faults = self.0.lock();
        match sentence {
            Some(sentence) => faults.insert(output, sentence),
            None => faults.remove(output),
        };
    }

    /// All current faults in one line; `None` if there are none.
    pub fn get(&self) -> Option<String> {
        let faults = self.0.lock();
        let sentences: Vec<&str> = faults.values().map(String::as_str).collect();
        (!sentences.is_empty()).then(|| sentences.join("; "))
    }
}

/// Everything about one decision, for sinks that show more than the event.
pub struct DecisionContext<'a> {
    /// The decision.
    pub event: &'a Event,
    /// The picture that was judged.
    pub picture: &'a RgbImage,
    /// The localization map.
    pub map: &'a Map,
    /// The signature of what sounds, for a [`crate::gallery::Gallery`].
    pub signature: &'a Signature,
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

/// Receives decisions, to print, save or send them.
pub trait Sink {
    /// Takes a decision.
    ///
    /// # Errors
    /// The sink has failed; the run ends.
    fn take(&mut self, context: &DecisionContext) -> Result<(), SinkError>;

    /// Completes what was begun. A sink that is dropped instead leaves nothing half-written.
    ///
    /// # Errors
    /// The output could not be completed.
    fn finish(&mut self) -> Result<(), SinkError> {
        Ok(())
    }
}

/// Why a sink failed.
#[derive(Debug, Error)]
pub enum SinkError {
    /// A file or the terminal could not be written.
    #[error("{output} cannot be written: {source}")]
    Io {
        /// What was to be written.
        output: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The path of an output file cannot be used.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// A video or picture could not be encoded.
    #[error(transparent)]
    Media(#[from] MediaError),
}
