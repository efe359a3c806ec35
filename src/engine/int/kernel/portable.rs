//! The oracle: plain Rust, for every target; what all other kernels must equal bit for bit.

use super::{
    Epilogue, Kernel, LANES, PATCH, POSITIONS, Patch, TAPS, TILE, filter_transform, groups, input_transform,
    output_transform,
};

/// The portable kernel, which runs everywhere.
pub(super) struct Portable;

/// Tiles that are multiplied together: as good as any.
const GROUP: usize = 4;
/// Largest activation.
const FULL: f32 = 255.0;

/// Outputs of one channel of a tile before rounding, row by row; negative where ReLU gives 0.
fn outputs(m: &[i32], stride: usize, epilogue: Epilogue, n: usize) -> [[f32; TILE]; TILE] {
    let real = |p: usize| m[p * stride + n] as f32 * epilogue.scales[p * LANES + n];
    let transform = |m: [f32; PATCH]| {
        output_transform!(m, |a, b| a + b, |a, b| a - b, |a: f32, factor: f32, b: f32| a + factor * b)
    };
    let columns: [[f32; TILE]; PATCH] =
        std::array::from_fn(|j| transform(std::array::from_fn(|i| real(i * PATCH + j))));
    std::array::from_fn(|i| transform(std::array::from_fn(|j| columns[j][i])).map(|v| v + epilogue.bias[n]))
}

/// Calls `put(pixel, channel, value)` for everything that a tile gives.
fn epilogue_tile(
    m: &[i32],
    stride: usize,
    epilogue: Epilogue,
    pool: bool,
    mut put: impl FnMut(usize, usize, f32),
) {
    for n in 0..LANES {
        let rows = outputs(m, stride, epilogue, n);
        for (i, row) in rows.iter().enumerate() {
            for (j, value) in row.iter().enumerate() {
                match pool {
                    false => put(i * TILE + j, n, *value),
                    true if i % 2 == 0 && j % 2 == 0 => {
                        let below = rows[i + 1];
                        let largest = value.max(row[j + 1]).max(below[j].max(below[j + 1]));
                        put(i / 2 * (TILE / 2) + j / 2, n, largest);
                    }
                    true => {}
                }
            }
        }
    }
}

/// The exact part of [`Kernel::transform_filters`] for one filter.
fn transform_filter(g: [f32; TAPS], row: usize) -> [f32; PATCH] {
    let transform = |g: [f32; 3]| {
        filter_transform!(g, |a, b| a + b, |a, b| a - b, |a: f32, factor: f32, b: f32| a + factor * b)
    };
    transform(std::array::from_fn(|j| transform([g[j], g[3 + j], g[6 + j]])[row]))
}

fn round(value: f32) -> u8 {
    value.clamp(0.0, FULL).round_ties_even() as u8
}

impl Kernel for Portable {
    fn name(&self) -> &'static str {
        "portable"
    }

    fn group(&self) -> usize {
        GROUP
    }

    fn transform(&self, patch: Patch, channels: usize, v: &mut [i16], stride: usize, block_stride: usize) {
        assert!(channels.is_multiple_of(LANES));
        let transform = |d: [i16; PATCH]| {
            let (add, sub) = (|a: i16, b: i16| a.wrapping_add(b), |a: i16, b: i16| a.wrapping_sub(b));
            input_transform!(d, add, sub, |a: i16| a.wrapping_mul(2), |a: i16| a.wrapping_mul(4))
        };
        for c in 0..channels {
            let columns: [[i16; PATCH]; PATCH] = std::array::from_fn(|j| {
                transform(std::array::from_fn(|i| i16::from(patch[i][j * channels + c])))
            });
            for i in 0..PATCH {
                for (j, value) in transform(std::array::from_fn(|j| columns[j][i])).into_iter().enumerate() {
                    v[(i * PATCH + j) * stride + c / LANES * block_stride + c % LANES] = value;
                }
            }
        }
    }

    fn transform_filters(
        &self,
        taps: &[i16],
        factors: &[f32],
        row: usize,
        panels: &mut [i16],
        stride: usize,
    ) {
        check_filters(taps, factors, row, panels, stride);
        for (k, taps) in taps.chunks_exact(TAPS * LANES).enumerate() {
            for n in 0..LANES {
                let filter = std::array::from_fn(|tap| taps[tap * LANES + n].into());
                for (p, value) in transform_filter(filter, row).into_iter().enumerate() {
                    let weight = (value * factors[p * LANES + n]).round_ties_even() as i16;
                    panels[p * stride + self.panel_index(k, n)] = weight;
                }
            }
        }
    }

    fn multiply(&self, v: &[i16], tiles: usize, depth: usize, panels: &[i16], m: &mut [i32], apart: usize) {
        check_multiply(v, tiles, depth, panels, m, apart);
        let panels = panels.chunks_exact(depth * LANES).enumerate();
        for ((p, panel), (first, size)) in panels.flat_map(|p| groups(tiles, GROUP).map(move |g| (p, g))) {
            let v = &v[first * depth..];
            for t in 0..size {
                let mut sums = [0i32; LANES];
                for (pair, weights) in panel.chunks_exact(2 * LANES).enumerate() {
                    let (block, inside) = (2 * pair / LANES, 2 * pair % LANES);
                    let inputs = &v[(block * size + t) * LANES + inside..][..2];
                    for (sum, w) in sums.iter_mut().zip(weights.chunks_exact(2)) {
                        let product = |i: usize| i32::from(inputs[i]).wrapping_mul(w[i].into());
                        *sum = sum.wrapping_add(product(0)).wrapping_add(product(1));
                    }
                }
                m[p * apart + (first + t) * LANES..][..LANES].copy_from_slice(&sums);
            }
        }
    }

    fn epilogue(
        &self,
        m: &[i32],
        stride: usize,
        epilogue: Epilogue,
        pool: bool,
        out: &mut [u8],
        out_stride: usize,
    ) {
        epilogue_tile(m, stride, epilogue, pool, |pixel, n, value| {
            out[pixel * out_stride + n] = round(value)
        });
    }

    fn epilogue_real(
        &self,
        m: &[i32],
        stride: usize,
        epilogue: Epilogue,
        pool: bool,
        out: &mut [f32],
        out_stride: usize,
    ) {
        epilogue_tile(m, stride, epilogue, pool, |pixel, n, value| {
            out[pixel * out_stride + n] = value.max(0.0)
        });
    }

    fn requantize(&self, m: &[i32], epilogue: Epilogue, out: &mut [u8], out_stride: usize) {
        assert_eq!(epilogue.scales.len(), LANES);
        for (pixel, sums) in m.chunks_exact(LANES).enumerate() {
            for (n, sum) in sums.iter().enumerate() {
                out[pixel * out_stride + n] = round(*sum as f32 * epilogue.scales[n] + epilogue.bias[n]);
            }
        }
    }

    fn multiply_registers(&self, rounds: usize) -> usize {
        let mut sums = [1i32; 64];
        let factors: [i16; 64] = std::hint::black_box([3; 64]);
        for _ in 0..rounds * 16 {
            for (sum, factor) in sums.iter_mut().zip(factors) {
                *sum = sum.wrapping_add(i32::from(factor) * i32::from(*sum as i16));
            }
        }
        std::hint::black_box(sums);
        rounds * 16 * 64
    }
}

/// Panics unless the slices of a tile's input transform are long enough: fast kernels check once, here,
/// and then read and write without looking.
pub(super) fn check_transform(patch: Patch, channels: usize, v: &[i16], stride: usize, block_stride: usize) {
    assert!(channels.is_multiple_of(LANES) && channels > 0);
    assert!(patch.iter().all(|row| row.len() >= PATCH * channels));
    assert!(v.len() >= (POSITIONS - 1) * stride + (channels / LANES - 1) * block_stride + LANES);
}

/// As [`check_transform`], for the filters of a panel. Returns their depth.
pub(super) fn check_filters(
    taps: &[i16],
    factors: &[f32],
    row: usize,
    panels: &[i16],
    stride: usize,
) -> usize {
    let size = taps.len() / TAPS;
    assert!(taps.len().is_multiple_of(TAPS * LANES * LANES) && factors.len() >= PATCH * LANES && row < PATCH);
    assert!(stride >= size && panels.len() >= (PATCH - 1) * stride + size);
    size / LANES
}

/// As [`check_transform`], for a product. Returns the number of panels.
pub(super) fn check_multiply(
    v: &[i16],
    tiles: usize,
    depth: usize,
    panels: &[i16],
    m: &[i32],
    apart: usize,
) -> usize {
    assert!(depth > 0 && depth.is_multiple_of(LANES) && panels.len().is_multiple_of(depth * LANES));
    let count = panels.len() / (depth * LANES);
    assert!(v.len() >= depth * tiles);
    assert!(count == 0 || m.len() >= (count - 1) * apart + tiles * LANES);
    count
}

/// As [`check_transform`], for an output transform.
pub(super) fn check_epilogue<T>(
    m: &[i32],
    stride: usize,
    epilogue: Epilogue,
    pool: bool,
    out: &[T],
    out_stride: usize,
) {
    let pixels = if pool { TILE * TILE / 4 } else { TILE * TILE };
    assert!(m.len() >= (POSITIONS - 1) * stride + LANES);
    assert!(epilogue.scales.len() >= POSITIONS * LANES && epilogue.bias.len() >= LANES);
    assert!(out.len() >= (pixels - 1) * out_stride + LANES);
}

/// As [`check_transform`], for sums without tiles. Returns the number of pixels.
pub(super) fn check_requantize(m: &[i32], epilogue: Epilogue, out: &[u8], out_stride: usize) -> usize {
    let pixels = m.len() / LANES;
    assert!(epilogue.scales.len() >= LANES && epilogue.bias.len() >= LANES);
    assert!(pixels == 0 || out.len() >= (pixels - 1) * out_stride + LANES);
    pixels
}
