//! Files and URLs as two streams on one timeline, through one `ffmpeg` process.

use std::io::{self, BufReader, Read};
use std::os::fd::OwnedFd;
use std::process::{Child, ChildStderr, ChildStdout, Stdio};
use std::sync::Arc;

use command_fds::{CommandFdExt, FdMapping};
use image::RgbImage;

use super::ppm::read_ppm;
use super::{MediaError, as_argument, ffmpeg, last_words, missing};
use crate::preprocess::{Channels, Loudness, SAMPLE_RATE};
use crate::ring::VideoFrame;

/// Video frames a second that every input is brought to.
pub const FRAME_RATE: u32 = 25;

/// Square pixels, and at most 1280 of them in a row: more would cost time and change no decision.
pub(super) const SIZE: &str = "scale=w=iw*sar:h=ih,scale=w='min(1280,iw)':h=-2,setsar=1";

/// One of the two streams of a live input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Frames at [`FRAME_RATE`], binary PPM.
    Picture,
    /// 48 kHz stereo, 32-bit floating point.
    Sound,
}

/// Starts reading one stream of a URL as it comes, or of a file at its own pace, again and again.
///
/// # Errors
/// `ffmpeg` cannot be started.
pub(crate) fn live(input: &str, stream: Stream) -> Result<Child, MediaError> {
    let mut command = ffmpeg();
    if !input.contains("://") {
        command.args(["-re", "-stream_loop", "-1"]);
    }
    // Threads would hold back as many frames as there are of them.
    command.args(["-flags", "low_delay", "-threads", "1", "-i", &as_argument(input)]);
    match stream {
        Stream::Picture => {
            let filter = format!("fps={FRAME_RATE},{SIZE}");
            command.args(["-map", "0:v:0", "-vf", &filter, "-f", "image2pipe", "-c:v", "ppm", "pipe:1"])
        }
        Stream::Sound => {
            let rate = SAMPLE_RATE.to_string();
            command.args(["-map", "0:a:0", "-ar", &rate, "-ac", "2", "-f", "f32le", "pipe:1"])
        }
    };
    command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(missing("ffmpeg"))
}

/// A running `ffmpeg`, taken apart so that each part can live in its own thread.
pub struct Decoder {
    /// Video frames.
    pub pictures: Pictures,
    /// Sound.
    pub samples: Samples,
    /// How it ends.
    pub watcher: Watcher,
}

/// Video frames at [`FRAME_RATE`] or another even rate, upright and with square pixels.
pub struct Pictures {
    pipe: BufReader<ChildStdout>,
    /// Frames a second.
    rate: f64,
    count: u32,
}

/// 48 kHz mono. ffmpeg gives stereo, whatever the channels were: what becomes of left and right says [`Channels`].
pub struct Samples {
    pipe: Box<dyn Read + Send>,
    bytes: Vec<u8>,
    kept: usize,
    stereo: Vec<f32>,
    channels: Channels,
    samples: Vec<f32>,
}

/// Knows how the process ended.
pub struct Watcher {
    input: String,
    child: Child,
    stderr: ChildStderr,
}

impl Decoder {
    /// Starts reading a file, a URL, or `-` for standard input.
    ///
    /// Both streams begin at the start of the input: gaps in the sound become silence, frames are
    /// repeated or left out, whatever the frame rate was.
    ///
    /// # Errors
    /// `ffmpeg` cannot be started. What is wrong with the input tells its `watcher`.
    pub fn start(input: &str) -> Result<Self, MediaError> {
        Self::open(input, &[])
    }

    /// As [`Decoder::start`], but from a moment of a file on (seconds), for at most so many seconds. Both streams
    /// begin at that very moment, which is their 0.
    ///
    /// # Errors
    /// As [`Decoder::start`].
    pub fn span(input: &str, from: f64, seconds: f64) -> Result<Self, MediaError> {
        Self::open(input, &["-ss", &format!("{from:.6}"), "-t", &format!("{seconds:.6}")])
    }

    fn open(input: &str, before: &[&str]) -> Result<Self, MediaError> {
        let source = if input == "-" { "pipe:0".to_string() } else { as_argument(input) };
        let pictures = format!("fps={FRAME_RATE}:start_time=0,{SIZE}");
        let sound = format!("aresample={SAMPLE_RATE}:async=1:first_pts=0");
        let (reader, writer) = io::pipe().map_err(missing("ffmpeg"))?;
        let mut command = ffmpeg();
        command
            .args(before)
            .args(["-i", &source])
            .args(["-map", "0:v:0", "-vf", &pictures, "-f", "image2pipe", "-c:v", "ppm", "pipe:1"])
            .args(["-map", "0:a:0", "-af", &sound, "-ac", "2", "-f", "f32le", "pipe:3"])
            .stdin(if input == "-" { Stdio::inherit() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .fd_mappings(vec![FdMapping { parent_fd: OwnedFd::from(writer), child_fd: 3 }])
            .map_err(|e| missing("ffmpeg")(io::Error::other(e)))?;
        let mut child = command.spawn().map_err(missing("ffmpeg"))?;
        // The command keeps the writing end: while it lives, the sound does not end.
        drop(command);
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(missing("ffmpeg")(io::Error::other("its output is not connected")));
        };
        Ok(Self {
            pictures: Pictures::new(stdout, f64::from(FRAME_RATE)),
            samples: Samples::new(Box::new(reader)),
            watcher: Watcher::new(input, child, stderr),
        })
    }
}

impl Pictures {
    pub(super) fn new(pipe: ChildStdout, rate: f64) -> Self {
        Self { pipe: BufReader::with_capacity(1 << 20, pipe), rate, count: 0 }
    }

    /// The next frame; `None` at the end, also at a broken one.
    pub fn next_frame(&mut self) -> Option<VideoFrame> {
        let picture = read_ppm(&mut self.pipe).ok().flatten()?;
        let t = f64::from(self.count) / self.rate;
        self.count += 1;
        Some(VideoFrame { t, captured: t, picture: Arc::new(picture) })
    }
}

impl Samples {
    pub(crate) fn new(pipe: Box<dyn Read + Send>) -> Self {
        Self {
            pipe,
            bytes: vec![0; 1 << 14],
            kept: 0,
            stereo: Vec::new(),
            channels: Channels::new(SAMPLE_RATE, 2, Loudness::Power),
            samples: Vec::new(),
        }
    }

    /// Values so far that were no numbers: see [`Channels::damaged`].
    pub fn damaged(&self) -> u64 {
        self.channels.damaged()
    }

    /// The next samples, as many as there are; `None` at the end.
    pub fn next_chunk(&mut self) -> Option<&[f32]> {
        let read = self.pipe.read(&mut self.bytes[self.kept..]).ok().filter(|n| *n > 0)?;
        let (whole, rest) = self.bytes[..self.kept + read].as_chunks::<4>();
        self.stereo.clear();
        self.stereo.extend(whole.iter().map(|b| f32::from_le_bytes(*b)));
        self.samples.clear();
        self.channels.push(&self.stereo, &mut self.samples);
        let (start, rest) = (whole.len() * 4, rest.len());
        self.bytes.copy_within(start..start + rest, 0);
        self.kept = rest;
        Some(&self.samples)
    }
}

impl Watcher {
    pub(super) fn new(input: &str, child: Child, stderr: ChildStderr) -> Self {
        Self { input: input.into(), child, stderr }
    }

    /// Waits for the end.
    ///
    /// # Errors
    /// What ffmpeg complained of: no such stream, no media, damaged.
    pub fn watch(mut self) -> Result<(), MediaError> {
        let mut said = Vec::new();
        let _ = self.stderr.read_to_end(&mut said);
        let status = self.child.wait().map_err(missing("ffmpeg"))?;
        let said = String::from_utf8_lossy(&said);
        // A closed pipe is our own doing: the reader stopped before the end.
        let complaints: String = said
            .lines()
            .filter(|line| !line.contains("Broken pipe"))
            .map(|line| format!("{line}\n"))
            .collect();
        if complaints.contains("matches no streams") {
            let what = if complaints.contains("0:a:0") { "sound" } else { "picture" };
            return Err(MediaError::NoStream { input: self.input, what });
        }
        let damaged =
            ["Invalid data", "corrupt", "partial file", "prematurely", "moov atom", "Error", "error"];
        let damaged = damaged.iter().any(|word| complaints.contains(word));
        if damaged || (!status.success() && !complaints.is_empty()) {
            return Err(MediaError::Unreadable { input: self.input, reason: last_words(&complaints) });
        }
        Ok(())
    }
}
