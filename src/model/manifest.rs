//! The manifest of a bundle: everything but the weights.

use serde::{Deserialize, Serialize};

use super::golden::Golden;
use super::ranges::ActivationRanges;
use super::spec::Spec;
use crate::preprocess::Preprocessing;

/// Version of the bundle format that this version of LookHear writes and reads.
pub const VERSION: u32 = 1;

/// Everything but the weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`VERSION`] of the writer.
    pub version: u32,
    /// The layer table.
    pub spec: Spec,
    /// The preprocessing that the weights were trained with.
    pub preprocessing: Preprocessing,
    /// Thresholds of the decisions.
    pub thresholds: Thresholds,
    /// The ranges of activations. Old bundles, of before the integer engine or with one range per layer, have none.
    #[serde(default, rename = "channel_peaks")]
    pub ranges: Option<ActivationRanges>,
    /// The output for the golden input, in floating point.
    pub golden: Golden,
    /// The output of the integer engine for the golden input. Rounding may change it more than the output for real
    /// pictures and sounds, since the input is noise.
    #[serde(default)]
    pub golden_int: Option<Golden>,
    /// How it was trained, for people.
    pub training: Training,
}

/// Thresholds of the decisions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// AVC score from which a match begins.
    pub on: f32,
    /// AVC score under which a match ends; below `on`.
    pub off: f32,
    /// AVC score at which yes and no are equally likely: what AVC accuracy is counted at.
    #[serde(default = "half")]
    pub even: f32,
    /// Share of the fusion head in the AVC score, 0..1; the rest is the localization head's. Without meaning for
    /// networks with one of them.
    #[serde(default = "half")]
    pub fusion_share: f32,
    /// Seconds by which answers are debounced; silence is reported at once.
    #[serde(default)]
    pub hold: f32,
    /// Level of the judged second, in decibels relative to full scale, below which it counts as silent.
    pub silence: f32,
    /// Part of the map's range, counted from its peak, that still belongs to the object.
    pub extent: f32,
    /// Value of the localization map from which on a place counts as sounding, whatever the rest of the map is like:
    /// the third quartile of the maps' maxima while nothing in view sounds.
    #[serde(default = "half")]
    pub place: f32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            on: 0.5,
            off: 0.4,
            even: half(),
            fusion_share: half(),
            hold: 0.0,
            silence: -60.0,
            extent: 0.5,
            place: half(),
        }
    }
}

fn half() -> f32 {
    0.5
}

/// Where the weights come from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// The training data, in words.
    pub data: String,
    /// Optimizer steps.
    pub steps: u64,
    /// Pictures shown, each with one sound.
    pub pairs: u64,
    /// Hours of training.
    pub hours: f64,
    /// Hash of the split into training and held-out files.
    pub split: String,
}
