//! Embeddings read back.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::{Format, Label, Rows, npz, parquet};

/// A file that `embed` wrote.
#[derive(Clone, Debug)]
pub struct Archive {
    path: PathBuf,
    format: Format,
    label: Label,
}

impl Archive {
    /// Looks at a file, whatever its name: what format it has, and how it was made. `None`: `embed` did not make it.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(path: &Path) -> io::Result<Option<Self>> {
        // Opening a named pipe would wait for a writer.
        if !path.metadata()?.is_file() {
            return Ok(None);
        }
        let mut start = Vec::new();
        File::open(path)?.take(4).read_to_end(&mut start)?;
        let (format, label) = match &*start {
            b"PAR1" => (Format::Parquet, parquet::label(File::open(path)?)),
            _ => (Format::Npz, npz::label(File::open(path)?)),
        };
        Ok(label.map(|label| Self { path: path.into(), format, label }))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How its embeddings were made.
    pub fn label(&self) -> &Label {
        &self.label
    }

    /// Reads all rows, which must have `dims` values: `most` at a time, the last time what is left. Memory holds no more
    /// than those.
    ///
    /// # Errors
    /// The file is damaged, its rows have another length, or `take` failed.
    pub fn read(
        &self,
        dims: usize,
        most: usize,
        take: &mut dyn FnMut(&Rows) -> io::Result<()>,
    ) -> io::Result<()> {
        match self.format {
            Format::Parquet => parquet::read(File::open(&self.path)?, dims, most, take),
            Format::Npz => npz::read(&self.path, dims, most, take),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embed::{Settings, Table};

    #[test]
    fn rows_come_back_in_parts_of_any_size() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let label = Label::new("abc", "int", &Settings::default());
        for format in [Format::Npz, Format::Parquet] {
            for levels in [false, true] {
                let mut table = Table::new(at, 3).unwrap();
                for n in 0..7 {
                    let (t, row) = (f64::from(n) / 10.0, [n as f32, 0.5, -1.0]);
                    match levels {
                        true => table.push_sound(t, &row, -n as f32).unwrap(),
                        false => table.push(t, &row).unwrap(),
                    }
                }
                let path = at.join("any name");
                format.write(&path, &mut table, &label).unwrap();
                let archive = Archive::open(&path).unwrap().unwrap();
                assert_eq!(*archive.label(), label);
                for most in [1, 3, 7, 100] {
                    let (mut all, mut sizes) = (Rows::default(), Vec::new());
                    let mut take = |part: &Rows| {
                        sizes.push(part.timestamps.len());
                        all.timestamps.extend(&part.timestamps);
                        all.values.extend(&part.values);
                        all.levels.extend(&part.levels);
                        Ok(())
                    };
                    archive.read(3, most, &mut take).unwrap();
                    assert!(sizes.iter().rev().skip(1).all(|size| *size == most), "{sizes:?}");
                    assert_eq!(all.timestamps, table.timestamps());
                    assert_eq!((all.values.len(), &all.values[3..6]), (21, &[1.0, 0.5, -1.0][..]));
                    assert_eq!(all.levels, table.levels());
                }
                assert!(archive.read(2, 7, &mut |_| Ok(())).is_err(), "other dimensions");
            }
        }
        assert!(Archive::open(at).unwrap().is_none(), "a folder");
        std::fs::write(at.join("other"), "PAR1 and nothing of the kind").unwrap();
        assert!(Archive::open(&at.join("other")).unwrap().is_none());
        assert!(Archive::open(&at.join("absent")).is_err());
    }
}
