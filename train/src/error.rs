//! What can go wrong in training, each with the thing it is about.

use std::fmt::Display;
use std::path::Path;

use thiserror::Error;

/// An error that ends a command.
#[derive(Debug, Error)]
pub enum Error {
    /// A file or folder, and what is wrong with it.
    #[error("{path}: {reason}")]
    File {
        /// The path.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Pictures or sounds.
    #[error(transparent)]
    Media(#[from] lookhear::media::MediaError),
    /// A model.
    #[error(transparent)]
    Bundle(#[from] lookhear::model::BundleError),
    /// An option that was not given, in a sentence.
    #[error("{0}")]
    Missing(String),
    /// By Ctrl-C or another signal: what is done is kept, and the sentence says what goes on. Exit code 130, as
    /// shells have it.
    #[error("stopped; {0}")]
    Interrupted(String),
    /// Anything else, in a sentence.
    #[error("{0}")]
    Other(String),
}

impl Error {
    /// Puts a path before a reason.
    pub fn file(path: &Path, reason: impl Display) -> Self {
        Self::File { path: path.display().to_string(), reason: reason.to_string() }
    }
}
