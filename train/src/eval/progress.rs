//! Bars with the time left, for experiments that take long.

use indicatif::{MultiProgress, ProgressBar, ProgressFinish, ProgressStyle};

/// The bars of a run, one below the other: model and control are measured at once, in several steps.
#[derive(Clone, Debug, Default)]
pub struct Bars(MultiProgress);

impl Bars {
    /// A bar of so many steps of `what`, which goes when it is dropped. It shows with its first step.
    pub(super) fn bar(&self, what: &str, steps: usize) -> ProgressBar {
        let style = "{msg:28} {bar:30} {pos}/{len}  {elapsed_precise} + {eta_precise}";
        let style = ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::new(steps as u64).with_style(style).with_message(what.to_string());
        self.0.add(bar.with_finish(ProgressFinish::AndClear))
    }
}
