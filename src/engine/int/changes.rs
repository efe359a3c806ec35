//! What changed of an activation map since the picture before, and so what of the next one has to be computed.
//!
//! Cells are pixels, or the tiles of a layer that is computed in tiles: of a tile whose patch changed anywhere, every
//! output may have changed, because the filters in Winograd's domain are rounded.

use std::ops::Range;

use super::buffer::Buffer;

/// Which cells of an activation map changed.
pub(super) struct Changes {
    /// `[rows, columns]`: 1 where something changed, otherwise 0.
    cells: Buffer<u8>,
    /// Columns of the source in which something changed that a row of cells depends on.
    touched: Vec<u8>,
    /// Columns of the source that each column of cells depends on.
    within: Vec<Range<usize>>,
    rows: usize,
    columns: usize,
    /// Pixels of a cell in each direction.
    side: usize,
}

impl Changes {
    /// No changes in a map of `[rows, columns]` pixels, in cells of `side` pixels in each direction.
    pub(super) fn new([height, width]: [usize; 2], side: usize) -> Self {
        let (rows, columns) = (height.div_ceil(side), width.div_ceil(side));
        let cells = Buffer::new(rows * columns);
        Self { cells, touched: Vec::new(), within: Vec::new(), rows, columns, side }
    }

    /// A row of cells, to write.
    ///
    /// # Safety
    /// While the slice lives, nobody else reads or writes the row.
    #[expect(clippy::mut_from_ref, reason = "the contract keeps the slices apart")]
    pub(super) unsafe fn row(&self, row: usize) -> &mut [u8] {
        // SAFETY: by this function's contract.
        unsafe { self.cells.write(row * self.columns..(row + 1) * self.columns) }
    }

    /// How many cells changed, and how many there are.
    pub(super) fn count(&mut self) -> [usize; 2] {
        // Row by row, so that the compiler may count in bytes.
        let rows = self.cells.get_mut().chunks_exact(self.columns);
        [
            rows.map(|row| row.iter().map(|cell| usize::from(*cell)).sum::<usize>()).sum(),
            self.rows * self.columns,
        ]
    }

    /// Those cells that depend on what changed of `source`; `reach` gives the pixels of the source that a row (or
    /// column) of cells depends on, of which some may lie outside.
    pub(super) fn follow(&mut self, source: &mut Self, reach: impl Fn(usize) -> Range<usize>) {
        // In cells of the source.
        let within = |cell, end| {
            let pixels: Range<usize> = reach(cell);
            (pixels.start / source.side).min(end)..pixels.end.div_ceil(source.side).min(end)
        };
        self.within.clear();
        self.within.extend((0..self.columns).map(|column| within(column, source.columns)));
        let from = source.cells.get_mut();
        for (row, cells) in self.cells.get_mut().chunks_exact_mut(self.columns).enumerate() {
            self.touched.clear();
            self.touched.resize(source.columns, 0);
            for from in within(row, source.rows).map(|row| &from[row * source.columns..][..source.columns]) {
                self.touched.iter_mut().zip(from).for_each(|(to, cell)| *to |= cell);
            }
            cells.fill(0);
            if self.touched.contains(&1) {
                for (cell, within) in cells.iter_mut().zip(&self.within) {
                    *cell = self.touched[within.clone()].iter().fold(0, |any, cell| any | cell);
                }
            }
        }
    }

    /// Row and column of every cell that changed.
    pub(super) fn cells(&mut self) -> impl Iterator<Item = [usize; 2]> {
        let columns = self.columns;
        let changed = self.cells.get_mut().iter().enumerate().filter(|(_, cell)| **cell != 0);
        changed.map(move |(at, _)| [at / columns, at % columns])
    }

    /// The rows in which something changed, each with the columns from the first such cell to the last.
    pub(super) fn spans(&mut self) -> impl Iterator<Item = (usize, Range<usize>)> {
        let rows = self.cells.get_mut().chunks_exact(self.columns).enumerate();
        rows.filter_map(|(row, cells)| {
            let changed = |cell: &u8| *cell != 0;
            Some((row, cells.iter().position(changed)?..cells.iter().rposition(changed)? + 1))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows as text: `#` where something changed.
    fn drawn(changes: &mut Changes) -> Vec<String> {
        let rows = changes.cells.get_mut().chunks_exact(changes.columns);
        rows.map(|row| row.iter().map(|cell| if *cell == 0 { '.' } else { '#' }).collect()).collect()
    }

    /// A pixel of a map changed.
    fn pixel(size: [usize; 2], row: usize, column: usize) -> Changes {
        let mut changes = Changes::new(size, 1);
        changes.cells.get_mut()[row * size[1] + column] = 1;
        changes
    }

    #[test]
    fn a_pixel_touches_what_reaches_to_it() {
        let mut source = pixel([5, 9], 1, 7);
        let mut convolved = Changes::new([5, 9], 1);
        convolved.follow(&mut source, |cell| cell.saturating_sub(1)..cell + 2);
        assert_eq!(drawn(&mut convolved), ["......###", "......###", "......###", ".........", "........."]);
        assert_eq!(convolved.count(), [9, 45]);
        let mut strided = Changes::new([3, 5], 1);
        strided.follow(&mut source, |cell| (2 * cell).saturating_sub(1)..2 * cell + 2);
        assert_eq!(drawn(&mut strided), ["...##", "...##", "....."]);
        let mut pooled = Changes::new([2, 4], 1);
        pooled.follow(&mut source, |cell| 2 * cell..2 * cell + 2);
        assert_eq!(drawn(&mut pooled), ["...#", "...."]);
        assert_eq!(pooled.spans().collect::<Vec<_>>(), [(0, 3..4)]);
    }

    #[test]
    fn tiles_change_as_a_whole() {
        // Tiles of 4 pixels with patches of 6: pixel 3 belongs to the patches of tiles 0 and 1, pixel 5 to one.
        let patch = |cell: usize| (4 * cell).saturating_sub(1)..4 * cell + 5;
        let mut tiles = Changes::new([10, 13], 4);
        tiles.follow(&mut pixel([10, 13], 5, 3), patch);
        assert_eq!(drawn(&mut tiles), ["....", "##..", "...."]);
        assert_eq!(tiles.cells().collect::<Vec<_>>(), [[1, 0], [1, 1]]);
        let mut next = Changes::new([10, 13], 4);
        next.follow(&mut tiles, patch);
        assert_eq!(drawn(&mut next), ["###.", "###.", "###."]);
    }

    #[test]
    fn what_a_pool_leaves_out_changes_nothing() {
        let mut pooled = Changes::new([2, 2], 1);
        pooled.follow(&mut pixel([5, 5], 4, 4), |cell| 2 * cell..2 * cell + 2);
        assert_eq!((pooled.count(), pooled.spans().next()), ([0, 4], None));
    }
}
