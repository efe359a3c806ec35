//! The vision side of the localization head: every pixel of the map to the common space.

use super::buffer::Buffer;
use super::executor::Executor;
use super::heads::length;
use super::kernel::Kernel;
use super::pointwise::{PIXELS, Pointwise, Scratch};
use super::quantize::QuantizeError;
use super::tower::Tower;
use super::weights::pointwise;
use crate::model::{Localization, Weights};

/// Two 1x1 convolutions, with their memory.
pub(super) struct VisionHead {
    layers: [Pointwise; 2],
    threads: Vec<Thread>,
    /// Positions to compute in this run.
    todo: Vec<usize>,
    /// `[positions, dims]`.
    positions: Buffer<f32>,
    dims: usize,
    normalize: bool,
}

/// Memory of one thread.
struct Thread {
    scratch: Scratch,
    pixels: Vec<f32>,
    hidden: Vec<f32>,
    out: Vec<f32>,
}

impl VisionHead {
    /// For a map of this many channels and positions.
    pub(super) fn new(
        weights: &mut Weights,
        spec: Localization,
        [channels, positions]: [usize; 2],
        kernel: &dyn Kernel,
        threads: usize,
    ) -> Result<Self, QuantizeError> {
        let layers = [
            Pointwise::new(&pointwise(weights, 0, [channels, spec.dims])?, true, kernel)?,
            Pointwise::new(&pointwise(weights, 1, [spec.dims, spec.dims])?, false, kernel)?,
        ];
        let widest = layers[0].depth().max(layers[1].depth());
        let thread = |_| Thread {
            scratch: Scratch::new(widest),
            pixels: vec![0.0; PIXELS * layers[0].depth()],
            hidden: vec![0.0; PIXELS * layers[0].outputs()],
            out: vec![0.0; PIXELS * layers[1].outputs()],
        };
        Ok(Self {
            threads: (0..threads).map(thread).collect(),
            layers,
            todo: Vec::with_capacity(positions),
            positions: Buffer::new(positions * spec.dims),
            dims: spec.dims,
            normalize: spec.normalize,
        })
    }

    /// The tower's map to `[positions, dims]`; if the one before the tower's last run is `known`, only the positions
    /// that this run computed.
    pub(super) fn run(
        &mut self,
        tower: &mut Tower,
        known: bool,
        executor: &mut Executor,
        found: &mut Vec<f32>,
    ) {
        let Executor { kernel, thread_pool, .. } = executor;
        let Self { layers: [first, second], threads, todo, positions, dims, normalize } = self;
        let (depth, dims) = (first.depth(), *dims);
        todo.clear();
        if known {
            todo.extend(tower.computed());
        } else {
            todo.extend(0..tower.positions());
        }
        let (todo, map, target) = (&*todo, tower.map(), &*positions);
        thread_pool.run(threads, |worker, Thread { scratch, pixels, hidden, out }| {
            worker.parallel_for(todo.len().div_ceil(PIXELS), |chunk| {
                let todo = &todo[chunk * PIXELS..todo.len().min((chunk + 1) * PIXELS)];
                let pixels = &mut pixels[..todo.len() * depth];
                for (to, position) in pixels.chunks_exact_mut(depth).zip(todo) {
                    to.copy_from_slice(&map[position * depth..][..depth]);
                }
                let hidden = &mut hidden[..todo.len() * first.outputs()];
                first.run(pixels, &**kernel, scratch, hidden);
                second.run(hidden, &**kernel, scratch, out);
                for (pixel, position) in out.chunks_exact(second.outputs()).zip(todo) {
                    let pixel = &pixel[..dims];
                    // SAFETY: every position is there once, and nobody reads before the pool is done.
                    let to = unsafe { target.write(position * dims..(position + 1) * dims) };
                    let squares = || pixel.iter().map(|v| v * v).sum();
                    let factor = if *normalize { 1.0 / length(squares()) } else { 1.0 };
                    to.iter_mut().zip(pixel).for_each(|(to, value)| *to = value * factor);
                }
            });
        });
        found.clear();
        found.extend_from_slice(positions.get_mut());
    }
}
