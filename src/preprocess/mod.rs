//! Preprocessing of pictures and sound, shared by training and run time.
//!
//! Sound: any channel count to one ([`Channels`]), any rate to 48 kHz (`Resampler`, feature `resample`), then a streaming
//! log-magnitude spectrogram ([`Spectrogram`]); [`level()`] says how loud it is. Pictures: [`picture`], and of a
//! camera, [`NoiseGate`].

mod channels;
mod constants;
mod level;
mod noise_gate;
pub mod picture;
#[cfg(feature = "resample")]
mod resample;
pub mod spectrogram;

pub use channels::{Channels, Loudness};
pub use constants::{Preprocessing, PreprocessingError};
pub use level::level;
#[cfg(feature = "media")]
pub(crate) use level::{TENTH, energy};
pub use noise_gate::NoiseGate;
pub use picture::Fit;
#[cfg(feature = "resample")]
pub use resample::{ResampleError, Resampler};
pub use spectrogram::Spectrogram;

/// Samples a second that the audio tower is made for.
pub const SAMPLE_RATE: usize = 48_000;
