//! What to prepare, and how.

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
    /// Share of the groups for the validation side (0 to 1), likewise.
    pub validation: f64,
    /// Threads, each with an ffmpeg of its own.
    pub jobs: usize,
}

impl Settings {
    /// Checks the values.
    ///
    /// # Errors
    /// One sentence: option, value, what would be right.
    pub fn validate(&self) -> Result<(), Error> {
        let wrong = |what: String| Err(Error::Other(what));
        if !(1.0..=3600.0).contains(&self.clip_seconds) {
            return wrong(format!("--clip-seconds {}: between 1 and 3600", self.clip_seconds));
        }
        if !(1.0..=25.0).contains(&self.fps) {
            return wrong(format!("--fps {}: between 1 (every second needs a frame) and 25", self.fps));
        }
        if !(16..=1280).contains(&self.side) {
            return wrong(format!("--side {}: between 16 and 1280 pixels", self.side));
        }
        if !(1..=100).contains(&self.quality) {
            return wrong(format!("--quality {}: between 1 and 100", self.quality));
        }
        if self.shard_clips == 0 || self.jobs == 0 {
            return wrong(format!("--shard-clips {}, --jobs {}: at least 1", self.shard_clips, self.jobs));
        }
        let shares = [self.held_out, self.validation];
        if shares.iter().any(|share| !(0.0..=1.0).contains(share)) || shares.iter().sum::<f64>() > 1.0 {
            return wrong(format!(
                "--held-out {}, --validation {}: shares between 0 and 1, together at most 1",
                self.held_out, self.validation
            ));
        }
        Ok(())
    }
}
