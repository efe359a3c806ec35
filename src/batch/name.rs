//! Names of pictures and sounds: a file, or a moment of a file.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A file, or `file@seconds`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name {
    given: OsString,
    /// Length of the file name in bytes; in `file@seconds` the rest is the moment.
    file: usize,
}

impl Name {
    /// Takes `file@seconds` apart, unless a file has just this name.
    pub fn new(given: impl Into<OsString>) -> Self {
        let given = given.into();
        let whole = given.as_bytes().len();
        let at = given.as_bytes().iter().rposition(|byte| *byte == b'@');
        let file =
            at.filter(|at| seconds(&given.as_bytes()[at + 1..]).is_some() && !Path::new(&given).exists());
        Self { file: file.unwrap_or(whole), given }
    }

    /// The name as it was given, for messages.
    pub fn shown(&self) -> String {
        self.given.to_string_lossy().into_owned()
    }

    /// The file.
    pub fn file(&self) -> &Path {
        Path::new(OsStr::from_bytes(&self.given.as_bytes()[..self.file]))
    }

    /// What was probably meant by a name of which there is no file; `None`: it is just not there.
    pub fn hint(&self) -> Option<String> {
        let text = self.given.to_str().filter(|_| !self.file().exists())?;
        let bare = text.trim_matches(['"', '\'']);
        if bare != text && Self::new(bare).file().exists() {
            return Some(format!("it stands in quotes: leave them out, {bare}"));
        }
        let (file, moment) = text.rsplit_once('@')?;
        let there = self.moment().is_none() && Path::new(file).exists();
        there.then(|| format!("{moment:?} is no moment: give seconds, 0 or more, e.g. {file}@90"))
    }

    /// Seconds, 0 or more.
    pub fn moment(&self) -> Option<f64> {
        seconds(self.given.as_bytes().get(self.file + 1..)?)
    }
}

impl From<PathBuf> for Name {
    /// A file; an `@` in its name has no special meaning.
    fn from(path: PathBuf) -> Self {
        Self { file: path.as_os_str().len(), given: path.into() }
    }
}

fn seconds(digits: &[u8]) -> Option<f64> {
    let seconds: f64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    (seconds.is_finite() && seconds >= 0.0).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_split_from_names() {
        let parts = |given: &str| {
            let name = Name::new(given);
            (name.file().to_str().unwrap().to_string(), name.moment())
        };
        assert_eq!(parts("clip.mp4@3.5"), ("clip.mp4".into(), Some(3.5)));
        assert_eq!(parts("a@1@2"), ("a@1".into(), Some(2.0)));
        for whole in ["me@home.png", "clip.mp4", "clip.mp4@", "clip.mp4@-1", "clip.mp4@inf", "clip.mp4@nan"] {
            assert_eq!(parts(whole), (whole.into(), None));
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("clip@3");
        std::fs::write(&file, "").unwrap();
        assert_eq!(Name::new(file.clone()).moment(), None, "there is such a file");
        assert_eq!(Name::new(file.with_file_name("clip@4")).moment(), Some(4.0));
        assert_eq!(Name::from(file.with_file_name("clip@4")).moment(), None);

        let hint = |given: String| Name::new(given).hint();
        let shown = file.display();
        assert!(hint(format!("{shown}@1:30")).unwrap().contains("no moment"));
        assert!(hint(format!("\"{shown}\"")).unwrap().contains("in quotes"));
        assert_eq!(
            (hint(format!("{shown}")), hint(format!("{shown}@3")), hint("none".into())),
            (None, None, None)
        );
    }

    #[test]
    fn names_need_not_be_text() {
        let name = Name::new(OsStr::from_bytes(b"\xff\xfe.mp4@2").to_os_string());
        assert_eq!((name.file().as_os_str().as_bytes(), name.moment()), (&b"\xff\xfe.mp4"[..], Some(2.0)));
    }
}
