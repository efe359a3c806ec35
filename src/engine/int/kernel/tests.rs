//! Every kernel equals the portable one bit for bit.

use proptest::prelude::*;

use super::{Finish, Kernel, LANES, PATCH, POSITIONS, TILE, all};

/// Values that depend on nothing but the seed.
fn noise(count: usize, seed: u64) -> impl Iterator<Item = u32> {
    let mut state = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    (0..count).map(move |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u32
    })
}

fn with_each(check: impl Fn(&dyn Kernel, &dyn Kernel) -> Result<(), TestCaseError>) -> Result<(), TestCaseError> {
    let kernels = all();
    kernels[1..].iter().try_for_each(|kernel| check(&*kernels[0], &**kernel))
}

/// A panel in a kernel's own order.
fn panel(kernel: &dyn Kernel, weights: &[i16]) -> Vec<i16> {
    let mut panel = vec![0; weights.len()];
    for (i, weight) in weights.iter().enumerate() {
        panel[kernel.panel_index(i / LANES, i % LANES)] = *weight;
    }
    panel
}

proptest! {
    #[test]
    fn products_are_equal(tiles in 1usize..70, blocks in 1usize..6, seed: u64) {
        let depth = blocks * LANES;
        let v: Vec<i16> = noise(depth * tiles, seed).map(|n| n as i16).collect();
        let weights: Vec<i16> = noise(depth * LANES, seed ^ 1).map(|n| n as i16).collect();
        with_each(|oracle, kernel| {
            let run = |kernel: &dyn Kernel| {
                let mut m = vec![0; tiles * LANES];
                kernel.multiply(&v, tiles, depth, &panel(kernel, &weights), &mut m);
                m
            };
            prop_assert_eq!(run(oracle), run(kernel), "{}", kernel.name());
            Ok(())
        })?;
    }

    #[test]
    fn input_transforms_are_equal(blocks in 1usize..8, pad in 0usize..40, seed: u64) {
        let channels = blocks * LANES;
        let rows: Vec<Vec<u8>> =
            (0..PATCH as u64).map(|i| noise(PATCH * channels, seed ^ i).map(|n| n as u8).collect()).collect();
        let patch = std::array::from_fn(|i| &rows[i][..]);
        with_each(|oracle, kernel| {
            let (block_stride, stride) = (LANES + pad, blocks * (LANES + pad) + 7);
            let run = |kernel: &dyn Kernel| {
                let mut v = vec![0; POSITIONS * stride];
                kernel.transform(patch, channels, &mut v, stride, block_stride);
                v
            };
            prop_assert_eq!(run(oracle), run(kernel), "{}", kernel.name());
            Ok(())
        })?;
    }

    #[test]
    fn output_transforms_are_equal(pool: bool, pad in 0usize..20, seed: u64) {
        let stride = LANES + pad;
        let m: Vec<i32> = noise(POSITIONS * stride, seed).map(|n| (n as i32) - (1 << 30)).collect();
        let scales: Vec<f32> = noise(POSITIONS * LANES, seed ^ 1).map(|n| n as f32 * 3e-17).collect();
        let bias: Vec<f32> = noise(LANES, seed ^ 2).map(|n| n as f32 * 1e-7).collect();
        let finish = Finish { scales: &scales, bias: &bias };
        with_each(|oracle, kernel| {
            let run = |kernel: &dyn Kernel| {
                let (mut bytes, mut reals) = (vec![0; TILE * TILE * stride], vec![0.0; TILE * TILE * stride]);
                kernel.finish(&m, stride, finish, pool, &mut bytes, stride);
                kernel.finish_real(&m, stride, finish, pool, &mut reals, stride);
                (bytes, reals)
            };
            let expected = run(oracle);
            prop_assert!(expected.0.iter().any(|v| (1..255).contains(v)), "the case says something");
            prop_assert_eq!(expected, run(kernel), "{}", kernel.name());
            Ok(())
        })?;
    }

    #[test]
    fn requantization_is_equal(pixels in 0usize..40, pad in 0usize..20, seed: u64) {
        let m: Vec<i32> = noise(pixels * LANES, seed).map(|n| (n as i32) - (1 << 30)).collect();
        let scales: Vec<f32> = noise(LANES, seed ^ 1).map(|n| n as f32 * 2e-16).collect();
        let bias: Vec<f32> = noise(LANES, seed ^ 2).map(|n| n as f32 * 1e-7).collect();
        with_each(|oracle, kernel| {
            let run = |kernel: &dyn Kernel| {
                let mut out = vec![0; pixels * (LANES + pad)];
                kernel.requantize(&m, Finish { scales: &scales, bias: &bias }, &mut out, LANES + pad);
                out
            };
            prop_assert_eq!(run(oracle), run(kernel), "{}", kernel.name());
            Ok(())
        })?;
    }
}

#[test]
fn a_kernel_is_found_by_its_name() {
    use super::Choice;
    for kernel in all() {
        let found = kernel.name().parse::<Choice>().and_then(|choice| choice.kernel()).unwrap();
        assert_eq!(found.name(), kernel.name());
    }
    let error = Choice::Named("mmx".into()).kernel().err().unwrap();
    assert!(error.contains("mmx") && error.contains("portable"), "{error}");
}
