//! What an experiment found, as text and as data.

use std::fmt;

use serde::Serialize;

use super::{Figure, Made, Picture};

/// Figures and pictures of a model.
#[derive(Default)]
pub struct Findings {
    /// What was counted.
    pub figures: Vec<Figure>,
    /// What there is to see.
    pub pictures: Vec<Picture>,
}

impl From<Vec<Figure>> for Findings {
    fn from(figures: Vec<Figure>) -> Self {
        Self { figures, pictures: Vec::new() }
    }
}

impl From<Vec<Picture>> for Findings {
    fn from(pictures: Vec<Picture>) -> Self {
        Self { figures: Vec::new(), pictures }
    }
}

/// A figure from a paper.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Published {
    /// What was measured, on which data.
    pub name: &'static str,
    /// As it is printed there.
    pub value: &'static str,
}

/// The findings of one experiment, with everything needed to get them again.
#[derive(Serialize)]
pub struct Report {
    /// Its name on the command line.
    pub experiment: String,
    /// What is measured, on what.
    pub title: String,
    /// What its figures may and may not be compared with.
    pub note: String,
    /// SHA-256 of the model.
    pub model: String,
    /// Hash of the split or of the folds.
    pub split: String,
    /// The seed.
    pub seed: u64,
    /// When, by what and how.
    #[serde(flatten)]
    pub made: Made,
    /// The figures.
    pub figures: Vec<Figure>,
    /// The figures of the network with random weights; empty if they were not requested.
    pub random_weights: Vec<Figure>,
    /// What the papers report.
    pub published: Vec<Published>,
    /// What there is to see.
    #[serde(skip)]
    pub pictures: Vec<Picture>,
}

#[cfg(test)]
impl Report {
    /// A small one, to write in different ways.
    pub(super) fn example(figure: &str) -> Self {
        let figure = Figure::of_values(figure, 50.0, &[75.0, 75.0]);
        Self {
            experiment: "avc".into(),
            title: "AVC".into(),
            note: "A note.".into(),
            model: "0123456789abcdef".into(),
            split: "s".into(),
            seed: 1,
            made: Made {
                date: "2026-11-30".into(),
                version: "1.2.3".into(),
                settings: [("engine", "int".to_string()), ("n", "600".into())].into(),
            },
            random_weights: vec![Figure { percent: 51.0, ..figure.clone() }],
            figures: vec![figure],
            published: super::published::AVC.to_vec(),
            pictures: vec![],
        }
    }
}

/// A figure of random weights, and how far the model's lies above it on the same cases.
pub(super) fn beside(figure: &Figure, random: &Figure) -> String {
    let Figure { percent, interval: [low, high], .. } = random;
    let above =
        figure.above(random).map(|(points, [low, high])| format!("; {points:+.1} [{low:+.1}, {high:+.1}]"));
    format!("{percent:.1} ({low:.1} - {high:.1}){}", above.unwrap_or_default())
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let model = &self.model[..12.min(self.model.len())];
        writeln!(f, "\n{} (model {model}, split {}, seed {})", self.title, self.split, self.seed)?;
        writeln!(f, "  {}", self.note)?;
        if !self.figures.is_empty() {
            writeln!(
                f,
                "  {:<66} {:>6}  {:>15} {:>7} {:>6} {:>7}  random weights; points above them",
                "", "%", "95 % interval", "chance", "n", "groups"
            )?;
        }
        for (i, figure) in self.figures.iter().enumerate() {
            let Figure { name, percent, interval: [low, high], chance, n, groups, .. } = figure;
            write!(
                f,
                "  {name:<66} {percent:>6.1}  {low:>6.1} - {high:>6.1} {chance:>7.1} {n:>6} {groups:>7}"
            )?;
            match self.random_weights.get(i) {
                Some(random) => writeln!(f, "  {}", beside(figure, random))?,
                None => writeln!(f)?,
            }
        }
        for Published { name, value } in &self.published {
            writeln!(f, "  published: {name}: {value}")?;
        }
        Ok(())
    }
}
