//! `lookhear judge PICTURE SOUND`, `lookhear judge --pairs FILE` and `lookhear judge --matrix PICTURES SOUNDS`.

mod matrix;
mod pairs;

use std::collections::HashSet;
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use lookhear::batch::{Name, Once, Table};

use super::{Failure, ModelArguments, Unfinished};

#[derive(Args)]
pub(super) struct JudgeArguments {
    /// A picture, or a moment of a video: clip.mp4@3.5
    #[arg(required_unless_present_any = ["pairs", "matrix"], requires = "sound")]
    picture: Option<OsString>,
    /// A sound, or a moment of a sound or video: clip.mp4@3.5. Without a moment, its loudest second.
    sound: Option<OsString>,
    /// Judge many: a file (- for standard input) with a picture, a tab and a sound on each line.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["picture", "sound", "matrix"])]
    pairs: Option<PathBuf>,
    /// Judge all pictures with all sounds, and write a table of the scores. Each is a folder, a list of names (.txt) or one
    /// name.
    #[arg(long, num_args = 2, value_names = ["PICTURES", "SOUNDS"], conflicts_with_all = ["picture", "sound", "json", "map"])]
    matrix: Option<Vec<OsString>>,
    /// Where the table goes; without it, to standard output.
    #[arg(long, value_name = "FILE", requires = "matrix")]
    out: Option<PathBuf>,
    /// The table's format: tsv or npz. Without it, that which the file's name ends with.
    #[arg(long, value_name = "FORMAT", requires = "matrix")]
    table: Option<Table>,
    /// Let the table replace a file that is there already.
    #[arg(long, requires = "out")]
    force: bool,
    /// One JSON line per pair, as in `watch`; without a table there is nothing else.
    #[arg(long)]
    json: bool,
    /// Add the localization map.
    #[arg(long)]
    map: bool,
    #[command(flatten)]
    model: ModelArguments,
}

impl JudgeArguments {
    pub(super) fn run(self) -> Result<(), Failure> {
        if let Some(sides) = &self.matrix {
            return matrix::run(&self, &sides[0], &sides[1]);
        }
        if let Some(list) = &self.pairs {
            return pairs::run(&self, list);
        }
        let (Some(picture), Some(sound)) = (&self.picture, &self.sound) else {
            return Err("give a picture and a sound, or --pairs FILE".into());
        };
        let mut judge = self.model.load()?;
        let pair = (Name::new(picture), Name::new(sound));
        pairs::judged(&mut judge, vec![Ok(pair)], self.map, &mut Report::new(1))
    }
}

/// What is said of many pairs besides the answers.
struct Report {
    bar: ProgressBar,
    total: usize,
    failed: usize,
    /// What was said: a name that fails, fails in each of its pairs.
    said: HashSet<String>,
    damaged: usize,
}

impl Report {
    fn new(total: usize) -> Self {
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len}  {elapsed_precise} + {eta_precise}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        // Where standard error is no terminal, nothing is drawn.
        let bar = if total > 1 { ProgressBar::new(total as u64) } else { ProgressBar::hidden() };
        Self { bar: bar.with_style(style), total, failed: 0, said: HashSet::new(), damaged: 0 }
    }

    /// So many pairs could not be judged.
    fn failed(&mut self, pairs: usize, words: String) {
        self.failed += pairs;
        self.tell(words);
    }

    fn tell(&mut self, words: String) {
        if self.said.insert(words.clone()) {
            self.bar.suspend(|| log::warn!("{words}"));
        }
    }

    /// Tells what was damaged of what was read.
    fn damaged(&mut self, once: &mut Once) {
        for damaged in once.take_damaged() {
            self.damaged += 1;
            self.tell(format!("{}: {}; the rest was used", damaged.name, damaged.loss));
        }
    }

    /// Writes a part of the answer where the progress is drawn, too.
    fn print(&self, line: &[u8]) -> io::Result<()> {
        let write = || io::stdout().lock().write_all(line);
        if io::stdout().is_terminal() { self.bar.suspend(write) } else { write() }
    }

    fn end(&self, what: &str) -> Result<(), Failure> {
        self.bar.finish_and_clear();
        let (total, failed, damaged) = (self.total, self.failed, self.damaged);
        match (failed, damaged) {
            (0, 0) => Ok(()),
            (0, _) => Err(Unfinished::Damaged(format!("{damaged} of the files were damaged")).into()),
            _ => Err(format!("{failed} of {total} {what} could not be judged").into()),
        }
    }
}
