//! Engines: what runs the network. All of them take the same inputs and give the same outputs.

mod burn;

pub use self::burn::{Backend, BurnEngine};

use crate::event::Map;

/// Runs a network, one picture and one second of sound at a time.
///
/// Towers and judgement are separate, because a picture may be judged with several sounds
/// and the other way round.
pub trait Engine {
    /// Vision tower: `[3, height, width]`, -1..1, of the spec's size.
    fn see(&mut self, picture: &[f32]) -> Seen;

    /// Audio tower: `[257, 199]`, bin by bin, as [`crate::preprocess::spectrogram::second`] gives it.
    fn hear(&mut self, spectrogram: &[f32]) -> Heard;

    /// Both heads.
    fn judge(&mut self, seen: &Seen, heard: &Heard) -> Judgement;

    /// What runs, for people: `flex`, `wgpu`, ...
    fn name(&self) -> &str;
}

/// What the vision tower made of a picture.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Embedding (pool4), `[channels]`.
    pub embedding: Vec<f32>,
    /// The common space at every position, `[dims, rows, columns]`; empty without a localization head.
    pub positions: Vec<f32>,
}

/// What the audio tower made of a second.
#[derive(Clone, Debug)]
pub struct Heard {
    /// Embedding (pool4), `[channels]`.
    pub embedding: Vec<f32>,
    /// The common space, `[dims]`; empty without a localization head.
    pub direction: Vec<f32>,
}

/// Whether they belong together, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// Probability of correspondence by L3-Net's fusion head.
    pub fusion: Option<f32>,
    /// Probability of correspondence by the localization head: its map, pooled.
    pub localization: Option<f32>,
    /// The localization map, each position 0..1. Empty without a localization head.
    pub map: Map,
}

impl Judgement {
    /// The AVC score, 0..1: the mean of the heads that there are.
    pub fn score(&self) -> f32 {
        match (self.fusion, self.localization) {
            (Some(a), Some(b)) => (a + b) / 2.0,
            (a, b) => a.or(b).unwrap_or(0.0),
        }
    }
}
