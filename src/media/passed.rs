//! Finds damage between the frames of an MP3, which the demuxer skips silently.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Bytes that are read at a time.
const CHUNK: usize = 1 << 16;

/// Follows a file frame by frame, beside the demuxer that reads it.
pub(super) struct Passed {
    file: File,
    /// What was read, and how much of it lies behind.
    bytes: Vec<u8>,
    behind: usize,
    /// Whether a frame was found; what lies before the first one is no damage.
    begun: bool,
}

impl Passed {
    /// At the start of a file; `None` if it cannot be read.
    pub(super) fn over(path: &Path) -> Option<Self> {
        Some(Self { file: File::open(path).ok()?, bytes: Vec::new(), behind: 0, begun: false })
    }

    /// How many bytes lie between the frame before and this one. `None`: the frame's bytes do not occur in the rest of
    /// the file.
    pub(super) fn before(&mut self, frame: &[u8]) -> Option<usize> {
        if frame.is_empty() {
            return Some(0);
        }
        let mut passed = 0;
        loop {
            let ahead = &self.bytes[self.behind..];
            if let Some(at) = ahead.windows(frame.len()).position(|bytes| bytes == frame) {
                self.behind += at + frame.len();
                let begun = std::mem::replace(&mut self.begun, true);
                return Some(if begun { passed + at } else { 0 });
            }
            // The end of what there is may be the frame's beginning.
            let over = ahead.len().saturating_sub(frame.len() - 1);
            passed += over;
            self.bytes.drain(..self.behind + over);
            self.behind = 0;
            if self.file.by_ref().take(CHUNK as u64).read_to_end(&mut self.bytes).ok()? == 0 {
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_between_frames_is_measured_and_what_lies_around_them_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let frames: Vec<Vec<u8>> = (0..400u32).map(|n| [&n.to_le_bytes()[..], &[7; 396]].concat()).collect();
        let junk = vec![9; 70_000];
        let whole = [&junk[..], &frames[..200].concat(), &junk, &frames[200..].concat(), &junk].concat();
        std::fs::write(&path, whole).unwrap();
        let mut passed = Passed::over(&path).unwrap();
        for (n, frame) in frames.iter().enumerate() {
            assert_eq!(passed.before(frame), Some(if n == 200 { junk.len() } else { 0 }), "{n}");
        }
        assert_eq!(passed.before(&frames[0]), None);
    }
}
