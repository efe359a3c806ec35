//! AVC on real video clips, by clip.

use std::path::{Path, PathBuf};

use lookhear::engine::{Heard, Seen};
use lookhear::judge::Judge;
use lookhear::media;
use lookhear::media::endings::{VIDEOS, has_ending};
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
    files.retain(|path| has_ending(path, &VIDEOS));
    files.sort();
    if files.len() < 2 {
        return Err(Error::file(folder, "fewer than two videos"));
    }
    Ok(files)
}

/// Each clip's moments with their own sound, and with the sound of the next clip at the same place:
/// both classes are sampled alike. If there are words in `taught`, clips whose file names hold one of them are
/// also counted by themselves, and so are the others.
///
/// # Errors
/// A clip cannot be read, or no clip's name holds a word of `taught`.
pub(super) fn clips(judge: &mut Judge, files: &[PathBuf], taught: &[String]) -> Result<Vec<Figure>, Error> {
    check(files, taught)?;
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
    let mut figures =
        vec![Figure::new(&format!("AVC accuracy, score at the threshold {even:.2}"), 50.0, &cases)];
    if !taught.is_empty() {
        let (known, unknown): (Vec<_>, Vec<_>) =
            cases.into_iter().partition(|case| is_taught(Path::new(&case.group), taught));
        for (name, cases) in [("of taught classes", known), ("of other classes", unknown)] {
            if !cases.is_empty() {
                figures.push(Figure::new(&format!("  clips {name}"), 50.0, &cases));
            }
        }
    }
    Ok(figures)
}

/// Words that fit no clip are a slip of the pen.
fn check(files: &[PathBuf], taught: &[String]) -> Result<(), Error> {
    if taught.is_empty() || files.iter().any(|file| is_taught(file, taught)) {
        return Ok(());
    }
    let words = taught.join(",");
    Err(Error::Other(format!("--taught {words}: no clip has one of these words in its file name")))
}

/// Whether the file's name holds one of the words.
fn is_taught(file: &Path, words: &[String]) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    words.iter().any(|word| name.contains(word.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_files_name_tells_what_was_taught() {
        let words = ["dog".into(), "car".into()];
        assert!(is_taught(Path::new("clips/vas-dog-1.mp4"), &words));
        assert!(!is_taught(Path::new("dog/vas-drum-1.mp4"), &words));
        assert!(!is_taught(Path::new("dog.mp4"), &[]));

        let files = ["clips/vas-drum-1.mp4".into()];
        let error = check(&files, &words).unwrap_err().to_string();
        assert!(error.contains("--taught dog,car"), "{error}");
        assert!(check(&files, &[]).is_ok() && check(&files, &["drum".into()]).is_ok());
    }
}
