//! Products with AVX-512, with and without VNNI: in registers, of many tiles by two panels.

use std::arch::asm;
use std::arch::x86_64::*;

use super::super::LANES;
use super::{LINE, Next, dispatch};

/// Tiles whose sums with two panels fit into 32 registers, beside weights and inputs.
pub(super) const GROUP: usize = 14;
/// Weights are asked for so many values before they are needed: they come from the second cache or from further away,
/// and memory's own guesses begin anew with each panel.
const AHEAD: usize = 8 * LINE;

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
        pub(super) unsafe fn $multiply(
            [tiles, wide]: [usize; 2],
            v: *const i16,
            depth: usize,
            panels: *const i16,
            m: *mut i32,
            apart: usize,
            next: Next,
        ) {
            // SAFETY: by this function's contract.
            unsafe {
                if wide == 2 {
                    dispatch!(tiles, 2, $products, (v, depth, panels, m, apart, next),
                        [1 2 3 4 5 6 7 8 9 10 11 12 13 14])
                } else {
                    dispatch!(tiles, 1, $products, (v, depth, panels, m, apart, next),
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
            next: Next,
        ) {
            let mut sums = [[_mm512_setzero_si512(); PANELS]; TILES];
            // SAFETY: all offsets are within what the contract promises, but for those that are only asked for.
            unsafe {
                for block in 0..depth / LANES {
                    let v = v.add(block * TILES * LANES);
                    for line in next.block(block) {
                        _mm_prefetch::<_MM_HINT_T1>(line.cast());
                    }
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
