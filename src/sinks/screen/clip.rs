//! The last seconds of picture and sound, ready to be saved.

use std::collections::VecDeque;
use std::io::Cursor;
use std::path::PathBuf;
use std::thread::{self, JoinHandle};

use image::codecs::jpeg::JpegEncoder;
use image::{ImageFormat, RgbImage};

use crate::media::{Encoder, FRAME_RATE, MediaError, Quality};
use crate::pipeline::Moment;
use crate::preprocess::SAMPLE_RATE;

/// Seconds.
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
    pub(super) fn take(&mut self, moment: &Moment) {
        let latest = self.latest;
        for frame in moment.frames.iter().filter(|frame| latest.is_none_or(|latest| frame.t > latest)) {
            let mut jpeg = Vec::new();
            // A frame that cannot be encoded is left out of a clip that may never be asked for.
            if JpegEncoder::new_with_quality(&mut jpeg, 85).encode_image(&*frame.picture).is_ok() {
                self.frames.push_back(jpeg);
            }
            self.latest = Some(frame.t);
        }
        self.sound.extend(moment.sound);
        let too_many = |kept: usize, most: usize| ..kept.saturating_sub(most);
        self.frames.drain(too_many(self.frames.len(), LENGTH * FRAME_RATE as usize));
        self.sound.drain(too_many(self.sound.len(), LENGTH * SAMPLE_RATE));
    }

    /// Writes what is there in a thread of its own; says what happens.
    pub(super) fn save(&mut self, target: PathBuf) -> String {
        if self.saving.is_some() {
            return "The clip before is still being written".into();
        }
        let (frames, sound): (Vec<_>, Vec<_>) =
            (self.frames.iter().cloned().collect(), self.sound.iter().copied().collect());
        let message = format!("Saving the last {} s", sound.len() / SAMPLE_RATE);
        self.saving = Some(thread::spawn(move || match write(&target, &frames, &sound) {
            Ok(()) => format!("Saved {}", target.display()),
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

fn write(target: &std::path::Path, frames: &[Vec<u8>], sound: &[f32]) -> Result<(), MediaError> {
    let mut encoder = None;
    for jpeg in frames {
        let unreadable = |e: image::ImageError| MediaError::Unwritable {
            output: target.display().to_string(),
            reason: e.to_string(),
        };
        let picture: RgbImage =
            image::load(Cursor::new(jpeg), ImageFormat::Jpeg).map_err(unreadable)?.into_rgb8();
        let even = |side: u32| side.next_multiple_of(2);
        let size = (even(picture.width()), even(picture.height()));
        let encoder = match &mut encoder {
            Some(encoder) => encoder,
            None => encoder.insert(Encoder::start(target, size, Quality::Shown)?),
        };
        encoder.picture(&picture)?;
    }
    let Some(mut encoder) = encoder else {
        let reason = "there is no picture yet".into();
        return Err(MediaError::Unwritable { output: target.display().to_string(), reason });
    };
    encoder.sound(sound)?;
    encoder.finish()
}
