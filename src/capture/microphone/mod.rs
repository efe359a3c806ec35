//! Microphones: how to name one, how to list them, how to open one.

mod alsa;
mod cpal;

use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use self::alsa::quietly;
use self::cpal::Cpal;
pub use super::device::MicrophoneInfo;
use super::device::{DeviceError, Microphone};
use super::stream::{self, StreamMicrophone};

/// The microphones of this machine.
///
/// # Errors
/// The sound system does not answer.
pub fn microphones() -> Result<Vec<MicrophoneInfo>, DeviceError> {
    quietly(cpal::list)
}

/// Opens a microphone again and again: an id, a part of a name, or a URL or file; empty: the default one.
#[derive(Clone, Debug, Default)]
pub struct MicrophoneOpener {
    name: String,
    /// A machine that proved slow gets longer buffers at the next opening.
    period: Arc<AtomicU32>,
}

impl MicrophoneOpener {
    /// For the microphone of this name.
    pub fn new(name: &str) -> Self {
        Self { name: name.into(), period: Arc::default() }
    }

    /// Opens it.
    ///
    /// # Errors
    /// No microphone has this name, it is in use, access is denied, or it offers no format that can be read.
    pub fn open(&self) -> Result<Box<dyn Microphone>, DeviceError> {
        if stream::is_stream(&self.name) {
            return Ok(Box::new(StreamMicrophone::open(&self.name)?));
        }
        Ok(Box::new(quietly(|| Cpal::open(&self.name, &self.period))?))
    }
}

/// The microphone that a name means, if there is one.
pub fn find(name: &str) -> Option<MicrophoneInfo> {
    quietly(|| cpal::find_info(name))
}
