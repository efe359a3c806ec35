//! What a file or address contains, by `ffprobe`.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc::channel;
use std::thread;

use serde::Deserialize;

use super::filters::Coding;
use super::process::{Process, ffprobe, killed, reason};
use super::{Input, MediaError, PATIENCE};

/// What LookHear needs to know before it reads a file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Probe {
    /// Length in seconds; infinite for a live address.
    pub seconds: f64,
    /// How the picture is coded.
    pub(super) coding: Coding,
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
    pix_fmt: Option<String>,
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

    fn coding(&self) -> Coding {
        let named =
            |stream: &Stream| Coding::named(stream.color_transfer.as_deref(), stream.pix_fmt.as_deref());
        self.first("video").map(named).unwrap_or_default()
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
    Ok(Probe { seconds, coding: report.coding() })
}

/// How the first video of a file is coded.
pub(super) fn coding(input: &Input) -> Result<Coding, MediaError> {
    Ok(look(input)?.coding())
}

/// Seconds that a file lasts; `None` if it does not say.
pub(super) fn seconds(input: &Input) -> Result<Option<f64>, MediaError> {
    Ok(look(input)?.seconds())
}

/// Seconds to the last packet of a file, which is read for that; `None` if no packet has a time.
pub(super) fn last(input: &Input) -> Result<Option<f64>, MediaError> {
    let mut command = ffprobe();
    command.args(["-of", "csv=p=0", "-show_entries", "packet=pts_time"]).stdin(Stdio::null());
    input.add_to(&mut command);
    let (mut process, stdout) = Process::start(command, &input.to_string())?;
    let times = BufReader::new(stdout).lines().map_while(Result::ok);
    let last = times
        .filter_map(|line| line.trim_end_matches(',').parse::<f64>().ok())
        .fold(None, |last, t| Some(last.map_or(t, |last: f64| last.max(t))));
    killed(&input.to_string(), process.wait()?)?;
    Ok(last)
}

fn look(input: &Input) -> Result<Report, MediaError> {
    let name = input.to_string();
    let mut command = ffprobe();
    command
        .args([
            "-of",
            "json",
            "-show_entries",
            "stream=codec_type,color_transfer,pix_fmt:format=duration:format_tags=title",
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
