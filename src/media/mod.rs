//! Recorded media, through the `ffmpeg` and `ffprobe` commands; plain sound files and pictures without them.

mod decoder;
mod direct;
mod encoder;
pub mod endings;
mod filters;
mod guard;
mod input;
#[cfg(feature = "capture")]
mod live;
mod loss;
mod loudest;
mod moments;
mod packets;
mod passed;
mod ppm;
mod probe;
#[allow(unsafe_code, reason = "children that end with us: between fork and exec; documented there")]
mod process;
mod push;
mod samples;
mod still;
mod timeline;
mod whole;

pub use decoder::{Decoder, FRAME_RATE};
pub use encoder::{Encoder, Quality};
pub use input::{Input, PATIENCE, allow_network, is_network_allowed};
pub use loss::{Damage, Loss};
pub use loudest::{loudest_part, loudest_second};
pub use moments::{Found, Wanted, moments, neighbours};
pub use probe::{Probe, probe, title};
pub use process::Canceller;
pub use push::{Push, PushError};
pub use still::{frame_at, is_still, picture, sound_at};
pub use timeline::{GAP, Piece};
pub use whole::{sound, sound_in_parts};

#[cfg(feature = "capture")]
pub(crate) use live::{live, live_both};
pub(crate) use ppm::read_ppm;
#[cfg(feature = "capture")]
pub(crate) use process::Process;
#[cfg(feature = "publish")]
pub(crate) use process::{kill, own, spawn};
#[cfg(feature = "capture")]
pub(crate) use timeline::Stream;

use std::io;

use thiserror::Error;

use crate::output::OutputError;

/// Why recorded media could not be read or written.
#[derive(Debug, Error)]
pub enum MediaError {
    /// The command is not installed, or cannot be started.
    #[error("cannot start {command}: {source}{}", remedy(source))]
    Missing {
        /// `ffmpeg` or `ffprobe`.
        command: &'static str,
        /// The system's reason.
        source: io::Error,
    },
    /// The file has no stream of this kind.
    #[error("{input} has no {what}")]
    NoStream {
        /// File or address.
        input: String,
        /// `picture` or `sound`.
        what: &'static str,
    },
    /// Not media, or damaged.
    #[error("{input} cannot be read: {reason}")]
    Unreadable {
        /// File or address.
        input: String,
        /// In ffmpeg's words.
        reason: String,
    },
    /// The process that read the input was killed or crashed.
    #[error("{input} was not read to its end: {how}")]
    Died {
        /// File or address.
        input: String,
        /// What happened.
        how: String,
    },
    /// The input has stopped delivering.
    #[error("{input} gave nothing for {seconds} s")]
    Stalled {
        /// File or address.
        input: String,
        /// How long it was waited for.
        seconds: f64,
    },
    /// The file does not last that long.
    #[error("{} s lies beyond the end of {input}, which is {seconds:.1} s long", number(*moment))]
    Beyond {
        /// File.
        input: String,
        /// What was asked for, in seconds.
        moment: f64,
        /// How long the file is.
        seconds: f64,
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

/// A number without a hundred digits.
fn number(value: f64) -> String {
    if value < 1e7 { value.to_string() } else { format!("{value:e}") }
}

/// Where to get a command that is not there.
fn remedy(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::NotFound => {
            ". Install it: `apt install ffmpeg` on Debian or Ubuntu, `brew install ffmpeg` on macOS"
        }
        _ => "",
    }
}

impl MediaError {
    /// A copy of the error, for another item that it affects as well.
    fn again(&self) -> Self {
        match self {
            Self::Missing { command, source } => {
                Self::Missing { command, source: io::Error::new(source.kind(), source.to_string()) }
            }
            Self::NoStream { input, what } => Self::NoStream { input: input.clone(), what },
            Self::Unreadable { input, reason } => {
                Self::Unreadable { input: input.clone(), reason: reason.clone() }
            }
            Self::Died { input, how } => Self::Died { input: input.clone(), how: how.clone() },
            Self::Stalled { input, seconds } => Self::Stalled { input: input.clone(), seconds: *seconds },
            Self::Beyond { input, moment, seconds } => {
                Self::Beyond { input: input.clone(), moment: *moment, seconds: *seconds }
            }
            Self::Output(error) => {
                Self::Unwritable { output: "the output".into(), reason: error.to_string() }
            }
            Self::Unwritable { output, reason } => {
                Self::Unwritable { output: output.clone(), reason: reason.clone() }
            }
        }
    }
}
