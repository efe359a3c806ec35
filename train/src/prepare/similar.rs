//! Videos that look alike: perceptual hashes of a few frames, and groups of what belongs together.

use std::sync::atomic::AtomicBool;

use image::RgbImage;
use image_hasher::{HashAlg, HasherConfig};
use serde::{Deserialize, Serialize};

use super::parallel::in_order;
use crate::Error;

/// Where in a video its frames are taken, as shares of its length: copies have them at the same places, and
/// beginnings and ends, where titles are, play no part.
pub(super) const PLACES: [f64; 3] = [0.25, 0.5, 0.75];

/// Bits that may differ, of the 768 of three frames.
///
/// An eighth. On 33 clips of 3 to 14 s (scaled to the same cells by ffmpeg), 23 copies at 60 % of the size, 20 frames a second and low quality differed by
/// at most 74 bits, the other ten, of fast movement or in the dark, by 124 and more: those are not found. The 528
/// pairs of different clips differed by 364 bits on average, with a standard deviation of 45, and by at least 128 (two
/// recordings from one studio): 96 is six deviations from what chance does, which matters because a large data set
/// has billions of pairs and one false link joins two groups.
const LIMIT: u32 = 96;

/// Standard deviation of a frame's brightness (0..255) from which on it is compared: all dark frames look alike.
const CONTRAST: f64 = 12.0;

/// Whether a cell of 16 x 16 is brighter than its neighbour, for three frames.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Print([u64; 12]);

impl Print {
    /// `None`: a frame has nothing in it that could be compared.
    pub(super) fn new(frames: &[RgbImage; 3]) -> Option<Self> {
        if frames.iter().any(|frame| contrast(frame) < CONTRAST) {
            return None;
        }
        let hasher = HasherConfig::with_bytes_type::<[u8; 32]>()
            .hash_size(16, 16)
            .hash_alg(HashAlg::Gradient)
            .to_hasher();
        let mut words = [0; 12];
        for (frame, words) in frames.iter().zip(words.chunks_exact_mut(4)) {
            let hash = hasher.hash_image(frame);
            for (word, bytes) in words.iter_mut().zip(hash.as_bytes().as_chunks::<8>().0) {
                *word = u64::from_le_bytes(*bytes);
            }
        }
        Some(Self(words))
    }

    /// Whether two videos are copies, as far as their frames tell.
    fn is_like(&self, other: &Self) -> bool {
        let mut differ = 0;
        for (ours, theirs) in self.0.chunks_exact(4).zip(other.0.chunks_exact(4)) {
            differ += ours.iter().zip(theirs).map(|(a, b)| (a ^ b).count_ones()).sum::<u32>();
            // Different videos almost always end here after the first frame.
            if differ > LIMIT {
                return false;
            }
        }
        true
    }
}

fn contrast(frame: &RgbImage) -> f64 {
    let brightness =
        |p: &image::Rgb<u8>| 0.299 * f64::from(p[0]) + 0.587 * f64::from(p[1]) + 0.114 * f64::from(p[2]);
    let n = f64::from(frame.width() * frame.height());
    let mean = frame.pixels().map(brightness).sum::<f64>() / n;
    (frame.pixels().map(|p| (brightness(p) - mean).powi(2)).sum::<f64>() / n).sqrt()
}

/// Pairs of like videos. Every pair is compared, which misses none, and takes a few instructions for almost all of
/// them.
pub(super) fn pairs(prints: &[Option<&Print>], jobs: usize) -> Result<Vec<(usize, usize)>, Error> {
    let rows: Vec<usize> = (0..prints.len()).collect();
    let like = |row: &usize| -> Vec<usize> {
        let Some(print) = prints[*row] else { return vec![] };
        let is_like = |other: &usize| prints[*other].is_some_and(|other| print.is_like(other));
        (row + 1..prints.len()).filter(is_like).collect()
    };
    let mut pairs = Vec::new();
    in_order(&rows, jobs, &AtomicBool::new(false), like, |row, like| {
        pairs.extend(like.into_iter().map(|other| (*row, other)));
        Ok(())
    })?;
    Ok(pairs)
}

/// Sets that grow together (union-find).
pub(super) struct Groups(Vec<usize>);

impl Groups {
    /// `count` sets of one.
    pub(super) fn new(count: usize) -> Self {
        Self((0..count).collect())
    }

    /// The number of the set that holds `item`: that of its first element.
    pub(super) fn of(&mut self, mut item: usize) -> usize {
        while self.0[item] != item {
            self.0[item] = self.0[self.0[item]];
            item = self.0[item];
        }
        item
    }

    /// Makes the sets of two elements one.
    pub(super) fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.of(a), self.of(b));
        self.0[a.max(b)] = a.min(b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::imageops::{self, FilterType};
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Soft blobs, another picture for every seed.
    fn picture(seed: u64) -> RgbImage {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let coarse = RgbImage::from_fn(12, 9, |_, _| image::Rgb(std::array::from_fn(|_| rng.random())));
        imageops::resize(&coarse, 320, 240, FilterType::CatmullRom)
    }

    fn print(seed: u64, change: impl Fn(RgbImage) -> RgbImage) -> Print {
        Print::new(&[seed, seed + 1, seed + 2].map(|seed| change(picture(seed)))).unwrap()
    }

    #[test]
    fn copies_are_found_and_others_are_not() {
        let smaller = |p: RgbImage| imageops::resize(&p, 144, 108, FilterType::Triangle);
        let brighter = |p: RgbImage| imageops::colorops::brighten(&p, 20);
        let original = print(10, |p| p);
        assert!(original.is_like(&print(10, smaller)));
        assert!(original.is_like(&print(10, brighter)));
        assert!((1..60).all(|n| !original.is_like(&print(10 + 3 * n, |p| p))));
        assert_eq!(
            Print::new(&std::array::from_fn(|_| RgbImage::new(64, 48))),
            None,
            "black is not compared"
        );
    }

    #[test]
    fn groups_are_what_pairs_join() {
        let (a, b, copy) = (print(10, |p| p), print(20, |p| p), print(10, |p| p));
        let prints = [Some(&a), None, Some(&b), Some(&copy), None];
        assert_eq!(pairs(&prints, 2).unwrap(), [(0, 3)]);
        let mut groups = Groups::new(5);
        [(3, 4), (0, 3), (2, 1)].iter().for_each(|(a, b)| groups.join(*a, *b));
        assert_eq!([0, 1, 2, 3, 4].map(|n| groups.of(n)), [0, 1, 1, 0, 0]);
    }
}
