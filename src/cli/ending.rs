//! How a command ends: what asks it to, and the exit codes: 0 well, 1 not at all, 2 wrong usage, and those below.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use lookhear::console::Answers;
use lookhear::output;
use lookhear::pipeline::Controls;
use thiserror::Error;

/// Any error that ends the program, in one sentence.
pub(crate) type Failure = Box<dyn std::error::Error>;

/// Why a command did not do all that it was asked for, though what it did is complete.
#[derive(Debug, Error)]
pub(super) enum Unfinished {
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

/// Standard output for the lines of a run. Once nobody reads them, a run that has nothing else to do ends.
pub(super) fn answers(controls: &Arc<Controls>, alone: bool) -> Answers {
    let controls = controls.clone();
    Answers::new(move || {
        if alone {
            controls.stop.store(true, Ordering::Relaxed);
        }
    })
}

/// Controls that Ctrl-C, SIGTERM and SIGHUP stop: the run ends after the decision it is at, outputs
/// complete. Asked a second time, the program ends at once, and what is not complete is removed.
pub(super) fn controls() -> Result<Arc<Controls>, Failure> {
    let controls = Arc::new(Controls::default());
    let asked = controls.clone();
    ctrlc::set_handler(move || {
        asked.stop.store(true, Ordering::Relaxed);
        if asked.interrupted.swap(true, Ordering::Relaxed) {
            output::abandon();
            std::process::exit(130);
        }
    })?;
    Ok(controls)
}
