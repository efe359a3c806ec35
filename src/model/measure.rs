//! Activation ranges, measured on samples in floating point.

use burn::tensor::{Device, Tensor, TensorData};

use super::golden::Sample;
use super::network::{Network, TowerNet};
use super::ranges::ActivationRanges;
use super::spec::Spec;

/// Least range of a channel, as a share of the widest in its layer: other pictures and sounds may activate a channel
/// that the samples hardly activate.
const LEAST: f32 = 1.0 / 16.0;
/// Factor by which a range is wider than the best one for the samples, because other sounds are louder. On 16 real
/// clips the largest error of an embedding (built-in model, of the largest value) fell from 0.034 to 0.019 by it for
/// sounds, and rose from 0.016 to 0.023 for pictures.
const ROOM: f32 = 1.2;

/// Counts of a channel's activations above 0 in equal steps up to the largest.
#[derive(Clone)]
struct Histogram {
    largest: f32,
    counts: Vec<u64>,
}

impl Histogram {
    const BINS: usize = 1024;

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

impl ActivationRanges {
    /// Runs a folded network that lives on flex, twice over the samples.
    pub fn measure(spec: &Spec, network: &Network, samples: &[Sample]) -> Self {
        let pictures = samples.iter().map(|(picture, _)| &picture[..]);
        let sounds = samples.iter().map(|(_, sound)| &sound[..]);
        Self {
            vision: tower_ranges(&network.vision, spec.vision.input, pictures),
            audio: tower_ranges(&network.audio, spec.audio.input, sounds),
        }
    }
}

fn tower_ranges<'a>(
    tower: &TowerNet,
    [c, h, w]: [usize; 3],
    samples: impl Iterator<Item = &'a [f32]> + Clone,
) -> Vec<Vec<f32>> {
    let run = |each: &mut dyn FnMut(usize, &[f32])| {
        for values in samples.clone() {
            let x = Tensor::<4>::from_data(TensorData::new(values.to_vec(), [1, c, h, w]), &Device::flex());
            let mut layer = 0;
            tower.forward_each(x, |activations| {
                let data = activations.clone().into_data();
                each(layer, &data.iter::<f32>().collect::<Vec<_>>());
                layer += 1;
            });
        }
    };
    let histogram = Histogram { largest: 0.0, counts: vec![0; Histogram::BINS] };
    let widths = tower.convs.iter().map(|block| block.conv.weight.dims()[0]);
    let mut layers: Vec<Vec<Histogram>> = widths.map(|channels| vec![histogram.clone(); channels]).collect();
    run(&mut |layer, activations| {
        for (channel, values) in planes(&mut layers[layer], activations) {
            channel.largest = values.iter().copied().fold(channel.largest, f32::max);
        }
    });
    run(&mut |layer, activations| {
        planes(&mut layers[layer], activations).for_each(|(channel, values)| channel.add(values));
    });
    layers.iter().map(|channels| ends(channels)).collect()
}

/// Each channel with its part of a map `[channels, height, width]`.
fn planes<'a>(
    channels: &'a mut [Histogram],
    map: &'a [f32],
) -> impl Iterator<Item = (&'a mut Histogram, &'a [f32])> {
    let size = (map.len() / channels.len()).max(1);
    channels.iter_mut().zip(map.chunks_exact(size))
}

/// Where the ranges of a layer's channels end.
fn ends(channels: &[Histogram]) -> Vec<f32> {
    let ends: Vec<f32> = channels.iter().map(Histogram::best_end).collect();
    let least = ends.iter().copied().fold(0.0, f32::max) * LEAST;
    ends.into_iter().map(|end| end.max(least) * ROOM).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(values: &[f32]) -> Histogram {
        let largest = values.iter().copied().fold(0.0, f32::max);
        let mut histogram = Histogram { largest, counts: vec![0; Histogram::BINS] };
        histogram.add(values);
        histogram
    }

    fn end(values: &[f32]) -> f32 {
        histogram(values).best_end()
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

    #[test]
    fn each_channel_has_its_own_range_and_none_has_nothing() {
        let found = ends(&[histogram(&[8.0, 0.0]), histogram(&[2.0, 2.0]), histogram(&[0.0, 0.0])]);
        assert!((found[0] / ROOM - 8.0).abs() < 0.1 && (found[1] / ROOM - 2.0).abs() < 0.1, "{found:?}");
        assert_eq!(found[2], found[0] * LEAST);
        assert_eq!(ends(&[histogram(&[0.0])]), [0.0]);
    }
}
