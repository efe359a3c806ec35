//! The work of one thread on a step, for layers in tiles; `direct.rs` has the others.

use std::ops::Range;

use super::buffer::Buffer;
use super::changes::Changes;
use super::kernel::{Kernel, LANES, PATCH, POSITIONS, TILE, groups};
use super::layout::{sums_stride, sums_values, transformed_stride, transformed_values};
use super::plane::{Plane, RealMap};
use super::quantize::{Block, Quantized};
use super::step::{Needs, Operation, Step, Unit};
use super::thread_pool::Worker;
use super::winograd_filters::WinogradFilters;

/// Memory of one thread.
pub(super) struct Scratch {
    pub(super) inputs: Buffer<i16>,
    pub(super) sums: Buffer<i32>,
    weights: Buffer<i16>,
    bytes: Buffer<u8>,
    reals: Buffer<f32>,
}

impl Scratch {
    /// Enough for any of the steps.
    pub(super) fn for_steps<'a>(steps: impl Iterator<Item = &'a Step>, threads: usize) -> Self {
        let needs = steps.map(|step| step.scratch(threads)).fold(Needs::default(), Needs::or);
        let tile = TILE * TILE * Block::LARGE.panels * LANES;
        Self {
            inputs: Buffer::new(needs.inputs),
            sums: Buffer::new(needs.sums),
            weights: Buffer::new(needs.weights),
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

/// What one thread works with.
pub(super) struct WorkerContext<'a> {
    pub(super) kernel: &'a dyn Kernel,
    pub(super) worker: &'a Worker<'a>,
    /// Transformed inputs of a layer, for all threads.
    pub(super) transformed: &'a Buffer<i16>,
    pub(super) scratch: &'a mut Scratch,
}

impl WorkerContext<'_> {
    /// This thread's share of the rows of an input, which are all there when all threads are done.
    pub(super) fn fill(&mut self, input: &Plane<i16>, fill: impl Fn(usize, &mut [i16])) {
        self.worker.parallel_for(input.height, |row| {
            // SAFETY: every row is one unit, and nobody reads it before the next phase.
            fill(row, unsafe { input.pixels(row) });
        });
    }

    /// As [`WorkerContext::fill`], for an input that is only updated; `update` marks the pixels that it changes.
    pub(super) fn update(
        &mut self,
        input: &Plane<i16>,
        changes: &Changes,
        update: impl Fn(usize, &mut [i16], &mut [u8]),
    ) {
        self.worker.parallel_for(input.height, |row| {
            // SAFETY: as above, for both.
            let (pixels, changed) = unsafe { (input.pixels(row), changes.row(row)) };
            changed.fill(0);
            update(row, pixels, changed);
        });
    }

    /// This thread's share of a step, which ends when all threads are done.
    pub(super) fn step(&mut self, step: &Step, source: Source, target: Target) {
        if step.todo.is_empty() {
            return;
        }
        match (&step.operation, source) {
            (Operation::Winograd { weights, shared: false, .. }, Source::Plane(source)) => {
                self.winograd_in_chunks(step, weights, source, target);
            }
            (Operation::Winograd { weights, shared: true, .. }, Source::Plane(source)) => {
                self.winograd_at_large(step, weights, source, target);
            }
            (Operation::WinogradOnTheFly { weights, .. }, Source::Plane(source)) => {
                self.winograd_on_the_fly(step, weights, source, target);
            }
            (Operation::Direct { weights, stride }, Source::Input(source)) => {
                self.direct(step, weights, *stride, source, target);
            }
            (Operation::Direct { weights, stride }, Source::Plane(source)) => {
                self.direct(step, weights, *stride, source, target);
            }
            (Operation::Pool { scales }, Source::Plane(source)) => self.pool(step, scales, source, target),
            (_, Source::Input(_)) => unreachable!("the first layer is a direct convolution"),
        }
    }

    /// Few weights: they stay in the cache while each thread takes chunks from transform to transform.
    fn winograd_in_chunks(&mut self, step: &Step, weights: &Quantized, source: &Plane<u8>, target: Target) {
        self.worker.parallel_for(step.todo.len().div_ceil(step.chunk), |unit| {
            let chunk = chunk(step, unit);
            transform(step, chunk.clone(), source, self.kernel, weights.depth, self.scratch.inputs.get_mut());
            for group in 0..weights.groups() {
                let Scratch { inputs, sums, .. } = self.scratch;
                multiply(weights, group, chunk.len(), inputs.get_mut(), self.kernel, sums.get_mut());
                self.epilogue(step, weights, group, chunk.clone(), 0, target);
            }
        });
    }

    /// Many weights: all inputs are transformed first, so that each thread reads each of its weights once
    /// for all chunks.
    fn winograd_at_large(&mut self, step: &Step, weights: &Quantized, source: &Plane<u8>, target: Target) {
        let (chunks, size) = self.transform_all(step, source, weights.depth);
        self.worker.parallel_for(weights.groups() * chunks, |unit| {
            let (group, unit) = (unit / chunks, unit % chunks);
            let chunk = chunk(step, unit);
            // SAFETY: nobody writes in this phase.
            let v = unsafe { self.transformed.read(unit * size..(unit + 1) * size) };
            multiply(weights, group, chunk.len(), v, self.kernel, self.scratch.sums.get_mut());
            self.epilogue(step, weights, group, chunk, 0, target);
        });
    }

    /// Very many weights: each thread makes those of a group of panels from filters, a row of positions at a time, for all
    /// inputs.
    fn winograd_on_the_fly(
        &mut self,
        step: &Step,
        weights: &Quantized<WinogradFilters>,
        source: &Plane<u8>,
        target: Target,
    ) {
        let (chunks, size) = self.transform_all(step, source, weights.depth);
        self.worker.parallel_for(weights.groups(), |group| {
            let together = weights.group(group).len();
            for row in 0..PATCH {
                let Scratch { sums, weights: panels, .. } = self.scratch;
                let (mut sums, panels) = (sums.get_mut(), panels.get_mut());
                weights.transform(group, row, self.kernel, panels);
                for unit in 0..chunks {
                    let tiles = chunk(step, unit).len();
                    // SAFETY: nobody writes in this phase.
                    let v = unsafe { self.transformed.read(unit * size..(unit + 1) * size) };
                    for column in 0..PATCH {
                        let p = row * PATCH + column;
                        let v = &v[p * transformed_stride(tiles, weights.depth)..][..tiles * weights.depth];
                        let panels = weights.position(panels, group, column);
                        let (m, apart) = (&mut sums[p * sums_stride(tiles)..], sums_values(tiles));
                        self.kernel.multiply(v, tiles, weights.depth, panels, m, apart);
                    }
                    sums = &mut sums[together * sums_values(tiles)..];
                }
            }
            let mut first = 0;
            for unit in 0..chunks {
                let tiles = chunk(step, unit);
                self.epilogue(step, weights, group, tiles.clone(), first, target);
                first += together * sums_values(tiles.len());
            }
        });
    }

    /// Transforms all inputs of a step, for all threads; ends a phase. Returns the number of chunks and the size
    /// of each.
    fn transform_all(&mut self, step: &Step, source: &Plane<u8>, depth: usize) -> (usize, usize) {
        let chunks = step.todo.len().div_ceil(step.chunk);
        let size = transformed_values(step.chunk, depth);
        self.worker.parallel_for(chunks, |unit| {
            // SAFETY: each unit has a part of its own, and nobody reads before the next phase.
            let v = unsafe { self.transformed.write(unit * size..(unit + 1) * size) };
            transform(step, chunk(step, unit), source, self.kernel, depth, v);
        });
        (chunks, size)
    }

    /// Turns the sums of a group of panels, which begin at `first`, into activations.
    fn epilogue<W>(
        &mut self,
        step: &Step,
        weights: &Quantized<W>,
        group: usize,
        tiles: Range<usize>,
        first: usize,
        target: Target,
    ) {
        let Scratch { sums, bytes, reals, .. } = self.scratch;
        let (sums, bytes, reals) = (&sums.get_mut()[first..], bytes.get_mut(), reals.get_mut());
        let panels = weights.group(group);
        let (stride, side, width) = (sums_stride(tiles.len()), step.side(), panels.len() * LANES);
        let pool = side < TILE;
        let channels = panels.start * LANES..panels.start * LANES + width;
        for (t, tile) in tiles.enumerate() {
            for (g, panel) in panels.clone().enumerate() {
                let m = &sums[g * POSITIONS * stride + t * LANES..];
                let (epilogue, at) = (weights.epilogue(panel), g * LANES);
                match target {
                    Target::Plane(_) => {
                        self.kernel.epilogue(m, stride, epilogue, pool, &mut bytes[at..], width)
                    }
                    Target::Map(_) => {
                        self.kernel.epilogue_real(m, stride, epilogue, pool, &mut reals[at..], width)
                    }
                }
            }
            let Unit { row, columns } = &step.todo[tile];
            let (row, column) = (row * side, columns.start * side);
            let columns = column..step.output[1].min(column + side);
            // A tile may reach beyond the window.
            for i in (0..side).filter(|i| step.plan.to.contains(&(row + i))) {
                let pixels = i * side * width..(i * side + columns.len()) * width;
                match target {
                    Target::Plane(plane) => {
                        let first = plane.start(row + i, columns.clone(), channels.clone());
                        place(&bytes[pixels], width, first, plane.channels, |at| {
                            // SAFETY: tiles and groups of panels do not overlap, and nobody reads the output before
                            // the next phase.
                            unsafe { plane.values(at) }
                        });
                    }
                    Target::Map(map) => {
                        let first = map.start(row + i, columns.clone(), channels.clone());
                        place(&reals[pixels], width, first, map.depth(), |at| {
                            // SAFETY: as above.
                            unsafe { map.values(at) }
                        });
                    }
                }
            }
        }
    }
}

/// Copies pixels of `width` values to where `target` has them, from `first` on and `apart` from each other: in blocks
/// of a size that the compiler knows.
fn place<'a, T: Copy + 'a>(
    pixels: &[T],
    width: usize,
    first: usize,
    apart: usize,
    target: impl Fn(Range<usize>) -> &'a mut [T],
) {
    for (j, pixel) in pixels.chunks_exact(width).enumerate() {
        let at = first + j * apart;
        let (to, from) = (target(at..at + width).as_chunks_mut::<LANES>().0, pixel.as_chunks::<LANES>().0);
        to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    }
}

/// The tiles of a chunk.
fn chunk(step: &Step, index: usize) -> Range<usize> {
    index * step.chunk..((index + 1) * step.chunk).min(step.todo.len())
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
    for p in 0..POSITIONS {
        let (v, m) = (&v[p * stride..][..tiles * weights.depth], &mut sums[p * sums_stride..]);
        kernel.multiply(v, tiles, weights.depth, weights.panels(group, p), m, POSITIONS * sums_stride);
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
    for (first, size) in groups(count, kernel.group()) {
        for t in 0..size {
            let Unit { row, columns } = &step.todo[tiles.start + first + t];
            let patch: [&[u8]; PATCH] = std::array::from_fn(|i| {
                // SAFETY: nobody writes the source in this phase.
                let row = unsafe { source.row((row * TILE + i) as isize - 1, &step.plan.from) };
                &row[columns.start * TILE * source.channels..]
            });
            kernel.transform(patch, depth, &mut v[first * depth + t * LANES..], stride, size * LANES);
        }
    }
}
