//! What was made, in numbers.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use super::plan::Plan;
use super::report::Reason;
use crate::shards::Side;

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
        let groups: HashSet<&str> = plan.clips.iter().map(|clip| clip.group.as_str()).collect();
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
