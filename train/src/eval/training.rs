//! The learning curves of a run of `fit`.

use std::collections::BTreeMap;
use std::path::Path;

use lookhear::model::Training;

use super::plots::{Curve, curves};
use super::svg::{Axis, Frame};
use super::{Content, Picture};
use crate::Error;
use crate::checkpoint::{self, Progress};
use crate::config::Config;

/// Points of a curve at most; of longer runs, each is the mean of as many neighbours.
const POINTS: usize = 250;

/// What a run's folder tells.
pub(super) struct Record {
    config: Config,
    progress: Progress,
    columns: BTreeMap<String, BTreeMap<u64, f64>>,
    /// The run's folder and how far it is.
    pub(super) split: String,
}

impl Record {
    /// Reads the checkpoint and the table of a run.
    ///
    /// # Errors
    /// One of them is missing or damaged.
    pub(super) fn open(folder: &Path) -> Result<Self, Error> {
        let (config, progress) = checkpoint::run(folder)?;
        let name = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy();
        let split = format!("run {name}, step {} of {}", progress.steps, config.steps);
        Ok(Self { config, progress, columns: table(&folder.join("metrics.csv"))?, split })
    }

    /// The recipe in short, what the losses came to, and whether the training that a bundle tells of was this run.
    pub(super) fn note(&self, told: &Training) -> String {
        let Config { preset, batch, learning_rate, seed, .. } = &self.config;
        let Progress { steps, pairs, seconds, .. } = self.progress;
        let hours = seconds / 3600.0;
        let values = |column: &str| self.columns.get(column).into_iter().flatten();
        let last = values("loss").last().map(|(step, loss)| format!(" Loss at step {step}: {loss:.4}."));
        let best = values("validation").min_by(|a, b| a.1.total_cmp(b.1));
        let best =
            best.map(|(step, loss)| format!(" Lowest on the validation side: {loss:.4}, at step {step}."));
        let own = self.progress.training("", String::new());
        let origin = match (told.steps, told.pairs) == (own.steps, own.pairs) {
            true => "The model under test has had as many steps and pairs as this run.".to_string(),
            false => format!(
                "The model under test has had {} steps and {} pairs, this run {} and {}: it is of ANOTHER run, or an \
                 earlier network of this one.",
                told.steps, told.pairs, own.steps, own.pairs
            ),
        };
        format!(
            "Preset {preset}, batch {batch}, learning rate {learning_rate}, seed {seed}: {steps} steps, {pairs} pairs, \
             {hours:.2} hours.{}{} {origin}",
            last.unwrap_or_default(),
            best.unwrap_or_default()
        )
    }

    /// The loss, its parts, and the learning rate.
    pub(super) fn pictures(&self) -> Vec<Picture> {
        let plot = |title: &str, caption: &str, columns: &[(&str, &str)]| {
            let curves_of: Vec<Curve> =
                columns.iter().filter_map(|(column, name)| self.curve(column, name)).collect();
            let points = || curves_of.iter().flat_map(|curve| curve.points.iter());
            // Without a single row there is nothing to see.
            points().next()?;
            let last = points().map(|point| point.0).fold(self.progress.steps as f64, f64::max);
            let highest = points().map(|point| point.1).fold(0.0, f64::max);
            let frame = Frame { x: Axis::new("step", 0.0, last), y: Axis::new(title, 0.0, 1.04 * highest) };
            let content = Content::Svg(curves(&frame, &curves_of));
            Some(Picture { title: title.into(), caption: caption.into(), content })
        };
        let resolution = match self.config.half_resolution {
            share if share > 0.0 && share < 1.0 => format!(
                " From step {:.0} on at full resolution: losses before and after do not compare.",
                share * self.config.steps as f64
            ),
            _ => String::new(),
        };
        let caption = format!(
            "Of training: means of {} steps, fewer where the run ended, disturbed as the recipe says. Of validation: the running mean's, on \
             the validation side, if the recipe looks at it.{resolution}",
            crate::report::EVERY
        );
        let parts = [("fusion", "fusion"), ("logistic", "logistic"), ("contrast", "contrast")];
        [
            plot("loss", &caption, &[("loss", "training"), ("validation", "validation")]),
            plot(
                "parts of the loss",
                "What the loss is the sum of, fusion by the recipe's fusion_weight, as far as the network has these heads.",
                &parts,
            ),
            plot(
                "learning rate",
                "Adam's, in the last of those steps.",
                &[("learning_rate", "learning rate")],
            ),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn curve(&self, column: &str, name: &str) -> Option<Curve> {
        let column: Vec<(&u64, &f64)> = self.columns.get(column)?.iter().collect();
        let mean = |points: &[(&u64, &f64)]| {
            let sum = points.iter().map(|(_, value)| **value).sum::<f64>();
            (points.last().map_or(0.0, |(step, _)| **step as f64), sum / points.len() as f64)
        };
        let points = column.chunks(column.len().div_ceil(POINTS).max(1)).map(mean).collect();
        (!column.is_empty()).then(|| Curve { name: name.into(), points })
    }
}

/// Values by column and step; what is empty is left out. A run that went on behind an older checkpoint wrote some
/// steps twice: the later row counts.
fn table(path: &Path) -> Result<BTreeMap<String, BTreeMap<u64, f64>>, Error> {
    let wrong = |e: csv::Error| Error::file(path, e);
    let mut reader = csv::Reader::from_path(path).map_err(wrong)?;
    let names = reader.headers().map_err(wrong)?.clone();
    let mut columns: BTreeMap<String, BTreeMap<u64, f64>> = BTreeMap::new();
    for row in reader.records() {
        let row = row.map_err(wrong)?;
        let step = row.get(0).and_then(|step| step.parse().ok());
        let step: u64 =
            step.ok_or_else(|| Error::file(path, format!("{:?} begins with no step", row.as_slice())))?;
        for (name, value) in names.iter().zip(&row).skip(1) {
            if let Ok(value) = value.parse() {
                columns.entry(name.into()).or_default().insert(step, value);
            }
        }
    }
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(table_of: &str) -> Record {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.csv");
        std::fs::write(&path, table_of).unwrap();
        let progress = Progress { steps: 60, pairs: 120, seconds: 1800.0, ..Progress::default() };
        let columns = table(&path).unwrap();
        Record { config: Config::default(), progress, columns, split: "run r, step 60 of 8000".into() }
    }

    #[test]
    fn the_curves_are_those_of_the_table() {
        let text = "step,loss,fusion,validation\n20,2.5,,\n20,,,2.25\n40,9,,\n40,1.5,,\n60,1.25,,\n";
        let pictures = record(text).pictures();
        assert_eq!(pictures.len(), 1, "no parts and no rate are known");
        let Content::Svg(svg) = &pictures[0].content else { panic!("a plot") };
        let words = "training: 2.5000 at 20, lowest 1.2500 at 60, 1.2500 at 60; validation: 2.2500 at 20";
        assert!(svg.contains(words), "{svg}");
        assert!(pictures[0].caption.contains("From step 5600 on"), "{}", pictures[0].caption);
    }

    #[test]
    fn the_note_tells_the_losses_and_of_which_run_the_model_is() {
        let record = record("step,loss,validation\n20,2.5,\n20,,2.25\n40,,2.5\n60,1.25,\n");
        let told = Training { steps: 60, pairs: 120, ..Training::default() };
        let note = record.note(&told);
        let losses = "Loss at step 60: 1.2500. Lowest on the validation side: 2.2500, at step 20.";
        assert!(note.contains(losses) && note.contains("60 steps, 120 pairs, 0.50 hours"), "{note}");
        assert!(note.ends_with("as many steps and pairs as this run."), "{note}");
        let other = record.note(&Training { steps: 61, ..told });
        assert!(
            other.contains("has had 61 steps and 120 pairs, this run 60 and 120: it is of ANOTHER run"),
            "{other}"
        );
    }

    #[test]
    fn a_long_run_is_drawn_by_means() {
        let rows: String = (1..=1000).map(|n| format!("{n},{}\n", n % 2)).collect();
        let curve = record(&format!("step,loss\n{rows}")).curve("loss", "training").unwrap();
        assert_eq!(
            (curve.points.len(), curve.points[0], curve.points[249]),
            (250, (4.0, 0.5), (1000.0, 0.5))
        );
    }

    #[test]
    fn a_damaged_table_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.csv");
        std::fs::write(&path, "step,loss\nx,1\n").unwrap();
        let error = table(&path).unwrap_err().to_string();
        assert!(error.contains("metrics.csv") && error.contains("no step"), "{error}");
    }
}
