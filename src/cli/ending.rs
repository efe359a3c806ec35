//! How a command ends, in exit codes: 0 well, 1 not at all, 2 wrong usage, and those below.

use std::process::ExitCode;

use thiserror::Error;

use super::Failure;

/// Why a command did not do all that it was asked for, though what it did is complete.
#[derive(Debug, Error)]
pub(crate) enum Unfinished {
    /// By Ctrl-C or another signal. Exit code 130, as shells have it.
    #[error("stopped{0}")]
    Interrupted(String),
    /// A part of the input could not be read; what could was used. Exit code 3.
    #[error("{0}")]
    Damaged(String),
}

/// The exit code for an error.
pub(crate) fn code(failure: &Failure) -> ExitCode {
    match failure.downcast_ref() {
        Some(Unfinished::Interrupted(_)) => ExitCode::from(130),
        Some(Unfinished::Damaged(_)) => ExitCode::from(3),
        None => ExitCode::FAILURE,
    }
}
