//! The work of one thread on a layer without tiles: the first layer, and layers with a stride.

use super::convolve::{Target, WorkerContext};
use super::kernel::{LANES, groups};
use super::plane::Plane;
use super::quantize::Quantized;
use super::step::{Step, Unit};

impl WorkerContext<'_> {
    /// A convolution of any stride over gathered inputs, row by row.
    pub(super) fn direct<T: bytemuck::Pod + Into<i16>>(
        &mut self,
        step: &Step,
        weights: &Quantized,
        stride: usize,
        source: &Plane<T>,
        target: Target,
    ) {
        let (inputs, sums) = (self.scratch.inputs.get_mut(), self.scratch.sums.get_mut());
        self.worker.parallel_for(step.todo.len(), |unit| {
            let unit = &step.todo[unit];
            let (row, columns, width) = (unit.row, &unit.columns, unit.columns.len());
            gather(step, unit, stride, source, weights.depth, self.kernel.group(), inputs);
            for group in 0..weights.groups() {
                let panels = weights.panels(group, 0);
                self.kernel.multiply(inputs, width, weights.depth, panels, sums, width * LANES);
                for (panel, sums) in weights.group(group).zip(sums.chunks_exact(width * LANES)) {
                    let (epilogue, channels) = (weights.epilogue(panel), panel * LANES..(panel + 1) * LANES);
                    match target {
                        Target::Plane(plane) => {
                            let apart = plane.channels;
                            let first = plane.start(row, columns.clone(), channels);
                            // SAFETY: a unit has pixels of its own, and nobody reads them before the next phase.
                            let pixels = unsafe { plane.values(first..first + (width - 1) * apart + LANES) };
                            self.kernel.requantize(sums, epilogue, pixels, apart);
                        }
                        Target::Map(map) => {
                            for (column, sums) in columns.clone().zip(sums.chunks_exact(LANES)) {
                                let first = map.start(row, column..column + 1, channels.clone());
                                // SAFETY: as above.
                                let values = unsafe { map.values(first..first + LANES) };
                                for (n, value) in values.iter_mut().enumerate() {
                                    *value =
                                        (sums[n] as f32 * epilogue.scales[n] + epilogue.bias[n]).max(0.0);
                                }
                            }
                        }
                    }
                }
            }
        });
    }

    pub(super) fn pool(&mut self, step: &Step, scales: &[f32], source: &Plane<u8>, target: Target) {
        let channels = source.channels;
        self.worker.parallel_for(step.todo.len(), |index| {
            let Unit { row, columns } = &step.todo[index];
            let row = *row;
            // SAFETY: nobody writes the source in this phase.
            let [above, below] =
                [0, 1].map(|i| unsafe { source.row((2 * row + i) as isize, &step.plan.from) });
            for column in columns.clone() {
                let left = (2 * column + 1) * channels;
                let largest = |n: usize| {
                    let at = left + n;
                    above[at].max(above[at + channels]).max(below[at]).max(below[at + channels])
                };
                match target {
                    Target::Plane(plane) => {
                        let first = plane.start(row, column..column + 1, 0..channels);
                        // SAFETY: a unit has pixels of its own, and nobody reads them before the next phase.
                        let values = unsafe { plane.values(first..first + channels) };
                        values.iter_mut().enumerate().for_each(|(n, value)| *value = largest(n));
                    }
                    Target::Map(map) => {
                        let first = map.start(row, column..column + 1, 0..channels);
                        // SAFETY: as above.
                        let values = unsafe { map.values(first..first + channels) };
                        let values = values.iter_mut().zip(scales).enumerate();
                        values.for_each(|(n, (value, scale))| *value = f32::from(largest(n)) * scale);
                    }
                }
            }
        });
    }
}

/// The inputs of a span of outputs without tiles, in groups of `group`. Padding after the nine taps of a pixel is
/// multiplied by weights of 0, so its values do not matter.
fn gather<T: bytemuck::Pod + Into<i16>>(
    step: &Step,
    Unit { row, columns }: &Unit,
    stride: usize,
    source: &Plane<T>,
    depth: usize,
    group: usize,
    inputs: &mut [i16],
) {
    // SAFETY: nobody writes the source in this phase.
    let rows: [&[T]; 3] =
        std::array::from_fn(|tap| unsafe { source.row((row * stride + tap) as isize - 1, &step.plan.from) });
    let (run, apart) = (3 * source.channels, stride * source.channels);
    // Few channels: whole vectors are copied, each over the end of the one before.
    let few = run <= LANES && depth <= 2 * LANES;
    let mut pixel = [0i16; 3 * LANES];
    for (first, size) in groups(columns.len(), group) {
        for t in 0..size {
            let (inputs, from) =
                (&mut inputs[first * depth + t * LANES..], (columns.start + first + t) * apart);
            if few && from + LANES <= rows[0].len() {
                for (tap, values) in rows.iter().enumerate() {
                    let target = &mut pixel[tap * run..][..LANES];
                    target.iter_mut().zip(&values[from..][..LANES]).for_each(|(to, v)| *to = (*v).into());
                }
                for (block, values) in pixel[..depth].chunks_exact(LANES).enumerate() {
                    inputs[block * size * LANES..][..LANES].copy_from_slice(values);
                }
                continue;
            }
            for (tap, values) in rows.iter().enumerate() {
                for (k, value) in (tap * run..).zip(&values[from..][..run]) {
                    inputs[k / LANES * size * LANES + k % LANES] = (*value).into();
                }
            }
        }
    }
}
