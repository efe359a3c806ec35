//! The vision side of the localization head: every pixel of the map to the common space.

use super::buffer::Buffer;
use super::executor::Executor;
use super::heads::length;
use super::kernel::Kernel;
use super::pointwise::{PIXELS, Pointwise, Scratch};
use super::quantize::QuantizeError;
use super::weights::pointwise;
use crate::model::{Localization, Weights};

/// Two 1x1 convolutions, with their memory.
pub(super) struct VisionHead {
    layers: [Pointwise; 2],
    threads: Vec<Thread>,
    /// `[positions, dims]`.
    positions: Buffer<f32>,
    dims: usize,
    normalize: bool,
}

/// Memory of one thread.
struct Thread {
    scratch: Scratch,
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
            hidden: vec![0.0; PIXELS * layers[0].outputs()],
            out: vec![0.0; PIXELS * layers[1].outputs()],
        };
        Ok(Self {
            threads: (0..threads).map(thread).collect(),
            layers,
            positions: Buffer::new(positions * spec.dims),
            dims: spec.dims,
            normalize: spec.normalize,
        })
    }

    /// A map `[positions, channels padded to a multiple of 16]` to `[positions, dims]`.
    pub(super) fn run(&mut self, map: &[f32], executor: &mut Executor, found: &mut Vec<f32>) {
        let Executor { kernel, thread_pool, .. } = executor;
        let Self { layers: [first, second], threads, positions, dims, normalize } = self;
        let (depth, dims) = (first.depth(), *dims);
        let chunks = map.len().div_ceil(PIXELS * depth);
        let target = &*positions;
        thread_pool.run(threads, |worker, Thread { scratch, hidden, out }| {
            worker.parallel_for(chunks, |chunk| {
                let pixels = &map[chunk * PIXELS * depth..map.len().min((chunk + 1) * PIXELS * depth)];
                let count = pixels.len() / depth;
                let hidden = &mut hidden[..count * first.outputs()];
                first.run(pixels, &**kernel, scratch, hidden);
                second.run(hidden, &**kernel, scratch, out);
                let from = chunk * PIXELS * dims;
                // SAFETY: chunks do not overlap, and nobody reads before the pool is done.
                let target = unsafe { target.write(from..from + count * dims) };
                for (pixel, to) in out.chunks_exact(second.outputs()).zip(target.chunks_exact_mut(dims)) {
                    let pixel = &pixel[..dims];
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
