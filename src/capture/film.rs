//! A file that stands in for camera and microphone at once. One process reads it for both: two processes would start at
//! different times, and picture and sound would not be in sync.

use std::path::Path;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::device::DeviceError;
use super::stream::{StreamCamera, StreamMicrophone, failed, is_stream};
use crate::media::{self, Process};

/// A file with picture and sound, played again and again at its own pace.
pub struct Film {
    name: String,
    playing: Mutex<Playing>,
}

/// The streams of the process that have not been taken yet.
#[derive(Default)]
struct Playing {
    process: Weak<Process>,
    camera: Option<StreamCamera>,
    microphone: Option<StreamMicrophone>,
}

impl Film {
    /// Opens a file as a film if it has both picture and sound.
    pub fn of(name: &str) -> Option<Arc<Self>> {
        let both = is_stream(name) && Path::new(name).is_file() && media::probe(Path::new(name)).is_ok();
        both.then(|| Arc::new(Self { name: name.into(), playing: Mutex::default() }))
    }

    /// Its picture.
    ///
    /// # Errors
    /// `ffmpeg` cannot be started.
    pub fn camera(&self) -> Result<StreamCamera, DeviceError> {
        self.take(|playing| playing.camera.take())
    }

    /// Its sound.
    ///
    /// # Errors
    /// `ffmpeg` cannot be started.
    pub fn microphone(&self) -> Result<StreamMicrophone, DeviceError> {
        self.take(|playing| playing.microphone.take())
    }

    /// The running process, or a new one if the stream that is wanted was already taken. The holder of the other old
    /// stream reaches its end and then takes its stream of the new process.
    fn take<T>(&self, part: impl Fn(&mut Playing) -> Option<T>) -> Result<T, DeviceError> {
        let mut playing = self.playing.lock();
        loop {
            if let Some(part) = part(&mut playing) {
                return Ok(part);
            }
            if let Some(old) = playing.process.upgrade() {
                old.canceller().cancel();
            }
            let (process, pictures, sound) =
                media::live_both(&self.name).map_err(|error| failed(&self.name, &error))?;
            let process = Arc::new(process);
            *playing = Playing {
                process: Arc::downgrade(&process),
                camera: Some(StreamCamera::new(&self.name, process.clone(), pictures)),
                microphone: Some(StreamMicrophone::new(&self.name, process, sound)),
            };
        }
    }
}
