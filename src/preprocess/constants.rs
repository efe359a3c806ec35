//! The constants of preprocessing, which a bundle keeps.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Fit, SAMPLE_RATE, spectrogram};

/// The constants of preprocessing, kept in every bundle: weights work only with those they were trained with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preprocessing {
    /// Samples a second.
    pub sample_rate: usize,
    /// Samples under the Hann window.
    pub window: usize,
    /// Samples from one column to the next.
    pub hop: usize,
    /// Points of the FFT.
    pub fft: usize,
    /// Magnitude that counts as silence.
    pub floor: f32,
    /// Divisor of the natural logarithm.
    pub log_scale: f32,
    /// How a picture becomes square.
    pub fit: Fit,
}

/// Preprocessing that this version of LookHear does not compute.
#[derive(Clone, Debug, PartialEq, Error)]
#[error("preprocessing is {found:?}; this version of LookHear computes {ours:?}")]
pub struct PreprocessingError {
    /// What was asked for.
    pub found: Preprocessing,
    /// What is built in.
    pub ours: Preprocessing,
}

impl Preprocessing {
    /// The constants of this version of LookHear, with the given fit.
    pub fn new(fit: Fit) -> Self {
        Self {
            sample_rate: SAMPLE_RATE,
            window: spectrogram::WINDOW,
            hop: spectrogram::HOP,
            fft: spectrogram::FFT,
            floor: spectrogram::FLOOR,
            log_scale: spectrogram::LOG_SCALE,
            fit,
        }
    }

    /// Checks that a bundle was made for the preprocessing that is built in.
    ///
    /// # Errors
    /// [`PreprocessingError`] has both sides.
    ///
    /// ```
    /// use lookhear::preprocess::{Fit, Preprocessing};
    ///
    /// let ours = Preprocessing::new(Fit::Stretch);
    /// assert!(ours.validate().is_ok());
    /// assert!(Preprocessing { sample_rate: 16_000, ..ours }.validate().is_err());
    /// ```
    pub fn validate(&self) -> Result<(), PreprocessingError> {
        let ours = Self::new(self.fit);
        if *self == ours {
            return Ok(());
        }
        Err(PreprocessingError { found: self.clone(), ours })
    }
}
