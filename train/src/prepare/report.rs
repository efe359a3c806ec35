//! What was left out, and why.

use std::fmt;
use std::io::Write;
use std::path::Path;

use lookhear::media::MediaError;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use crate::Error;

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
