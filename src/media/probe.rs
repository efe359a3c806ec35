//! What a file or address contains, by `ffprobe`.

use std::io::Read;
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc::channel;
use std::thread;

use serde::Deserialize;

use super::filters::Transfer;
use super::process::{Process, ffprobe, killed, reason};
use super::{Input, MediaError, PATIENCE};

/// What LookHear needs to know before it reads a file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Probe {
    /// Length in seconds; infinite for a live address.
    pub seconds: f64,
    /// How the picture codes light, if it has a high dynamic range.
    pub(super) transfer: Option<Transfer>,
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
    color_transfer: Option<String>,
}

#[derive(Deserialize)]
struct Format {
    duration: Option<String>,
    #[serde(default)]
    tags: Tags,
}

#[derive(Default, Deserialize)]
struct Tags {
    title: Option<String>,
}

impl Report {
    fn first(&self, kind: &str) -> Option<&Stream> {
        self.streams.iter().find(|stream| stream.codec_type.as_deref() == Some(kind))
    }

    fn seconds(&self) -> Option<f64> {
        self.format.as_ref()?.duration.as_ref()?.parse().ok()
    }

    fn transfer(&self) -> Option<Transfer> {
        self.first("video").and_then(|stream| Transfer::named(stream.color_transfer.as_deref()?))
    }
}

/// Looks into a file or address that should have picture and sound.
///
/// # Errors
/// Not there, not media, or one of the two streams is missing.
pub fn probe(input: impl Into<Input>) -> Result<Probe, MediaError> {
    let input = input.into();
    let report = look(&input)?;
    for (kind, what) in [("video", "picture"), ("audio", "sound")] {
        if report.first(kind).is_none() {
            return Err(MediaError::NoStream { input: input.to_string(), what });
        }
    }
    let seconds = report.seconds().unwrap_or(f64::INFINITY);
    Ok(Probe { seconds, transfer: report.transfer() })
}

/// How the first video of a file codes light, if it has one and that has a high dynamic range.
pub(super) fn transfer(input: &Input) -> Result<Option<Transfer>, MediaError> {
    Ok(look(input)?.transfer())
}

/// Seconds that a file lasts; `None` if it does not say.
pub(super) fn seconds(input: &Input) -> Result<Option<f64>, MediaError> {
    Ok(look(input)?.seconds())
}

fn look(input: &Input) -> Result<Report, MediaError> {
    let name = input.to_string();
    let mut command = ffprobe();
    command
        .args([
            "-of",
            "json",
            "-show_entries",
            "stream=codec_type,color_transfer:format=duration:format_tags=title",
        ])
        .stdin(Stdio::null());
    input.add_to(&mut command);
    let (mut process, mut stdout) = Process::start(command, &name)?;
    let (sender, answer) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = stdout.read_to_end(&mut bytes);
        let _ = sender.send(bytes);
    });
    let Ok(bytes) = answer.recv_timeout(PATIENCE) else {
        return Err(MediaError::Stalled { input: name, seconds: PATIENCE.as_secs_f64() });
    };
    let status = process.wait()?;
    killed(&name, status)?;
    if !status.success() {
        return Err(MediaError::Unreadable { input: name, reason: reason(&process.last_words()) });
    }
    serde_json::from_slice(&bytes).map_err(|e| MediaError::Unreadable { input: name, reason: e.to_string() })
}

/// The title that is written in a media file; `None`: it has none, or is none.
pub fn title(file: &Path) -> Option<String> {
    let title = look(&Input::from(file)).ok()?.format?.tags.title?.trim().to_string();
    (!title.is_empty()).then_some(title)
}
