//! The golden input and output: a bundle is checked by them when it is loaded.

use serde::{Deserialize, Serialize};

use super::spec::Spec;

/// A picture `[3, height, width]`, -1..1, and a spectrogram `[257, 199]`, bin by bin, as the towers take them.
pub type Sample = (Vec<f32>, Vec<f32>);

/// Largest difference of golden outputs (probabilities) that is still the same network.
const TOLERANCE: f32 = 2e-3;

/// Output for the golden input, which every version must reproduce.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Golden {
    /// Probability of correspondence by the embeddings, if the network has such a head.
    pub fusion: Option<f32>,
    /// Probability of correspondence by the localization head, if there is one.
    pub localization: Option<f32>,
    /// Values of the map, row by row.
    pub map: Vec<f32>,
}

impl Golden {
    /// The golden input: pseudo-random values that depend on nothing but the table's shapes.
    pub fn sample(spec: &Spec) -> Sample {
        let count = |input: [usize; 3]| input.iter().product();
        let picture = noise(count(spec.vision.input), 2_654_435_769, 2.0, -1.0);
        (picture, noise(count(spec.audio.input), 2_246_822_519, 2.0, 0.0))
    }

    /// Whether all numbers agree within the tolerance for another order of additions.
    ///
    /// ```
    /// use lookhear::model::Golden;
    ///
    /// let golden = |fusion| Golden { fusion: Some(fusion), localization: None, map: vec![] };
    /// assert!(golden(0.5).agrees_with(&golden(0.501)));
    /// assert!(!golden(0.5).agrees_with(&golden(0.51)));
    /// ```
    pub fn agrees_with(&self, other: &Self) -> bool {
        let all = |golden: &Self| -> Vec<f32> {
            let heads = [golden.fusion, golden.localization].into_iter().flatten();
            heads.chain(golden.map.iter().copied()).collect()
        };
        let (ours, theirs) = (all(self), all(other));
        ours.len() == theirs.len() && ours.iter().zip(&theirs).all(|(a, b)| (a - b).abs() <= TOLERANCE)
    }
}

/// Values `start..start + span` from a multiplicative hash.
fn noise(count: usize, factor: u32, span: f32, start: f32) -> Vec<f32> {
    // Blocks of 64 share a value, so that the input has structure that survives pooling.
    let value = |n: usize| (n as u32 / 64 + 1).wrapping_mul(factor) >> 8;
    (0..count).map(|n| value(n) as f32 / 16_777_216.0 * span + start).collect()
}
