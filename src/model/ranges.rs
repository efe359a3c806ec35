//! Activation ranges, which the integer engine needs for rounding.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::spec::Spec;

/// The activation of each channel that becomes the largest byte; larger ones are cut off.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActivationRanges {
    /// Vision tower, one value per channel of each convolution.
    pub vision: Vec<Vec<f32>>,
    /// Audio tower, one value per channel of each convolution.
    pub audio: Vec<Vec<f32>>,
}

/// Ranges that do not fit a layer table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("activation ranges of the {tower} tower: a number of at least 0 for each channel is needed")]
pub struct RangesError {
    /// `vision` or `audio`.
    pub tower: &'static str,
}

impl ActivationRanges {
    /// Checks ranges that were read from a file.
    ///
    /// # Errors
    /// [`RangesError`] names the tower whose ranges do not fit.
    pub fn validate(&self, spec: &Spec) -> Result<(), RangesError> {
        for (tower, layers, ranges) in
            [("vision", &spec.vision, &self.vision), ("audio", &spec.audio, &self.audio)]
        {
            let fit = ranges.iter().map(Vec::len).eq(layers.channels());
            if !fit || !ranges.iter().flatten().all(|end| end.is_finite() && *end >= 0.0) {
                return Err(RangesError { tower });
            }
        }
        Ok(())
    }
}
