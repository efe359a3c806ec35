//! What each experiment needs, what it measures, and beside which published figures it stands.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use burn::tensor::Device;
use clap::ValueEnum;
use lookhear::engine::{Backend, Setup};
use lookhear::judge::Judge;
use lookhear::model::Bundle;

use super::baselines::{Schooling, baselines};
use super::labelled::{self, Folds};
use super::report::{Findings, Published, Report};
use super::*;
use crate::Error;
use crate::corpus::{Corpus, Split, fingerprint};
use crate::shards::{Shards, Side};

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
    /// In the layout of ESC-50.
    pub esc: Option<PathBuf>,
    /// In the layout of DCASE.
    pub dcase: Option<PathBuf>,
    /// In the layout of ImageNet.
    pub imagenet: Option<PathBuf>,
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
    /// Empty at first.
    pub cache: Cache,
    /// Where it is shown how far the longer experiments are.
    pub bars: Bars,
}

/// Number of cases, unless another one is given.
pub const CASES: usize = 600;

/// Title, note, published figures.
type Heading = (&'static str, &'static str, &'static [Published]);

/// With fewer independent groups, a figure's interval is so wide that the figure says nothing.
const FEW: usize = 50;
const WEAK: &str =
    "Photo and sound are weak pairs, of one class and not of one moment: no figure of the papers compares.";

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
    /// Runs an experiment.
    ///
    /// # Errors
    /// A folder that it needs was not given or cannot be read; [`Error::Missing`] for the former.
    pub fn measure(&self, experiment: Experiment) -> Result<Vec<Report>, Error> {
        let even = self.bundle.manifest.thresholds.even;
        let scored = |scored: Vec<Scored>| Findings::from(Scored::figures(&scored, even));
        let one = |report: Report| vec![report];
        match experiment {
            Experiment::Avc => {
                let heading = ("AVC, composed scenes of photos and sounds", WEAK, published::AVC);
                self.on_corpus(experiment, heading, |s| composed(s).map(scored)).map(one)
            }
            Experiment::Photo => {
                let heading = ("AVC, a photo and a sound", WEAK, published::AVC);
                self.on_corpus(experiment, heading, |s| photo_and_sound(s).map(scored)).map(one)
            }
            Experiment::Clips => {
                let folder = need(&self.inputs.clips, experiment, "--clips FOLDER")?;
                let note = "Four moments of each clip, each with its own second and with one of every other clip; intervals by clip. Far fewer clips than in the papers: compare with chance, with random weights, and with other models on the same clips.";
                let heading = ("AVC, real video clips", note, published::AVC);
                let clips = clips::at_most(clips::clips_of(folder, self.inputs.fold)?, self.n);
                let split = fingerprint(clips::names(&clips));
                let models = 1 + usize::from(self.control.is_some());
                let bar = self.bars.bar("clips", models * clips.len());
                self.report(experiment, heading, &split, |judge| {
                    Ok(clips::clips(judge, &clips, &self.inputs.taught, &bar)?.into())
                })
                .map(one)
            }
            Experiment::Shards => {
                let shards =
                    Shards::open(need(&self.inputs.shards, experiment, "--shards FOLDER")?, Side::Test)?;
                let note = "Real moments, negatives from another video's clip; both sampled by the rule of training. Compare with the papers only on their data and size.";
                let heading = ("AVC, prepared video clips", note, published::AVC);
                let measure =
                    |judge: &mut Judge| Ok(super::shards(judge, &shards, self.cases(), self.seed)?.into());
                self.report(experiment, heading, shards.split(), measure).map(one)
            }
            Experiment::Baselines => self.baselines(experiment).map(one),
            Experiment::Esc => {
                let set = labelled::esc(need(&self.inputs.esc, experiment, "--esc FOLDER")?)?;
                let note = "Official folds; scaler, C and SVM are fitted on the training folds only. The papers report ESC-50 on 6144-D of full-width towers: ESC-10 has fewer and easier classes, and compares with neither.";
                let heading = ("Environmental sounds, linear SVM", note, published::ESC);
                self.transfer(experiment, heading, &set, transfer::sounds).map(one)
            }
            Experiment::Dcase => {
                let heading = |note| ("Acoustic scenes or sound classes, linear SVM", note, published::DCASE);
                let (set, note) = match &self.inputs.dcase {
                    Some(folder) => (labelled::dcase(folder)?, "The data set's own folds."),
                    None => (
                        self.corpus_folds(experiment, |class| &class.sounds)?
                            .at_most(2 * self.cases(), self.seed),
                        "No DCASE folder was given (--dcase): the corpus' own sounds by class, split by recording. Not comparable with DCASE.",
                    ),
                };
                self.transfer(experiment, heading(note), &set, transfer::sounds).map(one)
            }
            Experiment::Imagenet => {
                let heading = |note| ("Pictures, linear classifier", note, published::IMAGENET);
                let (set, note) = match &self.inputs.imagenet {
                    Some(folder) => (
                        labelled::imagenet(folder)?,
                        "The data set's own sides; pictures at the tower's 224 pixels instead of the paper's 256.",
                    ),
                    None => (
                        self.corpus_folds(experiment, |class| &class.photos)?
                            .at_most(4 * self.cases(), self.seed),
                        "No ImageNet folder was given (--imagenet): the corpus' own photos by class, split by source. Not comparable with ImageNet.",
                    ),
                };
                self.transfer(experiment, heading(note), &set, transfer::pictures).map(one)
            }
            Experiment::Units => {
                let note = "A unit prefers a class if at least half of its 100 top items (or of as many as a class has) are of it, in a pool with as many items of each class. Paper: other data and 34 classes.";
                self.on_corpus(experiment, ("Units of pool4", note, published::UNITS), gallery::units)
                    .map(one)
            }
            Experiment::Heatmaps => {
                let note = "conv4_2 of single units over the pictures that they respond to most.";
                self.on_corpus(experiment, ("Where units look", note, &[]), gallery::heatmaps).map(one)
            }
            Experiment::SpectrogramHeatmaps => {
                let note = "conv4_2 of single units over the seconds that they respond to most.";
                self.on_corpus(experiment, ("What units listen to", note, &[]), gallery::spectrograms)
                    .map(one)
            }
            Experiment::Tsne => {
                let note =
                    "pool4 of single files, brought to one scale. Distances between far groups mean nothing.";
                self.on_corpus(experiment, ("t-SNE of embeddings", note, &[]), gallery::tsne).map(one)
            }
            Experiment::Nmi => {
                let note = "pool4 of single files, k-means, arithmetic mean of entropies. Chance: labels shuffled. Paper: other data and 34 classes.";
                self.on_corpus(experiment, ("Clusters of embeddings", note, published::NMI), gallery::nmi)
                    .map(one)
            }
            Experiment::Localize => self.localize(experiment),
            Experiment::Negatives => {
                let note = "One object in view; the decision that events carry, at the model's thresholds.";
                let heading = ("False alarms, composed scenes", note, &[][..]);
                self.on_corpus(experiment, heading, |s| Ok(negatives(s)?.into())).map(one)
            }
            Experiment::Names => {
                let note = "Three things (where there are fewer classes, two or one) are enrolled at a time, from 25 moments each; a name is said in a match only. A thing is a photo and a recording of its class: it is met again elsewhere in the picture, at another level, with another part of the recording, not seen from another side.";
                let heading = ("Names for things", note, &[][..]);
                self.on_corpus(experiment, heading, |s| Ok(names(s)?.into())).map(one)
            }
            Experiment::Retrieval => {
                let note = "Photos and seconds; a result is right if it is of the query's class. Chance: an order that knows nothing.";
                let heading = ("Retrieval", note, &[][..]);
                self.on_corpus(experiment, heading, |s| Ok(retrieval::retrieval(s)?.into())).map(one)
            }
            Experiment::Quantization => {
                let (corpus, split) = self.chosen_side(experiment)?;
                let note = "The same cases on engine int and on engine flex; differences in points.";
                let heading = ("What rounding costs", note, &[][..]);
                let figures = quantization(&self.bundle, &corpus, self.cases(), self.seed)?;
                Ok(one(self.finish(experiment, heading, &split, figures.into(), None)))
            }
        }
    }

    fn cases(&self) -> usize {
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

    fn localize(&self, experiment: Experiment) -> Result<Vec<Report>, Error> {
        let mut reports = Vec::new();
        if self.inputs.corpus.is_some() || self.inputs.boxes.is_none() {
            let note = "Two objects in view, one sounds; boxes are known. Groups are scenes.";
            let heading = ("Localization, composed scenes with two objects", note, published::LOCALIZE);
            reports.push(self.on_corpus(experiment, heading, super::localize)?);
        }
        if let Some((file, folder)) = &self.inputs.boxes {
            let annotated = boxes::read(file, folder)?;
            let note = "cIoU takes the better half of the picture as the prediction, so a box in the middle does well: read it beside the baselines.";
            let heading = ("Localization, annotated frames", note, published::LOCALIZE);
            let measure = |judge: &mut Judge| boxes::boxes(judge, &annotated);
            let split = fingerprint(annotated.iter().map(boxes::Annotated::name));
            reports.push(self.report(experiment, heading, &split, measure)?);
        }
        Ok(reports)
    }

    fn baselines(&self, experiment: Experiment) -> Result<Report, Error> {
        let held_out = self.corpus(experiment, Split::HeldOut)?;
        let manifest = &self.bundle.manifest;
        let figures = baselines(&Schooling {
            corpus: self.corpus(experiment, Split::Train)?,
            held_out: &held_out,
            spec: manifest.spec.clone(),
            preprocessing: manifest.preprocessing.clone(),
            device: self.device.clone(),
            steps: self.steps,
            n: self.cases(),
            seed: self.seed,
            bars: &self.bars,
        })?;
        let note = "Classifiers taught class names on the training side, for as many steps as --steps says; compare with the same sets of avc and photo.";
        let heading = ("AVC, supervised baselines", note, published::BASELINES);
        Ok(self.finish(experiment, heading, &held_out.split, figures.into(), None))
    }

    fn corpus(&self, experiment: Experiment, side: Split) -> Result<Arc<Corpus>, Error> {
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
    fn chosen_side(&self, experiment: Experiment) -> Result<(Arc<Corpus>, String), Error> {
        let corpus = self.corpus(experiment, self.side)?;
        // What was learned by heart must not be taken for what was understood.
        let side = match self.side {
            Split::HeldOut => "",
            Split::Train | Split::Fit => ", the side that was LEARNED FROM",
            Split::Validation => ", the side that settings were CHOSEN BY",
        };
        let split = format!("{}{side}", corpus.split);
        Ok((corpus, split))
    }

    fn corpus_folds<T>(
        &self,
        experiment: Experiment,
        items: impl for<'a> Fn(&'a crate::corpus::Class) -> &'a [crate::corpus::Item<T>],
    ) -> Result<Folds, Error> {
        let (train, test) =
            (self.corpus(experiment, Split::Train)?, self.corpus(experiment, Split::HeldOut)?);
        Ok(labelled::of_corpus([&train, &test], items))
    }

    fn transfer(
        &self,
        experiment: Experiment,
        heading: Heading,
        set: &Folds,
        measure: impl Fn(&mut Judge, &Folds, &transfer::Progress) -> Result<Vec<Figure>, Error> + Sync,
    ) -> Result<Report, Error> {
        let models = 1 + usize::from(self.control.is_some());
        let progress = transfer::Progress {
            files: self.bars.bar(&format!("{experiment}: files"), models * set.files.len()),
            folds: self.bars.bar(&format!("{experiment}: classifiers"), models * set.folds.len()),
        };
        self.report(experiment, heading, &set.hash, |judge| Ok(measure(judge, set, &progress)?.into()))
    }

    fn on_corpus(
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
    fn report(
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

    fn finish(
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

fn need<'a>(folder: &'a Option<PathBuf>, experiment: Experiment, option: &str) -> Result<&'a Path, Error> {
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
