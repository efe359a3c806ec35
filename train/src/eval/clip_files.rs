//! Video clips as they lie in a folder: their sources, their kinds, and which of them are measured on.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::{Error, EvalError};

/// Moments of a clip.
pub(super) const MOMENTS: usize = 4;

/// A clip's file and what its table says of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Clip {
    pub(super) file: PathBuf,
    /// What it comes from: clips of one source are never on two sides of a split.
    source: String,
    /// What it shows, if somebody said so.
    pub(super) kind: Option<String>,
}

/// One of several equal parts of the sources: `2/4` is the third of four.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fold {
    part: u8,
    of: u8,
}

impl std::str::FromStr for Fold {
    type Err = EvalError;

    fn from_str(text: &str) -> Result<Self, EvalError> {
        let numbers =
            text.split_once('/').and_then(|(part, of)| Some((part.parse().ok()?, of.parse().ok()?)));
        match numbers {
            Some((part, of)) if part < of => Ok(Self { part, of }),
            _ => Err(EvalError::Fold(text.into())),
        }
    }
}

impl Fold {
    /// Whether a source is in this part.
    fn has(self, source: &str) -> bool {
        Sha256::digest(source)[0] % self.of == self.part
    }
}

/// The clips of a folder, in order of their names; those of a fold, if one is given. A table `index.tsv` (file, source,
/// original path, kind), if there is one, tells sources and kinds; otherwise each file is a source of its own.
///
/// # Errors
/// The folder or its table cannot be read, or there are fewer than two clips.
pub(super) fn clips_of(folder: &Path, fold: Option<Fold>) -> Result<Vec<Clip>, Error> {
    let table = read_table(&folder.join("index.tsv"))?;
    let entries = std::fs::read_dir(folder).map_err(|e| Error::file(folder, e))?;
    let mut files: Vec<_> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    files.retain(|p| p.extension().is_some_and(|e| e == "mp4"));
    files.sort();
    let clip = |file: PathBuf| {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (source, kind) = table.get(&name).cloned().unwrap_or((name, None));
        Clip { file, source, kind }
    };
    let clips = files.into_iter().map(clip).filter(|clip| fold.is_none_or(|fold| fold.has(&clip.source)));
    let clips: Vec<Clip> = clips.collect();
    match clips.len() {
        0 | 1 => Err(Error::file(folder, "fewer than two .mp4 clips (of the fold, if one was given)")),
        _ => Ok(clips),
    }
}

/// As many clips as make `n` cases, evenly spread, at least two; all of them without it.
pub(super) fn at_most(clips: Vec<Clip>, n: Option<usize>) -> Vec<Clip> {
    let count = n.map_or(clips.len(), |n| n.div_ceil(MOMENTS).max(2)).min(clips.len());
    (0..count).map(|i| clips[(2 * i + 1) * clips.len() / (2 * count)].clone()).collect()
}

/// File name to source and kind.
fn read_table(path: &Path) -> Result<HashMap<String, (String, Option<String>)>, Error> {
    if !path.exists() {
        return Ok(HashMap::new());
    }
    let text = std::fs::read_to_string(path).map_err(|e| Error::file(path, e))?;
    let row = |line: &str| {
        let mut fields = line.split('\t');
        let (file, source) = (fields.next()?.to_string(), fields.next()?.to_string());
        Some((file, (source, fields.nth(1).and_then(kind))))
    };
    Ok(text.lines().skip(1).filter_map(row).collect())
}

/// A kind consists of words; a video id in its place is ignored.
fn kind(field: &str) -> Option<String> {
    let is_word = |c: char| c.is_ascii_lowercase() || matches!(c, ' ' | ',' | '-');
    (!field.is_empty() && field.chars().all(is_word)).then(|| field.to_string())
}

/// The clip's file names, for the split's fingerprint.
pub(super) fn names(clips: &[Clip]) -> impl Iterator<Item = &str> {
    clips.iter().filter_map(|clip| clip.file.file_name()?.to_str())
}

/// Words that match no clip are taken for a typing error.
///
/// # Errors
/// There are words, and no clip's file name holds one of them.
pub(super) fn check(clips: &[Clip], taught: &[String]) -> Result<(), Error> {
    if taught.is_empty() || clips.iter().any(|clip| is_taught(&clip.file, taught)) {
        return Ok(());
    }
    Err(Error::argument("--taught", taught.join(","), "no clip has one of these words in its file name"))
}

/// Whether the file's name holds one of the words.
pub(super) fn is_taught(file: &Path, words: &[String]) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    words.iter().any(|word| name.contains(word.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_words_and_an_id_is_none() {
        assert_eq!(kind("playing trumpet").as_deref(), Some("playing trumpet"));
        assert_eq!((kind("008McBfX2O0_000013"), kind("")), (None, None));
    }

    #[test]
    fn folds_share_no_source_and_leave_none_out() {
        let folds: Vec<Fold> = (0..4).map(|part| format!("{part}/4").parse().unwrap()).collect();
        for source in ["AlyssaYoung/AVQA", "a", "b", "c"] {
            assert_eq!(folds.iter().filter(|fold| fold.has(source)).count(), 1);
        }
        assert!("4/4".parse::<Fold>().is_err() && "x".parse::<Fold>().is_err());
    }

    fn clip(file: &str) -> Clip {
        Clip { file: file.into(), source: file.into(), kind: None }
    }

    #[test]
    fn so_many_cases_are_clips_of_the_whole_folder() {
        let all: Vec<Clip> = (0..10).map(|i| clip(&i.to_string())).collect();
        let chosen =
            |n| -> Vec<String> { at_most(all.clone(), n).into_iter().map(|clip| clip.source).collect() };
        assert_eq!((chosen(None).len(), chosen(Some(4000)).len(), chosen(Some(40)).len()), (10, 10, 10));
        assert_eq!(chosen(Some(17)), ["1", "3", "5", "7", "9"]);
        assert_eq!(chosen(Some(1)), ["2", "7"]);
    }

    #[test]
    fn only_the_files_name_tells_what_was_taught() {
        let words = ["dog".into(), "car".into()];
        assert!(is_taught(Path::new("clips/vas-dog-1.mp4"), &words));
        assert!(!is_taught(Path::new("dog/vas-drum-1.mp4"), &words));
        assert!(!is_taught(Path::new("dog.mp4"), &[]));

        let files = [clip("clips/vas-drum-1.mp4")];
        let error = check(&files, &words).unwrap_err().to_string();
        assert!(error.contains("--taught dog,car"), "{error}");
        assert!(check(&files, &[]).is_ok() && check(&files, &["drum".into()]).is_ok());
    }
}
