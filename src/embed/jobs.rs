//! Which files are embedded, and where to.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::{EmbedError, Format, Settings, What};
use crate::media::endings::{PICTURES, SOUNDS, VIDEOS, search};
use crate::output::shortened;

/// One input and where its embeddings go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// A media file.
    pub input: PathBuf,
    /// The output's path without its ending.
    stem: PathBuf,
}

impl Job {
    /// The output in a format: the input's name without its ending, what was made of it
    /// ([`Settings::suffix`]), and the format's ending.
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
pub fn jobs(inputs: &[PathBuf], out: &Path, settings: &Settings) -> Result<Vec<Job>, EmbedError> {
    let (what, suffix) = (settings.what, settings.suffix());
    let endings = match what {
        What::Audio => [&SOUNDS[..], &VIDEOS].concat(),
        What::Vision => [&PICTURES[..], &VIDEOS].concat(),
        What::Ave => [&SOUNDS[..], &VIDEOS, &PICTURES].concat(),
    };
    let mut jobs = Vec::new();
    for input in inputs {
        let failed = |e: io::Error| EmbedError::Inputs(format!("{} cannot be read: {e}", input.display()));
        if !std::fs::metadata(input).map_err(failed)?.is_dir() {
            jobs.push(job(input, input.parent().unwrap_or(Path::new("")), out, &suffix));
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
        jobs.extend(files.iter().map(|file| job(file, input, out, &suffix)));
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
fn job(file: &Path, root: &Path, out: &Path, suffix: &str) -> Job {
    let place = file.strip_prefix(root).unwrap_or(file);
    let folder = place.parent().unwrap_or(Path::new(""));
    let mut name = shortened(file.file_stem().unwrap_or_default());
    name.push(suffix);
    Job { input: file.into(), stem: out.join(folder).join(name) }
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
            let settings = Settings { what, ..Settings::default() };
            jobs(inputs, out, &settings).unwrap().iter().map(|job| job.output(Format::Npz)).collect()
        };
        let paths = |names: &[&str]| -> Vec<PathBuf> { names.iter().map(|name| out.join(name)).collect() };
        let inputs = [at.join("in"), at.join("plain")];
        let audio = ["a_audio.npz", "b/a_audio.npz", "b/take.1_audio.npz", "plain_audio.npz"];
        assert_eq!(outputs(&inputs, What::Audio), paths(&audio));
        assert_eq!(outputs(&inputs[..1], What::Vision), paths(&["a_image.npz", "p_image.npz"]));
        assert_eq!(outputs(&inputs[..1], What::Ave).len(), 4);
        let job = &jobs(&inputs[1..], out, &Settings::default()).unwrap()[0];
        assert_eq!(job.output(Format::Parquet), out.join("plain_audio.parquet"));
    }

    #[test]
    fn what_cannot_be_done_is_known_before_anything_is() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        touch(at, &["in/a.wav", "in/a.flac", "empty/notes.txt"]);
        let error = |input: &str| {
            jobs(&[at.join(input)], Path::new("out"), &Settings::default()).unwrap_err().to_string()
        };
        let both = error("in");
        assert!(both.contains("a.wav") && both.contains("a.flac") && both.contains("out/a"), "{both}");
        assert!(error("empty").contains("empty holds nothing for --what audio (wav, "));
        assert!(error("absent").contains("absent cannot be read"));
    }
}
