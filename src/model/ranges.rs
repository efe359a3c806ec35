//! How large activations become: what the integer engine needs to know before it rounds them.

use serde::{Deserialize, Serialize};

use super::spec::Spec;

/// The activation of each channel that becomes the largest byte; larger ones are cut off.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActivationRanges {
    /// Vision tower, one value per channel of each convolution.
    pub vision: Vec<Vec<f32>>,
    /// The same of the audio tower.
    pub audio: Vec<Vec<f32>>,
}

impl ActivationRanges {
    /// Checks ranges that came from outside.
    ///
    /// # Errors
    /// One sentence with what does not fit.
    pub fn validate(&self, spec: &Spec) -> Result<(), String> {
        for (name, tower, ranges) in
            [("vision", &spec.vision, &self.vision), ("audio", &spec.audio, &self.audio)]
        {
            let fit = ranges.iter().map(Vec::len).eq(tower.channels());
            if !fit || !ranges.iter().flatten().all(|end| end.is_finite() && *end >= 0.0) {
                return Err(format!(
                    "activation ranges of the {name} tower: a number of at least 0 for each channel is needed"
                ));
            }
        }
        Ok(())
    }
}
