//! Progress and errors of many pairs, besides the answers.

use std::collections::HashSet;
use std::io::{self, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};
use lookhear::batch::Once;

use crate::cli::ending::{Failure, Unfinished};

/// Progress and errors of many pairs, besides the answers.
pub(super) struct Report {
    pub(super) bar: ProgressBar,
    total: usize,
    failed: usize,
    /// Errors already printed: a name that fails does so in each of its pairs.
    said: HashSet<String>,
    /// Names of what was damaged.
    damaged: HashSet<String>,
}

impl Report {
    pub(super) fn new(total: usize) -> Self {
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len}  {elapsed_precise} + {eta_precise}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        // Where standard error is no terminal, nothing is drawn.
        let bar = if total > 1 { ProgressBar::new(total as u64) } else { ProgressBar::hidden() };
        Self { bar: bar.with_style(style), total, failed: 0, said: HashSet::new(), damaged: HashSet::new() }
    }

    /// So many pairs could not be judged.
    pub(super) fn failed(&mut self, pairs: usize, words: String) {
        self.failed += pairs;
        self.tell(words);
    }

    fn tell(&mut self, words: String) {
        if self.said.insert(words.clone()) {
            self.bar.suspend(|| log::warn!("{words}"));
        }
    }

    /// Tells what was damaged of what was read.
    pub(super) fn damaged(&mut self, once: &mut Once) {
        for damaged in once.take_damaged() {
            self.tell(format!("{}: {}; the rest was used", damaged.name, damaged.loss));
            self.damaged.insert(damaged.name);
        }
    }

    /// Writes a part of the answer where the progress is drawn, too.
    pub(super) fn print(&self, line: &[u8]) -> io::Result<()> {
        let write = || io::stdout().lock().write_all(line);
        if io::stdout().is_terminal() { self.bar.suspend(write) } else { write() }
    }

    pub(super) fn end(&self, what: &str) -> Result<(), Failure> {
        self.bar.finish_and_clear();
        let (total, failed, damaged) = (self.total, self.failed, self.damaged.len());
        match (failed, damaged) {
            (0, 0) => Ok(()),
            (0, _) => Err(Unfinished::Damaged(format!("{damaged} of the files were damaged")).into()),
            _ => Err(format!("{failed} of {total} {what} could not be judged").into()),
        }
    }
}
