//! Microphones: how to name one, how to list them, how to open one.

mod cpal;

use serde::Serialize;

use super::device::{DeviceError, ErrorKind, Microphone};
use self::cpal::Cpal;

/// A microphone of this machine.
#[derive(Clone, Debug, Serialize)]
pub struct MicrophoneInfo {
    /// What `--microphone` takes, the same after a reboot.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it is the one that is used if none is named.
    pub default: bool,
    /// `48000 Hz, 2 channels` and so on; empty if it cannot be asked.
    pub formats: Vec<String>,
}

/// The microphones of this machine.
///
/// # Errors
/// The sound system does not answer.
pub fn microphones() -> Result<Vec<MicrophoneInfo>, DeviceError> {
    cpal::list()
}

/// Opens a microphone: an id, or a part of a name; empty: the default one.
///
/// # Errors
/// None of that name, in use, not allowed, or nothing that can be read.
pub fn open_microphone(name: &str) -> Result<Box<dyn Microphone>, DeviceError> {
    Ok(Box::new(Cpal::open(name)?))
}

/// The microphone that a name means, if there is one.
pub fn find(name: &str) -> Option<MicrophoneInfo> {
    cpal::find_info(name)
}

/// An error for a microphone as it was asked for.
fn error(kind: ErrorKind, name: &str, detail: &str) -> DeviceError {
    DeviceError::new(kind, if name.is_empty() { "microphone" } else { name }, detail)
}
