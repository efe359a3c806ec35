//! A folder of video files as clips to draw pairs from.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use image::RgbImage;
use lookhear::media;

use crate::Error;
use crate::sampling::{Clips, STEPS};

/// A folder of videos that have picture and sound, of at least a second. Every example decodes anew; for many of
/// them, prepare [`crate::shards::Shards`].
pub struct Videos {
    files: Vec<(PathBuf, f64)>,
}

impl Videos {
    /// Reads a folder's file names and the videos' lengths; files that cannot serve are named on
    /// standard error and left out.
    ///
    /// # Errors
    /// The folder cannot be read, or fewer than two videos in it can serve.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let entries = std::fs::read_dir(folder).map_err(|e| Error::file(folder, e))?;
        let mut paths: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
        paths.sort();
        let mut files = Vec::new();
        for path in paths.into_iter().filter(|p| p.is_file()) {
            match media::probe(&path) {
                Ok(probe) if probe.seconds >= 1.0 => files.push((path, probe.seconds)),
                Ok(_) => log::warn!("left out: {} is shorter than a second", path.display()),
                Err(error) => log::warn!("left out: {error}"),
            }
        }
        match files.len() {
            0 | 1 => {
                Err(Error::file(folder, "fewer than two videos in it have a second of picture and sound"))
            }
            _ => Ok(Self { files }),
        }
    }
}

impl Clips for Videos {
    fn count(&self) -> usize {
        self.files.len()
    }

    fn source(&self, clip: usize) -> u32 {
        clip as u32
    }

    fn sources(&self) -> usize {
        self.files.len()
    }

    fn length(&self, clip: usize) -> f64 {
        self.files[clip].1
    }

    fn frames(&self, clip: usize) -> Cow<'_, [u32]> {
        let end = (self.length(clip) * f64::from(STEPS)) as u32;
        (0..end).collect()
    }

    fn frame(&self, clip: usize, step: u32) -> Result<RgbImage, Error> {
        Ok(media::frame_at(&self.files[clip].0, seconds(step))?)
    }

    fn second(&self, clip: usize, step: u32) -> Result<Vec<f32>, Error> {
        // `sound_at` takes the middle of the second.
        Ok(media::sound_at(&self.files[clip].0, seconds(step) + 0.5)?)
    }
}

fn seconds(step: u32) -> f64 {
    f64::from(step) / f64::from(STEPS)
}
