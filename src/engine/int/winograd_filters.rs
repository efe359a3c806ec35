//! Convolutions whose filters are transformed while the network runs.
//!
//! In Winograd's domain a filter takes four times the memory. Where a layer has many of them and few tiles, this
//! makes most of the engine's size, and is read from memory for every picture; to transform the filters anew, a
//! panel at a time in the processor's cache, costs little beside the layer's products.

use super::buffer::{Buffer, Frozen};
use super::kernel::{Kernel, LANES, PATCH, POSITIONS, TAPS};
use super::quantize::{ActivationScales, Block, ConvWeights, QuantizeError, Quantized, bound, quantize_row};
use super::winograd::{filter_factor, input_range, transform_filter};

/// Filters in 16 bits.
pub(super) struct WinogradFilters {
    /// `[panel][depth][9][16]`.
    values: Frozen<i16>,
    /// Factors from transformed filters to weights whose sums cannot overflow: `[panel][36][16]`.
    factors: Vec<f32>,
}

impl Quantized<WinogradFilters> {
    /// As [`Quantized::winograd`], with filters that are transformed at run time.
    pub(super) fn on_the_fly(
        conv: &ConvWeights,
        activation_scales: ActivationScales,
        kernel: &dyn Kernel,
    ) -> Result<Self, QuantizeError> {
        conv.check(activation_scales)?;
        let (depth, panels) = (conv.inputs.next_multiple_of(LANES), conv.outputs.div_ceil(LANES));
        let mut values = Buffer::<i16>::new(panels * depth * TAPS * LANES);
        let (mut factors, mut scales) = (Vec::new(), Vec::new());
        let mut bias = vec![0.0; panels * LANES];
        for (panel, values) in values.get_mut().chunks_exact_mut(depth * TAPS * LANES).enumerate() {
            let first = panel * LANES;
            let outputs = first..(first + LANES).min(conv.outputs);
            let steps: Vec<f64> = outputs
                .clone()
                .map(|n| round_filters(conv, n, activation_scales, &mut values[n - first..]))
                .collect();
            let limits = Limits { depth, values, steps: &steps, kernel };
            let found = limits.scales().map_err(|(n, bound)| conv.overflow(first + n, bound))?;
            factors.extend(limits.factors(&found));
            let output = |n: usize| activation_scales.output.get(first + n).map_or(1.0, |scale| *scale);
            scales.extend(found.iter().enumerate().map(|(i, scale)| (scale / output(i % LANES)) as f32));
            for n in outputs {
                bias[n] = (f64::from(conv.bias[n]) / activation_scales.output[n]) as f32;
            }
        }
        let weights = WinogradFilters { values: values.into(), factors };
        Ok(Self {
            depth,
            panels,
            positions: POSITIONS,
            block: Block::on_the_fly(kernel),
            weights,
            scales,
            bias,
        })
    }

    /// Values from one position of [`Quantized::transform`] to the next: apart by a line of the cache, so that they do
    /// not displace each other from it.
    fn stride(&self) -> usize {
        self.block.panels * self.depth * LANES + 2 * LANES
    }

    /// Most values that [`Quantized::transform`] fills in.
    pub(super) fn transformed(&self) -> usize {
        PATCH * self.stride()
    }

    /// The weights of a group of panels at a row of positions.
    pub(super) fn transform(&self, group: usize, row: usize, kernel: &dyn Kernel, weights: &mut [i16]) {
        let size = self.depth * TAPS * LANES;
        for (i, panel) in self.group(group).enumerate() {
            let factors = &self.weights.factors[(panel * PATCH + row) * PATCH * LANES..];
            let taps = &self.weights.values[panel * size..][..size];
            let weights = &mut weights[i * self.depth * LANES..];
            kernel.transform_filters(taps, factors, row, weights, self.stride());
        }
    }

    /// The weights of a group at a position of a row, `[panel][depth * 16]`, of what [`Quantized::transform`] gave.
    pub(super) fn position<'a>(&self, weights: &'a [i16], group: usize, p: usize) -> &'a [i16] {
        &weights[p * self.stride()..][..self.group(group).len() * self.depth * LANES]
    }
}

/// Rounds the filters of an output to 16 bits, at every 16th of `values`. Returns the real value of 1.
fn round_filters(
    conv: &ConvWeights,
    output: usize,
    activation_scales: ActivationScales,
    values: &mut [i16],
) -> f64 {
    let filters = conv.filters(output).iter().zip(activation_scales.input);
    let taps = || filters.clone().flat_map(|(g, scale)| g.map(|tap| f64::from(tap) * scale));
    let largest = taps().fold(0.0f64, |largest, tap| largest.max(tap.abs()));
    let step = if largest > 0.0 { largest / f64::from(i16::MAX) } else { 1.0 };
    let targets = values.iter_mut().step_by(LANES);
    targets.zip(taps()).for_each(|(to, tap)| *to = (tap / step).round_ties_even() as i16);
    step
}

/// Computes the finest scales for the weights of a panel.
struct Limits<'a> {
    depth: usize,
    /// `[depth][9][16]`.
    values: &'a [i16],
    /// Real values of 1, for each output that is there.
    steps: &'a [f64],
    kernel: &'a dyn Kernel,
}

impl Limits<'_> {
    /// A weight is about its integer times this, `[36][16]`: as fine as no sum can leave 32 bits with the very
    /// integers that the kernel makes. An error is an output and its sum's bound.
    fn scales(&self) -> Result<Vec<f64>, (usize, i64)> {
        let mut scales = vec![1.0; POSITIONS * LANES];
        for (n, step) in self.steps.iter().enumerate() {
            let mut rows = vec![vec![0.0; self.depth]; POSITIONS];
            for (k, values) in self.values.chunks_exact(TAPS * LANES).enumerate() {
                let u =
                    transform_filter(&std::array::from_fn(|tap| f64::from(values[tap * LANES + n]) * step));
                rows.iter_mut().zip(u).for_each(|(row, u)| row[k] = u);
            }
            for (p, row) in rows.iter().enumerate() {
                scales[p * LANES + n] = quantize_row(row, input_range(p)).map_err(|bound| (n, bound))?.scale;
            }
        }
        // The kernel may round differently in rare cases, since its factors have fewer digits.
        for _ in 0..64 {
            match self.overflows(&scales)[..] {
                [] => return Ok(scales),
                ref sums => sums.iter().for_each(|(at, _)| scales[*at] *= 1.002),
            }
        }
        self.overflows(&scales).first().map_or(Ok(scales), |(at, bound)| Err((at % LANES, *bound)))
    }

    fn factors(&self, scales: &[f64]) -> Vec<f32> {
        let step = |n: usize| self.steps.get(n).map_or(0.0, |step| *step);
        let scales = scales.iter().enumerate();
        scales.map(|(i, scale)| (filter_factor(i / LANES) * step(i % LANES) / scale) as f32).collect()
    }

    /// The sums that could leave 32 bits, and their bounds.
    fn overflows(&self, scales: &[f64]) -> Vec<(usize, i64)> {
        let (factors, size) = (self.factors(scales), self.depth * LANES);
        let mut weights = vec![0; POSITIONS * size];
        for (row, weights) in weights.chunks_exact_mut(PATCH * size).enumerate() {
            let factors = &factors[row * PATCH * LANES..];
            self.kernel.transform_filters(self.values, factors, row, weights, size);
        }
        let bound = |at: usize| {
            let panel = &weights[at / LANES * size..][..size];
            let row: Vec<i16> =
                (0..self.depth).map(|k| panel[self.kernel.panel_index(k, at % LANES)]).collect();
            bound(&row, input_range(at / LANES))
        };
        (0..POSITIONS * LANES)
            .map(|at| (at, bound(at)))
            .filter(|(_, bound)| *bound > i64::from(i32::MAX))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::kernel::all;
    use super::*;

    /// The weights of an output in real numbers, `[36][inputs]`, from the integers of `panel(position)`.
    fn real<W>(
        conv: &Quantized<W>,
        n: usize,
        inputs: usize,
        kernel: &dyn Kernel,
        panel: impl Fn(usize) -> Vec<i16>,
    ) -> Vec<f32> {
        let scales = &conv.epilogue(n / LANES).scales;
        let row = |p: usize| {
            let (panel, scale) = (panel(p), scales[p * LANES + n % LANES]);
            (0..inputs).map(move |k| f32::from(panel[kernel.panel_index(k, n % LANES)]) * scale)
        };
        (0..POSITIONS).flat_map(row).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        /// Both ways give the same weights but for rounding, and every kernel gives the same.
        #[test]
        fn filters_give_the_weights_of_panels(
            inputs in 1usize..70,
            outputs in 1usize..40,
            seeds in prop::collection::vec(-1.0f32..1.0, 64),
        ) {
            let weights = (0..inputs * outputs * TAPS).map(|i| seeds[i * 31 % 61] * seeds[i % 64]).collect();
            let conv = ConvWeights { name: "conv".into(), weights, bias: vec![0.5; outputs], inputs, outputs };
            let input: Vec<f64> = (0..inputs).map(|k| 0.1 + f64::from(seeds[k % 64].abs())).collect();
            let activation_scales = ActivationScales { input: &input, output: &vec![0.25; outputs] };
            // A tap is at most 1.1, and is rounded to half a step of at most this; then outputs are in quarters.
            let tap = 4.0 * 0.5 * 1.1 / f32::from(i16::MAX);
            let mut found: Option<Vec<f32>> = None;
            for kernel in all() {
                let panels = Quantized::winograd(&conv, activation_scales, Block::on_the_fly(&*kernel), &*kernel).unwrap();
                let filters = Quantized::on_the_fly(&conv, activation_scales, &*kernel).unwrap();
                prop_assert_eq!((filters.depth, filters.panels), (panels.depth, panels.panels));
                prop_assert_eq!(&filters.bias, &panels.bias);
                let mut all = Vec::new();
                for n in 0..outputs {
                    let ours = real(&filters, n, inputs, &*kernel, |p| {
                        let mut weights = vec![0; filters.transformed()];
                        let (group, panel) = (n / LANES / filters.block.panels, n / LANES % filters.block.panels);
                        filters.transform(group, p / PATCH, &*kernel, &mut weights);
                        let panels = filters.position(&weights, group, p % PATCH);
                        panels[panel * filters.depth * LANES..][..filters.depth * LANES].into()
                    });
                    let theirs = real(&panels, n, inputs, &*kernel, |p| panels.panel(n / LANES, p).into());
                    for (i, (a, b)) in ours.iter().zip(&theirs).enumerate() {
                        let step = panels.epilogue(n / LANES).scales[i / inputs * LANES + n % LANES];
                        prop_assert!((a - b).abs() <= tap + 1.1 * step, "{a} {b} {step}");
                    }
                    all.extend(ours);
                }
                let first = found.get_or_insert_with(|| all.clone());
                prop_assert_eq!(&*first, &all, "{}", kernel.name());
            }
        }
    }
}
