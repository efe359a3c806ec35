//! AVX-512, with and without VNNI.

use std::arch::x86_64::*;

use super::super::{
    Epilogue, LANES, PATCH, Patch, TAPS, TILE, filter_transform, input_transform, output_transform,
};
use super::avx2::{Avx2, transform_16};
use super::avx512_products::{GROUP, multiply_avx512, multiply_vnni};
use super::{each_output, kernel, registers};

/// AVX-512 F, BW, VL.
pub(in super::super) struct Avx512(());

/// [`Avx512`] and VNNI: one instruction multiplies pairs and adds them to the sums.
pub(in super::super) struct Vnni(());

fn has_avx512() -> bool {
    Avx2::new().is_some()
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
}

impl Avx512 {
    /// `None` if the processor does not have it.
    pub(in super::super) fn new() -> Option<Self> {
        has_avx512().then_some(Self(()))
    }
}

impl Vnni {
    /// `None` if the processor does not have it.
    pub(in super::super) fn new() -> Option<Self> {
        (has_avx512() && is_x86_feature_detected!("avx512vnni")).then_some(Self(()))
    }
}

/// Input transform of 32 channels, for two blocks.
///
/// # Safety
/// As `transform_16` with AVX-512 BW, twice the channels, and a second block at `block_stride`.
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn transform_32(
    patch: &Patch,
    offset: usize,
    channels: usize,
    v: *mut i16,
    stride: usize,
    block_stride: usize,
) {
    let quadruple = |a| _mm512_slli_epi16::<2>(a);
    let double = |a| _mm512_add_epi16(a, a);
    let (add, sub) = (|a, b| _mm512_add_epi16(a, b), |a, b| _mm512_sub_epi16(a, b));
    let mut columns = [[_mm512_setzero_si512(); PATCH]; PATCH];
    for (j, column) in columns.iter_mut().enumerate() {
        let mut d = [_mm512_setzero_si512(); PATCH];
        for (d, row) in d.iter_mut().zip(patch) {
            // SAFETY: by this function's contract.
            let bytes = unsafe { _mm256_loadu_si256(row.as_ptr().add(offset + j * channels).cast()) };
            *d = _mm512_cvtepu8_epi16(bytes);
        }
        *column = input_transform!(d, add, sub, double, quadruple);
    }
    #[expect(clippy::needless_range_loop, reason = "a row of what lies in columns")]
    for i in 0..PATCH {
        let row = [columns[0][i], columns[1][i], columns[2][i], columns[3][i], columns[4][i], columns[5][i]];
        let values = input_transform!(row, add, sub, double, quadruple);
        for (j, value) in values.into_iter().enumerate() {
            // SAFETY: by this function's contract.
            unsafe {
                let at = v.add((i * PATCH + j) * stride);
                _mm256_storeu_si256(at.cast(), _mm512_castsi512_si256(value));
                _mm256_storeu_si256(at.add(block_stride).cast(), _mm512_extracti64x4_epi64::<1>(value));
            }
        }
    }
}

/// The input transform with AVX-512: 32 channels at a time, and 16 that may be left.
#[target_feature(enable = "avx512f,avx512bw,avx2")]
fn transform_avx512(patch: Patch, channels: usize, v: &mut [i16], stride: usize, block_stride: usize) {
    let mut block = 0;
    // SAFETY: the caller has checked all lengths with `check_transform`.
    unsafe {
        while (block + 2) * LANES <= channels {
            let at = v.as_mut_ptr().add(block * block_stride);
            transform_32(&patch, block * LANES, channels, at, stride, block_stride);
            block += 2;
        }
        if block * LANES < channels {
            let at = v.as_mut_ptr().add(block * block_stride);
            transform_16(&patch, block * LANES, channels, at, stride);
        }
    }
}

/// The filter transform with AVX-512, two inputs by 16 outputs at a time.
///
/// # Safety
/// The processor has AVX-512 F and BW; `taps`, `factors` and `panels` are as long as `Kernel::transform_filters` needs.
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn filters_avx512<const ROW: usize>(
    taps: *const i16,
    depth: usize,
    factors: *const f32,
    panels: *mut i16,
    stride: usize,
) {
    let (add, sub) = (|a, b| _mm512_add_ps(a, b), |a, b| _mm512_sub_ps(a, b));
    // Everything is a whole number of at most 24 bits: fusing changes nothing.
    let scaled = |a, factor, b| _mm512_fmadd_ps(_mm512_set1_ps(factor), b, a);
    for pair in 0..depth / 2 {
        let transform = |k: usize| {
            let tap = |tap: usize| {
                // SAFETY: by this function's contract.
                let words =
                    unsafe { _mm256_loadu_si256(taps.add(((2 * pair + k) * TAPS + tap) * LANES).cast()) };
                _mm512_cvtepi32_ps(_mm512_cvtepi16_epi32(words))
            };
            let column = |j| filter_transform!([tap(j), tap(3 + j), tap(6 + j)], add, sub, scaled)[ROW];
            filter_transform!([column(0), column(1), column(2)], add, sub, scaled)
        };
        for (p, (even, odd)) in transform(0).into_iter().zip(transform(1)).enumerate() {
            // SAFETY: by this function's contract.
            unsafe {
                let factor = _mm512_loadu_ps(factors.add(p * LANES));
                let [even, odd] = [even, odd].map(|value| _mm512_cvtps_epi32(_mm512_mul_ps(value, factor)));
                let both = _mm512_mask_blend_epi16(0xAAAA_AAAA, even, _mm512_slli_epi32::<16>(odd));
                _mm512_storeu_si512(panels.add(p * stride + 2 * pair * LANES).cast(), both);
            }
        }
    }
}

/// `outputs_8` for 16 channels.
///
/// # Safety
/// The processor has AVX-512 F; lengths as for `outputs_8`, with 16 instead of 8.
#[target_feature(enable = "avx512f")]
unsafe fn outputs_16(
    m: *const i32,
    stride: usize,
    scales: *const f32,
    bias: *const f32,
) -> [[__m512; TILE]; TILE] {
    let (add, sub) = (|a, b| _mm512_add_ps(a, b), |a, b| _mm512_sub_ps(a, b));
    // The factor is a power of two: the product is exact, so that fusing changes nothing.
    let scaled = |a, factor, b| _mm512_fmadd_ps(_mm512_set1_ps(factor), b, a);
    let mut columns = [[_mm512_setzero_ps(); TILE]; PATCH];
    for (j, column) in columns.iter_mut().enumerate() {
        let mut values = [_mm512_setzero_ps(); PATCH];
        for (i, value) in values.iter_mut().enumerate() {
            let p = i * PATCH + j;
            // SAFETY: by this function's contract.
            let (sum, scale) = unsafe {
                (_mm512_loadu_si512(m.add(p * stride).cast()), _mm512_loadu_ps(scales.add(p * LANES)))
            };
            *value = _mm512_mul_ps(_mm512_cvtepi32_ps(sum), scale);
        }
        *column = output_transform!(values, add, sub, scaled);
    }
    // SAFETY: by this function's contract.
    let bias = unsafe { _mm512_loadu_ps(bias) };
    let mut rows = [[_mm512_setzero_ps(); TILE]; TILE];
    for (i, row) in rows.iter_mut().enumerate() {
        let m = [columns[0][i], columns[1][i], columns[2][i], columns[3][i], columns[4][i], columns[5][i]];
        for (out, value) in row.iter_mut().zip(output_transform!(m, add, sub, scaled)) {
            *out = _mm512_add_ps(value, bias);
        }
    }
    rows
}

/// Rounds four pixels of 16 values to bytes, one after the other.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn round_4([a, b, c, d]: [__m512; 4]) -> __m512i {
    // Packing with saturation turns negative values and NaN into 0.
    let words = |a, b| {
        let whole = |value| _mm512_cvtps_epi32(_mm512_min_ps(_mm512_set1_ps(255.0), value));
        _mm512_packs_epi32(whole(a), whole(b))
    };
    // Packing works on each quarter of a register for itself.
    let order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    _mm512_permutexvar_epi32(order, _mm512_packus_epi16(words(a, b), words(c, d)))
}

/// Stores each quarter of a vector, which is a pixel.
///
/// # Safety
/// There is room for 16 bytes at each of the targets.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn store_4(bytes: __m512i, targets: [*mut u8; 4]) {
    // SAFETY: by this function's contract.
    unsafe {
        _mm_storeu_si128(targets[0].cast(), _mm512_castsi512_si128(bytes));
        _mm_storeu_si128(targets[1].cast(), _mm512_extracti32x4_epi32::<1>(bytes));
        _mm_storeu_si128(targets[2].cast(), _mm512_extracti32x4_epi32::<2>(bytes));
        _mm_storeu_si128(targets[3].cast(), _mm512_extracti32x4_epi32::<3>(bytes));
    }
}

#[target_feature(enable = "avx512f,avx512bw")]
fn epilogue_avx512(
    m: &[i32],
    stride: usize,
    epilogue: Epilogue,
    pool: bool,
    out: &mut [u8],
    out_stride: usize,
) {
    // SAFETY: the caller has checked all lengths with `check_epilogue`.
    unsafe {
        let rows = outputs_16(m.as_ptr(), stride, epilogue.scales.as_ptr(), epilogue.bias.as_ptr());
        let out = out.as_mut_ptr();
        let put = |first: usize, pixels| {
            store_4(round_4(pixels), std::array::from_fn(|i| out.add((first + i) * out_stride)));
        };
        if pool {
            let mut maxima = [_mm512_setzero_ps(); 4];
            each_output!(rows, true, |a, b| _mm512_max_ps(a, b), |pixel: usize, value| maxima[pixel] = value);
            put(0, maxima);
        } else {
            rows.into_iter().enumerate().for_each(|(i, row)| put(i * TILE, row));
        }
    }
}

#[target_feature(enable = "avx512f")]
fn epilogue_real_avx512(
    m: &[i32],
    stride: usize,
    epilogue: Epilogue,
    pool: bool,
    out: &mut [f32],
    out_stride: usize,
) {
    // SAFETY: the caller has checked all lengths with `check_epilogue`.
    unsafe {
        let rows = outputs_16(m.as_ptr(), stride, epilogue.scales.as_ptr(), epilogue.bias.as_ptr());
        let out = out.as_mut_ptr();
        each_output!(rows, pool, |a, b| _mm512_max_ps(a, b), |pixel, value| {
            let value = _mm512_max_ps(value, _mm512_setzero_ps());
            _mm512_storeu_ps(out.add(pixel * out_stride), value);
        });
    }
}

#[target_feature(enable = "avx512f,avx512bw")]
fn requantize_avx512(m: &[i32], pixels: usize, epilogue: Epilogue, out: &mut [u8], out_stride: usize) {
    // SAFETY: the caller has checked all lengths with `check_requantize`.
    unsafe {
        let scale = _mm512_loadu_ps(epilogue.scales.as_ptr());
        let bias = _mm512_loadu_ps(epilogue.bias.as_ptr());
        let real = |pixel: usize| {
            let sum = _mm512_loadu_si512(m.as_ptr().add(pixel * LANES).cast());
            _mm512_add_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(sum), scale), bias)
        };
        let out = out.as_mut_ptr();
        let put = |four: [usize; 4]| {
            let targets = four.map(|pixel| out.add(pixel * out_stride));
            store_4(round_4(four.map(&real)), targets);
        };
        let whole = pixels - pixels % 4;
        (0..whole).step_by(4).for_each(|first| put([first, first + 1, first + 2, first + 3]));
        if whole < pixels {
            // The last pixel stands for those that are missing, written to the same place.
            put(std::array::from_fn(|i| (whole + i).min(pixels - 1)));
        }
    }
}

registers!(
    registers_avx512,
    "avx512f,avx512bw",
    24,
    32,
    _mm512_setzero_si512(),
    _mm512_set1_epi16(3),
    |sum, x| _mm512_add_epi32(sum, _mm512_madd_epi16(sum, x))
);

registers!(
    registers_vnni,
    "avx512f,avx512bw,avx512vnni",
    24,
    32,
    _mm512_setzero_si512(),
    _mm512_set1_epi16(3),
    |sum, x| _mm512_dpwssd_epi32(sum, x, x)
);

kernel!(
    Avx512,
    "avx512",
    transform_avx512,
    filters_avx512,
    multiply_avx512,
    [GROUP, 2],
    epilogue_avx512,
    epilogue_real_avx512,
    requantize_avx512,
    registers_avx512
);

kernel!(
    Vnni,
    "avx512vnni",
    transform_avx512,
    filters_avx512,
    multiply_vnni,
    [GROUP, 2],
    epilogue_avx512,
    epilogue_real_avx512,
    requantize_avx512,
    registers_vnni
);
