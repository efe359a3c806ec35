//! Outputs: which formats there are, what lies there already, and how none is ever left half-written.

use std::fs::File;
use std::io;
use std::path::Path;
use std::str::FromStr;

use super::{EmbedError, Label, Table, npz, parquet};
use crate::output::{self, Output, OutputError};
use crate::unknown_name::UnknownName;

/// A file format for embeddings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// NumPy's archive: `embedding` (`[n, dims]`, 32 bits) and `timestamps` (`[n]`, seconds, 64 bits). The
    /// archive's comment is the [`Label`] as a JSON object.
    #[default]
    Npz,
    /// Apache Parquet: a row per embedding, `timestamp` (seconds, DOUBLE) and `embedding` (LIST of FLOAT). The
    /// [`Label`] is in the file's metadata, each name after `lookhear.`.
    Parquet,
}

impl Format {
    /// The name that [`Format::from_str`] knows, and the ending of such files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Npz => "npz",
            Self::Parquet => "parquet",
        }
    }

    /// Looks at what an output's place holds.
    pub fn existing(self, target: &Path, label: &Label, input: &Path) -> Existing {
        // Checked before opening, since opening a named pipe blocks until it has a writer.
        let file = match target.metadata() {
            Err(_) => return Existing::Nothing,
            Ok(there) if !there.is_file() => return Existing::Foreign,
            Ok(_) => File::open(target),
        };
        let Ok(file) = file else { return Existing::Foreign };
        let time = |path: &Path| path.metadata().and_then(|file| file.modified()).ok();
        let older = time(target) < time(input);
        let found = match self {
            Self::Npz => npz::label(file),
            Self::Parquet => parquet::label(file),
        };
        match found {
            None => Existing::Foreign,
            Some(found) if found != *label => Existing::Other,
            Some(_) if older => Existing::Outdated,
            Some(_) => Existing::Same,
        }
    }

    /// Writes a table beside its target, then moves it there.
    ///
    /// # Errors
    /// [`EmbedError::Output`]: the folder cannot be written, or the disk is full. Nothing is left then.
    pub fn write(self, target: &Path, table: &mut Table, label: &Label) -> Result<(), EmbedError> {
        replace(target, |file| match self {
            Self::Npz => npz::write(file, table, label),
            Self::Parquet => parquet::write(file, table, label),
        })
        .map_err(EmbedError::Output)
    }
}

impl FromStr for Format {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        UnknownName::find("format", [Self::Npz, Self::Parquet], Self::name, name)
    }
}

/// What lies where an output should go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Nothing.
    Nothing,
    /// The same embeddings: nothing is to be done.
    Same,
    /// The same, but older than the input: they are made anew.
    Outdated,
    /// Embeddings of another model, engine or version, not to be written over unasked.
    Other,
    /// Something else, not to be written over unasked.
    Foreign,
}

fn replace(target: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), OutputError> {
    let mut output = Output::new(target, output::Existing::Replace)?;
    fill(output.file()).map_err(|source| OutputError::Io { path: target.into(), source })?;
    output.complete()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embed::Settings;

    #[test]
    fn an_output_knows_what_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let input = at.join("a.wav");
        std::fs::write(&input, "sound").unwrap();
        let label = Label::new("abc", "int", &Settings::default());
        let other = Label::new("abd", "int", &Settings::default());
        for format in [Format::Npz, Format::Parquet] {
            let target = at.join(format.name());
            assert_eq!(format.existing(&target, &label, &input), Existing::Nothing);
            let mut table = Table::new(at, 2).unwrap();
            table.push(0.0, &[1.0, 2.0]).unwrap();
            format.write(&target, &mut table, &label).unwrap();
            assert_eq!(format.existing(&target, &label, &input), Existing::Same);
            assert_eq!(format.existing(&target, &other, &input), Existing::Other);
            let later = std::time::SystemTime::now() + std::time::Duration::from_secs(60);
            File::options().write(true).open(&input).unwrap().set_modified(later).unwrap();
            assert_eq!(format.existing(&target, &label, &input), Existing::Outdated);
            File::options().write(true).open(&input).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
            std::fs::write(&target, "something else").unwrap();
            assert_eq!(format.existing(&target, &label, &input), Existing::Foreign);
            assert_eq!(format.existing(at, &label, &input), Existing::Foreign, "a folder");
        }
    }

    #[test]
    fn a_failure_leaves_nothing_and_keeps_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.npz");
        std::fs::write(&target, "before").unwrap();
        assert!(replace(&target, |_| Err(io::Error::other("no space left"))).is_err());
        assert_eq!(std::fs::read(&target).unwrap(), b"before");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
