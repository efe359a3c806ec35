//! A layer of a tower, ready to run: its operation, its output, and what to compute in a run.

use std::ops::Range;

use super::changes::Changes;
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

impl Operation {
    /// Whether it computes in tiles.
    fn is_tiled(&self) -> bool {
        matches!(self, Self::Winograd { .. } | Self::WinogradOnTheFly { .. })
    }

    /// Output pixels of a tile in each direction; without tiles 1.
    fn side(&self) -> usize {
        match self {
            Self::Winograd { pool, .. } | Self::WinogradOnTheFly { pool, .. } => {
                if *pool {
                    TILE / 2
                } else {
                    TILE
                }
            }
            Self::Direct { .. } | Self::Pool { .. } => 1,
        }
    }

    /// Pixels of the source, in either direction, that a tile of the output depends on; without tiles, a pixel.
    fn reach(&self, cell: usize) -> Range<usize> {
        match self {
            Self::Winograd { .. } | Self::WinogradOnTheFly { .. } => {
                (cell * TILE).saturating_sub(1)..(cell + 1) * TILE + 1
            }
            Self::Direct { stride, .. } => (cell * stride).saturating_sub(1)..cell * stride + 2,
            Self::Pool { .. } => cell * 2..cell * 2 + 2,
        }
    }
}

/// What is computed at once: a tile, or without tiles a span of a row of pixels.
pub(super) struct Unit {
    /// Row of tiles or of pixels.
    pub(super) row: usize,
    /// Column of a tile (one), or of pixels.
    pub(super) columns: Range<usize>,
}

impl Unit {
    /// A tile at a row and a column.
    fn tile([row, column]: [usize; 2]) -> Self {
        Self { row, columns: column..column + 1 }
    }
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
    /// What to compute in this run.
    pub(super) todo: Vec<Unit>,
    /// Units in a chunk, in this run.
    pub(super) chunk: usize,
    /// What of the output changed, if that has been asked for: in tiles, or in pixels.
    changes: Changes,
}

impl Step {
    /// A layer, which has something to compute as soon as that is planned.
    pub(super) fn new(
        operation: Operation,
        name: String,
        macs: usize,
        output: [usize; 2],
        plane: Option<Plane<u8>>,
    ) -> Self {
        let changes = Changes::new(output, operation.side());
        let (plan, todo) = (Plan::default(), Vec::new());
        Self { operation, name, macs, output, plane, plan, todo, chunk: 0, changes }
    }

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
        let (width, rows) = (self.columns(), self.plan.rows());
        self.todo.clear();
        if self.operation.is_tiled() {
            let tiles = rows.flat_map(|row| (0..width).map(move |column| Unit::tile([row, column])));
            self.todo.extend(tiles);
        } else {
            self.todo.extend(rows.map(|row| Unit { row, columns: 0..width }));
        }
        self.divide(threads);
    }

    /// Decides to compute only what depends on what changed of the source. Returns what changes of the output. The
    /// window has to be where it was, and what is computed then adds to what there is.
    pub(super) fn plan_changes(&mut self, source: &mut Changes, threads: usize) -> &mut Changes {
        self.changes.follow(source, |cell| self.operation.reach(cell));
        self.todo.clear();
        if self.operation.is_tiled() {
            self.todo.extend(self.changes.cells().map(Unit::tile));
        } else {
            // Whole rows are few; pixels between those that changed stay as they are.
            self.todo.extend(self.changes.spans().map(|(row, columns)| Unit { row, columns }));
        }
        self.divide(threads);
        &mut self.changes
    }

    /// Makes chunks of what is to do.
    fn divide(&mut self, threads: usize) {
        // As few chunks as possible, the same number for every thread, of nearly equal size.
        let tiles = self.todo.len().max(1);
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

    /// Tiles or pixels beside each other.
    fn columns(&self) -> usize {
        self.output[1].div_ceil(self.side())
    }

    /// Output pixels of a tile in each direction; without tiles 1.
    pub(super) fn side(&self) -> usize {
        self.operation.side()
    }

    /// Factor by which the number of rows shrinks.
    pub(super) fn reduction(&self) -> usize {
        match self.operation {
            Operation::Direct { stride, .. } => stride,
            Operation::Pool { .. } => 2,
            Operation::Winograd { .. } | Operation::WinogradOnTheFly { .. } => TILE / self.side(),
        }
    }

    /// Products of a run.
    pub(super) fn products(&self) -> usize {
        let count: usize = self.todo.iter().map(|unit| unit.columns.len()).sum();
        match &self.operation {
            Operation::Direct { weights, .. } => count * weights.depth * weights.panels * LANES,
            Operation::Winograd { weights, .. } => count * POSITIONS * weights.depth * weights.panels * LANES,
            Operation::WinogradOnTheFly { weights, .. } => {
                count * POSITIONS * weights.depth * weights.panels * LANES
            }
            Operation::Pool { .. } => 0,
        }
    }

    /// The pixels of the output that a run computes, as rows with their columns.
    pub(super) fn computed(&self) -> impl Iterator<Item = (usize, Range<usize>)> {
        let (side, [height, width]) = (self.side(), self.output);
        self.todo.iter().flat_map(move |Unit { row, columns }| {
            let columns = columns.start * side..(columns.end * side).min(width);
            (row * side..((row + 1) * side).min(height)).map(move |row| (row, columns.clone()))
        })
    }

    /// Makes room for what may be to do in any window.
    pub(super) fn reserve(&mut self) {
        self.todo.reserve(self.columns());
    }

    /// The most tiles and chunks of a run, whatever the window.
    fn most(&self, threads: usize) -> [usize; 2] {
        // Windows that begin within a tile have a row of tiles more.
        let tiles = self.todo.len() + self.columns();
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
