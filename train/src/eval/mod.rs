//! Evaluation: every figure with its chance level, its number of cases, its interval, and the same network with
//! random weights beside it.
//!
//! Everything runs through [`lookhear::judge::Judge`], the very path that `lookhear watch` takes. [`Run`] knows the
//! experiments by name; the other modules hold one each, or what several share.

mod avc;
mod baselines;
mod boxes;
mod clip_files;
mod clips;
mod clusters;
mod confusion;
mod experiment;
mod extent;
mod extremes;
mod figure;
mod gallery;
mod html;
mod labelled;
mod linear;
mod localize;
mod made;
mod markdown;
mod measure;
pub mod metrics;
mod names;
mod negatives;
mod pictures;
mod plots;
mod pool;
mod progress;
mod published;
mod quantization;
mod report;
mod retrieval;
mod run;
mod scores;
mod shards;
#[cfg(test)]
mod sklearn_tests;
mod svg;
mod training;
mod transfer;
mod tsne;
mod units;

pub use avc::{Scored, composed, photo_and_sound};
pub use clip_files::Fold;
pub use confusion::Matrix;
pub use experiment::Experiment;
pub use extent::extent;
pub use figure::{Case, Figure};
pub use html::page;
pub use localize::localize;
pub use made::Made;
pub use markdown::markdown;
pub use names::names;
pub use negatives::{negatives, place_threshold};
pub use pictures::{Cell, Content, Picture, Row};
pub use progress::Bars;
pub use quantization::quantization;
pub use report::{Findings, Published, Report};
pub use run::{CASES, Cache, Inputs, Missing, Run};
pub use shards::shards;

use lookhear::judge::Judge;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::corpus::Corpus;

/// What an experiment works with.
pub struct Setting<'a> {
    /// The model under test.
    pub judge: &'a mut Judge,
    /// The held-out side of the corpus (for calibration: the other side).
    pub corpus: &'a Corpus,
    /// Number of cases.
    pub n: usize,
    /// Decides which cases.
    pub seed: u64,
}

impl Setting<'_> {
    fn rng(&self, experiment: u64) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(experiment);
        rng
    }
}
