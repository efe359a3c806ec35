//! Random access to the clips of a folder of shards.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use image::{ImageFormat, RgbImage};
use lookhear::preprocess::SAMPLE_RATE;

use super::index::{Entry, Part, index};
use super::{Sample, Side};
use crate::Error;
use crate::corpus::fingerprint;
use crate::sampling::{Clips, SAMPLES_A_STEP};

/// The clips of one part of a data set. Only their places are kept in memory; a frame or a second of sound is
/// read when it is asked for, by any thread.
pub struct Shards {
    files: Vec<PathBuf>,
    /// Shard, clip, number of its group.
    clips: Vec<(usize, Entry, u32)>,
    groups: usize,
    split: String,
}

impl Shards {
    /// Indexes the shards of a part: reads the names in them, decodes nothing.
    ///
    /// # Errors
    /// There is no such shard, one is damaged, a clip comes twice, or there are not two groups to draw pairs from.
    pub fn open(folder: &Path, side: Side) -> Result<Self, Error> {
        let entries = std::fs::read_dir(folder).map_err(|e| Error::file(folder, e))?;
        let mut files: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
        files.retain(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(&format!("{}-", side.name())) && name.ends_with(".tar")
        });
        files.sort();
        let mut clips = Vec::new();
        let (mut keys, mut groups) = (HashMap::new(), HashMap::new());
        for (number, path) in files.iter().enumerate() {
            for entry in index(path)? {
                let key = entry.sample.key.clone();
                if let Some(before) = keys.insert(key.clone(), number) {
                    let why =
                        format!("clip {key} is also in {}; remove one of them", files[before].display());
                    return Err(Error::file(path, why));
                }
                let next = groups.len() as u32;
                let group = *groups.entry(entry.sample.group.clone()).or_insert(next);
                clips.push((number, entry, group));
            }
        }
        if groups.len() < 2 {
            let why = format!(
                "{}-*.tar hold fewer than two source videos, and pairs need two; `lookhear-train prepare` makes such \
                 files of videos",
                side.name()
            );
            return Err(Error::file(folder, why));
        }
        let split = fingerprint(keys.keys());
        Ok(Self { files, clips, groups: groups.len(), split })
    }

    /// Names the part: SHA-256 of its clips' keys, first 12 digits.
    pub fn split(&self) -> &str {
        &self.split
    }

    /// What is known of a clip.
    pub fn sample(&self, clip: usize) -> &Sample {
        &self.clips[clip].1.sample
    }

    fn read(&self, clip: usize, part: Part) -> Result<Vec<u8>, Error> {
        let path = &self.files[self.clips[clip].0];
        // Opened anew: a big data set has more shards than a process may keep open.
        let file = File::open(path).map_err(|e| Error::file(path, e))?;
        let mut bytes = vec![0; part.length as usize];
        file.read_exact_at(&mut bytes, part.offset).map_err(|e| Error::file(path, e))?;
        Ok(bytes)
    }
}

impl Clips for Shards {
    fn count(&self) -> usize {
        self.clips.len()
    }

    fn source(&self, clip: usize) -> u32 {
        self.clips[clip].2
    }

    fn sources(&self) -> usize {
        self.groups
    }

    fn length(&self, clip: usize) -> f64 {
        self.sample(clip).duration
    }

    fn frames(&self, clip: usize) -> Cow<'_, [u32]> {
        Cow::Borrowed(&self.clips[clip].1.steps)
    }

    fn frame(&self, clip: usize, step: u32) -> Result<RgbImage, Error> {
        let (shard, entry, _) = &self.clips[clip];
        let fail =
            |why: String| Error::file(&self.files[*shard], format!("clip {}: {why}", entry.sample.key));
        let frame = entry.steps.binary_search(&step).map_err(|_| fail(format!("no frame at step {step}")))?;
        let bytes = self.read(clip, entry.frames[frame])?;
        let picture = image::load_from_memory_with_format(&bytes, ImageFormat::Jpeg);
        Ok(picture.map_err(|e| fail(e.to_string()))?.into_rgb8())
    }

    fn second(&self, clip: usize, step: u32) -> Result<Vec<f32>, Error> {
        let sound = self.clips[clip].1.sound;
        // Two bytes a sample; beyond the end there is nothing, and the spectrogram takes it as silence.
        let start = (step as u64 * SAMPLES_A_STEP as u64 * 2).min(sound.length);
        let length = (SAMPLE_RATE as u64 * 2).min(sound.length - start);
        let bytes = self.read(clip, Part { offset: sound.offset + start, length })?;
        let (samples, _) = bytes.as_chunks::<2>();
        Ok(samples.iter().map(|s| f32::from(i16::from_le_bytes(*s)) / 32768.0).collect())
    }
}
