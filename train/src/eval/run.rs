//! A model, what it is measured on, and how a measurement becomes a report.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use burn::tensor::Device;
use clap::ValueEnum;
use lookhear::engine::{Backend, Setup};
use lookhear::judge::Judge;
use lookhear::model::Bundle;

use super::clip_files::Fold;
use super::experiment::Experiment;
use super::figure::Figure;
use super::labelled::{self, Folds};
use super::made::Made;
use super::pictures::Picture;
use super::progress::Bars;
use super::report::{Findings, Published, Report};
use super::{Setting, transfer};
use crate::Error;
use crate::corpus::{Corpus, Split};

/// Folders to measure on.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// `photos/<class>/` and `sounds/<class>/`.
    pub corpus: Option<PathBuf>,
    /// Video clips.
    pub clips: Option<PathBuf>,
    /// A part of the clips' sources, to measure a model that did not learn from them.
    pub fold: Option<Fold>,
    /// Words in the file names of those clips that show what the model was taught; none: that is not told apart.
    pub taught: Vec<String>,
    /// What `lookhear-train prepare` made of videos.
    pub shards: Option<PathBuf>,
    /// Boxes on frames of videos, and the folder of those videos.
    pub boxes: Option<(PathBuf, PathBuf)>,
    /// Folder in the layout of ESC-50.
    pub esc: Option<PathBuf>,
    /// Folder in the layout of DCASE.
    pub dcase: Option<PathBuf>,
    /// Folder in the layout of ImageNet.
    pub imagenet: Option<PathBuf>,
    /// Folder of a run of `fit`.
    pub run: Option<PathBuf>,
}

/// Sides of the corpus that were opened: their files are decoded once for all experiments.
#[derive(Default)]
pub struct Cache(Mutex<HashMap<Split, Arc<Corpus>>>);

/// An experiment that was not run.
#[derive(Clone, Debug)]
pub struct Missing {
    /// Its name.
    pub experiment: String,
    /// What it would have needed.
    pub why: String,
}

/// A model and how it is measured.
pub struct Run {
    /// The model.
    pub bundle: Bundle,
    /// What runs it.
    pub engine: Backend,
    /// What it is measured on.
    pub inputs: Inputs,
    /// Which side of the corpus. Classifiers are fitted on the training side in any case.
    pub side: Split,
    /// Number of cases; `None`: those of all clips, and [`CASES`] of everything else.
    pub n: Option<usize>,
    /// Decides which cases.
    pub seed: u64,
    /// The same network with random weights, to be measured beside it.
    pub control: Option<Bundle>,
    /// Steps for which the supervised baselines learn.
    pub steps: u64,
    /// What the supervised baselines learn on.
    pub device: Device,
    /// Corpora that were opened; empty at first.
    pub cache: Cache,
    /// Progress bars of the longer experiments.
    pub bars: Bars,
}

/// Number of cases, unless another one is given.
pub const CASES: usize = 600;

/// Title, note, published figures.
pub(super) type Heading = (&'static str, &'static str, &'static [Published]);

/// With fewer independent groups, the interval is too wide for the figure to be meaningful.
const FEW: usize = 50;

/// What is to be said of figures that rest on too few groups.
fn warning(figures: &[Figure]) -> String {
    let few = || figures.iter().map(|figure| figure.groups).filter(|groups| *groups < FEW);
    match few().min() {
        None => String::new(),
        Some(groups) if few().count() == figures.len() => format!(
            " Only {groups} independent groups: this shows that the experiment runs, its figures mean nothing."
        ),
        Some(_) => format!(" A row of fewer than {FEW} groups shows that the experiment runs, and no more."),
    }
}

impl Run {
    pub(super) fn cases(&self) -> usize {
        self.n.unwrap_or(CASES)
    }

    /// The options that decide figures, besides the model and the seed.
    fn settings(&self) -> BTreeMap<&'static str, String> {
        let side = self.side.to_possible_value();
        let n = self.n.map_or(format!("{CASES} (clips: all)"), |n| n.to_string());
        let mut settings = BTreeMap::from([
            ("engine", self.engine.name().to_string()),
            ("n", n),
            ("side", side.as_ref().map_or("", |side| side.get_name()).to_string()),
            ("steps", self.steps.to_string()),
        ]);
        if !self.inputs.taught.is_empty() {
            settings.insert("taught", self.inputs.taught.join(","));
        }
        settings
    }

    pub(super) fn corpus(&self, experiment: Experiment, side: Split) -> Result<Arc<Corpus>, Error> {
        let folder = need(&self.inputs.corpus, experiment, "--corpus FOLDER")?;
        let mut cache = self.cache.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(corpus) = cache.get(&side) {
            return Ok(corpus.clone());
        }
        let corpus = Arc::new(Corpus::open(folder, side)?);
        cache.insert(side, corpus.clone());
        Ok(corpus)
    }

    /// The side that is measured on, and how a report calls it.
    pub(super) fn chosen_side(&self, experiment: Experiment) -> Result<(Arc<Corpus>, String), Error> {
        let corpus = self.corpus(experiment, self.side)?;
        // Memorized training data must not count as generalization.
        let side = match self.side {
            Split::HeldOut => "",
            Split::Train | Split::Fit => ", the side that was LEARNED FROM",
            Split::Validation => ", the side that settings were CHOSEN BY",
        };
        let split = format!("{}{side}", corpus.split);
        Ok((corpus, split))
    }

    pub(super) fn corpus_folds<T>(
        &self,
        experiment: Experiment,
        items: impl for<'a> Fn(&'a crate::corpus::Class) -> &'a [crate::corpus::Item<T>],
    ) -> Result<Folds, Error> {
        let (train, test) =
            (self.corpus(experiment, Split::Train)?, self.corpus(experiment, Split::HeldOut)?);
        Ok(labelled::of_corpus([&train, &test], items))
    }

    pub(super) fn transfer(
        &self,
        experiment: Experiment,
        heading: Heading,
        set: &Folds,
        measure: impl Fn(&mut Judge, &Folds, &transfer::Progress) -> Result<Findings, Error> + Sync,
    ) -> Result<Report, Error> {
        let models = 1 + usize::from(self.control.is_some());
        let progress = transfer::Progress {
            files: self.bars.bar(&format!("{experiment}: files"), models * set.files.len()),
            folds: self.bars.bar(&format!("{experiment}: classifiers"), models * set.folds.len()),
        };
        self.report(experiment, heading, &set.hash, |judge| measure(judge, set, &progress))
    }

    pub(super) fn on_corpus(
        &self,
        experiment: Experiment,
        heading: Heading,
        measure: impl Fn(&mut Setting) -> Result<Findings, Error> + Sync,
    ) -> Result<Report, Error> {
        let (corpus, split) = self.chosen_side(experiment)?;
        self.report(experiment, heading, &split, |judge| {
            measure(&mut Setting { judge, corpus: &corpus, n: self.cases(), seed: self.seed })
        })
    }

    /// Measures the model and then, if asked, the same network with random weights.
    pub(super) fn report(
        &self,
        experiment: Experiment,
        heading: Heading,
        split: &str,
        measure: impl Fn(&mut Judge) -> Result<Findings, Error> + Sync,
    ) -> Result<Report, Error> {
        let run = |bundle: &Bundle, threads| {
            let setup = Setup { backend: self.engine, threads, ..Setup::default() };
            measure(&mut Judge::new(bundle, setup)?)
        };
        let Some(random) = &self.control else {
            return Ok(self.finish(experiment, heading, split, run(&self.bundle, None)?, None));
        };
        // Most of an experiment runs on one thread: side by side, they take half as long.
        let (trained, control) = thread::scope(|scope| {
            let control = scope.spawn(|| run(random, Some(1)));
            let trained = run(&self.bundle, Some(1));
            (trained, control.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        });
        let (trained, control) = (trained?, Some(control?));
        Ok(self.finish(experiment, heading, split, trained, control))
    }

    pub(super) fn finish(
        &self,
        experiment: Experiment,
        (title, note, published): Heading,
        split: &str,
        trained: Findings,
        control: Option<Findings>,
    ) -> Report {
        let control = control.unwrap_or_default();
        let note = format!("{note}{}", warning(&trained.figures));
        let mut pictures = trained.pictures;
        pictures.extend(
            control
                .pictures
                .into_iter()
                .map(|picture| Picture { title: format!("{} (random weights)", picture.title), ..picture }),
        );
        Report {
            experiment: experiment.to_string(),
            title: title.into(),
            note,
            model: self.bundle.hash.clone(),
            split: split.into(),
            seed: self.seed,
            made: Made::now(self.settings()),
            figures: trained.figures,
            random_weights: control.figures,
            published: published.to_vec(),
            pictures,
        }
    }
}

pub(super) fn need<'a>(
    folder: &'a Option<PathBuf>,
    experiment: Experiment,
    option: &str,
) -> Result<&'a Path, Error> {
    folder.as_deref().ok_or_else(|| Error::Missing(format!("eval {experiment} needs {option}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_few_groups_are_said() {
        let figure = |groups| Figure { groups, ..Figure::of_values("a", 50.0, &[75.0, 75.0]) };
        assert_eq!(warning(&[figure(50), figure(51)]), "");
        assert_eq!(warning(&[]), "");
        assert!(warning(&[figure(50), figure(49)]).contains("A row of fewer than 50"));
        assert!(warning(&[figure(33), figure(49)]).contains("Only 33 independent groups"));
    }
}
