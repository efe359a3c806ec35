//! Why the kiosk ended.

use thiserror::Error;

use super::screen::ScreenError;
use crate::validation::ValidationError;

/// Any error of a background thread.
pub type Fault = Box<dyn std::error::Error + Send + Sync>;

/// What ends the kiosk. A unit with `Restart=always` begins it again.
#[derive(Debug, Error)]
pub enum KioskError {
    /// There is no display to show the kiosk on.
    #[error(
        "there is no display: {0}. Start the kiosk in a graphical session, or set DISPLAY (X11) or WAYLAND_DISPLAY; \
         without a screen there is `lookhear live --headless --json`"
    )]
    NoDisplay(String),
    /// The connection to the display was lost.
    #[error("the display is gone or takes no pictures: {0}. Start the kiosk again once it is back")]
    DisplayLost(String),
    /// The screen cannot be drawn.
    #[error(transparent)]
    Screen(#[from] ScreenError),
    /// A setting is invalid.
    #[error(transparent)]
    Setting(#[from] ValidationError),
    /// A thread ended with an error.
    #[error("{thread}: {fault}")]
    Failed {
        /// What the thread did.
        thread: &'static str,
        /// Its error.
        fault: Fault,
    },
    /// A thread panicked.
    #[error("{thread} broke down: {reason}. This is a mistake in the program: please report it")]
    Panicked {
        /// What the thread did.
        thread: &'static str,
        /// The panic message.
        reason: String,
    },
    /// A thread did not end when it was asked to.
    #[error("{thread} did not end within {seconds} s: what it was writing may be incomplete")]
    Stuck {
        /// What the thread did.
        thread: &'static str,
        /// How long it was waited for.
        seconds: u64,
    },
}
