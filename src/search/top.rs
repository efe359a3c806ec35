//! The best so many of any number.

use crate::similarity::best_first;

/// A moment with its score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Found {
    pub(super) score: f32,
    /// Place of its archive among all.
    pub(super) archive: usize,
    /// Its place in the archive.
    pub(super) moment: usize,
    /// Seconds.
    pub(super) t: f64,
}

impl Found {
    /// Whether it comes before another one: by its score, and with the same score by where it lies, so that the order does
    /// not depend on who found it first.
    fn is_before(&self, other: &Self) -> bool {
        let order = best_first(self.score, other.score);
        order.then((self.archive, self.moment).cmp(&(other.archive, other.moment))).is_lt()
    }
}

/// Keeps the best.
#[derive(Clone, Debug)]
pub(super) struct Top {
    most: usize,
    /// Best first.
    found: Vec<Found>,
}

impl Top {
    pub(super) fn new(most: usize) -> Self {
        Self { most, found: Vec::new() }
    }

    pub(super) fn push(&mut self, found: Found) {
        let place = self.found.partition_point(|kept| kept.is_before(&found));
        if place < self.most {
            self.found.truncate(self.most - 1);
            self.found.insert(place, found);
        }
    }

    /// Best first.
    pub(super) fn found(&self) -> &[Found] {
        &self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(scores: &[u8]) -> Vec<Found> {
        let found = |(n, score): (usize, &u8)| Found {
            score: f32::from(*score),
            archive: n / 3,
            moment: n % 3,
            t: n as f64,
        };
        scores.iter().enumerate().map(found).collect()
    }

    proptest! {
        #[test]
        fn it_is_the_beginning_of_the_sorted_list(scores in prop::collection::vec(0u8..5, 0..40), most in 1usize..50) {
            let mut sorted = all(&scores);
            sorted.sort_by(|a, b| best_first(a.score, b.score));
            sorted.truncate(most);
            let (mut forwards, mut backwards) = (Top::new(most), Top::new(most));
            all(&scores).into_iter().for_each(|found| forwards.push(found));
            all(&scores).into_iter().rev().for_each(|found| backwards.push(found));
            prop_assert_eq!(forwards.found(), &*sorted);
            prop_assert_eq!(backwards.found(), &*sorted);
        }
    }
}
