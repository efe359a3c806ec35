//! What a step has to compute when a window has moved on. ([`super::changes`] says what, when a picture changed.)
//!
//! Rows are counted from the start of the stream. "Clean" rows of an activation map have the values that
//! the window needs, because they had them when it was a few rows further back.

use std::ops::Range;

use super::kernel::TILE;

/// What a step has to do in a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Rows of the input's window.
    pub(super) from: Range<usize>,
    /// Rows of the output's window.
    pub(super) to: Range<usize>,
    /// Rows of the output (of tiles, for Winograd) to compute: those before and after the clean ones.
    pub(super) todo: [Range<usize>; 2],
    /// Rows of the output that are clean.
    pub(super) clean: Range<usize>,
}

impl Plan {
    /// A convolution without tiles: output row `r` depends on input rows `stride * r - 1` to
    /// `stride * r + 1`. `rows` is the height of the output.
    pub(super) fn direct(from: Range<usize>, clean: Range<usize>, stride: usize, rows: usize) -> Self {
        let first = from.start / stride;
        let end = clean.end.checked_sub(2).map_or(0, |last| last / stride + 1);
        Self::new(from, first..first + rows, (clean.start + 1).div_ceil(stride)..end, 1)
    }

    /// A 2x2 maximum.
    pub(super) fn pool(from: Range<usize>, clean: Range<usize>, rows: usize) -> Self {
        let first = from.start / 2;
        Self::new(from, first..first + rows, clean.start.div_ceil(2)..clean.end / 2, 1)
    }

    /// A convolution in tiles of 4 rows, on a grid that begins with the stream: a tile depends on 6
    /// input rows, and all of its output is clean only if all of these are. `rows` is the height of
    /// the output, after the pool if there is one.
    pub(super) fn winograd(from: Range<usize>, clean: Range<usize>, pool: bool, rows: usize) -> Self {
        let side = if pool { TILE / 2 } else { TILE };
        let first = from.start * side / TILE;
        let end = clean.end.checked_sub(TILE + 1).map_or(0, |last| last / TILE + 1);
        Self::new(from, first..first + rows, (clean.start + 1).div_ceil(TILE)..end, side)
    }

    /// `clean` and `todo` count units of `side` output rows.
    fn new(from: Range<usize>, to: Range<usize>, clean: Range<usize>, side: usize) -> Self {
        let units = to.start / side..to.end.div_ceil(side);
        let (start, end) = (clean.start.max(units.start), clean.end.min(units.end));
        if start >= end {
            return Self { from, to, todo: [units, 0..0], clean: 0..0 };
        }
        let todo = [units.start..start, end..units.end];
        Self { from, to, todo, clean: start * side..end * side }
    }

    /// The rows (of tiles) to compute.
    pub(super) fn rows(&self) -> impl Iterator<Item = usize> {
        self.todo.iter().cloned().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_scratch_everything_is_to_do() {
        let plan = Plan::winograd(0..199, 0..0, true, 99);
        assert_eq!((plan.to.clone(), plan.todo.clone(), plan.rows().count()), (0..99, [0..50, 0..0], 50));
        assert_eq!(Plan::direct(0..199, 0..0, 2, 100).todo, [0..100, 0..0]);
        assert_eq!(Plan::pool(8..108, 0..0, 50).to, 4..54);
    }

    #[test]
    fn a_window_that_moved_8_rows_keeps_its_middle() {
        // conv1_1: the first row has lost its neighbour, the last one gained one.
        let conv1_1 = Plan::direct(8..207, 8..199, 1, 199);
        assert_eq!((conv1_1.todo.clone(), conv1_1.clean.clone()), ([8..9, 198..207], 9..198));
        // conv1_2 and pool1: tile 3 needs rows 11 to 16, tile 48 needs 191 to 196.
        let conv1_2 = Plan::winograd(conv1_1.to, conv1_1.clean, true, 99);
        assert_eq!((conv1_2.to.clone(), conv1_2.todo.clone()), (4..103, [2..3, 49..52]));
        assert_eq!((conv1_2.clean.clone(), conv1_2.rows().collect()), (6..98, vec![2, 49, 50, 51]));
    }

    #[test]
    fn tiles_that_begin_before_the_window_are_computed() {
        let plan = Plan::winograd(2..51, 2..47, false, 49);
        assert_eq!(plan.todo, [0..1, 11..13], "tile 0 has rows 0 to 3, of which the window has two");
        assert_eq!(Plan::winograd(2..51, 2..4, false, 49).todo, [0..13, 0..0]);
    }
}
