//! The last seconds of picture and sound, ready to be saved.

use std::collections::VecDeque;
use std::io::Cursor;
use std::thread::{self, JoinHandle};

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageFormat};

use crate::media::{Encoder, FRAME_RATE, MediaError, Quality};
use crate::output::Output;
use crate::pipeline::DecisionContext;
use crate::preprocess::SAMPLE_RATE;

/// Length of a clip in seconds.
const LENGTH: usize = 10;

/// Keeps frames as JPEG: as they are, they would take a quarter of a gigabyte.
#[derive(Default)]
pub(super) struct Clip {
    frames: VecDeque<Vec<u8>>,
    sound: VecDeque<f32>,
    latest: Option<f64>,
    saving: Option<JoinHandle<String>>,
}

impl Clip {
    pub(super) fn take(&mut self, context: &DecisionContext) {
        let latest = self.latest;
        for frame in context.frames.iter().filter(|frame| latest.is_none_or(|latest| frame.t > latest)) {
            let mut jpeg = Vec::new();
            // A frame that cannot be encoded is left out of a clip that may never be asked for.
            if JpegEncoder::new_with_quality(&mut jpeg, 85).encode_image(&*frame.picture).is_ok() {
                self.frames.push_back(jpeg);
            }
            self.latest = Some(frame.t);
        }
        self.sound.extend(context.sound);
        let too_many = |kept: usize, most: usize| ..kept.saturating_sub(most);
        self.frames.drain(too_many(self.frames.len(), LENGTH * FRAME_RATE as usize));
        self.sound.drain(too_many(self.sound.len(), LENGTH * SAMPLE_RATE));
    }

    /// Writes what is there in a thread of its own; says what happens.
    pub(super) fn save(&mut self, output: Output) -> String {
        if self.saving.is_some() {
            return "The clip before is still being written".into();
        }
        let (frames, sound): (Vec<_>, Vec<_>) =
            (self.frames.iter().cloned().collect(), self.sound.iter().copied().collect());
        let message = format!("Saving the last {} s", sound.len() / SAMPLE_RATE);
        let saved = format!("Saved {}", output.name().display());
        self.saving = Some(thread::spawn(move || match write(output, &frames, &sound) {
            Ok(()) => saved,
            Err(error) => error.to_string(),
        }));
        message
    }

    /// How saving ended, once it has.
    pub(super) fn outcome(&mut self) -> Option<String> {
        let saving = self.saving.take_if(|saving| saving.is_finished())?;
        Some(saving.join().unwrap_or_else(|_| "The clip could not be written".into()))
    }
}

impl Drop for Clip {
    fn drop(&mut self) {
        if let Some(saving) = self.saving.take() {
            let _ = saving.join();
        }
    }
}

fn write(output: Output, frames: &[Vec<u8>], sound: &[f32]) -> Result<(), MediaError> {
    let name = output.name().display().to_string();
    let unwritable = |reason: String| MediaError::Unwritable { output: name.clone(), reason };
    let mut pictures = frames.iter().map(|jpeg| {
        let picture = image::load(Cursor::new(jpeg), ImageFormat::Jpeg);
        picture.map(DynamicImage::into_rgb8).map_err(|error| unwritable(error.to_string()))
    });
    let first = pictures.next().ok_or_else(|| unwritable("there is no picture yet".into()))??;
    let (width, height) = first.dimensions();
    let size = (width.next_multiple_of(2), height.next_multiple_of(2));
    let mut encoder = Encoder::start(output, size, Quality::Shown)?;
    encoder.add([&first], sound)?;
    pictures.try_for_each(|picture| encoder.add([&picture?], &[]))?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use image::RgbImage;

    use super::*;
    use crate::media::{probe, sound};
    use crate::output::Existing;

    #[test]
    fn a_long_clip_is_written_to_its_end_with_its_sound() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clip.mp4");
        // An odd height, and more pictures than any queue on the way has room for.
        let picture = RgbImage::from_fn(640, 361, |x, y| image::Rgb([x as u8, y as u8, 90]));
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, 85).encode_image(&picture).unwrap();
        let tone = |n: usize| (n as f32 * 0.05).sin() * 0.3;
        let mut clip = Clip::default();
        clip.frames.extend(vec![jpeg; LENGTH * FRAME_RATE as usize]);
        clip.sound.extend((0..LENGTH * SAMPLE_RATE).map(tone));
        let output = || Output::new(&path, Existing::Replace).unwrap();
        assert_eq!(clip.save(output()), "Saving the last 10 s");
        let said = clip.saving.take().unwrap().join().unwrap();
        assert_eq!(said, format!("Saved {}", path.display()));
        assert!((9.8..10.2).contains(&probe(path.to_str().unwrap()).unwrap().seconds));
        let sound = sound(&path).unwrap();
        assert!(sound.iter().map(|s| s * s).sum::<f32>() / sound.len() as f32 > 1e-3, "the tone is kept");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
    }

    #[test]
    fn without_a_picture_nothing_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let output = Output::new(&folder.path().join("clip.mp4"), Existing::Keep).unwrap();
        let mut clip = Clip::default();
        clip.save(output);
        let said = clip.saving.take().unwrap().join().unwrap();
        assert!(said.contains("clip.mp4 cannot be written: there is no picture yet"), "{said}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
