//! Parts of files: `Range: bytes=0-99` (RFC 9110, section 14).

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// Bytes that are read at most for one answer; a player asks for the next.
const MOST: u64 = 8 << 20;

/// Some of a file, or all.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) bytes: Vec<u8>,
    from: u64,
    length: u64,
    asked: bool,
}

impl Part {
    /// Whether it is an answer to a request for the whole file.
    pub(super) fn is_whole(&self) -> bool {
        !self.asked
    }

    /// The header that says which part it is.
    pub(super) fn content_range(&self) -> String {
        let to = (self.from + self.bytes.len() as u64).saturating_sub(1);
        format!("bytes {}-{to}/{}", self.from, self.length)
    }
}

/// Reads what is asked for; what cannot be understood asks for all, as the standard has it.
///
/// # Errors
/// The file cannot be read.
pub(super) fn read(path: &Path, wanted: Option<&str>) -> io::Result<Part> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let range = wanted.and_then(|wanted| parse(wanted, length));
    let (from, to) = range.unwrap_or((0, length));
    file.seek(SeekFrom::Start(from))?;
    let room = if range.is_some() { (to - from).min(MOST) } else { length };
    let mut bytes = Vec::new();
    file.take(room).read_to_end(&mut bytes)?;
    Ok(Part { bytes, from, length, asked: range.is_some() })
}

/// First byte, and the one behind the last.
fn parse(wanted: &str, length: u64) -> Option<(u64, u64)> {
    let (first, last) = wanted.strip_prefix("bytes=")?.split_once('-')?;
    let (from, to) = match (first.trim(), last.trim()) {
        ("", last) => (length.saturating_sub(last.parse().ok()?), length),
        (first, "") => (first.parse().ok()?, length),
        (first, last) => (first.parse().ok()?, last.parse::<u64>().ok()?.saturating_add(1).min(length)),
    };
    (from < to).then_some((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_what_was_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ten");
        std::fs::write(&path, b"0123456789").unwrap();
        for (wanted, bytes, header) in [
            ("bytes=2-4", "234", "bytes 2-4/10"),
            ("bytes=7-", "789", "bytes 7-9/10"),
            ("bytes=-2", "89", "bytes 8-9/10"),
            ("bytes=8-99", "89", "bytes 8-9/10"),
        ] {
            let part = read(&path, Some(wanted)).unwrap();
            assert_eq!((part.bytes.as_slice(), part.content_range().as_str()), (bytes.as_bytes(), header));
            assert!(!part.is_whole());
        }
        for wanted in [None, Some("bytes=9-2"), Some("bytes=10-"), Some("lines=1-2"), Some("bytes=a-b")] {
            let part = read(&path, wanted).unwrap();
            assert!(part.is_whole() && part.bytes.len() == 10, "{wanted:?}");
        }
        assert!(read(&folder.path().join("none"), None).is_err());
    }
}
