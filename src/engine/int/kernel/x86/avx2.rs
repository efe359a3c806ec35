//! AVX2 and FMA.

use std::arch::x86_64::*;
use std::hint::black_box;

use super::super::{
    Epilogue, LANES, PATCH, Patch, TAPS, TILE, filter_transform, input_transform, output_transform,
};
use super::{Next, dispatch, each_output, kernel, registers};

/// AVX2 and FMA.
pub(in super::super) struct Avx2(());

impl Avx2 {
    /// `None` if the processor does not have it.
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

/// The filter transform with AVX2, two inputs by 8 outputs at a time.
///
/// # Safety
/// The processor has AVX2 and FMA; `taps`, `factors` and `panels` are as long as `Kernel::transform_filters` needs.
#[target_feature(enable = "avx2,fma")]
unsafe fn filters_avx2<const ROW: usize>(
    taps: *const i16,
    depth: usize,
    factors: *const f32,
    panels: *mut i16,
    stride: usize,
) {
    let (add, sub) = (|a, b| _mm256_add_ps(a, b), |a, b| _mm256_sub_ps(a, b));
    // Everything is a whole number of at most 24 bits: fusing changes nothing.
    let scaled = |a, factor, b| _mm256_fmadd_ps(_mm256_set1_ps(factor), b, a);
    for (pair, n) in (0..depth / 2).flat_map(|pair| [(pair, 0), (pair, LANES / 2)]) {
        let transform = |k: usize| {
            let tap = |tap: usize| {
                // SAFETY: by this function's contract.
                let words =
                    unsafe { _mm_loadu_si128(taps.add(((2 * pair + k) * TAPS + tap) * LANES + n).cast()) };
                _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(words))
            };
            let column = |j| filter_transform!([tap(j), tap(3 + j), tap(6 + j)], add, sub, scaled)[ROW];
            filter_transform!([column(0), column(1), column(2)], add, sub, scaled)
        };
        for (p, (even, odd)) in transform(0).into_iter().zip(transform(1)).enumerate() {
            // SAFETY: by this function's contract.
            unsafe {
                let factor = _mm256_loadu_ps(factors.add(p * LANES + n));
                let [even, odd] = [even, odd].map(|value| _mm256_cvtps_epi32(_mm256_mul_ps(value, factor)));
                let both = _mm256_blend_epi16::<0xAA>(even, _mm256_slli_epi32::<16>(odd));
                _mm256_storeu_si256(panels.add(p * stride + 2 * pair * LANES + 2 * n).cast(), both);
            }
        }
    }
}

/// Tiles whose sums fit into 16 registers, beside weights and inputs.
const GROUP: usize = 6;

/// The product of 1 to 6 tiles and a panel.
///
/// # Safety
/// The processor has AVX2; `v`, `panel` and `m` are as long as `Kernel::multiply` needs from the group's first tile on.
#[target_feature(enable = "avx2")]
unsafe fn multiply_avx2(
    [tiles, _]: [usize; 2],
    v: *const i16,
    depth: usize,
    panel: *const i16,
    m: *mut i32,
    _: usize,
    _: Next,
) {
    // SAFETY: by this function's contract.
    unsafe { dispatch!(tiles, products_avx2, (v, depth, panel, m), [1 2 3 4 5 6]) }
}

/// [`multiply_avx2`] for `TILES` tiles.
///
/// # Safety
/// As there.
#[target_feature(enable = "avx2")]
unsafe fn products_avx2<const TILES: usize>(v: *const i16, depth: usize, panel: *const i16, m: *mut i32) {
    let mut sums = [[_mm256_setzero_si256(); 2]; TILES];
    // For 4 and 5 tiles the compiler would add up all pairs at once if it knew their number, and run out of registers;
    // with more tiles it does not try, with fewer they suffice.
    let pairs = if matches!(TILES, 4 | 5) { black_box(LANES / 2) } else { LANES / 2 };
    // SAFETY: all offsets are within what the contract promises.
    unsafe {
        for block in 0..depth / LANES {
            let v = v.add(block * TILES * LANES);
            for pair in 0..pairs {
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
fn epilogue_avx2(
    m: &[i32],
    stride: usize,
    epilogue: Epilogue,
    pool: bool,
    out: &mut [u8],
    out_stride: usize,
) {
    for half in [0, LANES / 2] {
        // SAFETY: the caller has checked all lengths with `check_epilogue`.
        unsafe {
            let (scales, bias) = (epilogue.scales.as_ptr().add(half), epilogue.bias.as_ptr().add(half));
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
fn epilogue_real_avx2(
    m: &[i32],
    stride: usize,
    epilogue: Epilogue,
    pool: bool,
    out: &mut [f32],
    out_stride: usize,
) {
    for half in [0, LANES / 2] {
        // SAFETY: the caller has checked all lengths with `check_epilogue`.
        unsafe {
            let (scales, bias) = (epilogue.scales.as_ptr().add(half), epilogue.bias.as_ptr().add(half));
            let rows = outputs_8(m.as_ptr().add(half), stride, scales, bias);
            let out = out.as_mut_ptr().add(half);
            each_output!(rows, pool, |a, b| _mm256_max_ps(a, b), |pixel, value| {
                let value = _mm256_max_ps(value, _mm256_setzero_ps());
                _mm256_storeu_ps(out.add(pixel * out_stride), value);
            });
        }
    }
}

/// Rounds two pixels of 16 values, each in two halves, to bytes, one after the other.
#[target_feature(enable = "avx2")]
fn round_pair(a: [__m256; 2], b: [__m256; 2]) -> __m256i {
    // Packing with unsigned saturation turns negative values and NaN into 0.
    let words = |[low, high]: [__m256; 2]| {
        let whole = |value| _mm256_cvtps_epi32(_mm256_min_ps(_mm256_set1_ps(255.0), value));
        _mm256_packs_epi32(whole(low), whole(high))
    };
    // Packing works on each half of a register for itself.
    let order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    _mm256_permutevar8x32_epi32(_mm256_packus_epi16(words(a), words(b)), order)
}

#[target_feature(enable = "avx2")]
fn requantize_avx2(m: &[i32], pixels: usize, epilogue: Epilogue, out: &mut [u8], out_stride: usize) {
    // SAFETY: the caller has checked all lengths with `check_requantize`.
    unsafe {
        let [scales, biases] = [epilogue.scales, epilogue.bias]
            .map(|values| [0, LANES / 2].map(|n| _mm256_loadu_ps(values.as_ptr().add(n))));
        let real = |pixel: usize, half: usize| {
            let sum = _mm256_loadu_si256(m.as_ptr().add(pixel * LANES + half * LANES / 2).cast());
            _mm256_add_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(sum), scales[half]), biases[half])
        };
        for pixel in (0..pixels).step_by(2) {
            let next = (pixel + 1).min(pixels - 1);
            let bytes = round_pair([real(pixel, 0), real(pixel, 1)], [real(next, 0), real(next, 1)]);
            // Of the last pixel of an odd number the second half is a copy, written to the same place.
            let out = out.as_mut_ptr();
            _mm_storeu_si128(out.add(pixel * out_stride).cast(), _mm256_castsi256_si128(bytes));
            _mm_storeu_si128(out.add(next * out_stride).cast(), _mm256_extracti128_si256::<1>(bytes));
        }
    }
}

registers!(registers_avx2, "avx2", 12, 16, _mm256_setzero_si256(), _mm256_set1_epi16(3), |sum, x| {
    _mm256_add_epi32(sum, _mm256_madd_epi16(sum, x))
});

kernel!(
    Avx2,
    "avx2",
    transform_avx2,
    filters_avx2,
    multiply_avx2,
    [GROUP, 1],
    epilogue_avx2,
    epilogue_real_avx2,
    requantize_avx2,
    registers_avx2
);
