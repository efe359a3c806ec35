//! A file that stands in for camera and microphone at once. One process reads it for both: two would begin at moments
//! of their own, and what belongs together would lie apart.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::device::DeviceError;
use super::stream::{StreamCamera, StreamMicrophone, failed, is_stream};
use crate::media::{self, Process};

/// A file with picture and sound, played again and again at its own pace.
pub struct Film {
    name: String,
    playing: Mutex<Playing>,
}

/// What the process gives that nobody has taken yet.
#[derive(Default)]
struct Playing {
    process: Weak<Process>,
    camera: Option<StreamCamera>,
    microphone: Option<StreamMicrophone>,
}

impl Film {
    /// The film of a file, if it is one that has both.
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

    /// What is there to be taken; or else the film begins anew for both. Whoever still has a part of the old one comes
    /// to its end, and takes the part that belongs to the new one.
    fn take<T>(&self, part: impl Fn(&mut Playing) -> Option<T>) -> Result<T, DeviceError> {
        let mut playing = self.playing.lock().unwrap_or_else(PoisonError::into_inner);
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

#[cfg(test)]
mod tests {
    use image::RgbImage;

    use super::*;
    use crate::capture::device::{Camera, ErrorKind, Microphone};
    use crate::media::{Encoder, FRAME_RATE, Quality};
    use crate::output::{Existing, Output};
    use crate::preprocess::SAMPLE_RATE;

    #[test]
    fn one_process_plays_for_both_and_a_new_one_again_for_both() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("film.mp4");
        let output = Output::new(&path, Existing::Keep).unwrap();
        let mut encoder = Encoder::start(output, (64, 48), Quality::Shown).unwrap();
        encoder.sound(&vec![0.1; SAMPLE_RATE]).unwrap();
        for _ in 0..FRAME_RATE {
            encoder.picture(&RgbImage::new(64, 48)).unwrap();
        }
        encoder.finish().unwrap();
        let film = Film::of(path.to_str().unwrap()).unwrap();
        let readers = || film.playing.lock().unwrap().process.strong_count();

        let mut camera = film.camera().unwrap();
        let mut microphone = film.microphone().unwrap();
        assert_eq!(readers(), 2, "both read what one process writes");
        // A busy machine may be late: that is no end.
        let patient = |outcome: &mut dyn FnMut() -> Result<(), DeviceError>| loop {
            match outcome() {
                Err(error) if error.kind == ErrorKind::Stalled => {}
                outcome => break outcome.map_err(|error| error.kind),
            }
        };
        assert_eq!(patient(&mut || camera.frame().map(drop)), Ok(()));
        assert_eq!(patient(&mut || microphone.chunk().map(drop)), Ok(()));

        // The camera is opened anew: the microphone comes to its end, and then goes on with the same film.
        camera = film.camera().unwrap();
        let end = std::iter::repeat_with(|| patient(&mut || microphone.chunk().map(drop)));
        assert_eq!(end.skip_while(Result::is_ok).next(), Some(Err(ErrorKind::Gone)));
        microphone = film.microphone().unwrap();
        assert_eq!(readers(), 2);
        assert_eq!(patient(&mut || camera.frame().map(drop)), Ok(()));
        assert_eq!(patient(&mut || microphone.chunk().map(drop)), Ok(()));
    }

    #[test]
    fn only_a_file_with_both_is_a_film() {
        for name in ["", "studio", "/dev/null", "rtsp://camera/1", "/nowhere/film.mp4", "Cargo.toml"] {
            assert!(Film::of(name).is_none(), "{name}");
        }
    }
}
