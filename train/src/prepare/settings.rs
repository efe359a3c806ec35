//! What to prepare, and how.

use std::fmt::Display;
use std::path::PathBuf;

use super::table::Format;
use crate::Error;

/// What to prepare, and how.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Folder with the videos, searched with its subfolders.
    pub videos: PathBuf,
    /// Tables of clips and their format; without one every video of the folder is taken whole. Give all parts of a
    /// data set at once, so that copies across them are found.
    pub tables: Option<(Vec<PathBuf>, Format)>,
    /// Folder for the shards.
    pub out: PathBuf,
    /// Length of a clip in seconds: at least 1; what is left of a video at the end may be shorter.
    pub clip_seconds: f64,
    /// Frames a second, 1 to 25.
    pub fps: f64,
    /// Shorter side of a frame in pixels; smaller ones stay as they are.
    pub side: u32,
    /// Quality of the JPEG files, 1 to 100.
    pub quality: u8,
    /// Clips in a shard.
    pub shard_clips: usize,
    /// Share of the groups for the test side (0 to 1), where the table names none.
    pub held_out: f64,
    /// Share of the groups for the validation side (0 to 1), where the table names none.
    pub validation: f64,
    /// Threads, each with an ffmpeg of its own.
    pub jobs: usize,
}

impl Settings {
    /// Checks the values.
    ///
    /// # Errors
    /// [`Error::Argument`]: option, value, what would be right.
    pub fn validate(&self) -> Result<(), Error> {
        let wrong = |option, value: &dyn Display, right: &str| Err(Error::argument(option, value, right));
        if !(1.0..=3600.0).contains(&self.clip_seconds) {
            return wrong("--clip-seconds", &self.clip_seconds, "between 1 and 3600");
        }
        if !(1.0..=25.0).contains(&self.fps) {
            return wrong("--fps", &self.fps, "between 1 (every second needs a frame) and 25");
        }
        if !(16..=1280).contains(&self.side) {
            return wrong("--side", &self.side, "between 16 and 1280 pixels");
        }
        if !(1..=100).contains(&self.quality) {
            return wrong("--quality", &self.quality, "between 1 and 100");
        }
        for (option, value) in [("--shard-clips", self.shard_clips), ("--jobs", self.jobs)] {
            if value == 0 {
                return wrong(option, &value, "at least 1");
            }
        }
        for (option, value) in [("--held-out", self.held_out), ("--validation", self.validation)] {
            if !(0.0..=1.0).contains(&value) {
                return wrong(option, &value, "a share between 0 and 1");
            }
        }
        if self.held_out + self.validation > 1.0 {
            let right = format!("together with --validation {} at most 1", self.validation);
            return wrong("--held-out", &self.held_out, &right);
        }
        Ok(())
    }
}
