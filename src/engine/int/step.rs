//! A layer of a tower, ready to run: its operation, its output, and what to compute in a run.

use std::ops::Range;

use super::kernel::{LANES, POSITIONS, TILE};
use super::layout::{sums_values, transformed_values};
use super::plan::Plan;
use super::plane::Plane;
use super::quantize::{Block, Quantized};
use super::winograd_filters::WinogradFilters;

/// The operation of a layer, with its weights.
pub(super) enum Operation {
    /// Convolution of any stride and input depth, over gathered inputs.
    Direct { weights: Quantized, stride: usize },
    /// Winograd convolution of stride 1 over activations. If `shared`, the transformed inputs of the whole layer are
    /// kept for all threads.
    Winograd { weights: Quantized, pool: bool, shared: bool },
    /// Winograd convolution whose filters are transformed on the fly; transformed inputs are shared.
    WinogradOnTheFly { weights: Quantized<WinogradFilters>, pool: bool },
    /// 2x2 maximum that follows a direct convolution; `scales` are the real values of an input of 1, by channel.
    Pool { scales: Vec<f32> },
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
            Operation::Winograd { pool, .. } | Operation::WinogradOnTheFly { pool, .. } => {
                Plan::winograd(from, clean, pool, rows)
            }
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
            Operation::WinogradOnTheFly { weights, .. } => weights.block,
            Operation::Pool { .. } => Block::LARGE,
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
        if self.pools() { TILE / 2 } else { TILE }
    }

    /// Whether a 2x2 maximum is part of the convolution.
    fn pools(&self) -> bool {
        matches!(
            self.operation,
            Operation::Winograd { pool: true, .. } | Operation::WinogradOnTheFly { pool: true, .. }
        )
    }

    /// Factor by which the number of rows shrinks.
    pub(super) fn reduction(&self) -> usize {
        match self.operation {
            Operation::Direct { stride, .. } => stride,
            Operation::Pool { .. } => 2,
            Operation::Winograd { .. } | Operation::WinogradOnTheFly { .. } => 1 + usize::from(self.pools()),
        }
    }

    /// Products of a run.
    pub(super) fn products(&self) -> usize {
        let tiled = |depth, panels| self.tiles() * POSITIONS * depth * panels * LANES;
        match &self.operation {
            Operation::Direct { weights, .. } => {
                self.plan.count() * self.output[1] * weights.depth * weights.panels * LANES
            }
            Operation::Winograd { weights, .. } => tiled(weights.depth, weights.panels),
            Operation::WinogradOnTheFly { weights, .. } => tiled(weights.depth, weights.panels),
            Operation::Pool { .. } => 0,
        }
    }

    /// The most tiles and chunks of a run, whatever the window.
    fn most(&self, threads: usize) -> [usize; 2] {
        // Windows that begin within a tile have a row of tiles more.
        let tiles = self.tiles() + self.tiles_across();
        // There may be a chunk more for each thread, and each may be a tile larger than its share.
        let chunks = tiles.div_ceil(self.block().tiles) + threads;
        [tiles + chunks, chunks]
    }

    /// Values that all threads share: the transformed inputs of all chunks.
    pub(super) fn shared_values(&self, threads: usize) -> usize {
        let [tiles, chunks] = self.most(threads);
        let all = |depth| transformed_values(tiles, depth) + chunks * transformed_values(0, 0);
        match &self.operation {
            Operation::Winograd { weights, shared: true, .. } => all(weights.depth),
            Operation::WinogradOnTheFly { weights, .. } => all(weights.depth),
            _ => 0,
        }
    }

    /// What a thread needs.
    pub(super) fn scratch(&self, threads: usize) -> Needs {
        let Block { panels, tiles } = self.block();
        match &self.operation {
            Operation::Direct { weights, .. } => Needs {
                inputs: self.output[1] * weights.depth,
                sums: panels * self.output[1] * LANES,
                ..Needs::default()
            },
            Operation::Winograd { weights, shared, .. } => Needs {
                inputs: if *shared { 0 } else { transformed_values(tiles, weights.depth) },
                sums: panels * sums_values(tiles),
                ..Needs::default()
            },
            Operation::WinogradOnTheFly { weights, .. } => {
                let [tiles, chunks] = self.most(threads);
                Needs {
                    sums: panels * sums_values(tiles + chunks),
                    weights: weights.transformed(),
                    ..Needs::default()
                }
            }
            Operation::Pool { .. } => Needs::default(),
        }
    }
}

/// Values of each kind in the memory of a thread.
#[derive(Clone, Copy, Default)]
pub(super) struct Needs {
    /// Inputs, gathered or transformed.
    pub(super) inputs: usize,
    /// Sums of products.
    pub(super) sums: usize,
    /// Transformed filters.
    pub(super) weights: usize,
}

impl Needs {
    /// The larger of both, value by value.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            inputs: self.inputs.max(other.inputs),
            sums: self.sums.max(other.sums),
            weights: self.weights.max(other.weights),
        }
    }
}
