//! What a training run shows: a bar with the time left; and what it keeps: JSON lines, a table, curves for TensorBoard.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::Error;
use crate::checkpoint::Progress;
use crate::config::Config;
use crate::curves::Curves;
use crate::learner::Step;

/// Steps whose mean is shown and written.
pub(crate) const EVERY: u64 = 20;

/// Columns of `metrics.csv`; what is not known of a step is empty.
const COLUMNS: [&str; 8] =
    ["step", "loss", "fusion", "logistic", "contrast", "validation", "learning_rate", "seconds"];

/// Writes `metrics.jsonl`, `metrics.csv` and event files into the run's folder, and moves the bar.
pub(crate) struct Reporter {
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
    pub(crate) fn start(folder: &Path, config: &Config, done: u64) -> Result<Self, Error> {
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
            table.write_record(COLUMNS).map_err(|e| Error::file(&table_path, e))?;
        }
        let style = "{bar:30} step {pos}/{len}  {msg}  {elapsed_precise} + {eta_precise}";
        let style = ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::new(config.steps).with_style(style).with_position(done);
        bar.reset_eta();
        let curves = Curves::start(folder, done)?;
        let (sums, last) = ([0.0; 4], (Progress::default(), 0.0));
        Ok(Self { bar, path, file, table, table_path, curves, sums, count: 0, last })
    }

    /// Takes a step's figures.
    ///
    /// # Errors
    /// The metrics cannot be written.
    pub(crate) fn step(&mut self, progress: &Progress, step: &Step, rate: f64) -> Result<(), Error> {
        self.bar.set_position(progress.steps);
        let [fusion, logistic, contrast] = step.parts.map(|p| f64::from(p.unwrap_or(f32::NAN)));
        for (sum, value) in self.sums.iter_mut().zip([f64::from(step.loss), fusion, logistic, contrast]) {
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
        let [loss, fusion, logistic, contrast] = self.sums.map(|sum| sum / self.count as f64);
        let pairs_a_second = progress.pairs as f64 / progress.seconds.max(1e-9);
        self.bar.set_message(format!("loss {loss:.3}  {pairs_a_second:.1} pairs/s"));
        (self.sums, self.count) = ([0.0; 4], 0);
        self.curves.step(
            progress.steps,
            &[
                ("loss/train", loss),
                ("loss/fusion", fusion),
                ("loss/logistic", logistic),
                ("loss/contrast", contrast),
                ("learning_rate", rate),
                ("pairs_per_second", pairs_a_second),
            ],
        )?;
        self.row(progress.steps, [loss, fusion, logistic, contrast, f64::NAN, rate, progress.seconds])?;
        self.write(&json!({
            "step": progress.steps, "loss": loss, "fusion": fusion, "logistic": logistic,
            "contrast": contrast, "learning_rate": rate, "seconds": progress.seconds,
        }))
    }

    fn write(&mut self, line: &Value) -> Result<(), Error> {
        let written = writeln!(self.file, "{line}").and_then(|()| self.file.flush());
        written.map_err(|e| Error::file(&self.path, e))
    }

    /// A row of the table: [`COLUMNS`] behind the step.
    fn row(&mut self, step: u64, values: [f64; COLUMNS.len() - 1]) -> Result<(), Error> {
        let known = |value: f64| if value.is_finite() { value.to_string() } else { String::new() };
        let fields = [step.to_string()].into_iter().chain(values.map(known));
        let written = self.table.write_record(fields).map_err(|e| Error::file(&self.table_path, e));
        written.and_then(|()| self.table.flush().map_err(|e| Error::file(&self.table_path, e)))
    }

    /// Takes a loss on the validation side.
    ///
    /// # Errors
    /// The metrics cannot be written.
    pub(crate) fn validation(&mut self, progress: &Progress, loss: f32) -> Result<(), Error> {
        let line = json!({ "step": progress.steps, "validation": loss, "best": progress.best });
        let (unknown, validation) = (f64::NAN, f64::from(loss));
        self.curves.step(progress.steps, &[("loss/validation", validation)])?;
        self.row(
            progress.steps,
            [unknown, unknown, unknown, unknown, validation, unknown, progress.seconds],
        )?;
        self.bar.println(format!("step {}: validation loss {loss:.3}", progress.steps));
        self.write(&line)
    }
}
