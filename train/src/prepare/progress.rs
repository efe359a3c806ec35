//! How far a run is.

use indicatif::{ProgressBar, ProgressStyle};

/// How far it is, on standard error if that is a terminal.
pub(super) fn bar(what: &'static str, all: usize, done: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {msg} {pos}/{len}  {elapsed_precise} + {eta_precise}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(all as u64).with_style(style).with_message(what).with_position(done as u64);
    bar.reset_eta();
    bar
}
