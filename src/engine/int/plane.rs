//! Activation maps in memory, as rings of rows.

use std::ops::Range;

use bytemuck::Pod;

use super::buffer::Buffer;
use super::kernel::{PATCH, TILE};

/// An activation map `[rows, width, channels]` with a border of zeros.
///
/// Rows are counted from the start of a stream, so that a window that moves on keeps what it had:
/// row `r` lies in slot `r % height`. Left of each row is one pixel of zeros; right of it there are as
/// many as the patches of tiles reach beyond it.
pub(super) struct Plane<T> {
    data: Buffer<T>,
    zeros: Buffer<T>,
    /// Rows of a window.
    pub(super) height: usize,
    /// Pixels of a row, without the border.
    pub(super) width: usize,
    /// Values of a pixel.
    pub(super) channels: usize,
    pitch: usize,
}

impl<T: Pod> Plane<T> {
    pub(super) fn new(height: usize, width: usize, channels: usize) -> Self {
        let pitch = ((width.div_ceil(TILE) - 1) * TILE + PATCH) * channels;
        Self { data: Buffer::new(height * pitch), zeros: Buffer::new(pitch), height, width, channels, pitch }
    }

    /// A row with its border, to read; zeros if `window` (rows) does not hold it.
    ///
    /// # Safety
    /// While the slice lives, nobody writes into the row.
    pub(super) unsafe fn row(&self, row: isize, window: &Range<usize>) -> &[T] {
        match usize::try_from(row) {
            // SAFETY: by this function's contract.
            Ok(row) if window.contains(&row) => unsafe { self.data.read(self.range(row)) },
            // SAFETY: nobody ever writes into the zeros.
            _ => unsafe { self.zeros.read(0..self.pitch) },
        }
    }

    /// A row without its border, to write.
    ///
    /// # Safety
    /// While the slice lives, nobody else reads or writes the row.
    #[expect(clippy::mut_from_ref, reason = "the contract keeps the slices apart")]
    pub(super) unsafe fn pixels(&self, row: usize) -> &mut [T] {
        let start = self.range(row).start + self.channels;
        // SAFETY: by this function's contract.
        unsafe { self.data.write(start..start + self.width * self.channels) }
    }

    /// Where some channels of the first of some pixels begin.
    ///
    /// # Panics
    /// There are no such columns or channels.
    pub(super) fn start(&self, row: usize, columns: Range<usize>, channels: Range<usize>) -> usize {
        assert!(columns.end <= self.width && channels.end <= self.channels);
        self.range(row).start + (columns.start + 1) * self.channels + channels.start
    }

    /// Values to write.
    ///
    /// # Safety
    /// While the slice lives, nobody else reads or writes them.
    #[expect(clippy::mut_from_ref, reason = "the contract keeps the slices apart")]
    pub(super) unsafe fn values(&self, range: Range<usize>) -> &mut [T] {
        // SAFETY: by this function's contract.
        unsafe { self.data.write(range) }
    }

    /// A whole row without its border, to write.
    pub(super) fn row_mut(&mut self, row: usize) -> &mut [T] {
        let start = self.range(row).start + self.channels;
        let end = start + self.width * self.channels;
        &mut self.data.get_mut()[start..end]
    }

    fn range(&self, row: usize) -> Range<usize> {
        let start = row % self.height * self.pitch;
        start..start + self.pitch
    }
}

/// What a tower ends with: an activation map `[rows, width, channels]` in real numbers, a ring of rows
/// without a border.
pub(super) struct RealMap {
    data: Buffer<f32>,
    height: usize,
    width: usize,
    channels: usize,
}

impl RealMap {
    pub(super) fn new(height: usize, width: usize, channels: usize) -> Self {
        Self { data: Buffer::new(height * width * channels), height, width, channels }
    }

    /// Number of pixels.
    pub(super) fn positions(&self) -> usize {
        self.height * self.width
    }

    /// `[height, width]`.
    pub(super) fn size(&self) -> [usize; 2] {
        [self.height, self.width]
    }

    /// Values of a pixel, those that pad it included.
    pub(super) fn depth(&self) -> usize {
        self.channels
    }

    /// All pixels.
    pub(super) fn get_mut(&mut self) -> &mut [f32] {
        self.data.get_mut()
    }

    /// Where some channels of the first of some pixels begin.
    ///
    /// # Panics
    /// There are no such columns or channels.
    pub(super) fn start(&self, row: usize, columns: Range<usize>, channels: Range<usize>) -> usize {
        assert!(columns.end <= self.width && channels.end <= self.channels);
        (row % self.height * self.width + columns.start) * self.channels + channels.start
    }

    /// Values to write.
    ///
    /// # Safety
    /// While the slice lives, nobody else reads or writes them.
    #[expect(clippy::mut_from_ref, reason = "the contract keeps the slices apart")]
    pub(super) unsafe fn values(&self, range: Range<usize>) -> &mut [f32] {
        // SAFETY: by this function's contract.
        unsafe { self.data.write(range) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_wrap_around_and_are_framed_by_zeros() {
        let mut plane = Plane::<u8>::new(3, 5, 2);
        plane.row_mut(7).fill(9);
        let window = 6..9;
        // SAFETY: nobody writes.
        let (row, above, other) =
            unsafe { (plane.row(7, &window), plane.row(-1, &window), plane.row(9, &window)) };
        // Tiles at pixel 0 and 4: the second one's patch ends at pixel 8 of the row with its border.
        assert_eq!(row.len(), (4 + 6) * 2);
        assert_eq!((&row[..2], &row[2..12], &row[12..]), (&[0; 2][..], &[9; 10][..], &[0; 8][..]));
        assert!(above.iter().chain(other).all(|v| *v == 0));
        // SAFETY: as above.
        assert_eq!(unsafe { plane.row(4, &(4..7)) }[2], 9, "row 4 has the slot of row 7");
    }
}
