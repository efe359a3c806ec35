//! Every kernel equals the portable one bit for bit, over odd sizes.

use proptest::prelude::*;

use super::{Choice, PATCH, all, checks};

proptest! {
    #[test]
    fn products_are_equal(
        tiles in 1usize..70,
        blocks in 1usize..6,
        panels in 1usize..6,
        pad in 0usize..40,
        seed: u64,
    ) {
        prop_assert_eq!(checks::products(tiles, blocks, panels, pad, seed), Ok(()));
    }

    #[test]
    fn input_transforms_are_equal(blocks in 1usize..8, pad in 0usize..40, seed: u64) {
        prop_assert_eq!(checks::input_transform(blocks, pad, seed), Ok(()));
    }

    #[test]
    fn filter_transforms_are_equal(blocks in 1usize..6, row in 0..PATCH, pad in 0usize..40, seed: u64) {
        prop_assert_eq!(checks::filter_transform(blocks, row, pad, seed), Ok(()));
    }

    #[test]
    fn output_transforms_are_equal(pool: bool, pad in 0usize..20, seed: u64) {
        prop_assert_eq!(checks::output_transform(pool, pad, seed), Ok(()));
    }

    #[test]
    fn requantization_is_equal(pixels in 0usize..40, pad in 0usize..20, seed: u64) {
        prop_assert_eq!(checks::requantization(pixels, pad, seed), Ok(()));
    }
}

/// Otherwise no vector kernel would be compared.
#[cfg(target_arch = "aarch64")]
#[test]
fn there_are_vector_instructions() {
    assert!(all().iter().any(|kernel| kernel.name() == "neon"));
}

#[test]
fn a_kernel_is_found_by_its_name() {
    for kernel in all() {
        let found = kernel.name().parse::<Choice>().unwrap().kernel().unwrap();
        assert_eq!(found.name(), kernel.name());
    }
    let error = Choice::Named("mmx".into()).kernel().err().unwrap();
    assert_eq!((&*error.name, error.known[0]), ("mmx", "portable"));
    let error = error.to_string();
    assert!(error.contains("mmx") && error.contains("portable"), "{error}");
}
