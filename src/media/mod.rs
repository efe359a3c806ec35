//! Recorded media, through the `ffmpeg` and `ffprobe` commands; plain sound files and pictures without them.

mod decoder;
mod direct;
mod encoder;
pub mod endings;
mod filters;
mod input;
mod live;
mod packets;
mod ppm;
mod probe;
#[allow(unsafe_code, reason = "children that end with us: between fork and exec; documented there")]
mod process;
mod still;
mod timeline;

pub use decoder::{Decoder, FRAME_RATE, PATIENCE};
pub use encoder::{Encoder, Quality};
pub use input::{Input, allow_network, is_network_allowed};
pub use probe::{Probe, probe};
pub use process::Canceller;
pub use still::{frame_at, picture, sound, sound_at};
pub use timeline::{GAP, Piece};

pub(crate) use decoder::Stream;
pub(crate) use live::live;
pub(crate) use ppm::read_ppm;
pub(crate) use process::Process;

use std::fmt;
use std::io;

use thiserror::Error;

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
    /// What reads it came to an unnatural end.
    #[error("{input} was not read to its end: {how}")]
    Died {
        /// File or address.
        input: String,
        /// What happened.
        how: String,
    },
    /// It gives nothing any more.
    #[error("{input} gave nothing for {seconds} s")]
    Stalled {
        /// File or address.
        input: String,
        /// How long it was waited for.
        seconds: f64,
    },
    /// The output could not be made.
    #[error("{output} cannot be written: {reason}")]
    Unwritable {
        /// The file.
        output: String,
        /// In ffmpeg's or the system's words.
        reason: String,
    },
}

/// What of an input could not be decoded. All else was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// File or address.
    pub input: String,
    /// How often ffmpeg complained.
    pub times: u64,
    /// Its last complaint.
    pub last: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { input, times, last } = self;
        write!(f, "{input} is damaged: what could be read was used; {times} complaints, the last: {last}")
    }
}
