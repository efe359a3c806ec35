//! Lists of pairs and of names.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use thiserror::Error;

use super::Name;
use crate::media::endings::{has_ending, search};

/// A line of a list of pairs: picture and sound, or what is wrong with it.
pub type Line = Result<(Name, Name), LineError>;

/// A line that holds no pair.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: there must be a picture, one tab and a sound; it has {tabs} tabs: {text:?}")]
pub struct LineError {
    /// Its number, from 1.
    pub line: usize,
    /// How many tabs it has.
    pub tabs: usize,
    /// The line, or as much of it as tells which it is.
    pub text: String,
}

/// Reads a list of pairs: a picture, a tab and a sound on each line. Empty lines do not count; neither does what editors
/// leave in files (a byte order mark, carriage returns, spaces around the names).
pub fn pairs(list: &[u8]) -> Vec<Line> {
    let pair = |(number, line): (usize, &[u8])| -> Line {
        let mut parts = line.split(|byte| *byte == b'\t');
        let mut next = || parts.next().map(<[u8]>::trim_ascii).filter(|part| !part.is_empty());
        match (next(), next(), parts.next()) {
            (Some(picture), Some(sound), None) => Ok((name(picture), name(sound))),
            _ => {
                let tabs = line.iter().filter(|byte| **byte == b'\t').count();
                Err(LineError { line: number + 1, tabs, text: shortened(line) })
            }
        }
    };
    lines(list).map(pair).collect()
}

/// The names of a list, one on each line, or of a folder (its files with these endings, and those of its sub-folders);
/// anything else is a name itself.
///
/// # Errors
/// The folder or the list cannot be read.
pub fn names(given: &OsStr, endings: &[&str]) -> io::Result<Vec<Name>> {
    let path = Path::new(given);
    if path.is_dir() {
        let mut files = Vec::new();
        search(path, endings, &mut files)?;
        return Ok(files.into_iter().map(Name::from).collect());
    }
    if has_ending(path, &["txt", "tsv"]) {
        return Ok(lines(&std::fs::read(path)?).map(|(_, line)| name(line.trim_ascii())).collect());
    }
    Ok(vec![Name::new(given)])
}

/// Each distinct name once, in order, and for each given name its index among them.
pub fn distinct(given: impl IntoIterator<Item = Name>) -> (Vec<Name>, Vec<usize>) {
    let (mut names, mut known) = (Vec::new(), HashMap::new());
    let place = |name: Name| {
        *known.entry(name.clone()).or_insert_with(|| {
            names.push(name);
            names.len() - 1
        })
    };
    let places = given.into_iter().map(place).collect();
    (names, places)
}

/// Lines that are not empty, each with its number, from 0.
fn lines(list: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let list = list.strip_prefix(b"\xef\xbb\xbf").unwrap_or(list);
    let lines = list.split(|byte| *byte == b'\n').enumerate();
    lines.filter(|(_, line)| !line.trim_ascii().is_empty())
}

fn name(bytes: &[u8]) -> Name {
    Name::new(OsStr::from_bytes(bytes))
}

/// The beginning of a line, for error messages.
fn shortened(line: &[u8]) -> String {
    let line = String::from_utf8_lossy(line);
    let line = line.trim();
    match line.char_indices().nth(60) {
        Some((end, _)) => format!("{} ...", &line[..end]),
        None => line.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(list: &[u8]) -> Vec<Result<[String; 2], String>> {
        let shown = |(picture, sound): (Name, Name)| [picture.shown(), sound.shown()];
        pairs(list).into_iter().map(|line| line.map(shown).map_err(|error| error.to_string())).collect()
    }

    #[test]
    fn what_editors_leave_in_files_does_not_count() {
        let expected = [Ok(["a b.jpg".into(), "a.wav".into()]), Ok(["c.mp4@3".into(), "d.wav".into()])];
        assert_eq!(read(b"a b.jpg\ta.wav\nc.mp4@3\td.wav"), expected);
        assert_eq!(read(b"\xef\xbb\xbfa b.jpg\ta.wav\r\n\r\n c.mp4@3 \t d.wav \r\n\n"), expected);
        assert!(read(b"\xef\xbb\xbf\r\n").is_empty());
    }

    #[test]
    fn a_bad_line_costs_its_pair() {
        let found = read(b"a.jpg\ta.wav\nno tab here\nb.jpg\tb\t.wav\n\tc.wav\nd.jpg\td.wav\n");
        assert!(found[0].is_ok() && found[4].is_ok());
        for (line, tabs) in [(2, 0), (3, 2), (4, 1)] {
            let error = found[line - 1].as_ref().unwrap_err();
            assert!(error.starts_with(&format!("line {line}:")), "{error}");
            assert!(error.contains(&format!("{tabs} tabs")), "{error}");
        }
        assert!(read("ä".repeat(100).as_bytes())[0].as_ref().unwrap_err().ends_with(" ...\""));
        assert_eq!(
            pairs(b"\xff.jpg\ta.wav")[0].as_ref().unwrap().0.file().as_os_str().as_bytes(),
            b"\xff.jpg"
        );
    }

    #[test]
    fn names_come_from_folders_and_lists_or_are_themselves() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        std::fs::create_dir(at.join("sub")).unwrap();
        for file in ["b.png", "sub/a.png", "c.wav", ".d.png"] {
            std::fs::write(at.join(file), "").unwrap();
        }
        std::fs::write(at.join("list.txt"), "x.mp4@1\r\n\n y.png \n").unwrap();
        let shown = |given: &Path| -> Vec<String> {
            names(given.as_os_str(), &["png"]).unwrap().iter().map(Name::shown).collect()
        };
        let inside = |file: &str| at.join(file).to_string_lossy().into_owned();
        assert_eq!(shown(at), [inside("b.png"), inside("sub/a.png")]);
        assert_eq!(shown(&at.join("list.txt")), ["x.mp4@1", "y.png"]);
        assert_eq!(shown(Path::new("clip.mp4@3")), ["clip.mp4@3"]);
        assert!(names(OsStr::new("/nonexistent/list.txt"), &[]).is_err());
    }

    #[test]
    fn each_name_is_kept_once() {
        let (names, places) = distinct(["a", "b", "a", "c", "b"].map(Name::new));
        assert_eq!(names.iter().map(Name::shown).collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(places, [0, 1, 0, 2, 1]);
    }
}
