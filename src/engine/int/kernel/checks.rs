//! Every kernel equals the portable one bit for bit: one case of each operation, made from a seed.
//!
//! Plain functions, because they also run where there is no test harness (see `tests/kernels`).

use super::{Epilogue, Kernel, LANES, PATCH, POSITIONS, TAPS, TILE, all, groups};

/// Values that depend on nothing but the seed.
fn noise(count: usize, seed: u64) -> impl Iterator<Item = u32> {
    let mut state = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    (0..count).map(move |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u32
    })
}

/// Runs a computation on every kernel; all results must equal the portable one.
fn same<T: PartialEq>(what: &str, run: impl Fn(&dyn Kernel) -> T) -> Result<T, String> {
    let kernels = all();
    let expected = run(&*kernels[0]);
    match kernels[1..].iter().find(|kernel| run(&***kernel) != expected) {
        Some(kernel) => Err(format!("{what}: {} differs from {}", kernel.name(), kernels[0].name())),
        None => Ok(expected),
    }
}

/// A panel in a kernel's own order.
fn panel(kernel: &dyn Kernel, weights: &[i16]) -> Vec<i16> {
    let mut panel = vec![0; weights.len()];
    for (i, weight) in weights.iter().enumerate() {
        panel[kernel.panel_index(i / LANES, i % LANES)] = *weight;
    }
    panel
}

/// Inputs `[tiles, depth]` in a kernel's own order.
fn grouped(kernel: &dyn Kernel, inputs: &[i16], tiles: usize) -> Vec<i16> {
    let depth = inputs.len() / tiles;
    let mut v = vec![0; inputs.len()];
    for (first, size) in groups(tiles, kernel.group()) {
        for (t, k) in (0..size).flat_map(|t| (0..depth).map(move |k| (t, k))) {
            v[first * depth + (k / LANES * size + t) * LANES + k % LANES] = inputs[(first + t) * depth + k];
        }
    }
    v
}

/// [`Kernel::multiply`].
///
/// # Errors
/// Names the kernel that differs.
pub fn products(tiles: usize, blocks: usize, panels: usize, pad: usize, seed: u64) -> Result<(), String> {
    let (depth, apart) = (blocks * LANES, tiles * LANES + pad);
    let inputs: Vec<i16> = noise(depth * tiles, seed).map(|n| n as i16).collect();
    let weights: Vec<i16> = noise(panels * depth * LANES, seed ^ 1).map(|n| n as i16).collect();
    let found = same("products", |kernel| {
        let mut m = vec![0; panels * apart];
        let (v, panels) = (grouped(kernel, &inputs, tiles), weights.chunks_exact(depth * LANES));
        let panels: Vec<i16> = panels.flat_map(|weights| panel(kernel, weights)).collect();
        kernel.multiply(&v, tiles, depth, &panels, &mut m, apart);
        m
    })?;
    // The oracle's own last sum, once more by hand.
    let by_hand = (0..depth).fold(0i32, |sum, k| {
        let weight = weights[((panels - 1) * depth + k) * LANES + LANES - 1];
        sum.wrapping_add(i32::from(inputs[(tiles - 1) * depth + k]) * i32::from(weight))
    });
    let last = found[(panels - 1) * apart + tiles * LANES - 1];
    if last == by_hand { Ok(()) } else { Err(format!("products: {last} is not {by_hand}")) }
}

/// [`Kernel::transform`].
///
/// # Errors
/// Names the kernel that differs.
pub fn input_transform(blocks: usize, pad: usize, seed: u64) -> Result<(), String> {
    let channels = blocks * LANES;
    let rows: Vec<Vec<u8>> =
        (0..PATCH as u64).map(|i| noise(PATCH * channels, seed ^ i).map(|n| n as u8).collect()).collect();
    let patch = std::array::from_fn(|i| &rows[i][..]);
    let (block_stride, stride) = (LANES + pad, blocks * (LANES + pad) + 7);
    same("input transform", |kernel| {
        let mut v = vec![0; POSITIONS * stride];
        kernel.transform(patch, channels, &mut v, stride, block_stride);
        v
    })
    .map(|_| ())
}

/// [`Kernel::transform_filters`].
///
/// # Errors
/// Names the kernel that differs.
pub fn filter_transform(blocks: usize, row: usize, pad: usize, seed: u64) -> Result<(), String> {
    let depth = blocks * LANES;
    let taps: Vec<i16> = noise(depth * TAPS * LANES, seed).map(|n| n as i16).collect();
    // A position's largest value is 49 times the largest tap.
    let factors: Vec<f32> = noise(PATCH * LANES, seed ^ 1).map(|n| n as f32 / 1.1e11).collect();
    let stride = depth * LANES + pad;
    let found = same("filter transform", |kernel| {
        let mut panels = vec![0; PATCH * stride];
        kernel.transform_filters(&taps, &factors, row, &mut panels, stride);
        let in_portable_order = panels
            .chunks_exact(stride)
            .flat_map(|panel| (0..depth * LANES).map(|i| panel[kernel.panel_index(i / LANES, i % LANES)]));
        in_portable_order.collect::<Vec<_>>()
    })?;
    // The last position's last weight by hand: of the third column of taps.
    let last = |tap: usize| f32::from(taps[((depth - 1) * TAPS + tap) * LANES + LANES - 1]);
    let (above, middle, below) = (last(2), last(5), last(8));
    let value = match row {
        0 => above,
        1 => above + middle + below,
        2 => above - middle + below,
        3 => above + 2.0 * middle + 4.0 * below,
        4 => above - 2.0 * middle + 4.0 * below,
        _ => below,
    };
    let by_hand = (value * factors[PATCH * LANES - 1]).round_ties_even() as i16;
    let weight = found[PATCH * depth * LANES - 1];
    if weight == by_hand { Ok(()) } else { Err(format!("filter transform: {weight} is not {by_hand}")) }
}

/// [`Kernel::epilogue`] and [`Kernel::epilogue_real`].
///
/// # Errors
/// Names the kernel that differs.
pub fn output_transform(pool: bool, pad: usize, seed: u64) -> Result<(), String> {
    let stride = LANES + pad;
    let m: Vec<i32> = noise(POSITIONS * stride, seed).map(|n| (n as i32) - (1 << 30)).collect();
    // So small that no seed saturates every value: the transform multiplies by up to 25 in one corner of the tile,
    // by up to 361 in the opposite one.
    let scales: Vec<f32> = noise(POSITIONS * LANES, seed ^ 1).map(|n| n as f32 * 3e-18).collect();
    let bias: Vec<f32> = noise(LANES, seed ^ 2).map(|n| n as f32 * 1e-7).collect();
    let epilogue = Epilogue { scales: &scales, bias: &bias };
    let (bytes, _) = same("output transform", |kernel| {
        let (mut bytes, mut reals) = (vec![0; TILE * TILE * stride], vec![0.0; TILE * TILE * stride]);
        kernel.epilogue(&m, stride, epilogue, pool, &mut bytes, stride);
        kernel.epilogue_real(&m, stride, epilogue, pool, &mut reals, stride);
        (bytes, reals)
    })?;
    let varied = bytes.iter().any(|v| (1..255).contains(v));
    if varied { Ok(()) } else { Err("output transform: the case says nothing".into()) }
}

/// [`Kernel::requantize`].
///
/// # Errors
/// Names the kernel that differs.
pub fn requantization(pixels: usize, pad: usize, seed: u64) -> Result<(), String> {
    let m: Vec<i32> = noise(pixels * LANES, seed).map(|n| (n as i32) - (1 << 30)).collect();
    let scales: Vec<f32> = noise(LANES, seed ^ 1).map(|n| n as f32 * 2e-16).collect();
    let bias: Vec<f32> = noise(LANES, seed ^ 2).map(|n| n as f32 * 1e-7).collect();
    same("requantization", |kernel| {
        let mut out = vec![0; pixels * (LANES + pad)];
        kernel.requantize(&m, Epilogue { scales: &scales, bias: &bias }, &mut out, LANES + pad);
        out
    })
    .map(|_| ())
}
