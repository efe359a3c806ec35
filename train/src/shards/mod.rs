//! Clips of real video in tar files (WebDataset): written by [`crate::prepare`], read by training and evaluation.
//!
//! A shard is called `train-000000.tar`. The files of a clip share the name before the first dot: `KEY.000.jpg`,
//! `KEY.001.jpg`, ..., `KEY.wav` (48 kHz mono, 16 bits), `KEY.json` ([`Sample`]). Other tools read them as they are.

mod index;
mod read;
#[cfg(test)]
mod tests;

pub use read::Shards;

use serde::{Deserialize, Serialize};

/// Which part of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// To learn from.
    Train,
    /// To choose settings by.
    Val,
    /// To measure on, at the end.
    Test,
}

impl Side {
    /// As it is written in file names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Val => "val",
            Self::Test => "test",
        }
    }
}

/// What is known of a clip: the content of `KEY.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Name of the clip, unique in the data set.
    pub key: String,
    /// Id of the video that it was cut from.
    pub video: String,
    /// Where the clip begins in that video, in seconds.
    pub start: f64,
    /// Length in seconds.
    pub duration: f64,
    /// When each frame is shown, in seconds since the start of the clip and of its sound.
    pub frames: Vec<f64>,
    /// Classes, as the table or the folder names them.
    pub labels: Vec<String>,
    /// Part of the data set.
    pub split: Side,
    /// Videos that are copies of each other, or nearly, share a group; a group lies in one part.
    pub group: String,
    /// SHA-256 of the file that the clip was cut from.
    pub sha256: String,
}
