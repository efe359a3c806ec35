//! A file that fails once, and then takes everything: archives complete themselves when they are dropped, and print what goes
//! wrong with that.

use std::io::{self, Seek, SeekFrom, Write};

/// Passes on what is written until that fails.
pub(super) struct Muted<W> {
    inner: W,
    failed: bool,
}

impl<W> Muted<W> {
    pub(super) fn new(inner: W) -> Self {
        Self { inner, failed: false }
    }

    fn once<T>(&mut self, done: T, act: impl FnOnce(&mut W) -> io::Result<T>) -> io::Result<T> {
        if self.failed {
            return Ok(done);
        }
        act(&mut self.inner).inspect_err(|error| self.failed = error.kind() != io::ErrorKind::Interrupted)
    }
}

impl<W: Write> Write for Muted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.once(bytes.len(), |inner| inner.write(bytes))?;
        // No room: what is written whole takes that for an error.
        self.failed |= written == 0 && !bytes.is_empty();
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.once((), W::flush)
    }
}

impl<W: Seek> Seek for Muted<W> {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        self.once(0, |inner| inner.seek(place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_fails_once() {
        let mut room = [0; 4];
        let mut muted = Muted::new(io::Cursor::new(&mut room[..]));
        assert!(muted.write_all(b"0123").is_ok());
        assert!(muted.write_all(b"4").is_err());
        assert!(muted.write_all(b"5").is_ok() && muted.flush().is_ok());
    }
}
