//! Evaluation: every figure with its chance level, its number of cases and its interval.
//!
//! Everything runs through [`lookhear::judge::Judge`], the very path that `lookhear watch` takes.

mod avc;
mod clips;
mod figure;
mod localize;
mod negatives;
mod quantization;
mod shards;

pub use avc::{Scored, composed, photo_and_sound};
pub use clips::clips;
pub use figure::{Case, Figure, Report};
pub use localize::localize;
pub use negatives::negatives;
pub use quantization::quantization;
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
