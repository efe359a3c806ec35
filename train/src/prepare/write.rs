//! Clips into shards: each is written beside its place and moved there when it is complete.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};
use tar::{Builder, Header};

use super::cut::{Files, Made, cut};
use super::journal::Journal;
use super::parallel::in_order;
use super::plan::{Clip, Plan};
use super::progress::bar;
use super::report::Skipped;
use super::settings::Settings;
use crate::Error;
use crate::shards::Side;

/// A line of `journal.jsonl`. The first is the plan; a shard's is written after the shard is in its place.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Plan { hash: String },
    Shard { name: String, side: Side, clips: usize, skipped: Vec<Skipped> },
}

/// What is in the folder.
#[derive(Default)]
pub(super) struct Written {
    pub(super) clips: BTreeMap<Side, usize>,
    pub(super) shards: usize,
    pub(super) skipped: Vec<Skipped>,
    done: HashSet<String>,
}

impl Written {
    fn add(&mut self, name: String, side: Side, clips: usize, skipped: Vec<Skipped>) {
        *self.clips.entry(side).or_default() += clips;
        self.shards += usize::from(clips > 0);
        self.skipped.extend(skipped);
        self.done.insert(name);
    }
}

/// Writes the shards that are not yet there. `None`: stopped.
///
/// # Errors
/// The folder holds other shards, or cannot be written; ffmpeg is missing. Complete shards stay.
pub(super) fn all(plan: &Plan, settings: &Settings, stop: &AtomicBool) -> Result<Option<Written>, Error> {
    let out = &settings.out;
    let (mut journal, lines) = Journal::open::<Line>(&out.join("journal.jsonl"))?;
    let other = |what: &str| {
        Err(Error::file(
            out,
            format!("it holds shards of {what}; give --out another folder, or empty this one"),
        ))
    };
    let mut written = Written::default();
    if lines.is_empty() {
        if has_shards(out)? {
            return other("an origin that no journal.jsonl tells");
        }
        journal.append(&Line::Plan { hash: plan.hash.clone() })?;
    }
    for line in lines {
        match line {
            Line::Plan { hash } if hash != plan.hash => return other("other videos or other settings"),
            // A shard that is gone is made anew.
            Line::Shard { name, side, clips, skipped } if clips == 0 || out.join(&name).exists() => {
                if !written.done.contains(&name) {
                    written.add(name, side, clips, skipped);
                }
            }
            Line::Plan { .. } | Line::Shard { .. } => {}
        }
    }
    let todo: Vec<&Clip> = plan.clips.iter().filter(|clip| !written.done.contains(&clip.shard)).collect();
    let bar = bar("writing clips", plan.clips.len(), plan.clips.len() - todo.len());
    let mut open: Option<Shard> = None;
    let mut close = |shard: Option<Shard>, written: &mut Written| -> Result<(), Error> {
        let Some(shard) = shard else { return Ok(()) };
        let (name, side, clips, skipped) = shard.finish(out)?;
        journal.append(&Line::Shard { name: name.clone(), side, clips, skipped: skipped.clone() })?;
        written.add(name, side, clips, skipped);
        Ok(())
    };
    let whole = in_order(
        &todo,
        settings.jobs,
        stop,
        |clip| cut(clip, settings),
        |clip, made| {
            if open.as_ref().is_none_or(|shard| shard.name != clip.shard) {
                close(open.take(), &mut written)?;
                open = Some(Shard::start(out, clip)?);
            }
            if let Some(shard) = &mut open {
                shard.add(clip, made?)?;
            }
            bar.inc(1);
            Ok(())
        },
    )?;
    if !whole {
        return Ok(None);
    }
    close(open, &mut written)?;
    bar.finish_and_clear();
    Ok(Some(written))
}

fn has_shards(folder: &Path) -> Result<bool, Error> {
    let entries = std::fs::read_dir(folder).map_err(|e| Error::file(folder, e))?;
    Ok(entries.filter_map(Result::ok).any(|entry| entry.path().extension().is_some_and(|e| e == "tar")))
}

/// A file that is removed when this is dropped, unless it was moved to its place before.
struct Partial(PathBuf);

impl Drop for Partial {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A shard that is being written; dropped before its end, it leaves nothing.
struct Shard {
    name: String,
    side: Side,
    partial: Partial,
    tar: Builder<BufWriter<File>>,
    clips: usize,
    skipped: Vec<Skipped>,
}

impl Shard {
    fn start(folder: &Path, first: &Clip) -> Result<Self, Error> {
        let name = first.shard.clone();
        let partial = Partial(folder.join(format!(".{name}.part")));
        let file = File::create(&partial.0).map_err(|e| unwritten(&partial.0, e))?;
        let tar = Builder::new(BufWriter::with_capacity(1 << 20, file));
        Ok(Self { name, side: first.side, partial, tar, clips: 0, skipped: vec![] })
    }

    fn add(&mut self, clip: &Clip, made: Made) -> Result<(), Error> {
        match made {
            Made::Files(files) => {
                add(&mut self.tar, &files).map_err(|e| unwritten(&self.partial.0, e))?;
                self.clips += 1;
            }
            Made::Left(reason, detail) => {
                let (file, video) = (clip.path.display().to_string(), clip.video.clone());
                self.skipped.push(Skipped { file, video, reason, detail });
            }
        }
        Ok(())
    }

    /// Moves the shard to its place, if there is a clip in it.
    fn finish(self, folder: &Path) -> Result<(String, Side, usize, Vec<Skipped>), Error> {
        let Self { name, side, partial, tar, clips, skipped } = self;
        if clips > 0 {
            let target = folder.join(&name);
            let complete = || {
                let mut buffer = tar.into_inner()?;
                buffer.flush()?;
                buffer.get_ref().sync_all()?;
                std::fs::rename(&partial.0, &target)
            };
            complete().map_err(|e| unwritten(&target, e))?;
        }
        Ok((name, side, clips, skipped))
    }
}

fn unwritten(path: &Path, error: io::Error) -> Error {
    Error::file(path, format!("{error}; complete shards are kept, and the same command goes on"))
}

/// The files of a clip share the name before the first dot, and lie side by side.
fn add(tar: &mut Builder<impl Write>, files: &Files) -> io::Result<()> {
    let key = &files.sample.key;
    let mut one = |ending: &str, bytes: &[u8]| {
        let mut header = Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        // No time of writing: the same clips are the same bytes.
        header.set_mtime(0);
        tar.append_data(&mut header, format!("{key}.{ending}"), bytes)
    };
    for (number, frame) in files.frames.iter().enumerate() {
        one(&format!("{number:03}.jpg"), frame)?;
    }
    one("wav", &files.wav)?;
    one("json", &serde_json::to_vec(&files.sample)?)
}
