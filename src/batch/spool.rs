//! Rows of numbers in an anonymous temporary file, with random access.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Rows of equal length.
pub(super) struct Spool {
    file: File,
    width: usize,
    rows: u64,
    bytes: Vec<u8>,
}

impl Spool {
    /// An empty spool; the first row sets the length of all rows.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { file: tempfile::tempfile()?, width: 0, rows: 0, bytes: Vec::new() })
    }

    /// Appends a row; returns its number.
    pub(super) fn push(&mut self, row: impl Iterator<Item = f32>) -> io::Result<u64> {
        self.bytes.clear();
        self.bytes.extend(row.flat_map(f32::to_le_bytes));
        if self.rows == 0 {
            self.width = self.bytes.len();
        }
        if self.bytes.len() != self.width {
            return Err(io::Error::other("rows of different lengths"));
        }
        self.file.write_all_at(&self.bytes, self.rows * self.width as u64)?;
        self.rows += 1;
        Ok(self.rows - 1)
    }

    /// Reads a row by its number.
    pub(super) fn row(&mut self, number: u64) -> io::Result<Vec<f32>> {
        self.bytes.resize(self.width, 0);
        self.file.read_exact_at(&mut self.bytes, number * self.width as u64)?;
        Ok(self.bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_by_number() {
        let mut spool = Spool::new().unwrap();
        for row in [[1.0, 2.0], [3.0, -4.0], [f32::MIN, 0.5]] {
            spool.push(row.into_iter()).unwrap();
        }
        assert!(spool.push([1.0].into_iter()).is_err());
        assert_eq!(spool.row(1).unwrap(), [3.0, -4.0]);
        assert_eq!(spool.row(0).unwrap(), [1.0, 2.0]);
        assert_eq!(spool.row(2).unwrap(), [f32::MIN, 0.5]);
        assert!(spool.row(3).is_err());
    }
}
