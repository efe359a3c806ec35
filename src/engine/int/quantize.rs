//! From folded weights and activation ranges to integers, with the proof that no sum overflows.

use std::ops::Range;

use thiserror::Error;

use super::buffer::{Buffer, Frozen};
use super::kernel::{Epilogue, Kernel, LANES, POSITIONS, TAPS};
use super::winograd::{input_range, transform_filter};
use crate::model::WeightsError;

/// Why a network cannot be quantized.
#[derive(Debug, Error)]
pub enum QuantizeError {
    /// There are not the weights that the layer table asks for.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// A weight, bias or range is not finite.
    #[error("{layer}: weights, biases and activation ranges must be finite numbers")]
    NotFinite {
        /// The layer.
        layer: String,
    },
    /// A sum might leave 32 bits. This is a bug of the program, never a fault of the model.
    #[error("{layer}, output channel {channel}: a sum could reach {bound}, beyond 32 bits")]
    Overflow {
        /// The layer.
        layer: String,
        /// The output channel.
        channel: usize,
        /// The largest magnitude that the sum can have.
        bound: i64,
    },
}

/// A sum of products that cannot overflow: integers and their scale.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) weights: Vec<i16>,
    /// A weight is about `scale` times its integer.
    pub(super) scale: f64,
}

/// Rounds the weights of one sum to 16 bits, as finely as the sum of `weight * input` over inputs
/// in `range` allows without leaving 32 bits.
///
/// Returns the violated bound as an error; this would be a bug here.
pub(super) fn quantize_row(weights: &[f64], range: [i64; 2]) -> Result<Row, i64> {
    let largest = weights.iter().fold(0.0f64, |m, w| m.max(w.abs()));
    if largest == 0.0 {
        return Ok(Row { weights: vec![0; weights.len()], scale: 1.0 });
    }
    let extreme = {
        let side = |high: i64, low: i64| -> f64 {
            weights.iter().map(|w| if *w > 0.0 { w * high as f64 } else { w * low as f64 }).sum()
        };
        side(range[1], range[0]).abs().max(side(range[0], range[1]).abs())
    };
    let mut scale = (largest / f64::from(i16::MAX)).max(extreme / f64::from(i32::MAX));
    // Rounding may add half a unit to every weight; a few steps make room for that.
    for _ in 0..64 {
        let rounded: Vec<i16> = weights.iter().map(|w| (w / scale).round_ties_even() as i16).collect();
        if bound(&rounded, range) <= i64::from(i32::MAX) {
            return Ok(Row { weights: rounded, scale });
        }
        scale *= 1.002;
    }
    Err(bound(&weights.iter().map(|w| (w / scale).round_ties_even() as i16).collect::<Vec<_>>(), range))
}

/// The largest magnitude that any partial sum of `weight * input` can have, for inputs in `range`
/// (which holds 0).
pub(super) fn bound(weights: &[i16], [low, high]: [i64; 2]) -> i64 {
    let (mut least, mut most) = (0i64, 0i64);
    for w in weights.iter().map(|w| i64::from(*w)) {
        least += (w * low).min(w * high).min(0);
        most += (w * low).max(w * high).max(0);
    }
    most.max(-least)
}

/// Weights and biases of a convolution, as the float network has them.
#[derive(Clone, Debug)]
pub(super) struct ConvWeights {
    /// Name of the layer, for error messages.
    pub(super) name: String,
    /// `[out, in, 3, 3]`.
    pub(super) weights: Vec<f32>,
    /// `[out]`.
    pub(super) bias: Vec<f32>,
    /// Input channels.
    pub(super) inputs: usize,
    /// Output channels.
    pub(super) outputs: usize,
}

impl ConvWeights {
    /// The filters of an output, one for each input, row by row.
    pub(super) fn filters(&self, output: usize) -> &[[f32; TAPS]] {
        let size = self.inputs * TAPS;
        self.weights[output * size..(output + 1) * size].as_chunks().0
    }

    /// Checks that weights, biases and scales are finite.
    pub(super) fn check(&self, activation_scales: ActivationScales) -> Result<(), QuantizeError> {
        let finite = self.weights.iter().chain(&self.bias).all(|v| v.is_finite())
            && activation_scales.input.iter().chain(activation_scales.output).all(|v| v.is_finite());
        if finite { Ok(()) } else { Err(QuantizeError::NotFinite { layer: self.name.clone() }) }
    }

    /// The error that a sum of `channel` could reach `bound`.
    pub(super) fn overflow(&self, channel: usize, bound: i64) -> QuantizeError {
        QuantizeError::Overflow { layer: self.name.clone(), channel, bound }
    }

    /// Bytes that the weights take in Winograd's domain.
    pub(super) fn winograd_bytes(&self) -> usize {
        let [inputs, outputs] = [self.inputs, self.outputs].map(|channels| channels.next_multiple_of(LANES));
        POSITIONS * inputs * outputs * size_of::<i16>()
    }
}

/// A quantized convolution: integers, by default packed in panels, and how sums become activations.
pub(super) struct Quantized<W = Frozen<i16>> {
    /// Products per output: input channels, or 9 times that without Winograd, padded to a multiple of 16.
    pub(super) depth: usize,
    /// Groups of 16 output channels.
    pub(super) panels: usize,
    /// Positions per tile: 36, or 1 without Winograd.
    pub(super) positions: usize,
    /// What is computed together; its panels are a group.
    pub(super) block: Block,
    /// Panels: `[group][position][panel of the group][depth * 16]`.
    pub(super) weights: W,
    /// `[panels, positions, 16]`.
    pub(super) scales: Vec<f32>,
    /// `[panels, 16]`.
    pub(super) bias: Vec<f32>,
}

/// How much of a layer is computed together, so that it stays in the processor's cache.
#[derive(Clone, Copy)]
pub(super) struct Block {
    /// Panels that are multiplied one after the other with the same inputs.
    pub(super) panels: usize,
    /// Most tiles that are transformed, multiplied and transformed back together.
    pub(super) tiles: usize,
}

impl Block {
    /// Where weights come from memory: each is used for many tiles.
    pub(super) const LARGE: Self = Self { panels: 4, tiles: 56 };

    /// Where weights stay in the cache: there is room for transformed inputs and sums beside them.
    pub(super) fn small(kernel: &dyn Kernel) -> Self {
        Self { panels: 2 * kernel.panels(), tiles: 24usize.next_multiple_of(kernel.group()) }
    }

    /// Where filters are transformed on the fly: each is used for all tiles.
    pub(super) fn on_the_fly(kernel: &dyn Kernel) -> Self {
        Self { panels: kernel.panels(), tiles: 56 }
    }

    /// Without tiles: the sums of a row of pixels stay in the first cache.
    fn direct(kernel: &dyn Kernel) -> Self {
        Self { panels: kernel.panels(), tiles: 24 }
    }
}

/// Real values of inputs and outputs of a layer, for each step of their integers, channel by channel.
///
/// Each channel has a scale of its own. An input's scale is folded into the weights, an output's into the factor of its
/// sums, so that neither costs anything when the network runs.
#[derive(Clone, Copy)]
pub(super) struct ActivationScales<'a> {
    /// Real value of an input of 1; `[in]`.
    pub(super) input: &'a [f64],
    /// Real value of an output of 1; `[out]`.
    pub(super) output: &'a [f64],
}

impl Quantized {
    /// For [`Kernel::transform`], `depth` being the padded input channels.
    pub(super) fn winograd(
        conv: &ConvWeights,
        activation_scales: ActivationScales,
        block: Block,
        kernel: &dyn Kernel,
    ) -> Result<Self, QuantizeError> {
        let depth = conv.inputs.next_multiple_of(LANES);
        let row = |n: usize, rows: &mut [Vec<f64>]| {
            for (k, g) in conv.filters(n).iter().enumerate() {
                let u = transform_filter(&g.map(|tap| f64::from(tap) * activation_scales.input[k]));
                rows.iter_mut().zip(u).for_each(|(row, u)| row[k] = u);
            }
        };
        Self::new(conv, [conv.inputs, depth, POSITIONS], row, input_range, activation_scales, block, kernel)
    }

    /// For gathered inputs `[3, 3, in]` in `range`.
    pub(super) fn direct(
        conv: &ConvWeights,
        range: [i64; 2],
        activation_scales: ActivationScales,
        kernel: &dyn Kernel,
    ) -> Result<Self, QuantizeError> {
        let taps = TAPS * conv.inputs;
        let row = |n: usize, rows: &mut [Vec<f64>]| {
            for (k, weight) in rows[0].iter_mut().enumerate() {
                let (channel, tap) = (k % conv.inputs, k / conv.inputs);
                *weight = f64::from(conv.filters(n)[channel][tap]) * activation_scales.input[channel];
            }
        };
        Self::new(
            conv,
            [taps, taps.next_multiple_of(LANES), 1],
            row,
            |_| range,
            activation_scales,
            Block::direct(kernel),
            kernel,
        )
    }

    /// `row(n, rows)` fills in the weights of output channel `n`: `products` for each position.
    fn new(
        conv: &ConvWeights,
        [products, depth, positions]: [usize; 3],
        row: impl Fn(usize, &mut [Vec<f64>]),
        range: impl Fn(usize) -> [i64; 2],
        activation_scales: ActivationScales,
        block: Block,
        kernel: &dyn Kernel,
    ) -> Result<Self, QuantizeError> {
        conv.check(activation_scales)?;
        let panels = conv.outputs.div_ceil(LANES);
        let mut weights = Buffer::<i16>::new(panels * positions * depth * LANES);
        let mut scales = vec![0.0; panels * positions * LANES];
        let mut bias = vec![0.0; panels * LANES];
        let mut rows = vec![vec![0.0; products]; positions];
        for (n, value) in conv.bias.iter().enumerate() {
            bias[n] = (f64::from(*value) / activation_scales.output[n]) as f32;
            row(n, &mut rows);
            for (p, row) in rows.iter().enumerate() {
                let row = quantize_row(row, range(p)).map_err(|bound| conv.overflow(n, bound))?;
                let (panel, lane) = (n / LANES, n % LANES);
                scales[(panel * positions + p) * LANES + lane] =
                    (row.scale / activation_scales.output[n]) as f32;
                let start = panel_start(panel, p, panels, positions, depth, block.panels);
                let packed = &mut weights.get_mut()[start..start + depth * LANES];
                for (k, w) in row.weights.iter().enumerate() {
                    packed[kernel.panel_index(k, lane)] = *w;
                }
            }
        }
        Ok(Self { depth, panels, positions, block, weights: weights.into(), scales, bias })
    }

    /// The weights of a group of panels at a position, one panel after the other.
    pub(super) fn panels(&self, group: usize, position: usize) -> &[i16] {
        let panels = self.group(group);
        let start =
            panel_start(panels.start, position, self.panels, self.positions, self.depth, self.block.panels);
        &self.weights[start..start + panels.len() * self.depth * LANES]
    }

    /// The weights of a panel at a position.
    #[cfg(test)]
    pub(super) fn panel(&self, panel: usize, position: usize) -> &[i16] {
        let start = panel_start(panel, position, self.panels, self.positions, self.depth, self.block.panels);
        &self.weights[start..start + self.depth * LANES]
    }
}

impl<W> Quantized<W> {
    /// How a panel's sums become activations.
    pub(super) fn epilogue(&self, panel: usize) -> Epilogue<'_> {
        let size = self.positions * LANES;
        Epilogue {
            scales: &self.scales[panel * size..(panel + 1) * size],
            bias: &self.bias[panel * LANES..(panel + 1) * LANES],
        }
    }

    /// Groups of panels.
    pub(super) fn groups(&self) -> usize {
        self.panels.div_ceil(self.block.panels)
    }

    /// The panels of a group.
    pub(super) fn group(&self, group: usize) -> Range<usize> {
        let first = group * self.block.panels;
        first..(first + self.block.panels).min(self.panels)
    }
}

/// Weights lie in the order in which they are read: a group of panels at one position, then at the next.
fn panel_start(
    panel: usize,
    position: usize,
    panels: usize,
    positions: usize,
    depth: usize,
    group: usize,
) -> usize {
    let first = panel / group * group;
    let in_group = group.min(panels - first);
    (first * positions + position * in_group + panel - first) * depth * LANES
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_sum_can_overflow(
            weights in prop::collection::vec(-1e3f64..1e3, 1..600),
            position in 0usize..POSITIONS,
        ) {
            let range = input_range(position);
            let row = quantize_row(&weights, range).unwrap();
            prop_assert!(bound(&row.weights, range) <= i64::from(i32::MAX));
            // The worst input reaches the bound, so the bound is tight.
            let worst: i64 = row.weights.iter().map(|w| {
                let w = i64::from(*w);
                if w > 0 { w * range[1] } else { w * range[0] }
            }).sum();
            prop_assert!(worst <= bound(&row.weights, range));
            for (w, q) in weights.iter().zip(&row.weights) {
                prop_assert!((w - f64::from(*q) * row.scale).abs() <= row.scale * 0.5 + 1e-9);
            }
        }
    }

    #[test]
    fn weights_use_the_bits_that_there_are() {
        let few = quantize_row(&[1.0, -0.5], [0, 255]).unwrap();
        assert_eq!(few.weights, [i16::MAX, -16384]);
        assert_eq!(quantize_row(&[0.0; 4], [0, 255]).unwrap().weights, [0; 4]);
        let many = quantize_row(&vec![1.0; 512], input_range(7)).unwrap();
        let bound = bound(&many.weights, input_range(7));
        assert!(bound > i64::from(i32::MAX) * 9 / 10, "{bound}");
    }

    #[test]
    fn panels_lie_in_the_order_of_reading() {
        let starts: Vec<usize> = [(0, 0), (3, 0), (0, 1), (3, 35), (4, 0), (5, 0), (4, 1)]
            .map(|(panel, position)| panel_start(panel, position, 6, 36, 1, 4) / LANES)
            .into();
        assert_eq!(starts, [0, 3, 4, 143, 144, 145, 146]);
    }
}
