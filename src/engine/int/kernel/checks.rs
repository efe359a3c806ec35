//! Every kernel equals the portable one bit for bit: one case of each operation, made from a seed.
//!
//! Plain functions, because they also run where there is no test harness (see `tests/kernels`).

use super::{Finish, Kernel, LANES, PATCH, POSITIONS, TILE, all};

/// Values that depend on nothing but the seed.
fn noise(count: usize, seed: u64) -> impl Iterator<Item = u32> {
    let mut state = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    (0..count).map(move |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u32
    })
}

/// Runs something on every kernel; all results must equal the portable one.
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

/// [`Kernel::multiply`].
///
/// # Errors
/// Names the kernel that differs.
pub fn products(tiles: usize, blocks: usize, seed: u64) -> Result<(), String> {
    let depth = blocks * LANES;
    let v: Vec<i16> = noise(depth * tiles, seed).map(|n| n as i16).collect();
    let weights: Vec<i16> = noise(depth * LANES, seed ^ 1).map(|n| n as i16).collect();
    let found = same("products", |kernel| {
        let mut m = vec![0; tiles * LANES];
        kernel.multiply(&v, tiles, depth, &panel(kernel, &weights), &mut m);
        m
    })?;
    // The oracle's own first sum, once more by hand.
    let by_hand = (0..depth).fold(0i32, |sum, k| {
        let value = v[k / LANES * tiles * LANES + k % LANES];
        sum.wrapping_add(i32::from(value) * i32::from(weights[k * LANES]))
    });
    if found[0] == by_hand { Ok(()) } else { Err(format!("products: {} is not {by_hand}", found[0])) }
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

/// [`Kernel::finish`] and [`Kernel::finish_real`].
///
/// # Errors
/// Names the kernel that differs.
pub fn output_transform(pool: bool, pad: usize, seed: u64) -> Result<(), String> {
    let stride = LANES + pad;
    let m: Vec<i32> = noise(POSITIONS * stride, seed).map(|n| (n as i32) - (1 << 30)).collect();
    let scales: Vec<f32> = noise(POSITIONS * LANES, seed ^ 1).map(|n| n as f32 * 3e-17).collect();
    let bias: Vec<f32> = noise(LANES, seed ^ 2).map(|n| n as f32 * 1e-7).collect();
    let finish = Finish { scales: &scales, bias: &bias };
    let (bytes, _) = same("output transform", |kernel| {
        let (mut bytes, mut reals) = (vec![0; TILE * TILE * stride], vec![0.0; TILE * TILE * stride]);
        kernel.finish(&m, stride, finish, pool, &mut bytes, stride);
        kernel.finish_real(&m, stride, finish, pool, &mut reals, stride);
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
        kernel.requantize(&m, Finish { scales: &scales, bias: &bias }, &mut out, LANES + pad);
        out
    })
    .map(|_| ())
}
