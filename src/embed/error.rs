//! Why something could not be embedded.

use std::io;
use std::path::Path;

use thiserror::Error;

use crate::media::MediaError;
use crate::output::OutputError;
use crate::preprocess::ResampleError;

/// Why something could not be embedded.
#[derive(Debug, Error)]
pub enum EmbedError {
    /// A setting is out of range, or does not fit the model.
    #[error("{0}")]
    Settings(String),
    /// The inputs, taken together, cannot be worked on.
    #[error("{0}")]
    Inputs(String),
    /// There is nothing in the file to embed.
    #[error("{input} has no {what} to embed")]
    Nothing {
        /// The file.
        input: String,
        /// `picture` or `sound`.
        what: &'static str,
    },
    /// Sound in memory has a rate or a number of channels that cannot be used.
    #[error(transparent)]
    Format(#[from] ResampleError),
    /// Not media, damaged, or ffmpeg is missing.
    #[error("{0}")]
    Media(MediaError),
    /// The output exists, and was made by another program.
    #[error(
        "{output} is there already and is no output of `embed`: choose another --out, or replace it by --force"
    )]
    Foreign {
        /// The file.
        output: String,
    },
    /// The output exists, and was made by another model, engine or version.
    #[error(
        "{output} is there already and was made by another model, engine or version: choose another --out, or replace it \
         by --force"
    )]
    Other {
        /// The file.
        output: String,
    },
    /// An output cannot be written: further files would fail as well.
    #[error("{output} cannot be written: {source}")]
    Io {
        /// The file or folder.
        output: String,
        /// The system's reason.
        source: io::Error,
    },
    /// A file cannot be moved to its place: further files would fail as well.
    #[error(transparent)]
    Output(OutputError),
    /// The caller asked to stop.
    #[error("stopped")]
    Stopped,
}

impl EmbedError {
    /// Names an output that cannot be written.
    pub(super) fn output(path: &Path) -> impl Fn(io::Error) -> Self {
        move |source| Self::Io { output: path.display().to_string(), source }
    }
}

impl From<MediaError> for EmbedError {
    fn from(error: MediaError) -> Self {
        match error {
            // Here, one of the two streams is enough.
            MediaError::NoStream { input, what } => Self::Nothing { input, what },
            other => Self::Media(other),
        }
    }
}
