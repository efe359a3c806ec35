//! Where transformed tiles and sums of products lie in the memory that [`super::step`] asks for and
//! [`super::convolve`] works in.

use super::kernel::{LANES, POSITIONS};

/// Values between the positions of transformed tiles, against cache conflicts.
const APART: usize = 32;

/// Values from one position of `tiles` transformed tiles to the next.
pub(super) fn transformed_stride(tiles: usize, depth: usize) -> usize {
    tiles * depth + APART
}

/// Values of `tiles` transformed tiles.
pub(super) fn transformed_values(tiles: usize, depth: usize) -> usize {
    POSITIONS * transformed_stride(tiles, depth)
}

/// Values from one position of the sums of `tiles` tiles to the next.
pub(super) fn sums_stride(tiles: usize) -> usize {
    (tiles + 1) * LANES
}

/// Values of the sums of `tiles` tiles and a panel.
pub(super) fn sums_values(tiles: usize) -> usize {
    POSITIONS * sums_stride(tiles)
}
