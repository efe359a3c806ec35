//! What a training run shows: a bar with the time left; and what it keeps: JSON lines, a table, curves for TensorBoard.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::Error;
use crate::checkpoint::Progress;
use crate::curves::Curves;
use crate::learner::Step;

/// Steps whose mean is shown and written.
pub(crate) const EVERY: u64 = 20;

/// What a kind of run tells.
pub(crate) struct Words {
    /// The parts of its loss.
    pub(crate) parts: [&'static str; 3],
    /// What is measured on the validation side, for people and as a curve's name.
    pub(crate) validation: &'static str,
    pub(crate) curve: &'static str,
    /// What a batch is made of.
    pub(crate) examples: &'static str,
}

impl Words {
    /// Columns of `metrics.csv`; what is not known of a step is empty.
    fn columns(&self) -> [&'static str; 8] {
        let [first, second, third] = self.parts;
        ["step", "loss", first, second, third, "validation", "learning_rate", "seconds"]
    }
}

/// Writes `metrics.jsonl`, `metrics.csv` and event files into the run's folder, and moves the bar.
pub(crate) struct Reporter {
    words: &'static Words,
    bar: ProgressBar,
    path: PathBuf,
    file: BufWriter<File>,
    table: csv::Writer<File>,
    table_path: PathBuf,
    curves: Curves,
    sums: [f64; 4],
    count: u64,
    /// How far the run is, and its learning rate.
    last: (Progress, f64),
}

impl Reporter {
    /// Appends to the metrics of the folder.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub(crate) fn start(folder: &Path, words: &'static Words, steps: u64, done: u64) -> Result<Self, Error> {
        let path = folder.join("metrics.jsonl");
        let append = |path: &Path| {
            let file = OpenOptions::new().create(true).append(true).open(path);
            file.map_err(|e| Error::file(path, e))
        };
        let file = BufWriter::new(append(&path)?);
        let table_path = folder.join("metrics.csv");
        let table = append(&table_path)?;
        let is_new = table.metadata().map_err(|e| Error::file(&table_path, e))?.len() == 0;
        let mut table = csv::Writer::from_writer(table);
        if is_new {
            table.write_record(words.columns()).map_err(|e| Error::file(&table_path, e))?;
        }
        let style = "{bar:30} step {pos}/{len}  {msg}  {elapsed_precise} + {eta_precise}";
        let style = ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::new(steps).with_style(style).with_position(done);
        bar.reset_eta();
        let curves = Curves::start(folder, done)?;
        let (sums, last) = ([0.0; 4], (Progress::default(), 0.0));
        Ok(Self { words, bar, path, file, table, table_path, curves, sums, count: 0, last })
    }

    /// Takes a step's figures.
    ///
    /// # Errors
    /// The metrics cannot be written.
    pub(crate) fn step(&mut self, progress: &Progress, step: &Step, rate: f64) -> Result<(), Error> {
        self.bar.set_position(progress.steps);
        let [first, second, third] = step.parts.map(|p| f64::from(p.unwrap_or(f32::NAN)));
        for (sum, value) in self.sums.iter_mut().zip([f64::from(step.loss), first, second, third]) {
            *sum += value;
        }
        self.count += 1;
        self.last = (*progress, rate);
        if self.count < EVERY { Ok(()) } else { self.write_mean() }
    }

    /// Writes what the last steps were, fewer than for a line of their own.
    ///
    /// # Errors
    /// The metrics cannot be written.
    pub(crate) fn finish(&mut self) -> Result<(), Error> {
        if self.count > 0 { self.write_mean() } else { Ok(()) }
    }

    /// Writes and shows the mean since the last time.
    fn write_mean(&mut self) -> Result<(), Error> {
        let (progress, rate) = self.last;
        let [loss, first, second, third] = self.sums.map(|sum| sum / self.count as f64);
        let (examples, speed) = (self.words.examples, progress.pairs as f64 / progress.seconds.max(1e-9));
        self.bar.set_message(format!("loss {loss:.3}  {speed:.1} {examples}/s"));
        (self.sums, self.count) = ([0.0; 4], 0);
        let parts = self.words.parts;
        self.curves.step(
            progress.steps,
            &[
                ("loss/train", loss),
                (&*format!("loss/{}", parts[0]), first),
                (&*format!("loss/{}", parts[1]), second),
                (&*format!("loss/{}", parts[2]), third),
                ("learning_rate", rate),
                (&*format!("{examples}_per_second"), speed),
            ],
        )?;
        self.row(progress.steps, [loss, first, second, third, f64::NAN, rate, progress.seconds])?;
        self.write(&json!({
            "step": progress.steps, "loss": loss, parts[0]: first, parts[1]: second, parts[2]: third,
            "learning_rate": rate, "seconds": progress.seconds,
        }))
    }

    fn write(&mut self, line: &Value) -> Result<(), Error> {
        let written = writeln!(self.file, "{line}").and_then(|()| self.file.flush());
        written.map_err(|e| Error::file(&self.path, e))
    }

    /// A row of the table: the other columns behind the step.
    fn row(&mut self, step: u64, values: [f64; 7]) -> Result<(), Error> {
        let known = |value: f64| if value.is_finite() { value.to_string() } else { String::new() };
        let fields = [step.to_string()].into_iter().chain(values.map(known));
        let written = self.table.write_record(fields).map_err(|e| Error::file(&self.table_path, e));
        written.and_then(|()| self.table.flush().map_err(|e| Error::file(&self.table_path, e)))
    }

    /// Takes a figure of the validation side.
    ///
    /// # Errors
    /// The metrics cannot be written.
    pub(crate) fn validation(&mut self, progress: &Progress, figure: f32) -> Result<(), Error> {
        let line = json!({ "step": progress.steps, "validation": figure, "best": progress.best });
        let (unknown, validation) = (f64::NAN, f64::from(figure));
        self.curves.step(progress.steps, &[(self.words.curve, validation)])?;
        self.row(
            progress.steps,
            [unknown, unknown, unknown, unknown, validation, unknown, progress.seconds],
        )?;
        self.bar.println(format!("step {}: {} {figure:.3}", progress.steps, self.words.validation));
        self.write(&line)
    }
}
