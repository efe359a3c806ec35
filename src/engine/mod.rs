//! Engines: what runs the network. All of them take the same inputs and give the same outputs.

mod activation;
#[cfg(feature = "burn")]
mod burn;
mod choice;
#[allow(unsafe_code, reason = "vector instructions, and memory shared by threads; documented there")]
pub mod int;
mod load;

pub use self::activation::ActivationMap;
#[cfg(feature = "burn")]
pub use self::burn::BurnEngine;
pub use self::choice::{Backend, NotBuiltIn, Setup};

use crate::event::Map;
use crate::preprocess::spectrogram::transpose;

/// Runs a network, one picture and one second of sound at a time. Results are written over those of
/// the call before, so that an engine need not allocate.
///
/// Towers and judgement are separate, because a picture may be judged with several sounds
/// and the other way round.
pub trait Engine: Send {
    /// Vision tower: `[3, height, width]`, -1..1, of the spec's size.
    fn see(&mut self, picture: &[f32], seen: &mut Seen);

    /// Audio tower: `[257, 199]`, bin by bin, as [`crate::preprocess::spectrogram::second`] gives it.
    fn hear(&mut self, spectrogram: &[f32], heard: &mut Heard);

    /// Audio tower over a stream: the last 199 columns of 257 bins, oldest first. `fresh` of them are
    /// new since the call before; an engine may keep what it computed for the others.
    fn listen(&mut self, columns: &[Vec<f32>], _fresh: usize, heard: &mut Heard) {
        self.hear(&transpose(&columns.concat()), heard);
    }

    /// Both heads.
    fn judge(&mut self, seen: &Seen, heard: &Heard, judgement: &mut Judgement);

    /// The activation map that the vision tower makes of a picture, as [`Engine::see`] takes it.
    fn see_map(&mut self, picture: &[f32], map: &mut ActivationMap);

    /// The activation map that the audio tower makes of a second, as [`Engine::hear`] takes it.
    fn hear_map(&mut self, spectrogram: &[f32], map: &mut ActivationMap);

    /// What runs, for people: `int`, `flex`, ...
    fn name(&self) -> &str;
}

/// What the vision tower made of a picture.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Embedding (pool4), `[channels]`.
    pub embedding: Vec<f32>,
    /// The common space at every position, `[rows * columns, dims]`, or, of AVE-Net, that of the whole picture,
    /// `[dims]`; empty without such a head.
    pub positions: Vec<f32>,
}

/// What the audio tower made of a second.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// Embedding (pool4), `[channels]`.
    pub embedding: Vec<f32>,
    /// The common space, `[dims]`; empty without a head that has one.
    pub direction: Vec<f32>,
}

/// Whether they belong together, and where.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judgement {
    /// Probability of correspondence by the embeddings: L3-Net's fusion head, or AVE-Net's distance.
    pub fusion: Option<f32>,
    /// Probability of correspondence by the localization head: its map, pooled.
    pub localization: Option<f32>,
    /// The localization map, each position 0..1. Empty without a localization head.
    pub map: Map,
}

impl Judgement {
    /// The AVC score, 0..1: of both heads, the fusion head counts by its share (0..1).
    ///
    /// ```
    /// use lookhear::engine::Judgement;
    ///
    /// let both = Judgement { fusion: Some(0.8), localization: Some(0.4), ..Judgement::default() };
    /// assert!((both.score(0.75) - 0.7).abs() < 1e-6);
    /// let one = Judgement { localization: Some(0.4), ..Judgement::default() };
    /// assert_eq!(one.score(0.75), 0.4);
    /// ```
    pub fn score(&self, fusion_share: f32) -> f32 {
        match (self.fusion, self.localization) {
            (Some(a), Some(b)) => a * fusion_share + b * (1.0 - fusion_share),
            (a, b) => a.or(b).unwrap_or(0.0),
        }
    }
}
