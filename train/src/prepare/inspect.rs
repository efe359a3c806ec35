//! What each file is: its hash, its length, a few of its frames. Kept, so that it is done once.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::UNIX_EPOCH;

use lookhear::media;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::journal::Journal;
use super::parallel::in_order;
use super::progress::bar;
use super::report::Reason;
use super::settings::Settings;
use super::similar::{PLACES, Print};
use crate::Error;
use crate::corpus::hex;

/// What was found out about a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    /// It has picture and sound.
    Good { sha256: String, seconds: f64, print: Option<Print> },
    /// The file cannot be used.
    Bad { reason: Reason, detail: String },
}

/// A line of `inspected.jsonl`. A file that was changed since is inspected anew.
#[derive(Serialize, Deserialize)]
struct Line {
    file: String,
    size: u64,
    /// Nanoseconds since 1970.
    modified: u64,
    outcome: Outcome,
}

/// Inspects files, as far as that was not done. `None`: stopped.
///
/// # Errors
/// ffmpeg is missing or was ended, or the folder cannot be written.
pub(super) fn all(
    sources: &[PathBuf],
    settings: &Settings,
    stop: &AtomicBool,
) -> Result<Option<Vec<Outcome>>, Error> {
    let (mut journal, lines) = Journal::open::<Line>(&settings.out.join("inspected.jsonl"))?;
    let mut known: HashMap<(String, u64, u64), Outcome> =
        lines.into_iter().map(|line| ((line.file, line.size, line.modified), line.outcome)).collect();
    let names: Vec<_> = sources.iter().map(|path| identity(path)).collect();
    let todo: Vec<_> = sources.iter().zip(&names).filter(|(_, name)| !known.contains_key(*name)).collect();
    let bar = bar("inspecting videos", sources.len(), sources.len() - todo.len());
    let whole = in_order(
        &todo,
        settings.jobs,
        stop,
        |(path, _)| inspect(path),
        |(_, name), outcome| {
            let (file, size, modified) = (*name).clone();
            let line = Line { file, size, modified, outcome: outcome? };
            journal.append(&line)?;
            known.insert((*name).clone(), line.outcome);
            bar.inc(1);
            Ok(())
        },
    )?;
    bar.finish_and_clear();
    Ok(whole.then(|| names.iter().map(|name| known[name].clone()).collect()))
}

fn identity(path: &Path) -> (String, u64, u64) {
    let metadata = std::fs::metadata(path).ok();
    let modified = metadata.as_ref().and_then(|m| m.modified().ok()?.duration_since(UNIX_EPOCH).ok());
    let size = metadata.map_or(0, |m| m.len());
    (path.display().to_string(), size, modified.map_or(0, |since| since.as_nanos() as u64))
}

fn inspect(path: &Path) -> Result<Outcome, Error> {
    let bad = |reason, detail: String| Ok(Outcome::Bad { reason, detail });
    let sha256 = match sha256(path) {
        Ok(sha256) => sha256,
        Err(error) => return bad(Reason::Unreadable, error.to_string()),
    };
    let seconds = match media::probe(path) {
        Ok(probe) => probe.seconds,
        Err(error) => {
            let (reason, detail) = Reason::of(error)?;
            return bad(reason, detail);
        }
    };
    if !seconds.is_finite() {
        let detail = "its length is not in the file; `ffmpeg -i OLD -c copy NEW` puts it there";
        return bad(Reason::Unreadable, detail.into());
    }
    if seconds < 1.0 {
        return bad(Reason::TooShort, format!("{seconds} s; a clip needs a second"));
    }
    let mut frames = Vec::new();
    for place in PLACES {
        match media::frame_at(path, place * seconds) {
            Ok(frame) => frames.push(frame),
            // A frame that cannot be read here is found out when the clip is cut.
            Err(error) => drop(Reason::of(error)?),
        }
    }
    let print = <[_; PLACES.len()]>::try_from(frames).ok().and_then(|frames| Print::new(&frames));
    Ok(Outcome::Good { sha256, seconds, print })
}

fn sha256(path: &Path) -> std::io::Result<String> {
    let (mut file, mut hash, mut buffer) = (File::open(path)?, Sha256::new(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hash.finalize())),
            n => hash.update(&buffer[..n]),
        }
    }
}
