//! What each experiment measures, and beside which published figures it stands.

use lookhear::judge::Judge;

use super::baselines::{Schooling, baselines};
use super::experiment::Experiment;
use super::report::Report;
use super::run::{Run, need};
use super::{
    Scored, boxes, clip_files, clips, composed, gallery, labelled, names, negatives, photo_and_sound,
    published, quantization, retrieval, training, transfer,
};
use crate::Error;
use crate::corpus::{Split, fingerprint};
use crate::shards::{Shards, Side};

const WEAK: &str =
    "Photo and sound are weak pairs, of one class and not of one moment: no figure of the papers compares.";

impl Run {
    /// Runs an experiment.
    ///
    /// # Errors
    /// A folder that it needs was not given or cannot be read; [`Error::Missing`] for the former.
    pub fn measure(&self, experiment: Experiment) -> Result<Vec<Report>, Error> {
        let even = self.bundle.manifest.thresholds.even;
        let scored = |scored: Vec<Scored>| Scored::findings(&scored, even);
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
                let clips = clip_files::at_most(clip_files::clips_of(folder, self.inputs.fold)?, self.n);
                let split = fingerprint(clip_files::names(&clips));
                let models = 1 + usize::from(self.control.is_some());
                let bar = self.bars.bar("clips", models * clips.len());
                self.report(experiment, heading, &split, |judge| {
                    clips::clips(judge, &clips, &self.inputs.taught, &bar)
                })
                .map(one)
            }
            Experiment::Shards => {
                let shards =
                    Shards::open(need(&self.inputs.shards, experiment, "--shards FOLDER")?, Side::Test)?;
                let note = "Real moments, negatives from another video's clip; both sampled by the rule of training. Compare with the papers only on their data and size.";
                let heading = ("AVC, prepared video clips", note, published::AVC);
                let measure = |judge: &mut Judge| super::shards(judge, &shards, self.cases(), self.seed);
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
                self.on_corpus(experiment, heading, names).map(one)
            }
            Experiment::Retrieval => {
                let note = "Photos and seconds; a result is right if it is of the query's class. Chance: an order that knows nothing.";
                let heading = ("Retrieval", note, &[][..]);
                self.on_corpus(experiment, heading, retrieval::retrieval).map(one)
            }
            Experiment::Training => {
                let folder = need(&self.inputs.run, experiment, "--run FOLDER")?;
                let run = training::Record::open(folder)?;
                let heading = ("Learning curves", "", &[][..]);
                let report = self.finish(experiment, heading, &run.split, run.pictures().into(), None);
                Ok(one(Report { note: run.note(&self.bundle.manifest.training), ..report }))
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
}
