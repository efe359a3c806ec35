//! How alike vectors are, and which of them comes first: what search and evaluation rank by.

use std::cmp::Ordering;

/// Sums that run side by side, so that the compiler can use vector instructions.
const LANES: usize = 16;

/// The dot product of vectors of equal length.
///
/// ```
/// assert_eq!(lookhear::similarity::dot(&[1.0, 2.0], &[3.0, 4.0]), 11.0);
/// ```
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

/// The length of a vector; never 0, so that one can divide by it.
pub fn length(vector: &[f32]) -> f32 {
    dot(vector, vector).sqrt().max(1e-9)
}

/// A vector at length 1. The dot product of two of them is their cosine.
pub fn unit(vector: &[f32]) -> Vec<f32> {
    let length = length(vector);
    vector.iter().map(|value| value / length).collect()
}

/// The order of results by their scores: the highest first. Sorts by it must be stable, so that equal ones stay as they
/// were.
pub fn best_first(a: f32, b: f32) -> Ordering {
    b.total_cmp(&a)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_dot_product_is_the_plain_one(pairs in prop::collection::vec((-1.0f32..1.0, -1.0f32..1.0), 0..100)) {
            let (a, b): (Vec<f32>, Vec<f32>) = pairs.iter().copied().unzip();
            let plain: f64 = pairs.iter().map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            prop_assert!((f64::from(dot(&a, &b)) - plain).abs() < 1e-4);
        }
    }

    #[test]
    fn nothing_has_a_direction_and_no_number_comes_of_it() {
        assert_eq!(unit(&[3.0, -4.0]), [0.6, -0.8]);
        assert_eq!(unit(&[0.0; 3]), [0.0; 3]);
        let mut scores = [0.1, 0.9, -0.5];
        scores.sort_by(|a, b| best_first(*a, *b));
        assert_eq!(scores, [0.9, 0.1, -0.5]);
    }
}
