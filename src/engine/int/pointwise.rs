//! 1x1 convolutions over the pixels of a map: the vision side of the localization head.

use super::buffer::{Buffer, Frozen};
use super::kernel::{Kernel, LANES, groups};
use super::quantize::{ConvWeights, QuantizeError, quantize_row};
use super::tower::round;

/// Inputs are rounded to 12 bits and a sign, with a scale of each pixel's own; that leaves weights about
/// as many bits.
const FULL: f32 = 4095.0;

/// Pixels that are computed together.
pub(super) const PIXELS: usize = 28;

/// A 1x1 convolution with rounded weights.
pub(super) struct Pointwise {
    depth: usize,
    /// `[outputs / 16][depth * 16]`.
    weights: Frozen<i16>,
    scales: Vec<f32>,
    bias: Vec<f32>,
    relu: bool,
}

/// Memory of one thread.
pub(super) struct Scratch {
    inputs: Buffer<i16>,
    sums: Buffer<i32>,
    pixel_scales: [f32; PIXELS],
}

impl Scratch {
    /// For layers of at most this many inputs.
    pub(super) fn new(depth: usize) -> Self {
        Self {
            inputs: Buffer::new(depth.next_multiple_of(LANES) * PIXELS),
            sums: Buffer::new(PIXELS * LANES),
            pixel_scales: [0.0; PIXELS],
        }
    }
}

impl Pointwise {
    /// Rounds the weights `[out, in]`.
    pub(super) fn new(conv: &ConvWeights, relu: bool, kernel: &dyn Kernel) -> Result<Self, QuantizeError> {
        if !conv.weights.iter().chain(&conv.bias).all(|v| v.is_finite()) {
            return Err(QuantizeError::NotFinite { layer: conv.name.clone() });
        }
        let depth = conv.inputs.next_multiple_of(LANES);
        let outputs = conv.outputs.next_multiple_of(LANES);
        let mut weights = Buffer::<i16>::new(depth * outputs);
        let (mut scales, mut bias) = (vec![0.0; outputs], vec![0.0; outputs]);
        for (n, values) in conv.weights.chunks_exact(conv.inputs).enumerate() {
            let values: Vec<f64> = values.iter().map(|w| f64::from(*w)).collect();
            let range = [-(FULL as i64), FULL as i64];
            let row = quantize_row(&values, range).map_err(|bound| QuantizeError::Overflow {
                layer: conv.name.clone(),
                channel: n,
                bound,
            })?;
            let panel = &mut weights.get_mut()[n / LANES * depth * LANES..][..depth * LANES];
            for (k, w) in row.weights.iter().enumerate() {
                panel[kernel.panel_index(k, n % LANES)] = *w;
            }
            (scales[n], bias[n]) = (row.scale as f32, conv.bias[n]);
        }
        Ok(Self { depth, weights: weights.into(), scales, bias, relu })
    }

    /// Inputs of a pixel, padded to a multiple of 16.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// Outputs of a pixel, padded to a multiple of 16.
    pub(super) fn outputs(&self) -> usize {
        self.scales.len()
    }

    /// Up to [`PIXELS`] pixels of `depth` values to as many of [`Pointwise::outputs`] values.
    pub(super) fn run(&self, pixels: &[f32], kernel: &dyn Kernel, scratch: &mut Scratch, out: &mut [f32]) {
        let Scratch { inputs, sums, pixel_scales } = scratch;
        let count = pixels.len() / self.depth;
        let (inputs, sums) = (inputs.get_mut(), &mut sums.get_mut()[..count * LANES]);
        for (first, size) in groups(count, kernel.group()) {
            for (t, pixel) in pixels[first * self.depth..].chunks_exact(self.depth).take(size).enumerate() {
                let largest = pixel.iter().fold(1e-30f32, |m, v| if v.abs() > m { v.abs() } else { m });
                pixel_scales[first + t] = largest / FULL;
                let factor = FULL / largest;
                for (block, values) in pixel.chunks_exact(LANES).enumerate() {
                    let target = &mut inputs[first * self.depth + (block * size + t) * LANES..][..LANES];
                    target.iter_mut().zip(values).for_each(|(to, value)| *to = round(value * factor));
                }
            }
        }
        for (p, panel) in self.weights.chunks_exact(self.depth * LANES).enumerate() {
            kernel.multiply(inputs, count, self.depth, panel, sums, 0);
            let (scales, bias) = (&self.scales[p * LANES..][..LANES], &self.bias[p * LANES..][..LANES]);
            for (t, sums) in sums.chunks_exact(LANES).enumerate() {
                let target = &mut out[t * self.outputs() + p * LANES..][..LANES];
                for (n, to) in target.iter_mut().enumerate() {
                    let value = sums[n] as f32 * (scales[n] * pixel_scales[t]) + bias[n];
                    *to = if self.relu && value < 0.0 { 0.0 } else { value };
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::int::kernel::all;

    #[test]
    fn every_kernel_comes_close_to_real_numbers() {
        let (inputs, outputs) = (40, 20);
        let value = |n: usize| ((n * 7919 % 1009) as f32 / 504.5 - 1.0) * 0.3;
        let conv = ConvWeights {
            name: "head".into(),
            weights: (0..inputs * outputs).map(value).collect(),
            bias: (0..outputs).map(value).collect(),
            inputs,
            outputs,
        };
        let depth = inputs.next_multiple_of(LANES);
        let pixels: Vec<f32> =
            (0..5 * depth).map(|i| if i % depth < inputs { value(i * 31) * 7.0 } else { 0.0 }).collect();
        for kernel in all() {
            let layer = Pointwise::new(&conv, true, &*kernel).unwrap();
            let mut out = vec![0.0; 5 * layer.outputs()];
            layer.run(&pixels, &*kernel, &mut Scratch::new(depth), &mut out);
            for (t, pixel) in pixels.chunks_exact(depth).enumerate() {
                for n in 0..outputs {
                    let row = &conv.weights[n * inputs..][..inputs];
                    let sum: f32 = row.iter().zip(pixel).map(|(w, x)| w * x).sum();
                    let expected = (sum + conv.bias[n]).max(0.0);
                    let found = out[t * layer.outputs() + n];
                    assert!((found - expected).abs() < 2e-3, "{found} {expected}");
                }
            }
        }
    }
}
