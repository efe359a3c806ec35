//! How a command ends: what asks it to, and the exit codes: 0 well, 1 not at all, 2 wrong usage, and those below.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use lookhear::console::{Answers, tell};
use lookhear::output;
use lookhear::pipeline::Controls;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
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

/// How long a run that has nothing to complete may go on once it was asked to end.
const GRACE: Duration = Duration::from_secs(1);

/// As [`controls`], for a run that has nothing to complete: it may wait for a pipe, or for a decoder, which nobody can
/// call off, and ends all the same, a second after it was asked to.
pub(super) fn controls_at_once() -> Result<Arc<Controls>, Failure> {
    let controls = Arc::new(Controls::default());
    let asked = controls.clone();
    on_signal(move |_| {
        if asked.stop.swap(true, Ordering::Relaxed) {
            end_now();
        }
        thread::spawn(|| {
            thread::sleep(GRACE);
            tell(format_args!("lookhear: stopped"));
            end_now();
        });
    })?;
    Ok(controls)
}

/// Handles Ctrl-C, SIGTERM and SIGHUP in a thread.
fn on_signal(mut handle: impl FnMut(i32) + Send + 'static) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    let work = move || signals.forever().for_each(&mut handle);
    thread::Builder::new().name("signals".into()).spawn(work).map(drop)
}

/// Ends the program; what is not complete is removed.
fn end_now() -> ! {
    output::abandon();
    std::process::exit(130)
}

/// Controls that Ctrl-C, SIGTERM and SIGHUP stop: the run ends after the decision it is at, outputs
/// complete. Asked a second time, the program ends at once, and what is not complete is removed.
pub(super) fn controls() -> Result<Arc<Controls>, Failure> {
    controls_of_run(false)
}

/// The same for a run whose settings SIGHUP may read again instead of ending it.
pub(super) fn controls_of_run(reloads: bool) -> Result<Arc<Controls>, Failure> {
    let controls = Arc::new(Controls::default());
    let asked = controls.clone();
    on_signal(move |signal| {
        if signal == SIGHUP && reloads {
            asked.reload.store(true, Ordering::Relaxed);
            return;
        }
        asked.stop.store(true, Ordering::Relaxed);
        if asked.interrupted.swap(true, Ordering::Relaxed) {
            end_now();
        }
    })?;
    Ok(controls)
}
