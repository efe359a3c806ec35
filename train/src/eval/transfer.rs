//! Transfer: what a linear classifier makes of the towers' embeddings on other tasks ("Look, Listen and Learn",
//! sections 4.2 and 4.3).

use std::collections::BTreeMap;

use indicatif::ProgressBar;
use lookhear::judge::Judge;
use lookhear::media;
use lookhear::preprocess::{SAMPLE_RATE, spectrogram};
use sha2::{Digest, Sha256};

use super::labelled::{Folds, Labelled};
use super::linear::{Linear, Objective, largest};
use super::{Case, Figure, Findings, Picture};
use crate::Error;

/// Windows of a second that stand for a clip, evenly spread over it.
const CROPS: usize = 10;
/// LIBLINEAR's C, to choose from.
const COSTS: [f64; 4] = [1e-5, 1e-4, 1e-3, 1e-2];

/// The audio embedding of a second: the activation map over 4 frequencies x 3 times (6144-D at full width).
pub(super) fn audio_embedding(judge: &mut Judge, second: &[f32]) -> Vec<f32> {
    judge.audio_activation_map(&spectrogram::second(second)).pool(4, 3)
}

/// The vision embedding of a picture: the activation map over 4x4 places (8192-D at full width).
pub(super) fn vision_embedding(judge: &mut Judge, picture: &image::RgbImage) -> Vec<f32> {
    judge.image_activation_map(picture).pool(4, 4)
}

/// Progress bars of a transfer experiment.
pub(super) struct Progress {
    /// Files that were turned into embeddings.
    pub(super) files: ProgressBar,
    /// Folds whose classifier was fitted and tested.
    pub(super) folds: ProgressBar,
}

/// Evenly spread windows of a second; a clip that is shorter than a second is one window, filled up with silence.
fn crops(sound: &[f32]) -> Vec<Vec<f32>> {
    if sound.len() <= SAMPLE_RATE {
        let mut only = sound.to_vec();
        only.resize(SAMPLE_RATE, 0.0);
        return vec![only];
    }
    let last = sound.len() - SAMPLE_RATE;
    (0..CROPS).map(|i| sound[i * last / (CROPS - 1)..][..SAMPLE_RATE].to_vec()).collect()
}

/// Accuracy of a linear SVM on sounds: one vote of ten windows a clip, every fold tested once.
///
/// # Errors
/// A file cannot be read.
pub(super) fn sounds(judge: &mut Judge, set: &Folds, progress: &Progress) -> Result<Findings, Error> {
    let mut features = Vec::with_capacity(set.files.len());
    for file in &set.files {
        let sound = media::sound(&file.path)?;
        features.push(crops(&sound).iter().map(|second| audio_embedding(judge, second)).collect());
        progress.files.inc(1);
    }
    classify(set, &features, progress, "linear SVM on the audio tower", Objective::Svm)
}

/// Accuracy of a linear classifier on pictures.
///
/// # Errors
/// A file cannot be read.
pub(super) fn pictures(judge: &mut Judge, set: &Folds, progress: &Progress) -> Result<Findings, Error> {
    let mut features = Vec::with_capacity(set.files.len());
    for file in &set.files {
        features.push(vec![vision_embedding(judge, &media::picture(&file.path)?)]);
        progress.files.inc(1);
    }
    classify(set, &features, progress, "linear classifier on the vision tower", Objective::Logistic)
}

/// `features`: the windows of each file, each `[dims]`.
fn classify(
    set: &Folds,
    features: &[Vec<Vec<f32>>],
    progress: &Progress,
    what: &str,
    objective: Objective,
) -> Result<Findings, Error> {
    let mut answers = Vec::new();
    let mut costs: BTreeMap<String, usize> = BTreeMap::new();
    for fold in &set.folds {
        let cost = best_cost(set, features, &fold.train, objective)?;
        *costs.entry(format!("{cost:e}")).or_default() += 1;
        let linear = fit(set, features, &fold.train, cost, objective)?;
        answers.extend(test(set, features, &fold.test, &linear));
        progress.folds.inc(1);
    }
    let dims = features.first().and_then(|windows| windows.first()).map_or(0, Vec::len);
    let costs: Vec<String> = costs.into_iter().map(|(cost, folds)| format!("{cost} x{folds}")).collect();
    let name = format!("accuracy, {what} ({dims}-D; C {})", costs.join(", "));
    let cases: Vec<Case> = answers.iter().map(|answer| answer.case()).collect();
    let accuracy = Figure::new(&name, 100.0 / set.classes.len().max(1) as f64, &cases);
    let classes: Vec<(usize, usize)> =
        answers.iter().map(|answer| (answer.file.class, answer.class)).collect();
    let confusion = Picture::confusion(what, &set.classes, &classes);
    Ok(Findings { figures: vec![accuracy], pictures: vec![confusion] })
}

/// The cost that is best on a quarter of the training recordings when fitted on the others. The tested fold is not
/// looked at.
fn best_cost(
    set: &Folds,
    features: &[Vec<Vec<f32>>],
    train: &[usize],
    objective: Objective,
) -> Result<f64, Error> {
    let (inner, outer): (Vec<usize>, Vec<usize>) =
        train.iter().partition(|i| Sha256::digest(&set.files[**i].group)[0] % 4 == 0);
    if inner.is_empty() || outer.is_empty() {
        return Ok(COSTS[1]);
    }
    let mut best = (0, COSTS[0]);
    for cost in COSTS {
        let linear = fit(set, features, &outer, cost, objective)?;
        let right = test(set, features, &inner, &linear).iter().filter(|answer| answer.case().right).count();
        if right > best.0 {
            best = (right, cost);
        }
    }
    Ok(best.1)
}

fn fit(
    set: &Folds,
    features: &[Vec<Vec<f32>>],
    files: &[usize],
    cost: f64,
    objective: Objective,
) -> Result<Linear, Error> {
    let (mut rows, mut labels): (Vec<&[f32]>, Vec<usize>) = (Vec::new(), Vec::new());
    for file in files {
        rows.extend(features[*file].iter().map(Vec::as_slice));
        labels.resize(rows.len(), set.files[*file].class);
    }
    Linear::fit(&rows, &labels, cost, objective)
}

/// What a file was taken for.
struct Answer<'a> {
    file: &'a Labelled,
    class: usize,
}

impl Answer<'_> {
    fn case(&self) -> Case {
        Case { right: self.class == self.file.class, group: self.file.group.clone() }
    }
}

/// The class with the largest mean score over a file's windows.
fn test<'a>(set: &'a Folds, features: &[Vec<Vec<f32>>], files: &[usize], linear: &Linear) -> Vec<Answer<'a>> {
    let answer = |file: &usize| {
        let windows: Vec<Vec<f64>> = features[*file].iter().map(|row| linear.scores(row)).collect();
        let sum = |class: usize| windows.iter().map(|scores| scores[class]).sum::<f64>();
        let classes = windows.first().map_or(0, Vec::len);
        let sums: Vec<f64> = (0..classes).map(sum).collect();
        Answer { file: &set.files[*file], class: largest(&sums) }
    };
    files.iter().map(answer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::Content;
    use crate::eval::labelled::esc;

    #[test]
    fn ten_windows_reach_from_the_start_to_the_end() {
        let sound: Vec<f32> = (0..5 * SAMPLE_RATE).map(|n| n as f32).collect();
        let windows = crops(&sound);
        assert_eq!((windows.len(), windows[0][0]), (CROPS, 0.0));
        assert_eq!(windows[CROPS - 1].last(), sound.last());
        assert_eq!(crops(&[1.0; 100]).concat().len(), SAMPLE_RATE);
    }

    /// A feature that tells the class in training and lies in the tested fold is of no use, and one that holds in
    /// all folds is: the figures follow the tested side.
    #[test]
    fn what_is_tested_was_not_learned_from() {
        let folder = tempfile::tempdir().unwrap();
        for fold in 1..=3 {
            for recording in 0..8 {
                let name = format!("{fold}-{fold}{recording}-A-{}.wav", recording % 2);
                std::fs::write(folder.path().join(name), "").unwrap();
            }
        }
        let set = esc(folder.path()).unwrap();
        let features = |holds: bool| -> Vec<Vec<Vec<f32>>> {
            let feature = |(i, file): (usize, &Labelled)| {
                let label = file.class as f32;
                // Without class in it, all that a classifier can learn is the file's own number.
                vec![vec![if holds { label } else { 0.5 }, (i * 37 % 11) as f32]]
            };
            set.files.iter().enumerate().map(feature).collect()
        };
        let progress = Progress { files: ProgressBar::hidden(), folds: ProgressBar::hidden() };
        let found = |holds| classify(&set, &features(holds), &progress, "", Objective::Svm).unwrap();
        let percent = |findings: &Findings| findings.figures[0].percent;
        let (right, guessed) = (found(true), found(false));
        assert_eq!(percent(&right), 100.0);
        assert!(percent(&guessed) < 80.0);
        let Content::Matrix(matrix) = &right.pictures[0].content else { panic!("a matrix") };
        assert_eq!(matrix.counts, [[12, 0], [0, 12]], "every file is tested once");
    }
}
