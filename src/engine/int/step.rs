//! A layer of a tower, ready to run: what it does, where its output goes, what is to do in a run.

use std::ops::Range;

use super::convolve::transformed_values;
use super::kernel::{LANES, POSITIONS, TILE};
use super::plan::Plan;
use super::plane::Plane;
use super::quantize::{Block, Quantized};

/// What a layer does, and with which weights.
pub(super) enum Operation {
    /// Any stride and input depth: inputs are gathered.
    Direct { weights: Quantized, stride: usize },
    /// Stride 1 over activations. If `shared`, the transformed inputs of the whole layer are kept for
    /// all threads.
    Winograd { weights: Quantized, pool: bool, shared: bool },
    /// 2x2 maximum that follows a direct convolution; `units` are the real values of an input of 1, by channel.
    Pool { units: Vec<f32> },
}

/// A layer (a convolution with the pool that follows it, where both are one operation).
pub(super) struct Step {
    pub(super) operation: Operation,
    /// Layer of the table, for reports.
    pub(super) name: String,
    /// Multiply-accumulates of the convolution as the table counts them.
    pub(super) macs: usize,
    /// `[rows, width]` of the output.
    pub(super) output: [usize; 2],
    /// Where the output goes; the last step's goes to the map.
    pub(super) plane: Option<Plane<u8>>,
    pub(super) plan: Plan,
    /// Tiles in a chunk, in this run.
    pub(super) chunk: usize,
}

impl Step {
    /// Decides what to compute; see [`Plan`].
    pub(super) fn plan(&mut self, from: Range<usize>, clean: Range<usize>, threads: usize) {
        let rows = self.output[0];
        self.plan = match self.operation {
            Operation::Direct { stride, .. } => Plan::direct(from, clean, stride, rows),
            Operation::Pool { .. } => Plan::pool(from, clean, rows),
            Operation::Winograd { pool, .. } => Plan::winograd(from, clean, pool, rows),
        };
        // As few chunks as possible, the same number for every thread, of nearly equal size.
        let tiles = self.tiles().max(1);
        let chunks = tiles.div_ceil(self.block().tiles).next_multiple_of(threads);
        self.chunk = tiles.div_ceil(chunks);
    }

    /// What is computed together.
    fn block(&self) -> Block {
        match &self.operation {
            Operation::Winograd { weights, .. } | Operation::Direct { weights, .. } => weights.block,
            Operation::Pool { .. } => Block::SMALL,
        }
    }

    /// Tiles to compute.
    pub(super) fn tiles(&self) -> usize {
        self.plan.count() * self.tiles_across()
    }

    /// Tiles beside each other.
    pub(super) fn tiles_across(&self) -> usize {
        self.output[1].div_ceil(self.side())
    }

    /// Output pixels of a tile in each direction.
    pub(super) fn side(&self) -> usize {
        if let Operation::Winograd { pool: true, .. } = self.operation { TILE / 2 } else { TILE }
    }

    /// By how much the rows become fewer.
    pub(super) fn reduction(&self) -> usize {
        match self.operation {
            Operation::Direct { stride, .. } => stride,
            Operation::Winograd { pool: true, .. } | Operation::Pool { .. } => 2,
            Operation::Winograd { .. } => 1,
        }
    }

    /// Products of a run.
    pub(super) fn products(&self) -> usize {
        match &self.operation {
            Operation::Direct { weights, .. } => {
                self.plan.count() * self.output[1] * weights.depth * weights.panels * LANES
            }
            Operation::Winograd { weights, .. } => {
                self.tiles() * POSITIONS * weights.depth * weights.panels * LANES
            }
            Operation::Pool { .. } => 0,
        }
    }

    /// Values that all threads share: the transformed inputs of all chunks, whatever the window.
    pub(super) fn shared_values(&self, threads: usize) -> usize {
        match &self.operation {
            Operation::Winograd { weights, shared: true, .. } => {
                // Windows that begin within a tile have a row of tiles more.
                let tiles = self.tiles() + self.tiles_across();
                // There may be a chunk more for each thread, and each may be a tile larger than its share.
                let chunks = tiles.div_ceil(weights.block.tiles) + threads;
                transformed_values(tiles + chunks, weights.depth) + chunks * transformed_values(0, 0)
            }
            _ => 0,
        }
    }

    /// Values of inputs and of sums that a thread needs; of inputs none if they are shared.
    pub(super) fn scratch_values(&self) -> [usize; 2] {
        match &self.operation {
            Operation::Direct { weights, .. } => [self.output[1] * weights.depth, self.output[1] * LANES],
            Operation::Winograd { weights, shared, .. } => {
                let Block { panels, tiles } = weights.block;
                let inputs = if *shared { 0 } else { transformed_values(tiles, weights.depth) };
                [inputs, panels * POSITIONS * (tiles + 1) * LANES]
            }
            Operation::Pool { .. } => [0, 0],
        }
    }
}
