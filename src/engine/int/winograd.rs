//! Winograd's minimal filtering F(4x4, 3x3) in integers ("Fast Algorithms for Convolutional Neural
//! Networks", Lavin & Gray, 2016), and why its sums cannot overflow.
//!
//! An output tile of 4x4 is `A^T [(G g G^T) * (B^T d B)] A` of a 6x6 patch `d` and a 3x3 filter `g`: 36
//! products instead of 144. Activations are bytes, so `V = B^T d B` is exact in 16 bits; `U = G g G^T` is
//! rounded to 16 bits with a scale of its own for every position and output channel; products are
//! summed over input channels in 32 bits. The scale is chosen so that no sum can leave 32 bits.

use super::kernel::{PATCH, POSITIONS, TAPS};

/// Values of an activation: 0 to this.
const FULL: i64 = 255;

/// `B^T`.
const INPUT: [[i64; PATCH]; PATCH] = [
    [4, 0, -5, 0, 1, 0],
    [0, -4, -4, 1, 1, 0],
    [0, 4, -4, -1, 1, 0],
    [0, -2, -1, 2, 1, 0],
    [0, 2, -1, -2, 1, 0],
    [0, 4, 0, -5, 0, 1],
];

/// `G`.
const FILTER: [[f64; 3]; PATCH] = [
    [1.0 / 4.0, 0.0, 0.0],
    [-1.0 / 6.0, -1.0 / 6.0, -1.0 / 6.0],
    [-1.0 / 6.0, 1.0 / 6.0, -1.0 / 6.0],
    [1.0 / 24.0, 1.0 / 12.0, 1.0 / 6.0],
    [1.0 / 24.0, -1.0 / 12.0, 1.0 / 6.0],
    [0.0, 0.0, 1.0],
];

/// `G g G^T` of a filter, row by row.
pub(super) fn transform_filter(g: &[f64; TAPS]) -> [f64; POSITIONS] {
    let mut rows = [[0.0; 3]; PATCH];
    for (row, factors) in rows.iter_mut().zip(FILTER) {
        for (j, value) in row.iter_mut().enumerate() {
            *value = (0..3).map(|i| factors[i] * g[3 * i + j]).sum();
        }
    }
    std::array::from_fn(|p| (0..3).map(|j| rows[p / PATCH][j] * FILTER[p % PATCH][j]).sum())
}

/// What the exact part of [`super::kernel::Kernel::transform_filters`] lacks of `G g G^T` at a position.
pub(super) fn filter_factor(position: usize) -> f64 {
    const ROWS: [f64; PATCH] = [1.0 / 4.0, -1.0 / 6.0, -1.0 / 6.0, 1.0 / 24.0, 1.0 / 24.0, 1.0];
    ROWS[position / PATCH] * ROWS[position % PATCH]
}

/// Smallest and largest value that `B^T d B` can have at a position, over all bytes `d`.
pub(super) fn input_range(position: usize) -> [i64; 2] {
    let (row, column) = (INPUT[position / PATCH], INPUT[position % PATCH]);
    let factors = row.iter().flat_map(|a| column.iter().map(move |b| a * b));
    let (low, high) = factors.fold((0, 0), |(low, high), f| (low + f.min(0), high + f.max(0)));
    [low * FULL, high * FULL]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn transformed_inputs_fit_into_16_bits() {
        let ranges = (0..POSITIONS).map(input_range);
        let largest = ranges.flat_map(|[low, high]| [-low, high]).max();
        assert_eq!(largest, Some(17_340));
        assert!(largest < Some(i64::from(i16::MAX)));
    }

    proptest! {
        /// In real numbers the whole identity holds, so the matrices above are right.
        #[test]
        fn winograd_equals_the_plain_convolution(
            d in prop::array::uniform6(prop::array::uniform6(0u8..=255)),
            g in prop::array::uniform9(-1.0f64..1.0),
        ) {
            let u = transform_filter(&g);
            let v: Vec<f64> = (0..POSITIONS).map(|p| {
                let terms = (0..POSITIONS).map(|q| {
                    INPUT[p / PATCH][q / PATCH] * INPUT[p % PATCH][q % PATCH] * i64::from(d[q / PATCH][q % PATCH])
                });
                terms.sum::<i64>() as f64
            }).collect();
            for (p, value) in v.iter().enumerate() {
                let [low, high] = input_range(p);
                prop_assert!((low as f64..=high as f64).contains(value));
            }
            let output: [[f64; PATCH]; 4] = [
                [1.0, 1.0, 1.0, 1.0, 1.0, 0.0],
                [0.0, 1.0, -1.0, 2.0, -2.0, 0.0],
                [0.0, 1.0, 1.0, 4.0, 4.0, 0.0],
                [0.0, 1.0, -1.0, 8.0, -8.0, 1.0],
            ];
            for y in 0..4 {
                for x in 0..4 {
                    let fast: f64 = (0..POSITIONS)
                        .map(|p| output[y][p / PATCH] * output[x][p % PATCH] * u[p] * v[p])
                        .sum();
                    let plain: f64 = (0..TAPS)
                        .map(|t| g[t] * f64::from(d[y + t / 3][x + t % 3]))
                        .sum();
                    prop_assert!((fast - plain).abs() < 1e-6, "{fast} {plain}");
                }
            }
        }
    }
}
