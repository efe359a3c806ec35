//! The sound or the frames of a file alone, read as they are asked for: hours of it take no memory.

use std::io;
use std::path::Path;
use std::process::Stdio;
use std::thread::{self, JoinHandle};

use super::decoder::{Pictures, SIZE, Samples, Watcher};
use super::{MediaError, as_argument, ffmpeg, missing};
use crate::preprocess::SAMPLE_RATE;

/// One stream of a running `ffmpeg`. Dropped before its end, it ends `ffmpeg`, too.
pub struct Single<S> {
    /// [`Samples`] or [`Pictures`].
    pub stream: S,
    /// Listens to what ffmpeg says while it runs, so that it never waits to be heard.
    end: JoinHandle<Result<(), MediaError>>,
}

impl<S> Single<S> {
    /// Waits for the end, after the stream has been read.
    ///
    /// # Errors
    /// What ffmpeg complained of: no such stream, no media, damaged.
    pub fn finish(self) -> Result<(), MediaError> {
        drop(self.stream);
        self.end.join().unwrap_or(Ok(()))
    }
}

/// The sound of a file, 48 kHz mono, from the start of the file: gaps become silence.
///
/// # Errors
/// `ffmpeg` cannot be started. What is wrong with the file tells [`Single::finish`].
pub fn sound_of(path: &Path) -> Result<Single<Samples>, MediaError> {
    let filter = format!("aresample={SAMPLE_RATE}:async=1:first_pts=0");
    let arguments = ["-map", "0:a:0", "-af", &filter, "-ac", "1", "-f", "f32le", "pipe:1"];
    start(path, &arguments, |pipe| Samples::new(Box::new(pipe)))
}

/// The frames that a video shows at 0, `interval`, 2 x `interval`, ... (in samples of 48 kHz), upright and
/// with square pixels.
///
/// # Errors
/// As [`sound_of`].
pub fn frames_of(path: &Path, interval: usize) -> Result<Single<Pictures>, MediaError> {
    // Rounding up gives each moment the newest frame that is not later.
    let filter = format!("fps={SAMPLE_RATE}/{interval}:start_time=0:round=up,{SIZE}");
    let arguments = ["-map", "0:v:0", "-vf", &filter, "-f", "image2pipe", "-c:v", "ppm", "pipe:1"];
    let rate = SAMPLE_RATE as f64 / interval as f64;
    start(path, &arguments, |pipe| Pictures::new(pipe, rate))
}

fn start<S>(
    path: &Path,
    arguments: &[&str],
    stream: impl FnOnce(std::process::ChildStdout) -> S,
) -> Result<Single<S>, MediaError> {
    let input = path.to_string_lossy();
    let mut command = ffmpeg();
    command.args(["-i", &as_argument(&input)]).args(arguments);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(missing("ffmpeg"))?;
    let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(missing("ffmpeg")(io::Error::other("its output is not connected")));
    };
    let watcher = Watcher::new(&input, child, stderr);
    Ok(Single { stream: stream(stdout), end: thread::spawn(move || watcher.watch()) })
}
