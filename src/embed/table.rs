//! The embeddings of one input: rows of numbers with timestamps.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// Rows in an anonymous temporary file: their number is known only at the end, and an hour of sound gives a gigabyte.
pub struct Table {
    spool: BufWriter<File>,
    folder: PathBuf,
    dims: usize,
    timestamps: Vec<f64>,
    levels: Vec<f32>,
    complete: bool,
}

impl Table {
    /// An empty table for rows of `dims` values, at least one, that wait in `folder`.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn new(folder: &Path, dims: usize) -> io::Result<Self> {
        let spool = BufWriter::new(tempfile::tempfile_in(folder)?);
        Ok(Self {
            spool,
            folder: folder.into(),
            dims,
            timestamps: Vec::new(),
            levels: Vec::new(),
            complete: false,
        })
    }

    /// Appends a row of [`Table::dims`] values, at `t` seconds.
    ///
    /// # Errors
    /// The disk is full, the row has another length, or the table is complete.
    pub fn push(&mut self, t: f64, row: &[f32]) -> io::Result<()> {
        if self.complete {
            return Err(io::Error::other("the table is complete"));
        }
        if row.len() != self.dims {
            let (found, dims) = (row.len(), self.dims);
            return Err(io::Error::other(format!("an embedding has {found} values, not {dims}")));
        }
        for value in row {
            self.spool.write_all(&value.to_le_bytes())?;
        }
        self.timestamps.push(t);
        Ok(())
    }

    /// Appends a row of sound with its level (decibels relative to full scale). Either all rows have one, or none.
    ///
    /// # Errors
    /// As [`Table::push`].
    pub fn push_sound(&mut self, t: f64, row: &[f32], level: f32) -> io::Result<()> {
        self.push(t, row)?;
        self.levels.push(level);
        Ok(())
    }

    /// Where the rows wait: on whose disk there must be room.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Values of a row.
    pub fn dims(&self) -> usize {
        self.dims
    }

    /// Seconds, one a row.
    pub fn timestamps(&self) -> &[f64] {
        &self.timestamps
    }

    /// Decibels, one a row; empty if the rows have none.
    pub fn levels(&self) -> &[f32] {
        &self.levels
    }

    /// All rows from the first one on, as 32-bit numbers, little-endian. When it has been called, the table is complete:
    /// no row is appended any more.
    ///
    /// # Errors
    /// The disk is full, or cannot be read.
    pub fn bytes(&mut self) -> io::Result<impl Read> {
        self.complete = true;
        self.spool.flush()?;
        let mut file = self.spool.get_ref();
        file.rewind()?;
        Ok(BufReader::new(file).take((self.timestamps.len() * self.dims * size_of::<f32>()) as u64))
    }
}

/// Some rows of a table that was written.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// Seconds, one a row.
    pub timestamps: Vec<f64>,
    /// `[rows, dims]`.
    pub values: Vec<f32>,
    /// Decibels, one a row; empty if they have none.
    pub levels: Vec<f32>,
}

impl Rows {
    pub(super) fn clear(&mut self) {
        self.timestamps.clear();
        self.values.clear();
        self.levels.clear();
    }
}

/// Takes rows; its error ends the reading.
pub(super) type Take<'a> = &'a mut dyn FnMut(&Rows) -> io::Result<()>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_in_order_as_often_as_asked() {
        let folder = tempfile::tempdir().unwrap();
        let mut table = Table::new(folder.path(), 2).unwrap();
        table.push(0.0, &[1.0, 2.0]).unwrap();
        table.push(0.1, &[3.0, -4.0]).unwrap();
        assert!(table.push(0.2, &[5.0]).is_err());
        assert_eq!((table.dims(), table.timestamps()), (2, &[0.0, 0.1][..]));
        for _ in 0..2 {
            let mut bytes = Vec::new();
            table.bytes().unwrap().read_to_end(&mut bytes).unwrap();
            let values: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
            assert_eq!(values, [1.0, 2.0, 3.0, -4.0]);
        }
        assert!(table.push(0.2, &[5.0, 6.0]).is_err(), "it would be written over what was read");
    }
}
