//! AVX-512, with and without VNNI.

use std::arch::asm;
use std::arch::x86_64::*;

use super::super::{Epilogue, LANES, PATCH, Patch, TILE, input_transform, output_transform};
use super::avx2::{Avx2, filters_avx2, transform_16};
use super::{dispatch, each_output, kernel, registers};

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

/// Tiles whose sums with two panels fit into 32 registers, beside weights and inputs.
const GROUP: usize = 14;
/// Weights are asked for so many values before they are needed: they come from the second cache or from further away,
/// and memory's own guesses begin anew with each panel.
const AHEAD: usize = 8 * 2 * LANES;

/// A function that multiplies 1 to 14 tiles by one or two panels, and its products for numbers that are known:
/// `$step(sum, x, weights)` adds the products of pairs to sums. With two panels each input that is loaded serves two
/// products.
macro_rules! multiply {
    ($multiply:ident, $products:ident, $features:literal, $step:expr) => {
        /// The product of 1 to 14 tiles and one or two panels.
        ///
        /// # Safety
        /// The processor has the instructions; `v`, `panels` and `m` are as long as `Kernel::multiply` needs from the
        /// first of these tiles and panels on.
        #[target_feature(enable = $features)]
        unsafe fn $multiply(
            [tiles, wide]: [usize; 2],
            v: *const i16,
            depth: usize,
            panels: *const i16,
            m: *mut i32,
            apart: usize,
        ) {
            // SAFETY: by this function's contract.
            unsafe {
                if wide == 2 {
                    dispatch!(tiles, 2, $products, (v, depth, panels, m, apart),
                        [1 2 3 4 5 6 7 8 9 10 11 12 13 14])
                } else {
                    dispatch!(tiles, 1, $products, (v, depth, panels, m, apart),
                        [1 2 3 4 5 6 7 8 9 10 11 12 13 14])
                }
            }
        }

        /// As above, for `TILES` tiles and `PANELS` panels.
        ///
        /// # Safety
        /// As above.
        #[target_feature(enable = $features)]
        unsafe fn $products<const TILES: usize, const PANELS: usize>(
            v: *const i16,
            depth: usize,
            panels: *const i16,
            m: *mut i32,
            apart: usize,
        ) {
            let mut sums = [[_mm512_setzero_si512(); PANELS]; TILES];
            // SAFETY: all offsets are within what the contract promises, but for those that are only asked for.
            unsafe {
                for block in 0..depth / LANES {
                    let v = v.add(block * TILES * LANES);
                    for pair in 0..LANES / 2 {
                        _mm_prefetch::<_MM_HINT_T0>(
                            v.wrapping_add(2 * TILES * LANES + pair * 2 * LANES).cast(),
                        );
                        let mut weights = [_mm512_setzero_si512(); PANELS];
                        for (p, weights) in weights.iter_mut().enumerate() {
                            let at = panels
                                .add(p * depth * LANES + (block * LANES / 2 + pair) * 2 * LANES);
                            _mm_prefetch::<_MM_HINT_T0>(at.wrapping_add(AHEAD).cast());
                            *weights = _mm512_loadu_si512(at.cast());
                        }
                        for (t, sums) in sums.iter_mut().enumerate() {
                            let pair = v.add(t * LANES + 2 * pair).cast::<i32>();
                            let x = _mm512_set1_epi32(pair.read_unaligned());
                            for (sum, weights) in sums.iter_mut().zip(weights) {
                                *sum = $step(*sum, x, weights);
                            }
                        }
                    }
                }
                for (t, sums) in sums.into_iter().enumerate() {
                    for (p, sum) in sums.into_iter().enumerate() {
                        _mm512_storeu_si512(m.add(p * apart + t * LANES).cast(), sum);
                    }
                }
            }
        }
    };
}

multiply!(multiply_avx512, products_avx512, "avx512f,avx512bw", |sum, x, weights| {
    _mm512_add_epi32(sum, _mm512_madd_epi16(x, weights))
});

multiply!(multiply_vnni, products_vnni, "avx512f,avx512bw,avx512vnni", add_products);

/// `_mm512_dpwssd_epi32`, which the compiler must not take apart into two instructions, as it does with that one in loops
/// that it unrolls: it expects to wait for sums, of which there are many.
#[inline]
#[target_feature(enable = "avx512f,avx512vnni")]
fn add_products(mut sum: __m512i, x: __m512i, weights: __m512i) -> __m512i {
    // SAFETY: the instruction is there, and changes nothing but the sum.
    unsafe {
        asm!(
            "vpdpwssd {0}, {1}, {2}",
            inout(zmm_reg) sum,
            in(zmm_reg) x,
            in(zmm_reg) weights,
            options(pure, nomem, nostack, preserves_flags)
        );
    }
    sum
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

/// Rounds 16 values to bytes at `out`.
///
/// # Safety
/// The processor has AVX-512 F; `out` has room for 16 bytes.
#[target_feature(enable = "avx512f")]
unsafe fn round_16(value: __m512, out: *mut u8) {
    let value = _mm512_min_ps(_mm512_max_ps(value, _mm512_setzero_ps()), _mm512_set1_ps(255.0));
    // SAFETY: by this function's contract.
    unsafe { _mm_storeu_si128(out.cast(), _mm512_cvtusepi32_epi8(_mm512_cvtps_epi32(value))) };
}

#[target_feature(enable = "avx512f")]
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
        each_output!(rows, pool, |a, b| _mm512_max_ps(a, b), |pixel, value| round_16(
            value,
            out.add(pixel * out_stride)
        ));
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

#[target_feature(enable = "avx512f")]
fn requantize_avx512(m: &[i32], pixels: usize, epilogue: Epilogue, out: &mut [u8], out_stride: usize) {
    // SAFETY: the caller has checked all lengths with `check_requantize`.
    unsafe {
        let scale = _mm512_loadu_ps(epilogue.scales.as_ptr());
        let bias = _mm512_loadu_ps(epilogue.bias.as_ptr());
        for pixel in 0..pixels {
            let sum = _mm512_loadu_si512(m.as_ptr().add(pixel * LANES).cast());
            let value = _mm512_add_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(sum), scale), bias);
            round_16(value, out.as_mut_ptr().add(pixel * out_stride));
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
    filters_avx2,
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
    filters_avx2,
    multiply_vnni,
    [GROUP, 2],
    epilogue_avx512,
    epilogue_real_avx512,
    requantize_avx512,
    registers_vnni
);
