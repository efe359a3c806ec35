//! Kernels: the arithmetic of the integer engine, once per instruction set.
//!
//! All kernels give the same bits. Integers are exact; floating point is written as the same
//! operations in the same order everywhere, and a fused multiply-add is used only where the product is
//! a power of two times a number, so that it rounds no differently.

#[cfg(any(test, feature = "checks"))]
pub mod checks;
mod choice;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use choice::{Choice, MissingKernel, all};

/// Output channels that are computed together, and input channels of a block.
pub const LANES: usize = 16;
/// Side of the input patch of a Winograd tile F(4x4, 3x3).
pub const PATCH: usize = 6;
/// Positions of a transformed tile.
pub const POSITIONS: usize = PATCH * PATCH;
/// Side of the output of a tile.
pub const TILE: usize = 4;
/// Taps of a filter.
pub const TAPS: usize = 9;

/// Six rows of an activation map; each begins at the patch's first pixel.
pub type Patch<'a> = [&'a [u8]; PATCH];

/// The epilogue of a panel, how its sums become activations: `real = sum * scale`, then `+ bias`.
#[derive(Clone, Copy)]
pub struct Epilogue<'a> {
    /// `[positions, 16]`, one scale per position of the tile and output channel.
    pub scales: &'a [f32],
    /// `[16]`.
    pub bias: &'a [f32],
}

/// The arithmetic that layers are made of. Holding one proves that the processor can do it.
///
/// Inputs, transformed or gathered, are stored in [`groups`] of tiles that are multiplied together, each in blocks of 16
/// channels: `[group][depth / 16][tiles of the group][16]`, so that they are read one after the other. Weights are
/// stored in panels of 16 output channels, `[depth, 16]` in the order of [`Kernel::panel_index`].
pub trait Kernel: Send + Sync {
    /// For people: `avx2`, `neon`, ...
    fn name(&self) -> &'static str;

    /// Where in a panel the weight from input `k` to output `n` (0..16) lies.
    ///
    /// Pairs of inputs beside each other suit instructions that multiply and add pairs.
    fn panel_index(&self, k: usize, n: usize) -> usize {
        (k / 2 * LANES + n) * 2 + k % 2
    }

    /// The most tiles that are multiplied together, as their sums fit into the registers.
    fn group(&self) -> usize;

    /// Panels that are multiplied together.
    fn panels(&self) -> usize {
        1
    }

    /// Winograd's input transform `B^T d B` of one tile, exact: `channels` (a multiple of 16) values
    /// of 36 pixels to `v[position * stride + block * block_stride + 0..16]`.
    ///
    /// # Panics
    /// A slice is too short.
    fn transform(&self, patch: Patch, channels: usize, v: &mut [i16], stride: usize, block_stride: usize);

    /// Winograd's filter transform for a row of six positions: of `taps` (`[depth, 9, 16]`), times `factors` (`[6, 16]`),
    /// to the nearest integer. It must have 16 bits, and goes to `panels[position * stride..]`, each panel in the order of
    /// [`Kernel::panel_index`]. The part of the transform that is not in the factors is exact: sums of taps times 1, 2,
    /// 4, 8 or 16.
    ///
    /// # Panics
    /// A slice is too short, there is no such row, or `depth` (from the length of `taps`) is no multiple of 16.
    fn transform_filters(&self, taps: &[i16], factors: &[f32], row: usize, panels: &mut [i16], stride: usize);

    /// `m[p * apart + t * 16 + n] = sum over k of v[t, k] * panels[p, k, n]`, wrapping, for each of the panels; `v` is
    /// stored in groups.
    ///
    /// # Panics
    /// A slice is too short, `depth` is no multiple of 16, or `panels` holds a part of one.
    fn multiply(&self, v: &[i16], tiles: usize, depth: usize, panels: &[i16], m: &mut [i32], apart: usize);

    /// Winograd's output transform `A^T m A` of one tile and 16 channels: scale, transform, add the
    /// bias, ReLU, and the 2x2 maximum if `pool`; rounds to 0..=255. `m[position * stride + 0..16]`;
    /// pixel `i` of the 4x4 (pooled: 2x2) outputs goes to `out[i * out_stride + 0..16]`.
    ///
    /// # Panics
    /// A slice is too short.
    fn epilogue(
        &self,
        m: &[i32],
        stride: usize,
        epilogue: Epilogue,
        pool: bool,
        out: &mut [u8],
        out_stride: usize,
    );

    /// [`Kernel::epilogue`] without rounding: the last layer of a tower.
    ///
    /// # Panics
    /// A slice is too short.
    fn epilogue_real(
        &self,
        m: &[i32],
        stride: usize,
        epilogue: Epilogue,
        pool: bool,
        out: &mut [f32],
        out_stride: usize,
    );

    /// Scale, bias, ReLU and rounding for sums `[pixels, 16]` of a layer without tiles.
    ///
    /// # Panics
    /// A slice is too short.
    fn requantize(&self, m: &[i32], epilogue: Epilogue, out: &mut [u8], out_stride: usize);

    /// Multiplies and adds on registers alone, about `rounds` times 1000 products: the processor's own
    /// limit, for benchmarks. Returns the number of products.
    fn multiply_registers(&self, rounds: usize) -> usize;
}

/// Divides `tiles` (or panels) into as few groups of at most `most` as possible, of nearly equal size: the first of each, and their
/// number.
///
/// ```
/// use lookhear::engine::int::kernel::groups;
///
/// assert_eq!(groups(10, 4).collect::<Vec<_>>(), [(0, 3), (3, 3), (6, 4)]);
/// ```
pub fn groups(tiles: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let count = tiles.div_ceil(most);
    let mut from = 0;
    (1..=count).map(move |i| {
        let first = std::mem::replace(&mut from, tiles * i / count);
        (first, from - first)
    })
}

/// One dimension of `B^T`, by the operations of an instruction set.
macro_rules! input_transform {
    ($d:expr, $add:expr, $sub:expr, $double:expr, $quadruple:expr) => {{
        let [d0, d1, d2, d3, d4, d5] = $d;
        let even = $sub(d4, $quadruple(d2));
        let odd = $sub(d3, $quadruple(d1));
        let near = $sub(d4, d2);
        let far = $double($sub(d3, d1));
        [
            // 4 d0 - 5 d2 + d4, and 4 d1 - 5 d3 + d5.
            $add($sub(even, d2), $quadruple(d0)),
            $add(even, odd),
            $sub(even, odd),
            $add(near, far),
            $sub(near, far),
            $sub(d5, $add(odd, $quadruple(d3))),
        ]
    }};
}
/// One dimension of `G`, its rows multiplied by 4, -6, -6, 24, 24 and 1.
macro_rules! filter_transform {
    ($g:expr, $add:expr, $sub:expr, $scaled:expr) => {{
        let [g0, g1, g2] = $g;
        let (near, far) = ($add(g0, g2), $scaled(g0, 4.0, g2));
        [g0, $add(near, g1), $sub(near, g1), $scaled(far, 2.0, g1), $scaled(far, -2.0, g1), g2]
    }};
}
/// One dimension of `A^T`; `$scaled(a, factor, b)` is `a + factor * b` with a power of two.
macro_rules! output_transform {
    ($m:expr, $add:expr, $sub:expr, $scaled:expr) => {{
        let [m0, m1, m2, m3, m4, m5] = $m;
        let (a, b, c, d) = ($add(m1, m2), $sub(m1, m2), $add(m3, m4), $sub(m3, m4));
        [$add($add(m0, a), c), $scaled(b, 2.0, d), $scaled(a, 4.0, c), $add($scaled(b, 8.0, d), m5)]
    }};
}
use {filter_transform, input_transform, output_transform};
