//! x86-64: AVX2, AVX-512, and AVX-512 with VNNI.

use std::arch::x86_64::*;

use super::portable::{check_finish, check_multiply, check_requantize, check_transform};
use super::{Finish, Kernel, LANES, PATCH, POSITIONS, Patch, TILE, input_transform, output_transform};

/// AVX2 and FMA.
pub(super) struct Avx2(());

/// AVX-512 F, BW, VL.
pub(super) struct Avx512(());

/// [`Avx512`] and VNNI: one instruction multiplies pairs and adds them to the sums.
pub(super) struct Vnni(());

impl Avx2 {
    /// Where the processor can do it.
    pub(super) fn new() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(Self(()))
    }
}

fn has_avx512() -> bool {
    Avx2::new().is_some()
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
}

impl Avx512 {
    /// Where the processor can do it.
    pub(super) fn new() -> Option<Self> {
        has_avx512().then_some(Self(()))
    }
}

impl Vnni {
    /// Where the processor can do it.
    pub(super) fn new() -> Option<Self> {
        (has_avx512() && is_x86_feature_detected!("avx512vnni")).then_some(Self(()))
    }
}

/// Divides `tiles` into as few groups of at most `most` as possible, of nearly equal size, and calls
/// `group(first, size)` for each.
fn groups(tiles: usize, most: usize, mut group: impl FnMut(usize, usize)) {
    let count = tiles.div_ceil(most);
    for i in 0..count {
        let (from, to) = (tiles * i / count, tiles * (i + 1) / count);
        group(from, to - from);
    }
}

/// Calls `$function::<N>` for a run-time number `N` of the list.
macro_rules! dispatch {
    ($n:expr, $function:ident, $arguments:tt, [$($size:literal)*]) => {
        match $n {
            $($size => $function::<$size> $arguments,)*
            other => unreachable!("a group of {other} tiles"),
        }
    };
}

/// Input transform of 16 channels; all sides of the patch begin at `offset`.
///
/// # Safety
/// The processor has AVX2; each row has `5 * channels + 16` values from `offset` on; `v` has room for
/// 16 values at 35 strides.
#[target_feature(enable = "avx2")]
unsafe fn transform_16(patch: &Patch, offset: usize, channels: usize, v: *mut i16, stride: usize) {
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
    for i in 0..PATCH {
        let row = [columns[0][i], columns[1][i], columns[2][i], columns[3][i], columns[4][i], columns[5][i]];
        let values = input_transform!(row, add, sub, double, quadruple);
        for (j, value) in values.into_iter().enumerate() {
            // SAFETY: by this function's contract.
            unsafe { _mm256_storeu_si256(v.add((i * PATCH + j) * stride).cast(), value) };
        }
    }
}

/// Input transform of 32 channels, for two blocks.
///
/// # Safety
/// As [`transform_16`] with AVX-512 BW, twice the channels, and a second block at `block_stride`.
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

/// The product for `TILES` tiles (1 to 6: more do not fit into 16 registers).
///
/// # Safety
/// The processor has AVX2; `v`, `panel` and `m` are as long as [`Kernel::multiply`] needs from the
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

/// The same with AVX-512, for 1 to 24 tiles.
///
/// # Safety
/// As [`multiply_avx2`], with AVX-512 BW.
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn multiply_avx512<const TILES: usize>(
    v: *const i16,
    tiles: usize,
    depth: usize,
    panel: *const i16,
    m: *mut i32,
) {
    let mut sums = [_mm512_setzero_si512(); TILES];
    // SAFETY: all offsets are within what the contract promises.
    unsafe {
        for block in 0..depth / LANES {
            let v = v.add(block * tiles * LANES);
            for pair in 0..LANES / 2 {
                let weights = _mm512_loadu_si512(panel.add((block * LANES / 2 + pair) * 2 * LANES).cast());
                for (t, sum) in sums.iter_mut().enumerate() {
                    let x = _mm512_set1_epi32(v.add(t * LANES + 2 * pair).cast::<i32>().read_unaligned());
                    *sum = _mm512_add_epi32(*sum, _mm512_madd_epi16(x, weights));
                }
            }
        }
        for (t, sum) in sums.into_iter().enumerate() {
            _mm512_storeu_si512(m.add(t * LANES).cast(), sum);
        }
    }
}

/// The same with VNNI.
///
/// # Safety
/// As [`multiply_avx512`], with VNNI.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
unsafe fn multiply_vnni<const TILES: usize>(
    v: *const i16,
    tiles: usize,
    depth: usize,
    panel: *const i16,
    m: *mut i32,
) {
    let mut sums = [_mm512_setzero_si512(); TILES];
    // SAFETY: all offsets are within what the contract promises.
    unsafe {
        for block in 0..depth / LANES {
            let v = v.add(block * tiles * LANES);
            for pair in 0..LANES / 2 {
                let weights = _mm512_loadu_si512(panel.add((block * LANES / 2 + pair) * 2 * LANES).cast());
                for (t, sum) in sums.iter_mut().enumerate() {
                    let x = _mm512_set1_epi32(v.add(t * LANES + 2 * pair).cast::<i32>().read_unaligned());
                    *sum = _mm512_dpwssd_epi32(*sum, x, weights);
                }
            }
        }
        for (t, sum) in sums.into_iter().enumerate() {
            _mm512_storeu_si512(m.add(t * LANES).cast(), sum);
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

/// [`outputs_8`] for 16 channels.
///
/// # Safety
/// The processor has AVX-512 F; lengths as for [`outputs_8`], with 16 instead of 8.
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

/// Calls `$put(pixel, value)` for every output, or for the maxima of every 2x2 if `$pool`.
macro_rules! each_output {
    ($rows:expr, $pool:expr, $max:expr, $put:expr) => {{
        let rows = $rows;
        if $pool {
            for i in 0..TILE / 2 {
                for j in 0..TILE / 2 {
                    let above = $max(rows[2 * i][2 * j], rows[2 * i][2 * j + 1]);
                    let below = $max(rows[2 * i + 1][2 * j], rows[2 * i + 1][2 * j + 1]);
                    $put(i * TILE / 2 + j, $max(above, below));
                }
            }
        } else {
            for (i, row) in rows.into_iter().enumerate() {
                for (j, value) in row.into_iter().enumerate() {
                    $put(i * TILE + j, value);
                }
            }
        }
    }};
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

#[target_feature(enable = "avx512f")]
fn finish_avx512(m: &[i32], stride: usize, finish: Finish, pool: bool, out: &mut [u8], out_stride: usize) {
    // SAFETY: the caller has checked all lengths with `check_finish`.
    unsafe {
        let rows = outputs_16(m.as_ptr(), stride, finish.scales.as_ptr(), finish.bias.as_ptr());
        let out = out.as_mut_ptr();
        each_output!(rows, pool, |a, b| _mm512_max_ps(a, b), |pixel, value| round_16(
            value,
            out.add(pixel * out_stride)
        ));
    }
}

#[target_feature(enable = "avx512f")]
fn finish_real_avx512(
    m: &[i32],
    stride: usize,
    finish: Finish,
    pool: bool,
    out: &mut [f32],
    out_stride: usize,
) {
    // SAFETY: the caller has checked all lengths with `check_finish`.
    unsafe {
        let rows = outputs_16(m.as_ptr(), stride, finish.scales.as_ptr(), finish.bias.as_ptr());
        let out = out.as_mut_ptr();
        each_output!(rows, pool, |a, b| _mm512_max_ps(a, b), |pixel, value| {
            let value = _mm512_max_ps(value, _mm512_setzero_ps());
            _mm512_storeu_ps(out.add(pixel * out_stride), value);
        });
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

#[target_feature(enable = "avx512f")]
fn requantize_avx512(m: &[i32], pixels: usize, finish: Finish, out: &mut [u8], out_stride: usize) {
    // SAFETY: the caller has checked all lengths with `check_requantize`.
    unsafe {
        let scale = _mm512_loadu_ps(finish.scales.as_ptr());
        let bias = _mm512_loadu_ps(finish.bias.as_ptr());
        for pixel in 0..pixels {
            let sum = _mm512_loadu_si512(m.as_ptr().add(pixel * LANES).cast());
            let value = _mm512_add_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(sum), scale), bias);
            round_16(value, out.as_mut_ptr().add(pixel * out_stride));
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

/// A function for [`Kernel::multiply_registers`]: `$count` sums of `$lanes` products each. The factors
/// are hidden from the compiler, which would compute the sums itself otherwise.
macro_rules! registers {
    ($name:ident, $features:literal, $count:literal, $lanes:literal, $zero:expr, $factor:expr, $step:expr) => {
        #[target_feature(enable = $features)]
        fn $name(rounds: usize) -> usize {
            let mut sums = [$zero; $count];
            let times = rounds * 1000 / ($count * $lanes);
            for _ in 0..times {
                let x = std::hint::black_box($factor);
                for sum in &mut sums {
                    *sum = $step(*sum, x);
                }
            }
            std::hint::black_box(sums);
            times * $count * $lanes
        }
    };
}

registers!(registers_avx2, "avx2", 12, 16, _mm256_setzero_si256(), _mm256_set1_epi16(3), |sum, x| {
    _mm256_add_epi32(sum, _mm256_madd_epi16(sum, x))
});
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

/// The methods of [`Kernel`], from functions that need what the kernel proves to be there.
macro_rules! kernel {
    ($kernel:ident, $name:literal, $transform:expr, $multiply:ident, $most:literal, $sizes:tt, $finish:ident, $finish_real:ident, $requantize:ident, $registers:ident) => {
        impl Kernel for $kernel {
            fn name(&self) -> &'static str {
                $name
            }

            fn transform(
                &self,
                patch: Patch,
                channels: usize,
                v: &mut [i16],
                stride: usize,
                block_stride: usize,
            ) {
                check_transform(patch, channels, v, stride, block_stride);
                // SAFETY: `self` proves that the processor has the instructions.
                unsafe { $transform(patch, channels, v, stride, block_stride) }
            }

            fn multiply(&self, v: &[i16], tiles: usize, depth: usize, panel: &[i16], m: &mut [i32]) {
                check_multiply(v, tiles, depth, panel, m);
                groups(tiles, $most, |first, size| {
                    // SAFETY: `self` proves the instructions, `check_multiply` the lengths.
                    unsafe {
                        let (v, m) = (v.as_ptr().add(first * LANES), m.as_mut_ptr().add(first * LANES));
                        dispatch!(size, $multiply, (v, tiles, depth, panel.as_ptr(), m), $sizes)
                    }
                });
            }

            fn finish(
                &self,
                m: &[i32],
                stride: usize,
                finish: Finish,
                pool: bool,
                out: &mut [u8],
                out_stride: usize,
            ) {
                check_finish(m, stride, finish, pool, out, out_stride);
                // SAFETY: `self` proves that the processor has the instructions.
                unsafe { $finish(m, stride, finish, pool, out, out_stride) }
            }

            fn finish_real(
                &self,
                m: &[i32],
                stride: usize,
                finish: Finish,
                pool: bool,
                out: &mut [f32],
                out_stride: usize,
            ) {
                check_finish(m, stride, finish, pool, out, out_stride);
                // SAFETY: `self` proves that the processor has the instructions.
                unsafe { $finish_real(m, stride, finish, pool, out, out_stride) }
            }

            fn requantize(&self, m: &[i32], finish: Finish, out: &mut [u8], out_stride: usize) {
                let pixels = check_requantize(m, finish, out, out_stride);
                // SAFETY: `self` proves that the processor has the instructions.
                unsafe { $requantize(m, pixels, finish, out, out_stride) }
            }

            fn multiply_registers(&self, rounds: usize) -> usize {
                // SAFETY: `self` proves that the processor has the instructions.
                unsafe { $registers(rounds) }
            }
        }
    };
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

kernel!(
    Avx2, "avx2", transform_avx2, multiply_avx2, 6, [1 2 3 4 5 6],
    finish_avx2, finish_real_avx2, requantize_avx2, registers_avx2
);
kernel!(
    Avx512, "avx512", transform_avx512, multiply_avx512, 24,
    [1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24],
    finish_avx512, finish_real_avx512, requantize_avx512, registers_avx512
);
kernel!(
    Vnni, "avx512vnni", transform_avx512, multiply_vnni, 28,
    [1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28],
    finish_avx512, finish_real_avx512, requantize_avx512, registers_vnni
);

const _: () = assert!(POSITIONS == 36 && LANES == 16, "the code above is written for these");
