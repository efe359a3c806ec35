//! The sound or the frames of a file alone, read as they are asked for: hours of it take no memory.

use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Stdio};
use std::thread::{self, JoinHandle};

use super::decoder::{Pictures, SIZE, Samples};
use super::{Loss, MediaError, as_argument, ffmpeg, last_words, missing};
use crate::preprocess::SAMPLE_RATE;

/// One stream of a running `ffmpeg`. Dropped before its end, it ends `ffmpeg`, too.
pub struct Single<S> {
    /// [`Samples`] or [`Pictures`].
    pub stream: S,
    /// Listens to what ffmpeg says while it runs, so that it never waits to be heard.
    end: JoinHandle<Result<Loss, MediaError>>,
}

impl<S> Single<S> {
    /// Waits for the end, after the stream has been read; tells what of it is missing.
    ///
    /// # Errors
    /// What ffmpeg complained of: no such stream, no media, nothing that could be decoded; or it was ended before it was
    /// done.
    pub fn finish(self) -> Result<Loss, MediaError> {
        drop(self.stream);
        self.end.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

/// The sound of a file, 48 kHz mono, from the start of the file: gaps become silence.
///
/// # Errors
/// `ffmpeg` cannot be started. What is wrong with the file tells [`Single::finish`].
pub fn sound_of(path: &Path) -> Result<Single<Samples>, MediaError> {
    let filter = format!("aresample={SAMPLE_RATE}:async=1:first_pts=0");
    let arguments = ["-map", "0:a:0", "-af", &filter, "-ac", "2", "-f", "f32le", "pipe:1"];
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
    let input = input.into_owned();
    Ok(Single { stream: stream(stdout), end: thread::spawn(move || end(&input, child, stderr)) })
}

/// How it ended: with how much of a loss.
fn end(input: &str, mut child: Child, stderr: ChildStderr) -> Result<Loss, MediaError> {
    let (mut last, mut places, mut missing_stream) = (String::new(), 0, None);
    for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        // A closed pipe is our own doing: the reader stopped before the end.
        if line.trim().is_empty() || line.contains("Broken pipe") {
            continue;
        }
        if line.contains("matches no streams") {
            missing_stream = Some(if line.contains("0:a:0") { "sound" } else { "picture" });
        }
        places +=
            u64::from(["Error while decoding", "Error submitting"].iter().any(|words| line.contains(words)));
        last = line.into_owned();
    }
    let status = child.wait().map_err(missing("ffmpeg"))?;
    match missing_stream {
        Some(what) => Err(MediaError::NoStream { input: input.into(), what }),
        None if !status.success() => {
            Err(MediaError::Unreadable { input: input.into(), reason: last_words(&last) })
        }
        None => {
            // Some damage is told without a count.
            let told = ["Invalid data", "corrupt", "partial file", "prematurely"];
            let told = told.iter().any(|words| last.contains(words));
            Ok(Loss { places: places.max(u64::from(told)), values: 0 })
        }
    }
}
