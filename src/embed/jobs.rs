//! Which files are embedded, and where to.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::{EmbedError, Format, What};
use crate::media::endings::{PICTURES, SOUNDS, VIDEOS, has_ending};

/// One input and where its embeddings go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// A media file.
    pub input: PathBuf,
    /// The output's path without its ending.
    stem: PathBuf,
}

impl Job {
    /// The output in a format: the input's name, with another ending.
    pub fn output(&self, format: Format) -> PathBuf {
        // `with_extension` would take "take.1" for a name with an ending.
        let mut name = OsString::from(&self.stem);
        name.push(".");
        name.push(format.name());
        name.into()
    }
}

/// The jobs for files and folders. Files are taken as they are; folders are searched with their sub-folders (not
/// through links, and nothing hidden) for names that end like media of the kind, and keep their sub-folders in `out`.
///
/// # Errors
/// [`EmbedError::Inputs`]: an input cannot be read, a folder holds no media, or two inputs would have the same output.
pub fn jobs(inputs: &[PathBuf], out: &Path, what: What) -> Result<Vec<Job>, EmbedError> {
    let endings = match what {
        What::Audio => [&SOUNDS[..], &VIDEOS].concat(),
        What::Vision => [&PICTURES[..], &VIDEOS].concat(),
        What::Ave => [&SOUNDS[..], &VIDEOS, &PICTURES].concat(),
    };
    let mut jobs = Vec::new();
    for input in inputs {
        let failed = |e: io::Error| EmbedError::Inputs(format!("{} cannot be read: {e}", input.display()));
        if !std::fs::metadata(input).map_err(failed)?.is_dir() {
            jobs.push(job(input, input.parent().unwrap_or(Path::new("")), out));
            continue;
        }
        let mut files = Vec::new();
        search(input, &endings, &mut files).map_err(failed)?;
        if files.is_empty() {
            let (folder, endings) = (input.display(), endings.join(", "));
            return Err(EmbedError::Inputs(format!(
                "{folder} holds nothing for --what {} ({endings})",
                what.name()
            )));
        }
        jobs.extend(files.iter().map(|file| job(file, input, out)));
    }
    let mut taken: BTreeMap<&Path, &Path> = BTreeMap::new();
    for job in &jobs {
        if let Some(other) = taken.insert(&job.stem, &job.input) {
            return Err(EmbedError::Inputs(format!(
                "{} and {} would both become {}: rename one, or give them different --out folders",
                other.display(),
                job.input.display(),
                job.stem.display()
            )));
        }
    }
    Ok(jobs)
}

/// A file below `root` to the same place below `out`.
fn job(file: &Path, root: &Path, out: &Path) -> Job {
    let place = file.strip_prefix(root).unwrap_or(file);
    let folder = place.parent().unwrap_or(Path::new(""));
    Job { input: file.into(), stem: out.join(folder).join(file.file_stem().unwrap_or_default()) }
}

/// Appends the media files of a folder and its sub-folders, by name.
fn search(folder: &Path, endings: &[&str], files: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries = std::fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(|entry| entry.file_name());
    for entry in entries {
        let path = entry.path();
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        // A link to a folder could lead in circles; the type is that of the link itself.
        if entry.file_type()?.is_dir() {
            search(&path, endings, files)?;
        } else if has_ending(&path, endings) && path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(folder: &Path, names: &[&str]) {
        for name in names {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
    }

    #[test]
    fn folders_keep_their_shape_and_files_do_not_need_an_ending() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        touch(
            at,
            &["in/b/take.1.wav", "in/a.MP4", "in/b/a.wav", "in/.hidden.wav", "in/notes.txt", "in/p.png"],
        );
        touch(at, &["plain"]);
        let out = Path::new("out");
        let outputs = |inputs: &[PathBuf], what| -> Vec<PathBuf> {
            jobs(inputs, out, what).unwrap().iter().map(|job| job.output(Format::Npz)).collect()
        };
        let paths = |names: &[&str]| -> Vec<PathBuf> { names.iter().map(|name| out.join(name)).collect() };
        let inputs = [at.join("in"), at.join("plain")];
        assert_eq!(outputs(&inputs, What::Audio), paths(&["a.npz", "b/a.npz", "b/take.1.npz", "plain.npz"]));
        assert_eq!(outputs(&inputs[..1], What::Vision), paths(&["a.npz", "p.npz"]));
        assert_eq!(outputs(&inputs[..1], What::Ave).len(), 4);
        let job = &jobs(&inputs[1..], out, What::Audio).unwrap()[0];
        assert_eq!(job.output(Format::Parquet), out.join("plain.parquet"));
    }

    #[test]
    fn what_cannot_be_done_is_known_before_anything_is() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        touch(at, &["in/a.wav", "in/a.flac", "empty/notes.txt"]);
        let error =
            |input: &str| jobs(&[at.join(input)], Path::new("out"), What::Audio).unwrap_err().to_string();
        let both = error("in");
        assert!(both.contains("a.wav") && both.contains("a.flac") && both.contains("out/a"), "{both}");
        assert!(error("empty").contains("empty holds nothing for --what audio (wav, "));
        assert!(error("absent").contains("absent cannot be read"));
    }
}
