//! Where the files of each clip lie in a tar file; nothing is decoded.

use std::fs::File;
use std::io::{Cursor, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use hound::{SampleFormat, WavReader, WavSpec};
use lookhear::preprocess::SAMPLE_RATE;
use tar::Archive;

use super::Sample;
use crate::Error;
use crate::sampling::{SAMPLES_A_STEP, STEPS};

/// Bytes in a shard.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) offset: u64,
    pub(super) length: u64,
}

/// A clip in a shard.
pub(super) struct Entry {
    pub(super) sample: Sample,
    /// Step of the grid and place of each frame, in rising order.
    pub(super) steps: Vec<u32>,
    pub(super) frames: Vec<Part>,
    /// The 16-bit samples, without the header.
    pub(super) sound: Part,
}

/// Files of one key that were met so far.
#[derive(Default)]
struct Open {
    key: String,
    frames: Vec<Part>,
    sound: Option<Part>,
    sample: Option<Sample>,
}

/// Reads the names in a shard, and the JSON files.
///
/// # Errors
/// Names the shard and the clip: cut short, a file of a clip is missing, not 48 kHz mono 16 bits.
pub(super) fn index(path: &Path) -> Result<Vec<Entry>, Error> {
    let fail = |why: String| Error::file(path, format!("{why}; copy or prepare it anew"));
    let file = File::open(path).map_err(|e| Error::file(path, e))?;
    let size = file.metadata().map_err(|e| Error::file(path, e))?.len();
    let sound_file = File::open(path).map_err(|e| Error::file(path, e))?;
    let mut archive = Archive::new(file);
    let (mut clips, mut open) = (Vec::new(), Open::default());
    for entry in archive.entries_with_seek().map_err(|e| fail(e.to_string()))? {
        let mut entry = entry.map_err(|e| fail(e.to_string()))?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let part = Part { offset: entry.raw_file_position(), length: entry.size() };
        if part.offset + part.length > size {
            return Err(fail(format!("{name} is cut short")));
        }
        let (key, kind) = name.split_once('.').ok_or_else(|| fail(format!("{name} has no ending")))?;
        if key != open.key {
            let before = std::mem::replace(&mut open, Open { key: key.into(), ..Open::default() });
            clips.extend(before.close().map_err(fail)?);
        }
        match kind {
            "wav" => open.sound = Some(samples(&sound_file, part).map_err(|e| fail(format!("{name}: {e}")))?),
            "json" => {
                let mut text = String::new();
                entry.read_to_string(&mut text).map_err(|e| fail(format!("{name}: {e}")))?;
                open.sample = Some(serde_json::from_str(&text).map_err(|e| fail(format!("{name}: {e}")))?);
            }
            kind if kind.ends_with(".jpg") => open.frames.push(part),
            _ => {}
        }
    }
    clips.extend(open.close().map_err(fail)?);
    Ok(clips)
}

impl Open {
    /// Checks that nothing is missing; `None` before the first clip.
    fn close(self) -> Result<Option<Entry>, String> {
        let Self { key, frames, sound, sample } = self;
        if key.is_empty() {
            return Ok(None);
        }
        let (Some(sound), Some(sample)) = (sound, sample) else {
            return Err(format!("clip {key} lacks its .wav or .json"));
        };
        if frames.len() != sample.frames.len() || frames.is_empty() {
            return Err(format!("clip {key} has {} frames and {} times", frames.len(), sample.frames.len()));
        }
        let mut steps = Vec::with_capacity(frames.len());
        for t in &sample.frames {
            let step = t * f64::from(STEPS);
            if (step - step.round()).abs() > 1e-3 || step < -1e-3 {
                let grid = 1.0 / f64::from(STEPS);
                return Err(format!("clip {key}: its frame at {t} s is not on the grid of {grid} s"));
            }
            steps.push(step.round() as u32);
        }
        let whole = (sample.duration * f64::from(STEPS)).round() as u64 * SAMPLES_A_STEP as u64 * 2;
        if !steps.is_sorted() || sound.length < whole || sample.duration < 1.0 {
            return Err(format!(
                "clip {key}: its frames, its sound and its length of {} s disagree",
                sample.duration
            ));
        }
        Ok(Some(Entry { sample, steps, frames, sound }))
    }
}

/// The samples in a WAV file.
fn samples(file: &File, part: Part) -> Result<Part, String> {
    // More than any header that is written without extras.
    let mut head = vec![0; part.length.min(4096) as usize];
    file.read_exact_at(&mut head, part.offset).map_err(|e| e.to_string())?;
    let reader = WavReader::new(Cursor::new(head)).map_err(|e| e.to_string())?;
    let wanted = WavSpec {
        channels: 1,
        sample_rate: SAMPLE_RATE as u32,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    if reader.spec() != wanted {
        return Err(format!("{:?} instead of 48 kHz mono with 16 bits", reader.spec()));
    }
    let length = u64::from(reader.duration()) * 2;
    let header = reader.into_inner().position();
    if header + length > part.length {
        return Err("is cut short".into());
    }
    Ok(Part { offset: part.offset + header, length })
}
