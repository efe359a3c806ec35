//! Which files are watched, and where what is saved of each of them goes: known before any of them is opened.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use lookhear::media::endings::{VIDEOS, has_ending};
use lookhear::output::{Existing, Output, OutputError, is_same};

use crate::cli::ending::Failure;

/// One input.
#[derive(Debug)]
pub(super) struct Job {
    /// A file, a URL, or - for standard input.
    pub(super) input: OsString,
    /// What tells it from the others: the name of the file.
    pub(super) name: OsString,
    /// Where its annotated video goes.
    pub(super) save: Option<PathBuf>,
}

/// The inputs of a run.
#[derive(Debug)]
pub(super) struct Jobs {
    pub(super) all: Vec<Job>,
    /// Whether there may be more than one: a folder was given, or several inputs.
    pub(super) many: bool,
}

impl Jobs {
    /// The files of folders, and the inputs themselves.
    ///
    /// # Errors
    /// A folder cannot be read or holds no video.
    pub(super) fn of(inputs: &[OsString]) -> Result<Self, Failure> {
        let (mut all, mut many) = (Vec::new(), inputs.len() > 1);
        for input in inputs {
            let path = Path::new(input);
            if path.is_dir() {
                many = true;
                all.extend(videos_in(path)?.into_iter().map(|file| Job::new(file.into())));
            } else {
                all.push(Job::new(input.clone()));
            }
        }
        Ok(Self { all, many })
    }

    /// Says where the annotated videos go: of one input to the file `save`, of many into a folder, where each has the
    /// name of its input, with `.mp4` behind it unless it ends so.
    ///
    /// # Errors
    /// A place that may not be written, or two inputs that would share one.
    pub(super) fn save(&mut self, save: &Path, existing: Existing) -> Result<(), Failure> {
        if !self.many {
            self.all.iter_mut().for_each(|job| job.save = Some(save.into()));
            return self.check(existing);
        }
        if save.exists() && !save.is_dir() {
            return Err(
                format!("{} is no folder: of many inputs, --save takes a folder", save.display()).into()
            );
        }
        self.tell_apart()?;
        let is_watched =
            |job: &&Job| Path::new(&job.input).parent().is_some_and(|folder| is_same(folder, save));
        if let Some(job) = self.all.iter().find(is_watched) {
            let (folder, input) = (save.display(), Path::new(&job.input).display());
            return Err(format!("--save {folder}: {input} lies there; give another folder").into());
        }
        for job in &mut self.all {
            job.save = Some(save.join(saved_name(&job.name)));
        }
        if save.exists() {
            self.check(existing)?;
        }
        std::fs::create_dir_all(save).map_err(|e| format!("{} cannot be made: {e}", save.display()).into())
    }

    /// Whether every input has a name of its own: what is written carries it.
    ///
    /// # Errors
    /// Two inputs share one.
    pub(super) fn tell_apart(&self) -> Result<(), Failure> {
        let mut taken = BTreeMap::new();
        for job in &self.all {
            if let Some(other) = taken.insert(saved_name(&job.name), &job.input) {
                return Err(format!(
                    "what is written of {} and {} would have one name: watch them one after the other, into different folders",
                    Path::new(other).display(),
                    Path::new(&job.input).display()
                )
                .into());
            }
        }
        Ok(())
    }

    /// Refuses places that may not be written: those of the inputs, of devices, and of files that are to be kept.
    fn check(&self, existing: Existing) -> Result<(), Failure> {
        let mut there: Vec<&Path> = Vec::new();
        for save in self.all.iter().filter_map(|job| job.save.as_deref()) {
            if self.all.iter().any(|job| job.is_of(save)) {
                return Err(
                    format!("--save {}: it is what is watched; give another name", save.display()).into()
                );
            }
            match Output::check(save, existing) {
                Err(OutputError::Exists { .. }) => there.push(save),
                outcome => outcome?,
            }
        }
        match there[..] {
            [] => Ok(()),
            [one] => Err(OutputError::Exists { path: one.into() }.into()),
            [first, ..] => {
                let (first, others) = (first.display(), there.len() - 1);
                Err(format!("{first} and {others} more are there already: give another folder, or --force to replace them").into())
            }
        }
    }
}

impl Job {
    fn new(input: OsString) -> Self {
        let name = match Path::new(&input).file_name() {
            _ if input == "-" => "stdin".into(),
            Some(name) if Path::new(&input).exists() => name.into(),
            // A URL: what a file may not be called is left out.
            _ => {
                let plain = |c: char| if c.is_alphanumeric() || ".-_".contains(c) { c } else { '_' };
                input.to_string_lossy().chars().map(plain).collect::<String>().into()
            }
        };
        Self { input, name, save: None }
    }

    /// Whether a path is of the very file that is watched.
    fn is_of(&self, path: &Path) -> bool {
        if self.input != "-" {
            let file = self.input.to_str().and_then(|name| name.strip_prefix("file:"));
            return is_same(file.map_or(Path::new(&self.input), Path::new), path);
        }
        let stdin = io::stdin().as_fd().try_clone_to_owned().map(File::from).and_then(|file| file.metadata());
        let there = std::fs::metadata(path);
        matches!((stdin, there), (Ok(a), Ok(b)) if (a.dev(), a.ino()) == (b.dev(), b.ino()))
    }
}

fn saved_name(name: &OsStr) -> OsString {
    let mut saved = name.to_os_string();
    if !has_ending(Path::new(name), &["mp4"]) {
        saved.push(".mp4");
    }
    saved
}

fn videos_in(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let cannot = |e: io::Error| format!("{} cannot be read: {e}", folder.display());
    let is_video = |path: &PathBuf| {
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        !hidden && path.is_file() && has_ending(path, &VIDEOS)
    };
    let entries: Result<Vec<_>, _> = std::fs::read_dir(folder).map_err(cannot)?.collect();
    let mut files: Vec<PathBuf> =
        entries.map_err(cannot)?.into_iter().map(|e| e.path()).filter(is_video).collect();
    files.sort();
    match files.is_empty() {
        true => Err(format!("{} holds no video file ({})", folder.display(), VIDEOS.join(", ")).into()),
        false => Ok(files),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(folder: &Path, names: &[&str]) {
        for name in names {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, name).unwrap();
        }
    }

    fn saved(folder: &Path, inputs: &[&str], save: &str, existing: Existing) -> Result<Vec<PathBuf>, String> {
        let inputs: Vec<_> = inputs.iter().map(|input| folder.join(input).into()).collect();
        let mut jobs = Jobs::of(&inputs).map_err(|e| e.to_string())?;
        jobs.save(&folder.join(save), existing).map_err(|e| e.to_string())?;
        let place = |job: Job| job.save.unwrap().strip_prefix(folder).unwrap().to_path_buf();
        Ok(jobs.all.into_iter().map(place).collect())
    }

    #[test]
    fn every_input_has_an_output_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        touch(at, &["in/take.mkv", "in/take.mp4", "in/.hidden.mp4", "in/notes.txt", "other/take.mp4"]);
        let expected = ["out/take.mkv.mp4", "out/take.mp4"].map(PathBuf::from);
        assert_eq!(saved(at, &["in"], "out", Existing::Keep).unwrap(), expected);
        assert_eq!(
            saved(at, &["in/take.mkv"], "one.mp4", Existing::Keep).unwrap(),
            [PathBuf::from("one.mp4")]
        );
        let both = saved(at, &["in", "other"], "out", Existing::Replace).unwrap_err();
        assert!(both.contains("in/take.mp4") && both.contains("other/take.mp4"), "{both}");
        touch(at, &["in/take.mkv.mp4"]);
        let both = saved(at, &["in"], "new", Existing::Replace).unwrap_err();
        assert!(both.contains("in/take.mkv ") && both.contains("in/take.mkv.mp4"), "{both}");
        assert!(!at.join("new").exists());
    }

    #[test]
    fn what_is_there_is_refused_before_anything_is_watched() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        touch(at, &["in/a.mp4", "in/b.mp4", "in/c.mp4", "out/a.mp4", "out/c.mp4"]);
        std::os::unix::fs::symlink(at.join("in/b.mp4"), at.join("link.mp4")).unwrap();
        let refused = |inputs: &[&str], save, existing| saved(at, inputs, save, existing).unwrap_err();
        let there = refused(&["in"], "out", Existing::Keep);
        assert!(
            there.contains("out/a.mp4 and 1 more are there already") && there.contains("--force"),
            "{there}"
        );
        assert_eq!(saved(at, &["in"], "out", Existing::Replace).unwrap().len(), 3);
        for existing in [Existing::Keep, Existing::Replace] {
            assert!(refused(&["in"], "in", existing).contains("give another folder"));
            for own in ["in/b.mp4", "link.mp4"] {
                let error = refused(&["in/b.mp4"], own, existing);
                assert!(error.contains("it is what is watched; give another name"), "{error}");
            }
            assert!(refused(&["in"], "out/a.mp4", existing).contains("is no folder"));
            assert!(refused(&["in/a.mp4"], "out", existing).contains("it is a folder"));
        }
    }

    #[test]
    fn inputs_that_are_no_files_have_names_that_files_may_have() {
        let name = |input: &str| Job::new(input.into()).name;
        assert_eq!(name("rtsp://camera/stream?a=b"), "rtsp___camera_stream_a_b");
        assert_eq!(name("-"), "stdin");
    }
}
