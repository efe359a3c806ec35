//! Which clips are made, and which shard each goes to: decided before anything is decoded.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::inspect::Outcome;
use super::locate::{Listed, Wanted};
use super::report::{Reason, Skipped};
use super::settings::Settings;
use super::split::{groups, sides};
use crate::Error;
use crate::corpus::hex;
use crate::shards::Side;

#[cfg(test)]
mod tests;

/// Seconds by which a file may be longer than its span and still be the span alone: cutters are not exact.
const TOLERANCE: f64 = 0.5;

/// A clip to make.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Clip {
    pub(super) key: String,
    pub(super) video: String,
    /// Not part of the plan's hash: a folder that was moved is the same.
    #[serde(skip)]
    pub(super) path: PathBuf,
    /// Where it begins in the file, in seconds.
    pub(super) from: f64,
    /// Its length, in seconds.
    pub(super) seconds: f64,
    /// Where it begins in the video, in seconds.
    pub(super) start: f64,
    pub(super) labels: Vec<String>,
    pub(super) side: Side,
    pub(super) group: String,
    pub(super) sha256: String,
    /// File name of its shard.
    pub(super) shard: String,
}

/// Everything that is to be made, in order.
pub(super) struct Plan {
    pub(super) clips: Vec<Clip>,
    pub(super) skipped: Vec<Skipped>,
    /// SHA-256 of clips and settings: another plan must not go on in the same folder.
    pub(super) hash: String,
}

/// What is wanted of a file that can serve.
struct Span<'a> {
    wanted: &'a Wanted,
    sha256: &'a str,
    /// In the file, in seconds.
    from: f64,
    to: f64,
    /// Where the file begins in the video.
    begins: f64,
}

/// Makes the plan.
///
/// # Errors
/// A thread died.
pub(super) fn make(listed: Listed, inspected: &[Outcome], settings: &Settings) -> Result<Plan, Error> {
    let Listed { sources, wanted, mut skipped } = listed;
    let mut leave = |wanted: &Wanted, reason, detail| {
        let file = sources[wanted.source].display().to_string();
        skipped.push(Skipped { file, video: wanted.video.clone(), reason, detail });
    };
    let groups = groups(&wanted, inspected, settings.jobs)?;
    let sides = sides(&wanted, inspected, &groups, settings);

    let (mut clips, mut seen) = (Vec::new(), HashMap::<_, usize>::new());
    for (wanted, group) in wanted.iter().zip(&groups) {
        let (sha256, seconds) = match &inspected[wanted.source] {
            Outcome::Good { sha256, seconds, .. } => (sha256, *seconds),
            Outcome::Bad { reason, detail } => {
                leave(wanted, *reason, detail.clone());
                continue;
            }
        };
        let span = Span::new(wanted, sha256, seconds);
        if span.to - span.from < 1.0 {
            let detail =
                format!("the file has {seconds} s, and from second {} on less than one is left", span.from);
            leave(wanted, Reason::TooShort, detail);
            continue;
        }
        let side = sides[group];
        if let Some(official) = wanted.side.filter(|official| *official != side) {
            let (official, side) = (official.name(), side.name());
            let detail = format!(
                "in the table's {official} split, but {group}, the same video or nearly, is in its {side} split"
            );
            leave(wanted, Reason::Duplicate, detail);
            continue;
        }
        let place = (sha256, span.from.to_bits(), span.to.to_bits());
        if let Some(&before) = seen.get(&place) {
            leave(wanted, Reason::Duplicate, format!("the same content as {}", sources[before].display()));
            continue;
        }
        seen.insert(place, wanted.source);
        clips.extend(span.clips(&sources[wanted.source], side, group, settings));
    }
    into_shards(&mut clips, settings.shard_clips);
    let hash = hash(&clips, settings)?;
    Ok(Plan { clips, skipped, hash })
}

impl<'a> Span<'a> {
    fn new(wanted: &'a Wanted, sha256: &'a str, seconds: f64) -> Self {
        let Some((start, end)) = wanted.span else {
            return Self { wanted, sha256, from: 0.0, to: seconds, begins: wanted.begins.unwrap_or(0.0) };
        };
        // A file that bears the bare id is the whole video, unless it is as short as the span.
        let alone = seconds <= end - start + TOLERANCE;
        let begins = wanted.begins.unwrap_or(if alone { start } else { 0.0 });
        Self { wanted, sha256, from: start - begins, to: (end - begins).min(seconds), begins }
    }

    /// Cuts the span; what is left at the end and shorter than a second is no clip.
    fn clips(&self, path: &std::path::Path, side: Side, group: &str, settings: &Settings) -> Vec<Clip> {
        let count = ((self.to - self.from) / settings.clip_seconds).ceil() as usize;
        let clip = |n: usize| {
            let from = self.from + n as f64 * settings.clip_seconds;
            let seconds = (self.to - from).min(settings.clip_seconds);
            let start = self.begins + from;
            (seconds >= 1.0).then(|| Clip {
                key: key(&self.wanted.video, start),
                video: self.wanted.video.clone(),
                path: path.into(),
                from,
                seconds,
                start,
                labels: self.wanted.labels.clone(),
                side,
                group: group.into(),
                sha256: self.sha256.into(),
                shard: String::new(),
            })
        };
        (0..count).filter_map(clip).collect()
    }
}

/// A name for a clip: the video's id and the start in milliseconds. Dots and slashes mean something in a shard, so
/// they become `_`; a piece of the id's hash keeps apart what then would be the same.
fn key(video: &str, start: f64) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let start = (start * 1000.0).round() as u64;
    if video.len() <= 48 && video.chars().all(fits) {
        return format!("{video}_{start:08}");
    }
    let plain: String = video.chars().map(|c| if fits(c) { c } else { '_' }).take(48).collect();
    format!("{plain}-{}_{start:08}", &hex(&Sha256::digest(video))[..8])
}

/// Puts the clips in an order without pattern, the same every time, and fills the shards one after the other.
fn into_shards(clips: &mut [Clip], size: usize) {
    // Two files of one video may overlap in time.
    let mut keys = HashSet::new();
    for clip in clips.iter_mut() {
        let plain = clip.key.clone();
        let mut copy = 1;
        while !keys.insert(clip.key.clone()) {
            copy += 1;
            clip.key = format!("{plain}-{copy}");
        }
    }
    clips.sort_by_cached_key(|clip| (clip.side, Sha256::digest(&clip.key).to_vec()));
    for clips in clips.chunk_by_mut(|a, b| a.side == b.side) {
        for (number, clips) in clips.chunks_mut(size).enumerate() {
            clips.iter_mut().for_each(|clip| clip.shard = format!("{}-{number:06}.tar", clip.side.name()));
        }
    }
}

fn hash(clips: &[Clip], settings: &Settings) -> Result<String, Error> {
    let mut hash = Sha256::new();
    hash.update(format!("{} {} {}\n", settings.fps, settings.side, settings.quality));
    for clip in clips {
        hash.update(serde_json::to_vec(clip).map_err(|e| Error::file(&clip.path, e))?);
    }
    Ok(hex(&hash.finalize()))
}
