//! What a file or URL contains, by `ffprobe`.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use super::{MediaError, as_argument, last_words, missing};

/// What LookHear needs to know before it reads a file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Probe {
    /// Length in seconds; infinite for a live URL.
    pub seconds: f64,
}

#[derive(Deserialize)]
struct Report {
    #[serde(default)]
    streams: Vec<Stream>,
    format: Option<Format>,
}

#[derive(Deserialize)]
struct Stream {
    codec_type: Option<String>,
}

#[derive(Deserialize)]
struct Format {
    duration: Option<String>,
}

/// Looks into a file or URL that should have picture and sound.
///
/// # Errors
/// Not there, not media, or one of the two streams is missing.
pub fn probe(input: &str) -> Result<Probe, MediaError> {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-of", "json", "-show_entries", "stream=codec_type:format=duration"])
        .args(["-i", &as_argument(input)])
        .output()
        .map_err(missing("ffprobe"))?;
    let unreadable = |reason: String| MediaError::Unreadable { input: input.into(), reason };
    if !output.status.success() {
        return Err(unreadable(last_words(&String::from_utf8_lossy(&output.stderr))));
    }
    let report: Report = serde_json::from_slice(&output.stdout).map_err(|e| unreadable(e.to_string()))?;
    for (kind, what) in [("video", "picture"), ("audio", "sound")] {
        if !report.streams.iter().any(|s| s.codec_type.as_deref() == Some(kind)) {
            return Err(MediaError::NoStream { input: input.into(), what });
        }
    }
    let duration = report.format.and_then(|f| f.duration);
    let seconds = duration.and_then(|d| d.parse().ok()).unwrap_or(f64::INFINITY);
    Ok(Probe { seconds })
}

/// The title that is written in a media file; `None`: it has none, or is none.
pub fn title(file: &Path) -> Option<String> {
    let mut input = OsString::from("file:");
    input.push(file);
    let output = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-of",
            "default=noprint_wrappers=1:nokey=1",
            "-show_entries",
            "format_tags=title",
        ])
        .arg("-i")
        .arg(input)
        .output()
        .ok()?;
    let title = String::from_utf8(output.stdout).ok()?.trim().to_string();
    (!title.is_empty()).then_some(title)
}
