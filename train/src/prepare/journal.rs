//! JSON lines that survive a crash: what is done, so that it is not done again.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Error;

/// A file that only grows. Held open and locked, so that two runs never write the same folder.
pub(super) struct Journal {
    path: PathBuf,
    file: File,
}

impl Journal {
    /// Opens or creates a journal and gives what is in it. A last line that was not written to its end is removed.
    ///
    /// # Errors
    /// It cannot be opened, another run has it open, or a line is none of ours.
    pub(super) fn open<T: DeserializeOwned>(path: &Path) -> Result<(Self, Vec<T>), Error> {
        let fail = |e: std::io::Error| Error::file(path, e);
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = options.map_err(fail)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::file(
                    path,
                    "another run is preparing this folder; wait for it or stop it",
                ));
            }
            Err(TryLockError::Error(e)) => return Err(fail(e)),
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(fail)?;
        let whole = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |end| end + 1);
        file.set_len(whole as u64).map_err(fail)?;
        file.seek(SeekFrom::End(0)).map_err(fail)?;
        let mut lines = Vec::new();
        for (number, line) in bytes[..whole].split(|b| *b == b'\n').enumerate() {
            if line.is_empty() {
                continue;
            }
            let line = serde_json::from_slice(line).map_err(|e| {
                let why = format!("line {}: {e}; delete the folder's files and prepare it anew", number + 1);
                Error::file(path, why)
            })?;
            lines.push(line);
        }
        Ok((Self { path: path.into(), file }, lines))
    }

    /// Adds a line and waits until it is on the disk.
    ///
    /// # Errors
    /// The disk is full, say. What was written before stays.
    pub(super) fn append(&mut self, line: &impl Serialize) -> Result<(), Error> {
        let mut text = serde_json::to_vec(line).map_err(|e| Error::file(&self.path, e))?;
        text.push(b'\n');
        let written = self.file.write_all(&text).and_then(|()| self.file.sync_data());
        written.map_err(|e| Error::file(&self.path, format!("{e}; the same command goes on")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_last_line_is_dropped_and_the_rest_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        std::fs::write(&path, "1\n2\n3").unwrap();
        let (mut journal, lines) = Journal::open::<u32>(&path).unwrap();
        assert_eq!(lines, [1, 2]);
        let busy = Journal::open::<u32>(&path).err().unwrap().to_string();
        assert!(busy.contains("another run"), "{busy}");
        journal.append(&7).unwrap();
        drop(journal);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "1\n2\n7\n");
        std::fs::write(&path, "1\nx\n2\n").unwrap();
        let error = Journal::open::<u32>(&path).err().unwrap().to_string();
        assert!(error.contains("journal.jsonl: line 2"), "{error}");
    }
}
