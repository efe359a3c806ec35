//! Videos to shards of clips ([`crate::shards`]), in parallel, and again and again until it is done.
//!
//! list -> inspect every file -> groups of like videos -> plan -> decode, encode, write. The plan
//! depends on the files and the settings alone, whatever the number of threads, so a run that goes on writes the
//! very shards that one which was never stopped would have written.

mod cut;
mod inspect;
mod journal;
mod kinetics;
mod locate;
mod parallel;
mod plan;
mod report;
mod similar;
mod split;
mod table;
mod write;

pub use kinetics::KINETICS_SOUNDS;
pub use report::{Reason, Skipped, Summary};
pub use table::Format;

use std::fmt::Display;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

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

/// Prepares, or goes on preparing. `None`: `stop` was set before the end; the same call goes on.
///
/// Writes shards and `report.jsonl` ([`Skipped`], one a line) into the folder; `inspected.jsonl` and `journal.jsonl`
/// hold what is done.
///
/// # Errors
/// Settings, folder or table are not as they should be; nothing is left to write; ffmpeg is missing; the folder
/// cannot be written, is in use, or holds shards of other settings or other videos. What was done is kept.
pub fn run(settings: &Settings, stop: &AtomicBool) -> Result<Option<Summary>, Error> {
    settings.validate()?;
    let listed = match &settings.tables {
        Some((tables, format)) => locate::by_tables(&settings.videos, tables, *format)?,
        None => locate::all(&settings.videos)?,
    };
    std::fs::create_dir_all(&settings.out).map_err(|e| Error::file(&settings.out, e))?;
    let Some(inspected) = inspect::all(&listed.sources, settings, stop)? else { return Ok(None) };
    let mut plan = plan::make(listed, &inspected, settings)?;
    if plan.clips.is_empty() {
        report::write(&settings.out, &plan.skipped)?;
        let why = format!("no clip can be made; {}/report.jsonl says why", settings.out.display());
        return Err(Error::file(&settings.videos, why));
    }
    let Some(written) = write::all(&plan, settings, stop)? else { return Ok(None) };
    plan.skipped.extend(written.skipped);
    report::write(&settings.out, &plan.skipped)?;
    Ok(Some(Summary::new(&plan, written.clips, written.shards)))
}
