//! One thread at work on a step.

use std::ops::Range;

use super::buffer::Buffer;
use super::kernel::{Kernel, LANES, PATCH, POSITIONS, TILE};
use super::plan::Plan;
use super::plane::{Plane, RealMap};
use super::quantize::{Block, Quantized};
use super::step::{Operation, Step};
use super::team::Member;

/// Values between the positions of transformed tiles, against cache conflicts.
const APART: usize = 32;

/// Memory of one thread.
pub(super) struct Scratch {
    inputs: Buffer<i16>,
    sums: Buffer<i32>,
    bytes: Buffer<u8>,
    reals: Buffer<f32>,
}

impl Scratch {
    /// Enough for any of the steps.
    pub(super) fn for_steps<'a>(steps: impl Iterator<Item = &'a Step>) -> Self {
        let larger = |[a, b]: [usize; 2], [c, d]: [usize; 2]| [a.max(c), b.max(d)];
        let [inputs, sums] = steps.map(Step::scratch_values).fold([0; 2], larger);
        let tile = TILE * TILE * Block::LARGE.panels * LANES;
        Self {
            inputs: Buffer::new(inputs),
            sums: Buffer::new(sums),
            bytes: Buffer::new(tile),
            reals: Buffer::new(tile),
        }
    }
}

/// What a step reads.
pub(super) enum Source<'a> {
    /// The tower's input.
    Input(&'a Plane<i16>),
    /// The output of the step before.
    Plane(&'a Plane<u8>),
}

/// What a step writes.
#[derive(Clone, Copy)]
pub(super) enum Target<'a> {
    /// Rounded activations.
    Plane(&'a Plane<u8>),
    /// The end of the tower.
    Map(&'a RealMap),
}

/// One thread, with all that it needs.
pub(super) struct Hand<'a> {
    pub(super) kernel: &'a dyn Kernel,
    pub(super) member: &'a Member<'a>,
    /// Transformed inputs of a layer, for all threads.
    pub(super) transformed: &'a Buffer<i16>,
    pub(super) scratch: &'a mut Scratch,
}

impl Hand<'_> {
    /// This thread's share of a step, which ends when all threads are done.
    pub(super) fn step(&mut self, step: &Step, source: Source, target: Target) {
        match (&step.operation, source) {
            (Operation::Winograd { weights, shared: false, .. }, Source::Plane(source)) => {
                self.winograd_in_chunks(step, weights, source, target);
            }
            (Operation::Winograd { weights, shared: true, .. }, Source::Plane(source)) => {
                self.winograd_at_large(step, weights, source, target);
            }
            (Operation::Direct { weights, stride }, Source::Input(source)) => {
                self.direct(step, weights, *stride, source, target);
            }
            (Operation::Direct { weights, stride }, Source::Plane(source)) => {
                self.direct(step, weights, *stride, source, target);
            }
            (Operation::Pool { units }, Source::Plane(source)) => self.pool(step, units, source, target),
            (Operation::Winograd { .. } | Operation::Pool { .. }, Source::Input(_)) => {
                unreachable!("the first layer is a direct convolution")
            }
        }
        self.member.next_phase();
    }

    /// Few weights: they stay in the cache while each thread takes chunks from transform to transform.
    fn winograd_in_chunks(&mut self, step: &Step, weights: &Quantized, source: &Plane<u8>, target: Target) {
        for unit in self.member.units(step.tiles().div_ceil(step.chunk)) {
            let chunk = chunk(step, unit);
            transform(step, chunk.clone(), source, self.kernel, weights.depth, self.scratch.inputs.get_mut());
            for group in 0..weights.groups() {
                let Scratch { inputs, sums, .. } = self.scratch;
                multiply(weights, group, chunk.len(), inputs.get_mut(), self.kernel, sums.get_mut());
                self.finish(step, weights, group, chunk.clone(), target);
            }
        }
    }

    /// Many weights: all inputs are transformed first, so that each thread reads each of its weights once
    /// for all chunks.
    fn winograd_at_large(&mut self, step: &Step, weights: &Quantized, source: &Plane<u8>, target: Target) {
        let chunks = step.tiles().div_ceil(step.chunk);
        let size = transformed_values(step.chunk, weights.depth);
        for unit in self.member.units(chunks) {
            // SAFETY: each unit has a part of its own, and nobody reads before the next phase.
            let v = unsafe { self.transformed.write(unit * size..(unit + 1) * size) };
            transform(step, chunk(step, unit), source, self.kernel, weights.depth, v);
        }
        self.member.next_phase();
        for unit in self.member.units(weights.groups() * chunks) {
            let (group, unit) = (unit / chunks, unit % chunks);
            let chunk = chunk(step, unit);
            // SAFETY: nobody writes in this phase.
            let v = unsafe { self.transformed.read(unit * size..(unit + 1) * size) };
            multiply(weights, group, chunk.len(), v, self.kernel, self.scratch.sums.get_mut());
            self.finish(step, weights, group, chunk, target);
        }
    }

    /// From the sums of a group of panels to activations.
    fn finish(
        &mut self,
        step: &Step,
        weights: &Quantized,
        group: usize,
        tiles: Range<usize>,
        target: Target,
    ) {
        let Scratch { sums, bytes, reals, .. } = self.scratch;
        let (sums, bytes, reals) = (sums.get_mut(), bytes.get_mut(), reals.get_mut());
        let panels = weights.group(group);
        let (stride, side, width) = (sums_stride(tiles.len()), step.side(), panels.len() * LANES);
        let pool = side < TILE;
        let channels = panels.start * LANES..panels.start * LANES + width;
        for (t, tile) in tiles.enumerate() {
            for (g, panel) in panels.clone().enumerate() {
                let m = &sums[g * POSITIONS * stride + t * LANES..];
                let finish = weights.finish(panel);
                match target {
                    Target::Plane(_) => {
                        self.kernel.finish(m, stride, finish, pool, &mut bytes[g * LANES..], width);
                    }
                    Target::Map(_) => {
                        self.kernel.finish_real(m, stride, finish, pool, &mut reals[g * LANES..], width);
                    }
                }
            }
            let across = step.tiles_across();
            let (row, column) = (step.plan.row(tile / across) * side, tile % across * side);
            // A tile may reach beyond the window.
            for i in (0..side).filter(|i| step.plan.to.contains(&(row + i))) {
                for j in (0..side).filter(|j| column + j < step.output[1]) {
                    let pixel = (i * side + j) * width..(i * side + j + 1) * width;
                    match target {
                        Target::Plane(plane) => {
                            // SAFETY: tiles and groups of panels do not overlap, and nobody reads the
                            // output before the next phase.
                            let values = unsafe { plane.values(row + i, column + j, channels.clone()) };
                            values.copy_from_slice(&bytes[pixel]);
                        }
                        Target::Map(map) => {
                            // SAFETY: as above.
                            let values = unsafe { map.values(row + i, column + j, channels.clone()) };
                            values.copy_from_slice(&reals[pixel]);
                        }
                    }
                }
            }
        }
    }

    /// A convolution of any stride over gathered inputs, row by row.
    fn direct<T: bytemuck::Pod + Into<i16>>(
        &mut self,
        step: &Step,
        weights: &Quantized,
        stride: usize,
        source: &Plane<T>,
        target: Target,
    ) {
        let width = step.output[1];
        let (inputs, sums) = (self.scratch.inputs.get_mut(), self.scratch.sums.get_mut());
        let sums = &mut sums[..width * LANES];
        for unit in self.member.units(step.plan.count()) {
            let row = step.plan.row(unit);
            gather(&step.plan, row, width, stride, source, weights.depth, inputs);
            for panel in 0..weights.panels {
                self.kernel.multiply(inputs, width, weights.depth, weights.panel(panel, 0), sums);
                let finish = weights.finish(panel);
                match target {
                    Target::Plane(plane) => {
                        // SAFETY: every row is one unit, and nobody reads it before the next phase.
                        let pixels = unsafe { plane.pixels(row) };
                        let channels = plane.channels;
                        self.kernel.requantize(sums, finish, &mut pixels[panel * LANES..], channels);
                    }
                    Target::Map(map) => {
                        for (column, sums) in sums.chunks_exact(LANES).enumerate() {
                            let channels = panel * LANES..(panel + 1) * LANES;
                            // SAFETY: as above.
                            let values = unsafe { map.values(row, column, channels) };
                            for (n, value) in values.iter_mut().enumerate() {
                                *value = (sums[n] as f32 * finish.scales[n] + finish.bias[n]).max(0.0);
                            }
                        }
                    }
                }
            }
        }
    }

    fn pool(&mut self, step: &Step, units: &[f32], source: &Plane<u8>, target: Target) {
        let channels = source.channels;
        for index in self.member.units(step.plan.count()) {
            let row = step.plan.row(index);
            // SAFETY: nobody writes the source in this phase.
            let [above, below] =
                [0, 1].map(|i| unsafe { source.row((2 * row + i) as isize, &step.plan.from) });
            for column in 0..step.output[1] {
                let left = (2 * column + 1) * channels;
                let largest = |n: usize| {
                    let at = left + n;
                    above[at].max(above[at + channels]).max(below[at]).max(below[at + channels])
                };
                match target {
                    Target::Plane(plane) => {
                        // SAFETY: every row is one unit, and nobody reads it before the next phase.
                        let values = unsafe { plane.values(row, column, 0..channels) };
                        values.iter_mut().enumerate().for_each(|(n, value)| *value = largest(n));
                    }
                    Target::Map(map) => {
                        // SAFETY: as above.
                        let values = unsafe { map.values(row, column, 0..channels) };
                        let values = values.iter_mut().zip(units).enumerate();
                        values.for_each(|(n, (value, unit))| *value = f32::from(largest(n)) * unit);
                    }
                }
            }
        }
    }
}

/// The tiles of a chunk.
fn chunk(step: &Step, index: usize) -> Range<usize> {
    index * step.chunk..((index + 1) * step.chunk).min(step.tiles())
}

/// Values from one position of `tiles` transformed tiles to the next.
fn transformed_stride(tiles: usize, depth: usize) -> usize {
    tiles * depth + APART
}

/// Values of `tiles` transformed tiles.
pub(super) fn transformed_values(tiles: usize, depth: usize) -> usize {
    POSITIONS * transformed_stride(tiles, depth)
}

/// Values from one position of the sums of `tiles` tiles to the next.
fn sums_stride(tiles: usize) -> usize {
    (tiles + 1) * LANES
}

/// All positions of some tiles times the weights of a group of panels: `[panel][position][tile][16]`.
fn multiply(
    weights: &Quantized,
    group: usize,
    tiles: usize,
    v: &[i16],
    kernel: &dyn Kernel,
    sums: &mut [i32],
) {
    let (stride, sums_stride) = (transformed_stride(tiles, weights.depth), sums_stride(tiles));
    let panels = weights.group(group);
    for p in 0..POSITIONS {
        let v = &v[p * stride..][..tiles * weights.depth];
        for (g, panel) in panels.clone().enumerate() {
            let m = &mut sums[(g * POSITIONS + p) * sums_stride..][..tiles * LANES];
            kernel.multiply(v, tiles, weights.depth, weights.panel(panel, p), m);
        }
    }
}

/// Winograd's input transform of some of a step's tiles.
fn transform(
    step: &Step,
    tiles: Range<usize>,
    source: &Plane<u8>,
    kernel: &dyn Kernel,
    depth: usize,
    v: &mut [i16],
) {
    let (count, stride) = (tiles.len(), transformed_stride(tiles.len(), depth));
    let across = step.tiles_across();
    for (t, tile) in tiles.enumerate() {
        let (row, column) = (step.plan.row(tile / across), tile % across);
        let patch: [&[u8]; PATCH] = std::array::from_fn(|i| {
            // SAFETY: nobody writes the source in this phase.
            let row = unsafe { source.row((row * TILE + i) as isize - 1, &step.plan.from) };
            &row[column * TILE * source.channels..]
        });
        kernel.transform(patch, depth, &mut v[t * LANES..], stride, count * LANES);
    }
}

/// The inputs of a row of outputs without tiles: `[depth / 16, width, 16]`. What lies behind the nine
/// taps of a pixel has weights of 0 and may be anything.
fn gather<T: bytemuck::Pod + Into<i16>>(
    plan: &Plan,
    row: usize,
    width: usize,
    stride: usize,
    source: &Plane<T>,
    depth: usize,
    inputs: &mut [i16],
) {
    // SAFETY: nobody writes the source in this phase.
    let rows: [&[T]; 3] =
        std::array::from_fn(|tap| unsafe { source.row((row * stride + tap) as isize - 1, &plan.from) });
    let (run, step) = (3 * source.channels, stride * source.channels);
    let mut column = 0;
    if run <= LANES && depth <= 2 * LANES {
        // Few channels: whole vectors are copied, each over the end of the one before.
        let mut pixel = [0i16; 3 * LANES];
        while column < width && column * step + LANES <= rows[0].len() {
            for (tap, values) in rows.iter().enumerate() {
                let target = &mut pixel[tap * run..][..LANES];
                let values = &values[column * step..][..LANES];
                target.iter_mut().zip(values).for_each(|(to, value)| *to = (*value).into());
            }
            for (block, values) in pixel[..depth].chunks_exact(LANES).enumerate() {
                inputs[(block * width + column) * LANES..][..LANES].copy_from_slice(values);
            }
            column += 1;
        }
    }
    for column in column..width {
        for (tap, values) in rows.iter().enumerate() {
            for (k, value) in (tap * run..).zip(&values[column * step..][..run]) {
                inputs[(k / LANES * width + column) * LANES + k % LANES] = (*value).into();
            }
        }
    }
}
