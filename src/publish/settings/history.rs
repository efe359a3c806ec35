//! What happened, kept on this machine.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::event::State;
use crate::history::{Bounds, Rules};
use crate::validation::ValidationError;

/// Episodes (see [`crate::history`]) in a SQLite file, with a picture and a clip of each if that is asked for.
///
/// | in the folder | what |
/// |---|---|
/// | `history.db` | the episodes |
/// | `snapshots/2026-11-30/<id>.jpg` | the best moment of each, its place lit up |
/// | `clips/2026-11-30/<id>.mp4` | picture and sound from before it to after it |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct History {
    /// The folder; it is made if it is not there.
    pub folder: PathBuf,
    /// What this camera and microphone are called in it.
    pub source: String,
    /// Which states make episodes.
    pub states: Vec<State>,
    /// Seconds that an episode must last.
    pub least: f64,
    /// Seconds for which it may be interrupted and still be the same.
    pub gap: f64,
    /// Whether a picture of each is kept.
    pub snapshots: bool,
    /// Whether a video of each is kept.
    pub clips: bool,
    /// Seconds of a clip before the episode; they are held in memory: 23 MB a second at 640 x 480.
    pub before: f64,
    /// Seconds of a clip after it.
    pub after: f64,
    /// Seconds after which a clip ends though its episode goes on.
    pub longest: f64,
    /// Days after which an episode is forgotten; 0: never.
    pub days: u32,
    /// Megabytes that pictures and clips may take in all.
    pub megabytes: u64,
    /// Megabytes of the disk that stay free for others.
    pub free_megabytes: u64,
}

impl Default for History {
    /// A month of matches with pictures, without clips, in two gigabytes.
    fn default() -> Self {
        let Rules { states, least, gap } = Rules::default();
        Self {
            folder: PathBuf::new(),
            source: "lookhear".into(),
            states,
            least,
            gap,
            snapshots: true,
            clips: false,
            before: 3.0,
            after: 3.0,
            longest: 60.0,
            days: 30,
            megabytes: 2000,
            free_megabytes: 500,
        }
    }
}

const LEAST: RangeInclusive<f64> = 0.0..=60.0;
const GAPS: RangeInclusive<f64> = 0.0..=600.0;
const ROLLS: RangeInclusive<f64> = 0.0..=30.0;
const LONGEST: RangeInclusive<f64> = 1.0..=600.0;

impl History {
    /// Every invalid value, as far as that is known without touching the system.
    pub fn mistakes(&self) -> Vec<ValidationError> {
        let mut mistakes = Vec::new();
        if self.folder.as_os_str().is_empty() {
            let message = "is missing: give a folder, e.g. \"/var/lib/lookhear/history\"";
            mistakes.push(ValidationError::new("folder", message));
        }
        let plain = |c: char| !c.is_control() && c != '/';
        if self.source.is_empty() || self.source.len() > 100 || !self.source.chars().all(plain) {
            let message = format!("{:?}: give a name of 1 to 100 letters, e.g. \"barn\"", self.source);
            mistakes.push(ValidationError::new("source", message));
        }
        if self.states.is_empty() || self.states.contains(&State::Silent) {
            let message = "give some of \"match\" and \"no_visible_source\"; silence is no episode";
            mistakes.push(ValidationError::new("states", message));
        }
        for (key, value, range) in [
            ("least", self.least, LEAST),
            ("gap", self.gap, GAPS),
            ("before", self.before, ROLLS),
            ("after", self.after, ROLLS),
            ("longest", self.longest, LONGEST),
        ] {
            if !range.contains(&value) {
                let (least, most) = (range.start(), range.end());
                let message = format!("{value} is out of range; give {least} to {most} seconds");
                mistakes.push(ValidationError::new(key, message));
            }
        }
        mistakes
    }

    pub(in crate::publish) fn rules(&self) -> Rules {
        Rules { states: self.states.clone(), least: self.least, gap: self.gap }
    }

    pub(in crate::publish) fn bounds(&self) -> Bounds {
        Bounds {
            days: (self.days > 0).then_some(self.days),
            megabytes: Some(self.megabytes),
            free_megabytes: self.free_megabytes,
        }
    }
}
