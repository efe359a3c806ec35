//! AVX2 and FMA.

use std::arch::x86_64::*;

use super::super::{Finish, LANES, PATCH, Patch, TILE, input_transform, output_transform};
use super::{each_output, kernel, registers};

/// AVX2 and FMA.
pub(in super::super) struct Avx2(());

impl Avx2 {
    /// Where the processor can do it.
    pub(in super::super) fn new() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(Self(()))
    }
}

/// Input transform of 16 channels; all sides of the patch begin at `offset`.
///
/// # Safety
/// The processor has AVX2; each row has `5 * channels + 16` values from `offset` on; `v` has room for
/// 16 values at 35 strides.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn transform_16(patch: &Patch, offset: usize, channels: usize, v: *mut i16, stride: usize) {
    let quadruple = |a| _mm256_slli_epi16::<2>(a);
    let double = |a| _mm256_add_epi16(a, a);
    let (add, sub) = (|a, b| _mm256_add_epi16(a, b), |a, b| _mm256_sub_epi16(a, b));
    let mut columns = [[_mm256_setzero_si256(); PATCH]; PATCH];
    for (j, column) in columns.iter_mut().enumerate() {
        let mut d = [_mm256_setzero_si256(); PATCH];
        for (d, row) in d.iter_mut().zip(patch) {
            // SAFETY: by this function's contract.
            let bytes = unsafe { _mm_loadu_si128(row.as_ptr().add(offset + j * channels).cast()) };
            *d = _mm256_cvtepu8_epi16(bytes);
        }
        *column = input_transform!(d, add, sub, double, quadruple);
    }
    #[expect(clippy::needless_range_loop, reason = "a row of what lies in columns")]
    for i in 0..PATCH {
        let row = [columns[0][i], columns[1][i], columns[2][i], columns[3][i], columns[4][i], columns[5][i]];
        let values = input_transform!(row, add, sub, double, quadruple);
        for (j, value) in values.into_iter().enumerate() {
            // SAFETY: by this function's contract.
            unsafe { _mm256_storeu_si256(v.add((i * PATCH + j) * stride).cast(), value) };
        }
    }
}

/// The input transform with AVX2, 16 channels at a time.
#[target_feature(enable = "avx2")]
fn transform_avx2(patch: Patch, channels: usize, v: &mut [i16], stride: usize, block_stride: usize) {
    for block in 0..channels / LANES {
        // SAFETY: the caller has checked all lengths with `check_transform`.
        unsafe {
            let at = v.as_mut_ptr().add(block * block_stride);
            transform_16(&patch, block * LANES, channels, at, stride);
        }
    }
}

/// The product for `TILES` tiles (1 to 6: more do not fit into 16 registers).
///
/// # Safety
/// The processor has AVX2; `v`, `panel` and `m` are as long as `Kernel::multiply` needs from the
/// group's first tile on; `tiles` is the number of all tiles.
#[target_feature(enable = "avx2")]
unsafe fn multiply_avx2<const TILES: usize>(
    v: *const i16,
    tiles: usize,
    depth: usize,
    panel: *const i16,
    m: *mut i32,
) {
    let mut sums = [[_mm256_setzero_si256(); 2]; TILES];
    // SAFETY: all offsets are within what the contract promises.
    unsafe {
        for block in 0..depth / LANES {
            let v = v.add(block * tiles * LANES);
            for pair in 0..LANES / 2 {
                let weights = panel.add((block * LANES / 2 + pair) * 2 * LANES);
                let low = _mm256_loadu_si256(weights.cast());
                let high = _mm256_loadu_si256(weights.add(LANES).cast());
                for (t, [a, b]) in sums.iter_mut().enumerate() {
                    let x = _mm256_set1_epi32(v.add(t * LANES + 2 * pair).cast::<i32>().read_unaligned());
                    *a = _mm256_add_epi32(*a, _mm256_madd_epi16(x, low));
                    *b = _mm256_add_epi32(*b, _mm256_madd_epi16(x, high));
                }
            }
        }
        for (t, [a, b]) in sums.into_iter().enumerate() {
            _mm256_storeu_si256(m.add(t * LANES).cast(), a);
            _mm256_storeu_si256(m.add(t * LANES + 8).cast(), b);
        }
    }
}

/// The 16 outputs of a tile for 8 channels, row by row, before the maximum and ReLU.
///
/// # Safety
/// The processor has AVX2 and FMA; `m` has 8 values at 35 strides, `scales` 8 at 35 times 16, `bias` 8.
#[target_feature(enable = "avx2,fma")]
unsafe fn outputs_8(
    m: *const i32,
    stride: usize,
    scales: *const f32,
    bias: *const f32,
) -> [[__m256; TILE]; TILE] {
    let (add, sub) = (|a, b| _mm256_add_ps(a, b), |a, b| _mm256_sub_ps(a, b));
    // The factor is a power of two: the product is exact, so that fusing changes nothing.
    let scaled = |a, factor, b| _mm256_fmadd_ps(_mm256_set1_ps(factor), b, a);
    let mut columns = [[_mm256_setzero_ps(); TILE]; PATCH];
    for (j, column) in columns.iter_mut().enumerate() {
        let mut values = [_mm256_setzero_ps(); PATCH];
        for (i, value) in values.iter_mut().enumerate() {
            let p = i * PATCH + j;
            // SAFETY: by this function's contract.
            let (sum, scale) = unsafe {
                (_mm256_loadu_si256(m.add(p * stride).cast()), _mm256_loadu_ps(scales.add(p * LANES)))
            };
            *value = _mm256_mul_ps(_mm256_cvtepi32_ps(sum), scale);
        }
        *column = output_transform!(values, add, sub, scaled);
    }
    // SAFETY: by this function's contract.
    let bias = unsafe { _mm256_loadu_ps(bias) };
    let mut rows = [[_mm256_setzero_ps(); TILE]; TILE];
    for (i, row) in rows.iter_mut().enumerate() {
        let m = [columns[0][i], columns[1][i], columns[2][i], columns[3][i], columns[4][i], columns[5][i]];
        for (out, value) in row.iter_mut().zip(output_transform!(m, add, sub, scaled)) {
            *out = _mm256_add_ps(value, bias);
        }
    }
    rows
}

/// Rounds 8 values to bytes at `out`.
///
/// # Safety
/// The processor has AVX2; `out` has room for 8 bytes.
#[target_feature(enable = "avx2")]
unsafe fn round_8(value: __m256, out: *mut u8) {
    let value = _mm256_min_ps(_mm256_max_ps(value, _mm256_setzero_ps()), _mm256_set1_ps(255.0));
    let whole = _mm256_cvtps_epi32(value);
    let words = _mm_packus_epi32(_mm256_castsi256_si128(whole), _mm256_extracti128_si256::<1>(whole));
    // SAFETY: by this function's contract.
    unsafe { _mm_storel_epi64(out.cast(), _mm_packus_epi16(words, words)) };
}

#[target_feature(enable = "avx2,fma")]
fn finish_avx2(m: &[i32], stride: usize, finish: Finish, pool: bool, out: &mut [u8], out_stride: usize) {
    for half in [0, LANES / 2] {
        // SAFETY: the caller has checked all lengths with `check_finish`.
        unsafe {
            let (scales, bias) = (finish.scales.as_ptr().add(half), finish.bias.as_ptr().add(half));
            let rows = outputs_8(m.as_ptr().add(half), stride, scales, bias);
            let out = out.as_mut_ptr().add(half);
            each_output!(rows, pool, |a, b| _mm256_max_ps(a, b), |pixel, value| round_8(
                value,
                out.add(pixel * out_stride)
            ));
        }
    }
}

#[target_feature(enable = "avx2,fma")]
fn finish_real_avx2(
    m: &[i32],
    stride: usize,
    finish: Finish,
    pool: bool,
    out: &mut [f32],
    out_stride: usize,
) {
    for half in [0, LANES / 2] {
        // SAFETY: the caller has checked all lengths with `check_finish`.
        unsafe {
            let (scales, bias) = (finish.scales.as_ptr().add(half), finish.bias.as_ptr().add(half));
            let rows = outputs_8(m.as_ptr().add(half), stride, scales, bias);
            let out = out.as_mut_ptr().add(half);
            each_output!(rows, pool, |a, b| _mm256_max_ps(a, b), |pixel, value| {
                let value = _mm256_max_ps(value, _mm256_setzero_ps());
                _mm256_storeu_ps(out.add(pixel * out_stride), value);
            });
        }
    }
}

#[target_feature(enable = "avx2")]
fn requantize_avx2(m: &[i32], pixels: usize, finish: Finish, out: &mut [u8], out_stride: usize) {
    // SAFETY: the caller has checked all lengths with `check_requantize`.
    unsafe {
        for half in [0, LANES / 2] {
            let scale = _mm256_loadu_ps(finish.scales.as_ptr().add(half));
            let bias = _mm256_loadu_ps(finish.bias.as_ptr().add(half));
            for pixel in 0..pixels {
                let sum = _mm256_loadu_si256(m.as_ptr().add(pixel * LANES + half).cast());
                let value = _mm256_add_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(sum), scale), bias);
                round_8(value, out.as_mut_ptr().add(pixel * out_stride + half));
            }
        }
    }
}

registers!(registers_avx2, "avx2", 12, 16, _mm256_setzero_si256(), _mm256_set1_epi16(3), |sum, x| {
    _mm256_add_epi32(sum, _mm256_madd_epi16(sum, x))
});

kernel!(
    Avx2, "avx2", transform_avx2, multiply_avx2, 6, [1 2 3 4 5 6],
    finish_avx2, finish_real_avx2, requantize_avx2, registers_avx2
);
