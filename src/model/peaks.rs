//! How large activations become: what the integer engine needs to know before it rounds them.

use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::{Network, Spec, TowerNet};

/// A picture as [`crate::engine::Engine::see`] takes it, and a sound as
/// [`crate::engine::Engine::hear`] does.
pub type Sample = (Vec<f32>, Vec<f32>);

/// The activation of each convolution that becomes the largest byte; larger ones are cut off.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peaks {
    /// Vision tower, one value per convolution.
    pub vision: Vec<f32>,
    /// Audio tower, likewise.
    pub audio: Vec<f32>,
}

/// Counts of activations above 0 in equal steps up to the largest.
struct Histogram {
    largest: f32,
    counts: Vec<u64>,
}

impl Histogram {
    const BINS: usize = 4096;

    fn add(&mut self, values: &[f32]) {
        let factor = Self::BINS as f32 / self.largest.max(f32::MIN_POSITIVE);
        for value in values.iter().filter(|v| **v > 0.0) {
            self.counts[((value * factor) as usize).min(Self::BINS - 1)] += 1;
        }
    }

    /// The end of the range at which rounding to 255 steps and cutting off what is beyond cost the
    /// least squared error together.
    fn best_end(&self) -> f32 {
        let width = self.largest / Self::BINS as f32;
        let error = |end: f32| -> f64 {
            let step = f64::from(end) / 255.0;
            let each = |(bin, count): (usize, &u64)| {
                let beyond = f64::from((bin as f32 + 0.5) * width - end).max(0.0);
                *count as f64 * (step * step / 12.0).max(beyond * beyond)
            };
            self.counts.iter().enumerate().map(each).sum()
        };
        let ends = (20..=100).map(|percent| self.largest * percent as f32 / 100.0);
        ends.min_by(|a, b| error(*a).total_cmp(&error(*b))).unwrap_or(self.largest)
    }
}

impl Peaks {
    /// Runs a folded network that lives on flex, twice over the samples.
    pub fn measure(spec: &Spec, network: &Network, samples: &[Sample]) -> Self {
        let pictures = samples.iter().map(|(picture, _)| &picture[..]);
        let sounds = samples.iter().map(|(_, sound)| &sound[..]);
        Self {
            vision: tower_peaks(&network.vision, spec.vision.input, pictures),
            audio: tower_peaks(&network.audio, spec.audio.input, sounds),
        }
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

fn tower_peaks<'a>(
    tower: &TowerNet,
    [c, h, w]: [usize; 3],
    samples: impl Iterator<Item = &'a [f32]> + Clone,
) -> Vec<f32> {
    let run = |each: &mut dyn FnMut(usize, &Tensor<4>)| {
        for values in samples.clone() {
            let x = Tensor::<4>::from_data(TensorData::new(values.to_vec(), [1, c, h, w]), &Device::flex());
            let mut layer = 0;
            tower.forward_each(x, |activations| {
                each(layer, activations);
                layer += 1;
            });
        }
    };
    let histogram = || Histogram { largest: 0.0, counts: vec![0; Histogram::BINS] };
    let mut histograms: Vec<Histogram> = tower.convs.iter().map(|_| histogram()).collect();
    run(&mut |layer, activations| {
        let largest = activations.clone().max().into_scalar::<f32>();
        histograms[layer].largest = histograms[layer].largest.max(largest);
    });
    run(&mut |layer, activations| {
        let data = activations.clone().into_data();
        histograms[layer].add(&data.iter::<f32>().collect::<Vec<_>>());
    });
    histograms.iter().map(Histogram::best_end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(values: &[f32]) -> f32 {
        let largest = values.iter().copied().fold(0.0, f32::max);
        let mut histogram = Histogram { largest, counts: vec![0; Histogram::BINS] };
        histogram.add(values);
        histogram.best_end()
    }

    #[test]
    fn a_rare_outlier_is_cut_off_and_an_even_spread_is_not() {
        let even: Vec<f32> = (0..10_000).map(|n| n as f32 / 1000.0).collect();
        assert!(end(&even) > 9.7);
        let mut with_outlier = even.repeat(100);
        with_outlier.push(20.0);
        assert!(end(&with_outlier) < 15.0);
        assert_eq!(end(&[0.0]), 0.0);
    }
}
