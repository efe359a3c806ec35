//! The traits of cameras and microphones, independent of their drivers.

use std::time::{Duration, Instant};

use image::RgbImage;
use serde::Serialize;
use thiserror::Error;

/// Longest time that a call of a device may block.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// A camera of this machine.
#[derive(Clone, Debug, Serialize)]
pub struct CameraInfo {
    /// What `--camera` takes, the same after a reboot if the system knows such a name.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Other names by which it can be called: its number, its device file.
    pub aliases: Vec<String>,
    /// `640x480 YUYV, 30 fps` and so on; empty while another program uses it.
    pub formats: Vec<String>,
}

/// A picture with the moment at which the camera took it.
#[derive(Clone, Debug)]
pub struct CameraFrame {
    /// When it was taken; when it arrived, if the driver does not say.
    pub captured: Instant,
    /// The picture.
    pub picture: RgbImage,
    /// Frames that the driver lost since the one before.
    pub lost: u64,
}

/// An open camera.
pub trait Camera {
    /// The next frame. Waits for it, at most [`PATIENCE`].
    ///
    /// # Errors
    /// [`ErrorKind::Stalled`] if none came in time, and another try makes sense; after any other error
    /// the camera must be opened anew.
    fn frame(&mut self) -> Result<CameraFrame, DeviceError>;

    /// What is being captured, for people: `640x480 YUYV, 30 fps`.
    fn format(&self) -> String;
}

/// A microphone of this machine.
#[derive(Clone, Debug, Serialize)]
pub struct MicrophoneInfo {
    /// What `--microphone` takes, the same after a reboot.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it is the system's default.
    pub default: bool,
    /// The format in which it would be opened, e.g. `48000 Hz, 2 channels, i16`; `None` if it cannot be opened now.
    pub format: Option<String>,
}

/// Sound with the moment at which its first sample was taken.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// When the first sample was taken.
    pub captured: Instant,
    /// Sample after sample, all channels of each, -1..1.
    pub interleaved: Vec<f32>,
    /// Samples (of each channel) that were lost before this chunk because nobody fetched them in time.
    pub lost: u64,
    /// Overruns that the device reported since the chunk before; how much was lost it does not say.
    pub xruns: u64,
    /// Values that were no numbers, and are 0 in `interleaved` already; those that are still in it come on top.
    pub invalid: u64,
}

/// An open microphone.
pub trait Microphone {
    /// Sound since the call before, in order. Waits for some, at most [`PATIENCE`].
    ///
    /// # Errors
    /// As [`Camera::frame`].
    fn chunk(&mut self) -> Result<Chunk, DeviceError>;

    /// Samples per second of each channel.
    fn rate(&self) -> u32;

    /// Number of channels.
    fn channels(&self) -> usize;

    /// What is being captured, for people: `44100 Hz, 2 channels`.
    fn format(&self) -> String {
        let channels = self.channels();
        format!("{} Hz, {channels} channel{}", self.rate(), if channels == 1 { "" } else { "s" })
    }
}

/// The kind of a device error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// There is no device, or none of this name.
    Missing,
    /// Another program uses it.
    Busy,
    /// This user may not use it.
    Denied,
    /// The device is open but delivers nothing.
    Stalled,
    /// The device was there and has been removed.
    Gone,
    /// The device offers no usable format.
    Unsupported,
    /// Any other error, which the message tells.
    Failed,
}

/// Why a device delivers nothing, in one sentence with a remedy.
#[derive(Clone, Debug, Error)]
#[error("{device}: {reason}")]
pub struct DeviceError {
    /// The kind of the error.
    pub kind: ErrorKind,
    /// The device, as it was asked for.
    pub device: String,
    /// What happened, and what to do.
    pub reason: String,
    /// The driver's words; may be empty.
    detail: String,
}

impl DeviceError {
    /// An error of a kind, in its own words; `detail` is the driver's.
    pub fn new(kind: ErrorKind, device: &str, detail: &str) -> Self {
        let what = match kind {
            ErrorKind::Missing => "not found. `lookhear devices` lists what there is",
            ErrorKind::Busy => "in use by another program. Close that program",
            ErrorKind::Denied => "this user may not use it. On Linux: join the groups video and audio",
            ErrorKind::Stalled => "gives nothing any more",
            ErrorKind::Gone => "was disconnected. Connect it again",
            ErrorKind::Unsupported => "offers no format that can be read",
            ErrorKind::Failed => "failed",
        };
        let reason = if detail.is_empty() { what.to_string() } else { format!("{what} ({detail})") };
        Self { kind, device: device.into(), reason, detail: detail.into() }
    }

    /// Adjusts the kind to whether the device has delivered before: a missing device that has delivered is gone, and
    /// one that never delivered cannot be gone.
    #[must_use]
    pub fn after(self, delivered: bool) -> Self {
        let kind = match (self.kind, delivered) {
            (ErrorKind::Gone, false) => ErrorKind::Failed,
            (ErrorKind::Missing, true) => ErrorKind::Gone,
            _ => return self,
        };
        Self::new(kind, &self.device, &self.detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_there_is_disconnected() {
        let error = |kind, delivered| DeviceError::new(kind, "microphone", "no answer").after(delivered);
        for (kind, delivered, seen) in [
            (ErrorKind::Gone, true, ErrorKind::Gone),
            (ErrorKind::Gone, false, ErrorKind::Failed),
            (ErrorKind::Missing, true, ErrorKind::Gone),
            (ErrorKind::Missing, false, ErrorKind::Missing),
            (ErrorKind::Busy, true, ErrorKind::Busy),
            (ErrorKind::Stalled, false, ErrorKind::Stalled),
        ] {
            let error = error(kind, delivered);
            assert_eq!(error.kind, seen, "{kind:?} {delivered}");
            assert_eq!(error.reason.contains("disconnected"), seen == ErrorKind::Gone, "{error}");
            assert!(error.reason.contains("no answer"), "the driver's words stay: {error}");
        }
    }
}
