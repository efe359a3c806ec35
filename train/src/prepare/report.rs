//! What was left out, and why.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;
use std::path::Path;

use lookhear::media::MediaError;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::plan::Plan;
use crate::Error;
use crate::shards::Side;

/// Why a video or clip was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It has no sound track.
    NoSound,
    /// It has no picture.
    NoPicture,
    /// Less than a second of it has picture and sound.
    TooShort,
    /// Damaged, or no media.
    Unreadable,
    /// Nothing is louder than -60 dB of full scale.
    Silent,
    /// The table names it, the folder has it not.
    Missing,
    /// The same content is there already, or nearly the same on a side that is further from training.
    Duplicate,
}

impl Reason {
    /// The reason why a file could not be read, with its words.
    ///
    /// # Errors
    /// ffmpeg is missing, or did not come to its end: that is no fault of the file, and the same command goes on.
    pub(super) fn of(error: MediaError) -> Result<(Self, String), Error> {
        let reason = match &error {
            MediaError::NoStream { what: "sound", .. } => Self::NoSound,
            MediaError::NoStream { .. } => Self::NoPicture,
            MediaError::Unreadable { .. } | MediaError::Beyond { .. } => Self::Unreadable,
            MediaError::Missing { .. }
            | MediaError::Output(_)
            | MediaError::Unwritable { .. }
            | MediaError::Died { .. }
            | MediaError::Stalled { .. } => return Err(error.into()),
        };
        Ok((reason, error.to_string()))
    }
}

/// A line of `report.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Skipped {
    /// The file, or what the table says.
    pub file: String,
    /// Id of the video.
    pub video: String,
    /// Why, in short.
    pub reason: Reason,
    /// Why, in words.
    pub detail: String,
}

/// What was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Clips on each side.
    pub clips: BTreeMap<Side, usize>,
    /// Shards, all sides together.
    pub shards: usize,
    /// Groups of like videos among what was planned.
    pub groups: usize,
    /// What was left out.
    pub skipped: BTreeMap<Reason, usize>,
    /// Names videos, split and settings: SHA-256, first 12 digits.
    pub plan: String,
}

impl Summary {
    pub(super) fn new(plan: &Plan, clips: BTreeMap<Side, usize>, shards: usize) -> Self {
        let mut skipped = BTreeMap::new();
        plan.skipped.iter().for_each(|s| *skipped.entry(s.reason).or_default() += 1);
        let groups: std::collections::HashSet<&str> =
            plan.clips.iter().map(|clip| clip.group.as_str()).collect();
        Self { clips, shards, groups: groups.len(), skipped, plan: plan.hash[..12].into() }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: usize = self.clips.values().sum();
        write!(f, "{all} clips of {} groups of videos in {} shards", self.groups, self.shards)?;
        for (side, count) in &self.clips {
            write!(f, ", {} {count}", side.name())?;
        }
        write!(f, "; plan {}", self.plan)?;
        for (reason, count) in &self.skipped {
            let what = match reason {
                Reason::NoSound => "without sound",
                Reason::NoPicture => "without picture",
                Reason::TooShort => "too short",
                Reason::Unreadable => "unreadable",
                Reason::Silent => "silent",
                Reason::Missing => "missing from the folder",
                Reason::Duplicate => "duplicate",
            };
            write!(f, "\nleft out, {what}: {count}")?;
        }
        Ok(())
    }
}

/// Writes the report in one go.
pub(super) fn write(folder: &Path, skipped: &[Skipped]) -> Result<(), Error> {
    let path = folder.join("report.jsonl");
    let fail = |e: &dyn fmt::Display| Error::file(&path, e);
    let mut file = NamedTempFile::new_in(folder).map_err(|e| fail(&e))?;
    for line in skipped {
        let line = serde_json::to_string(line).map_err(|e| fail(&e))?;
        writeln!(file, "{line}").map_err(|e| fail(&e))?;
    }
    file.persist(&path).map_err(|e| fail(&e.error))?;
    Ok(())
}
