//! Engines run the network. All of them take the same inputs and give the same outputs.

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
    /// Runs the vision tower on a picture `[3, height, width]`, -1..1, of the spec's size.
    fn encode_image(&mut self, picture: &[f32], seen: &mut ImageEncoding);

    /// Runs the audio tower on a second `[257, 199]`, bin by bin, as [`crate::preprocess::spectrogram::second`] gives
    /// it.
    fn encode_audio(&mut self, spectrogram: &[f32], heard: &mut AudioEncoding);

    /// Runs the audio tower on a stream: the last 199 columns of 257 bins, oldest first. `fresh` of them are new since
    /// the previous call; an engine may reuse what it computed for the others.
    fn encode_stream(&mut self, columns: &[Vec<f32>], _fresh: usize, heard: &mut AudioEncoding) {
        self.encode_audio(&transpose(&columns.concat()), heard);
    }

    /// Runs the heads.
    fn judge(&mut self, seen: &ImageEncoding, heard: &AudioEncoding, judgement: &mut Judgement);

    /// The activation map that the vision tower makes of a picture, as [`Engine::encode_image`] takes it.
    fn image_activation_map(&mut self, picture: &[f32], map: &mut ActivationMap);

    /// The activation map that the audio tower makes of a second, as [`Engine::encode_audio`] takes it.
    fn audio_activation_map(&mut self, spectrogram: &[f32], map: &mut ActivationMap);

    /// Name of the engine for people: `int`, `flex`, ...
    fn name(&self) -> &str;
}

/// A picture, encoded by the vision tower.
#[derive(Clone, Debug, Default)]
pub struct ImageEncoding {
    /// Embedding (pool4), `[channels]`.
    pub embedding: Vec<f32>,
    /// Projection of every position into the common space, `[rows * columns, dims]`; AVE-Net has one for the whole
    /// picture, `[dims]`. Empty without a head that has a common space.
    pub spatial_embeddings: Vec<f32>,
}

/// A second of sound, encoded by the audio tower.
#[derive(Clone, Debug, Default)]
pub struct AudioEncoding {
    /// Embedding (pool4), `[channels]`.
    pub embedding: Vec<f32>,
    /// Projection of the embedding into the common space, `[dims]`; empty without a head that has one.
    pub projection: Vec<f32>,
}

/// Whether picture and sound belong together, and where the sound comes from.
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
