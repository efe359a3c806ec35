//! AVC on real video clips, by clip.

use std::path::{Path, PathBuf};

use lookhear::engine::{Heard, Seen};
use lookhear::judge::Judge;
use lookhear::media;
use lookhear::preprocess::spectrogram;

use super::{Case, Figure};
use crate::Error;

/// Seconds between the moments that are judged.
const STEP: f64 = 1.0;

/// The clips of a folder.
///
/// # Errors
/// The folder cannot be read, or holds fewer than two.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = std::fs::read_dir(folder).map_err(|e| Error::file(folder, e))?;
    let mut files: Vec<_> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    files.retain(|p| p.extension().is_some_and(|e| e == "mp4"));
    files.sort();
    if files.len() < 2 {
        return Err(Error::file(folder, "fewer than two .mp4 clips"));
    }
    Ok(files)
}

/// Each clip's moments with their own sound, and with the sound of the next clip at the same place:
/// both classes are sampled alike.
///
/// # Errors
/// A clip cannot be read.
pub(super) fn clips(judge: &mut Judge, files: &[PathBuf]) -> Result<Vec<Figure>, Error> {
    let mut towers: Vec<(String, Vec<(Seen, Heard)>)> = Vec::new();
    for file in files {
        let length = media::probe(&file.to_string_lossy())?.seconds;
        let mut moments = Vec::new();
        let mut t = 0.5;
        while t + 0.5 <= length {
            let seen = judge.see(&media::frame_at(file, t)?);
            let heard = judge.hear(&spectrogram::second(&media::sound_at(file, t)?));
            moments.push((seen, heard));
            t += STEP;
        }
        towers.push((file.display().to_string(), moments));
    }
    let even = judge.manifest().thresholds.even;
    let mut cases = Vec::new();
    for (i, (group, moments)) in towers.iter().enumerate() {
        let (_, others) = &towers[(i + 1) % towers.len()];
        for (j, (seen, heard)) in moments.iter().enumerate() {
            let mut add = |heard: &Heard, corresponds: bool| {
                let judgement = judge.judge(seen, heard);
                let right = (judge.score(&judgement) >= even) == corresponds;
                cases.push(Case { right, group: group.clone() });
            };
            if let Some((_, other)) = others.get(j % others.len().max(1)) {
                add(heard, true);
                add(other, false);
            }
        }
    }
    Ok(vec![Figure::new(&format!("AVC accuracy, score at the threshold {even:.2}"), 50.0, &cases)])
}
