//! aarch64: NEON, which every such processor has.

use std::arch::aarch64::*;
use std::arch::is_aarch64_feature_detected;

use super::portable::{check_epilogue, check_filters, check_multiply, check_requantize, check_transform};
use super::{
    Epilogue, Kernel, LANES, PATCH, Patch, TAPS, TILE, filter_transform, groups, input_transform,
    output_transform,
};

/// NEON.
pub(super) struct Neon(());

/// Tiles that fit into the registers: four sums of four channels each.
const GROUP: usize = 6;

impl Neon {
    /// `None` if the processor does not have it.
    pub(super) fn new() -> Option<Self> {
        is_aarch64_feature_detected!("neon").then_some(Self(()))
    }
}

/// Input transform of 8 channels.
///
/// # Safety
/// The processor has NEON; each row has `5 * channels + 8` values from `offset` on; `v` has room for 8
/// values at 35 strides.
#[target_feature(enable = "neon")]
unsafe fn transform_8(patch: &Patch, offset: usize, channels: usize, v: *mut i16, stride: usize) {
    let quadruple = |a| vshlq_n_s16::<2>(a);
    let double = |a| vaddq_s16(a, a);
    let (add, sub) = (|a, b| vaddq_s16(a, b), |a, b| vsubq_s16(a, b));
    let mut columns = [[vdupq_n_s16(0); PATCH]; PATCH];
    for (j, column) in columns.iter_mut().enumerate() {
        let mut d = [vdupq_n_s16(0); PATCH];
        for (d, row) in d.iter_mut().zip(patch) {
            // SAFETY: by this function's contract.
            let bytes = unsafe { vld1_u8(row.as_ptr().add(offset + j * channels)) };
            *d = vreinterpretq_s16_u16(vmovl_u8(bytes));
        }
        *column = input_transform!(d, add, sub, double, quadruple);
    }
    #[expect(clippy::needless_range_loop, reason = "a row of what lies in columns")]
    for i in 0..PATCH {
        let row = [columns[0][i], columns[1][i], columns[2][i], columns[3][i], columns[4][i], columns[5][i]];
        let values = input_transform!(row, add, sub, double, quadruple);
        for (j, value) in values.into_iter().enumerate() {
            // SAFETY: by this function's contract.
            unsafe { vst1q_s16(v.add((i * PATCH + j) * stride), value) };
        }
    }
}

#[target_feature(enable = "neon")]
fn transform(patch: Patch, channels: usize, v: &mut [i16], stride: usize, block_stride: usize) {
    for half in 0..channels / 8 {
        // SAFETY: the caller has checked all lengths with `check_transform`.
        unsafe {
            let at = v.as_mut_ptr().add(half / 2 * block_stride + half % 2 * 8);
            transform_8(&patch, half * 8, channels, at, stride);
        }
    }
}

/// The filter transform, 4 outputs at a time.
///
/// # Safety
/// The processor has NEON; `taps`, `factors` and `panels` are as long as [`Kernel::transform_filters`] needs.
#[target_feature(enable = "neon")]
unsafe fn filters<const ROW: usize>(
    taps: *const i16,
    depth: usize,
    factors: *const f32,
    panels: *mut i16,
    stride: usize,
) {
    let (add, sub) = (|a, b| vaddq_f32(a, b), |a, b| vsubq_f32(a, b));
    // Everything is a whole number of at most 24 bits: fusing changes nothing.
    let scaled = |a, factor, b| vfmaq_n_f32(a, b, factor);
    for (k, n) in (0..depth).flat_map(|k| [(k, 0), (k, 4), (k, 8), (k, 12)]) {
        let tap = |tap: usize| {
            // SAFETY: by this function's contract.
            let words = unsafe { vld1_s16(taps.add((k * TAPS + tap) * LANES + n)) };
            vcvtq_f32_s32(vmovl_s16(words))
        };
        let column = |j| filter_transform!([tap(j), tap(3 + j), tap(6 + j)], add, sub, scaled)[ROW];
        let row = filter_transform!([column(0), column(1), column(2)], add, sub, scaled);
        for (p, value) in row.into_iter().enumerate() {
            // SAFETY: by this function's contract.
            unsafe {
                let weight = vcvtnq_s32_f32(vmulq_f32(value, vld1q_f32(factors.add(p * LANES + n))));
                vst1_s16(panels.add(p * stride + k * LANES + n), vmovn_s32(weight));
            }
        }
    }
}

/// The product for `TILES` tiles.
///
/// # Safety
/// The processor has NEON; `v`, `panel` and `m` are as long as [`Kernel::multiply`] needs from the group's first tile on.
#[target_feature(enable = "neon")]
unsafe fn multiply<const TILES: usize>(v: *const i16, depth: usize, panel: *const i16, m: *mut i32) {
    let mut sums = [[vdupq_n_s32(0); 4]; TILES];
    // SAFETY: all offsets are within what the contract promises.
    unsafe {
        for k in 0..depth {
            let v = v.add(k / LANES * TILES * LANES + k % LANES);
            let (low, high) = (vld1q_s16(panel.add(k * LANES)), vld1q_s16(panel.add(k * LANES + 8)));
            for (t, [a, b, c, d]) in sums.iter_mut().enumerate() {
                let x = vld1q_dup_s16(v.add(t * LANES));
                *a = vmlal_s16(*a, vget_low_s16(low), vget_low_s16(x));
                *b = vmlal_high_s16(*b, low, x);
                *c = vmlal_s16(*c, vget_low_s16(high), vget_low_s16(x));
                *d = vmlal_high_s16(*d, high, x);
            }
        }
        for (t, four) in sums.into_iter().enumerate() {
            for (i, sum) in four.into_iter().enumerate() {
                vst1q_s32(m.add(t * LANES + 4 * i), sum);
            }
        }
    }
}

/// The 16 outputs of a tile for 4 channels, row by row, before the maximum and ReLU.
///
/// # Safety
/// The processor has NEON; `m` has 4 values at 35 strides, `scales` 4 at 35 times 16, `bias` 4.
#[target_feature(enable = "neon")]
unsafe fn outputs_4(
    m: *const i32,
    stride: usize,
    scales: *const f32,
    bias: *const f32,
) -> [[float32x4_t; TILE]; TILE] {
    let (add, sub) = (|a, b| vaddq_f32(a, b), |a, b| vsubq_f32(a, b));
    // The factor is a power of two: the product is exact, so that fusing changes nothing.
    let scaled = |a, factor, b| vfmaq_n_f32(a, b, factor);
    let mut columns = [[vdupq_n_f32(0.0); TILE]; PATCH];
    for (j, column) in columns.iter_mut().enumerate() {
        let mut values = [vdupq_n_f32(0.0); PATCH];
        for (i, value) in values.iter_mut().enumerate() {
            let p = i * PATCH + j;
            // SAFETY: by this function's contract.
            let (sum, scale) = unsafe { (vld1q_s32(m.add(p * stride)), vld1q_f32(scales.add(p * LANES))) };
            *value = vmulq_f32(vcvtq_f32_s32(sum), scale);
        }
        *column = output_transform!(values, add, sub, scaled);
    }
    // SAFETY: by this function's contract.
    let bias = unsafe { vld1q_f32(bias) };
    let mut rows = [[vdupq_n_f32(0.0); TILE]; TILE];
    for (i, row) in rows.iter_mut().enumerate() {
        let m = [columns[0][i], columns[1][i], columns[2][i], columns[3][i], columns[4][i], columns[5][i]];
        for (out, value) in row.iter_mut().zip(output_transform!(m, add, sub, scaled)) {
            *out = vaddq_f32(value, bias);
        }
    }
    rows
}

/// Rounds 4 values to bytes.
#[target_feature(enable = "neon")]
fn round_4(value: float32x4_t) -> [u8; 4] {
    let value = vminq_f32(vmaxq_f32(value, vdupq_n_f32(0.0)), vdupq_n_f32(255.0));
    let words = vmovn_u32(vcvtnq_u32_f32(value));
    let bytes = vmovn_u16(vcombine_u16(words, words));
    vget_lane_u32::<0>(vreinterpret_u32_u8(bytes)).to_le_bytes()
}

/// Calls `put(pixel, value)` for every output, or for the maxima of every 2x2 if `pool`.
#[target_feature(enable = "neon")]
fn each_output(rows: [[float32x4_t; TILE]; TILE], pool: bool, mut put: impl FnMut(usize, float32x4_t)) {
    for (i, row) in rows.iter().enumerate() {
        for (j, value) in row.iter().enumerate() {
            if !pool {
                put(i * TILE + j, *value);
            } else if i % 2 == 0 && j % 2 == 0 {
                let below = vmaxq_f32(rows[i + 1][j], rows[i + 1][j + 1]);
                put(i * TILE / 4 + j / 2, vmaxq_f32(vmaxq_f32(*value, row[j + 1]), below));
            }
        }
    }
}

#[target_feature(enable = "neon")]
fn epilogue(m: &[i32], stride: usize, epilogue: Epilogue, pool: bool, out: &mut [u8], out_stride: usize) {
    for n in (0..LANES).step_by(4) {
        // SAFETY: the caller has checked all lengths with `check_epilogue`.
        let rows = unsafe {
            let (scales, bias) = (epilogue.scales.as_ptr().add(n), epilogue.bias.as_ptr().add(n));
            outputs_4(m.as_ptr().add(n), stride, scales, bias)
        };
        each_output(rows, pool, |pixel, value| {
            out[pixel * out_stride + n..][..4].copy_from_slice(&round_4(value));
        });
    }
}

#[target_feature(enable = "neon")]
fn epilogue_real(
    m: &[i32],
    stride: usize,
    epilogue: Epilogue,
    pool: bool,
    out: &mut [f32],
    out_stride: usize,
) {
    for n in (0..LANES).step_by(4) {
        // SAFETY: the caller has checked all lengths with `check_epilogue`.
        let rows = unsafe {
            let (scales, bias) = (epilogue.scales.as_ptr().add(n), epilogue.bias.as_ptr().add(n));
            outputs_4(m.as_ptr().add(n), stride, scales, bias)
        };
        each_output(rows, pool, |pixel, value| {
            let out = &mut out[pixel * out_stride + n..][..4];
            // SAFETY: `out` has room for 4 values.
            unsafe { vst1q_f32(out.as_mut_ptr(), vmaxq_f32(value, vdupq_n_f32(0.0))) };
        });
    }
}

#[target_feature(enable = "neon")]
fn requantize(m: &[i32], pixels: usize, epilogue: Epilogue, out: &mut [u8], out_stride: usize) {
    for n in (0..LANES).step_by(4) {
        // SAFETY: the caller has checked all lengths with `check_requantize`.
        let (scale, bias) =
            unsafe { (vld1q_f32(epilogue.scales.as_ptr().add(n)), vld1q_f32(epilogue.bias.as_ptr().add(n))) };
        for pixel in 0..pixels {
            // SAFETY: as above.
            let sum = unsafe { vld1q_s32(m.as_ptr().add(pixel * LANES + n)) };
            let value = vaddq_f32(vmulq_f32(vcvtq_f32_s32(sum), scale), bias);
            out[pixel * out_stride + n..][..4].copy_from_slice(&round_4(value));
        }
    }
}

/// See [`Kernel::multiply_registers`].
#[target_feature(enable = "neon")]
fn multiply_registers(rounds: usize) -> usize {
    const SUMS: usize = 24;
    let x = std::hint::black_box(vdupq_n_s16(3));
    let mut sums = [vdupq_n_s32(0); SUMS];
    for _ in 0..rounds * 11 {
        for sum in &mut sums {
            *sum = vmlal_high_s16(*sum, x, x);
        }
        std::hint::black_box(&mut sums[0]);
    }
    std::hint::black_box(sums);
    rounds * 11 * SUMS * 4
}

impl Kernel for Neon {
    fn name(&self) -> &'static str {
        "neon"
    }

    /// One input after the other: NEON multiplies single values by a lane, not pairs.
    fn panel_index(&self, k: usize, n: usize) -> usize {
        k * LANES + n
    }

    fn group(&self) -> usize {
        GROUP
    }

    fn transform(&self, patch: Patch, channels: usize, v: &mut [i16], stride: usize, block_stride: usize) {
        check_transform(patch, channels, v, stride, block_stride);
        // SAFETY: `self` proves that the processor has NEON.
        unsafe { transform(patch, channels, v, stride, block_stride) }
    }

    fn transform_filters(
        &self,
        taps: &[i16],
        factors: &[f32],
        row: usize,
        panels: &mut [i16],
        stride: usize,
    ) {
        let depth = check_filters(taps, factors, row, panels, stride);
        let (taps, factors, panels) = (taps.as_ptr(), factors.as_ptr(), panels.as_mut_ptr());
        // SAFETY: `self` proves that the processor has NEON, `check_filters` the lengths.
        unsafe {
            match row {
                0 => filters::<0>(taps, depth, factors, panels, stride),
                1 => filters::<1>(taps, depth, factors, panels, stride),
                2 => filters::<2>(taps, depth, factors, panels, stride),
                3 => filters::<3>(taps, depth, factors, panels, stride),
                4 => filters::<4>(taps, depth, factors, panels, stride),
                _ => filters::<5>(taps, depth, factors, panels, stride),
            }
        }
    }

    fn multiply(&self, v: &[i16], tiles: usize, depth: usize, panels: &[i16], m: &mut [i32], apart: usize) {
        let count = check_multiply(v, tiles, depth, panels, m, apart);
        for (p, (first, size)) in (0..count).flat_map(|p| groups(tiles, GROUP).map(move |group| (p, group))) {
            // SAFETY: `self` proves that the processor has NEON, `check_multiply` the lengths.
            unsafe {
                let (v, m) = (v.as_ptr().add(first * depth), m.as_mut_ptr().add(p * apart + first * LANES));
                let panel = panels.as_ptr().add(p * depth * LANES);
                match size {
                    1 => multiply::<1>(v, depth, panel, m),
                    2 => multiply::<2>(v, depth, panel, m),
                    3 => multiply::<3>(v, depth, panel, m),
                    4 => multiply::<4>(v, depth, panel, m),
                    5 => multiply::<5>(v, depth, panel, m),
                    _ => multiply::<GROUP>(v, depth, panel, m),
                }
            }
        }
    }

    fn epilogue(
        &self,
        m: &[i32],
        stride: usize,
        with: Epilogue,
        pool: bool,
        out: &mut [u8],
        out_stride: usize,
    ) {
        check_epilogue(m, stride, with, pool, out, out_stride);
        // SAFETY: `self` proves that the processor has NEON.
        unsafe { epilogue(m, stride, with, pool, out, out_stride) }
    }

    fn epilogue_real(
        &self,
        m: &[i32],
        stride: usize,
        with: Epilogue,
        pool: bool,
        out: &mut [f32],
        out_stride: usize,
    ) {
        check_epilogue(m, stride, with, pool, out, out_stride);
        // SAFETY: `self` proves that the processor has NEON.
        unsafe { epilogue_real(m, stride, with, pool, out, out_stride) }
    }

    fn requantize(&self, m: &[i32], with: Epilogue, out: &mut [u8], out_stride: usize) {
        let pixels = check_requantize(m, with, out, out_stride);
        // SAFETY: `self` proves that the processor has NEON.
        unsafe { requantize(m, pixels, with, out, out_stride) }
    }

    fn multiply_registers(&self, rounds: usize) -> usize {
        // SAFETY: `self` proves that the processor has NEON.
        unsafe { multiply_registers(rounds) }
    }
}
