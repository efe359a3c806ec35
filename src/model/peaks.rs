//! How large activations become: what the integer engine needs to know before it rounds them.

use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::{Network, Spec};

/// A picture as [`crate::engine::Engine::see`] takes it, and a sound as
/// [`crate::engine::Engine::hear`] does.
pub type Sample = (Vec<f32>, Vec<f32>);

/// The largest activation of each convolution, over a set of samples. Larger ones are cut off.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peaks {
    /// Vision tower, one value per convolution.
    pub vision: Vec<f32>,
    /// Audio tower, likewise.
    pub audio: Vec<f32>,
}

impl Peaks {
    /// Runs a folded network that lives on flex.
    pub fn measure(spec: &Spec, network: &Network, samples: &[Sample]) -> Self {
        let tensor = |values: &[f32], [c, h, w]: [usize; 3]| {
            Tensor::<4>::from_data(TensorData::new(values.to_vec(), [1, c, h, w]), &Device::flex())
        };
        let raise = |peaks: &mut Vec<f32>, found: Vec<f32>| {
            peaks.resize(found.len(), 0.0);
            peaks.iter_mut().zip(found).for_each(|(peak, value)| *peak = peak.max(value));
        };
        let mut peaks = Self::default();
        for (picture, sound) in samples {
            raise(&mut peaks.vision, network.vision.peaks(tensor(picture, spec.vision.input)));
            raise(&mut peaks.audio, network.audio.peaks(tensor(sound, spec.audio.input)));
        }
        peaks
    }

    /// Checks peaks that came from outside.
    ///
    /// # Errors
    /// One sentence with what does not fit.
    pub fn validate(&self, spec: &Spec) -> Result<(), String> {
        for (name, tower, peaks) in
            [("vision", &spec.vision, &self.vision), ("audio", &spec.audio, &self.audio)]
        {
            let convs = tower.convolutions();
            if peaks.len() != convs || !peaks.iter().all(|p| p.is_finite() && *p >= 0.0) {
                return Err(format!("peaks of the {name} tower: {convs} numbers of at least 0 are needed"));
            }
        }
        Ok(())
    }
}
