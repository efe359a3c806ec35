//! Why the kiosk ended.

use thiserror::Error;

use super::screen::ScreenError;
use crate::problem::Problem;

/// Any error of what runs behind the screen.
pub type Fault = Box<dyn std::error::Error + Send + Sync>;

/// What ends the kiosk. A unit with `Restart=always` begins it again.
#[derive(Debug, Error)]
pub enum KioskError {
    /// There is nothing to show it on.
    #[error(
        "there is no display: {0}. Start the kiosk in a graphical session, or set DISPLAY (X11) or WAYLAND_DISPLAY; \
         without a screen there is `lookhear live --headless --json`"
    )]
    NoDisplay(String),
    /// There was one.
    #[error("the display is gone or takes no pictures: {0}. Start the kiosk again once it is back")]
    DisplayLost(String),
    /// It cannot be drawn.
    #[error(transparent)]
    Screen(#[from] ScreenError),
    /// A setting.
    #[error(transparent)]
    Setting(#[from] Problem),
    /// A thread stopped by its own error.
    #[error("{thread}: {fault}")]
    Failed {
        /// What it did.
        thread: &'static str,
        /// Its error.
        fault: Fault,
    },
    /// A thread broke down.
    #[error("{thread} broke down: {reason}. This is a mistake in the program: please report it")]
    Panicked {
        /// What it did.
        thread: &'static str,
        /// What it said.
        reason: String,
    },
    /// A thread did not end when it was asked to.
    #[error("{thread} did not end within {seconds} s: what it was writing may be incomplete")]
    Stuck {
        /// What it did.
        thread: &'static str,
        /// How long it was waited for.
        seconds: u64,
    },
}
