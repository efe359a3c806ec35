//! A camera's noise, kept out of what the vision tower sees.

use image::RgbImage;

/// Holds the bytes of a camera's pictures still while they differ by no more than noise does.
///
/// A byte moves only when it is further from the one that is held than a limit, and then to where it truly is. So every
/// byte that is handed on is within the limit of the true one, at any time: what changes slowly, as light does, cannot
/// add up.
///
/// ```
/// use image::{Rgb, RgbImage};
/// use lookhear::preprocess::NoiseGate;
///
/// let mut gate = NoiseGate::new(2);
/// let mut through = |red| {
///     let mut picture = RgbImage::from_pixel(1, 1, Rgb([red, 0, 0]));
///     gate.hold(&mut picture);
///     picture.get_pixel(0, 0)[0]
/// };
/// assert_eq!([100, 102, 99, 103, 101].map(|red| through(red)), [100, 100, 100, 103, 103]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct NoiseGate {
    limit: u8,
    /// What was handed on last.
    held: RgbImage,
}

impl NoiseGate {
    /// A gate that lets differences of more than `limit` (of 255) through; with 0, all of them.
    pub fn new(limit: u8) -> Self {
        Self { limit, held: RgbImage::default() }
    }

    /// Replaces those bytes of a stream's next picture that differ by noise alone. A picture of another size than the
    /// one before is left as it is.
    pub fn hold(&mut self, picture: &mut RgbImage) {
        if self.limit == 0 {
            return;
        }
        if self.held.dimensions() != picture.dimensions() {
            self.held = picture.clone();
            return;
        }
        for (held, byte) in self.held.iter_mut().zip(picture.iter_mut()) {
            // A choice instead of a branch: bytes are taken many at a time.
            *held = if held.abs_diff(*byte) > self.limit { *byte } else { *held };
            *byte = *held;
        }
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever comes: nothing is ever further from the truth than the limit, and nothing moves without need.
        #[test]
        fn what_is_held_stays_within_the_limit(
            limit: u8,
            pictures in prop::collection::vec(prop::collection::vec(any::<u8>(), 12), 1..20),
        ) {
            let mut gate = NoiseGate::new(limit);
            let mut before: Option<RgbImage> = None;
            for bytes in pictures {
                let truth = RgbImage::from_raw(2, 2, bytes).unwrap();
                let mut picture = truth.clone();
                gate.hold(&mut picture);
                for (n, (held, byte)) in picture.iter().zip(truth.iter()).enumerate() {
                    prop_assert!(held.abs_diff(*byte) <= limit);
                    let stays = before.as_ref().is_some_and(|before| before.as_raw()[n] == *held);
                    prop_assert!(stays || held == byte);
                }
                before = Some(picture);
            }
        }
    }

    #[test]
    fn slow_light_comes_through() {
        let mut gate = NoiseGate::new(3);
        for light in 0..=255 {
            let mut picture = RgbImage::from_pixel(3, 2, Rgb([light; 3]));
            gate.hold(&mut picture);
            assert!(picture.iter().all(|held| held.abs_diff(light) <= 3), "{picture:?} at {light}");
        }
    }

    #[test]
    fn without_a_limit_and_at_another_size_pictures_are_left_as_they_are() {
        let bright = RgbImage::from_pixel(2, 2, Rgb([101; 3]));
        for (limit, first) in [(0, RgbImage::from_pixel(2, 2, Rgb([100; 3]))), (5, RgbImage::new(3, 2))] {
            let mut gate = NoiseGate::new(limit);
            gate.hold(&mut first.clone());
            let mut picture = bright.clone();
            gate.hold(&mut picture);
            assert_eq!(picture, bright);
        }
    }
}
