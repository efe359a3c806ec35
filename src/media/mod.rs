//! Recorded media, through the `ffmpeg` and `ffprobe` commands; plain sound files and pictures without them.

mod decoder;
mod direct;
mod encoder;
pub mod endings;
mod probe;
mod single;
mod still;

pub use decoder::{Decoder, FRAME_RATE, Pictures, Samples};
pub use encoder::{Encoder, Quality};
pub use probe::{Probe, probe, title};
pub use single::{Single, frames_of, sound_of};
pub use still::{frame_at, picture, sound, sound_at};

pub(crate) use decoder::{Stream, live, read_ppm};

use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use thiserror::Error;

use crate::output::OutputError;

/// Why recorded media could not be read or written.
#[derive(Debug, Error)]
pub enum MediaError {
    /// The command is not installed, or cannot be started.
    #[error(
        "cannot start {command}: {source}. Install it: `apt install ffmpeg` on Debian or Ubuntu, `brew install ffmpeg` on macOS"
    )]
    Missing {
        /// `ffmpeg` or `ffprobe`.
        command: &'static str,
        /// The system's reason.
        source: io::Error,
    },
    /// The file has no stream of this kind.
    #[error("{input} has no {what}; LookHear needs picture and sound")]
    NoStream {
        /// File or URL.
        input: String,
        /// `picture` or `sound`.
        what: &'static str,
    },
    /// Not media, or damaged.
    #[error("{input} cannot be read: {reason}")]
    Unreadable {
        /// File or URL.
        input: String,
        /// In ffmpeg's words.
        reason: String,
    },
    /// The output could not be put in its place.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The output could not be made.
    #[error("{output} cannot be written: {reason}")]
    Unwritable {
        /// The file.
        output: String,
        /// In ffmpeg's or the system's words.
        reason: String,
    },
}

/// `ffmpeg`, quiet but for errors, never asking anything.
fn ffmpeg() -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-nostats", "-nostdin", "-loglevel", "error"]);
    // A group of its own: Ctrl-C is for us to hear. ffmpeg ends when its input or output ends.
    command.stderr(Stdio::piped()).process_group(0);
    command
}

/// Names a failure to start.
fn missing(command: &'static str) -> impl Fn(io::Error) -> MediaError {
    move |source| MediaError::Missing { command, source }
}

/// The last thing that ffmpeg said, without its `[module @ 0x...]` prefixes.
fn last_words(stderr: &str) -> String {
    let line = stderr.lines().rev().find(|line| !line.trim().is_empty());
    let line = line.unwrap_or("no reason was given");
    line.rsplit("] ").next().unwrap_or(line).trim().to_string()
}

/// The last thing that a process which has closed its output said.
pub(crate) fn last_words_of(child: &mut Child) -> String {
    let mut said = String::new();
    if let Some(stderr) = &mut child.stderr {
        let _ = stderr.read_to_string(&mut said);
    }
    last_words(&said)
}

/// Keeps a path that begins with a dash from being read as an option.
fn as_argument(input: &str) -> String {
    if input.starts_with('-') && input != "-" { format!("./{input}") } else { input.to_string() }
}
