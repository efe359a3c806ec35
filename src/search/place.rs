//! Where archives lie, and what their contents are called.

use std::collections::HashSet;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::SearchError;
use crate::embed::{Archive, Format};
use crate::media::endings;

/// An archive to search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub path: PathBuf,
    /// The folder that was given, or the file's own.
    root: PathBuf,
}

/// The archives for files and folders. Files are taken as they are, folders are searched with their sub-folders, not
/// through links, and nothing hidden. Nothing is taken twice; of an archive in both formats, Parquet.
///
/// # Errors
/// [`SearchError::Inputs`]: an input cannot be read, or a folder holds no archive.
pub fn places(inputs: &[PathBuf]) -> Result<Vec<Place>, SearchError> {
    let mut places = Vec::new();
    let mut taken = HashSet::new();
    for input in inputs {
        let failed =
            |error: io::Error| SearchError::Inputs(format!("{} cannot be read: {error}", input.display()));
        let mut files = vec![input.clone()];
        let folder = std::fs::metadata(input).map_err(failed)?.is_dir();
        if folder {
            files.clear();
            let formats = [Format::Parquet, Format::Npz].map(Format::name);
            endings::search(input, &formats, &mut files).map_err(failed)?;
            if files.is_empty() {
                let folder = input.display();
                return Err(SearchError::Inputs(format!(
                    "{folder} holds no embeddings ({}): `lookhear embed INPUT... --space shared --out {folder}` makes them",
                    formats.join(", ")
                )));
            }
            let both: HashSet<PathBuf> = files.iter().cloned().collect();
            let parquet = |file: &PathBuf| both.contains(&with_ending(file, Format::Parquet));
            files.retain(|file| endings::has_ending(file, &[Format::Parquet.name()]) || !parquet(file));
        }
        let root = if folder { input } else { input.parent().unwrap_or(Path::new("")) };
        for path in files {
            if taken.insert(path.canonicalize().unwrap_or_else(|_| path.clone())) {
                places.push(Place { path, root: root.into() });
            }
        }
    }
    Ok(places)
}

/// The same name in another format. `with_extension` would not do for "take.1".
fn with_ending(file: &Path, format: Format) -> PathBuf {
    let mut name = OsString::from(file.file_stem().unwrap_or_default());
    name.push(".");
    name.push(format.name());
    file.with_file_name(name)
}

impl Place {
    /// What its embeddings were made of, below the folder that was given: the name of the input, or, where the archive does
    /// not tell it, as much as its own name does.
    pub(super) fn source(&self, archive: &Archive) -> PathBuf {
        let own = self.path.file_stem().unwrap_or_default().to_string_lossy();
        let suffix = archive.label().settings().map(|settings| settings.suffix()).unwrap_or_default();
        let name = match archive.label().get("source") {
            Some(source) => source,
            None => own.strip_suffix(&suffix).unwrap_or(&own),
        };
        self.path.strip_prefix(&self.root).unwrap_or(&self.path).with_file_name(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embed::{Label, Settings, Space, Table, What};

    fn write(path: &Path, settings: Settings) {
        let mut table = Table::new(path.parent().unwrap(), 1).unwrap();
        table.push(0.0, &[1.0]).unwrap();
        let label = Label::new("abc", "int", &settings).of(Path::new("in/dog.1.mp4"));
        Format::Parquet.write(path, &mut table, &label).unwrap();
    }

    #[test]
    fn everything_is_taken_once_and_has_the_name_of_its_source() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        std::fs::create_dir(at.join("sub")).unwrap();
        let tower = Settings::default();
        let shared = Settings { what: What::Vision, space: Space::Shared, hop: 1.0, ..tower };
        write(&at.join("dog.1_audio.parquet"), tower);
        write(&at.join("sub/dog.1_image_shared_hop1.parquet"), shared);
        for other in ["dog.1_audio.npz", "cat_audio.npz", "notes.txt"] {
            std::fs::write(at.join(other), "").unwrap();
        }
        let found = places(&[at.into(), at.join("cat_audio.npz"), at.join("sub")]).unwrap();
        let names: Vec<&Path> = found.iter().map(|place| place.path.strip_prefix(at).unwrap()).collect();
        let expected = ["cat_audio.npz", "dog.1_audio.parquet", "sub/dog.1_image_shared_hop1.parquet"];
        assert_eq!(names, expected.map(Path::new));
        let source = |place: &Place| place.source(&Archive::open(&place.path).unwrap().unwrap());
        assert_eq!((source(&found[1]), source(&found[2])), ("dog.1".into(), "sub/dog.1.mp4".into()));
        let single = places(&[at.join("sub/dog.1_image_shared_hop1.parquet")]).unwrap();
        assert_eq!(source(&single[0]), Path::new("dog.1.mp4"));

        let error = |input: PathBuf| places(&[input]).unwrap_err().to_string();
        std::fs::create_dir(at.join("empty")).unwrap();
        assert!(error(at.join("empty")).contains("lookhear embed"));
        assert!(error(at.join("absent")).contains("absent cannot be read"));
    }
}
