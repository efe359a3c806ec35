//! A part of the picture.

use serde::{Deserialize, Serialize};

use crate::validation::ValidationError;

/// A polygon: its corners `[x, y]` in 0..1 of the shown picture, origin top left, one after another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Zone(pub Vec<[f32; 2]>);

impl Zone {
    /// Whether a point lies inside: a line from there to the right crosses the outline an odd number of times.
    ///
    /// ```
    /// use lookhear::rules::Zone;
    ///
    /// let left = Zone(vec![[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]);
    /// assert!(left.contains([0.2, 0.9]) && !left.contains([0.7, 0.9]));
    /// ```
    pub fn contains(&self, [x, y]: [f32; 2]) -> bool {
        let next = self.0.iter().cycle().skip(1);
        let crosses = |&(&[x0, y0], &[x1, y1]): &(&[f32; 2], &[f32; 2])| {
            (y0 > y) != (y1 > y) && x < (x1 - x0) * (y - y0) / (y1 - y0) + x0
        };
        self.0.iter().zip(next).filter(crosses).count() % 2 == 1
    }

    /// At least three corners, all of them in the picture.
    pub(super) fn mistake(&self, key: &str) -> Option<ValidationError> {
        let inside = |corner: &[f32; 2]| corner.iter().all(|value| (0.0..=1.0).contains(value));
        if self.0.len() >= 3 && self.0.iter().all(inside) {
            return None;
        }
        let message = "give three corners or more of each, from 0 to 1 of the picture's width and height, e.g. \
                       [[[0.0, 0.5], [1.0, 0.5], [1.0, 1.0], [0.0, 1.0]]] for the lower half";
        Some(ValidationError::new(key, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notch_is_outside() {
        // An arrow's head that points up, open below.
        let arrow = Zone(vec![[0.5, 0.0], [1.0, 1.0], [0.5, 0.5], [0.0, 1.0]]);
        assert!(arrow.contains([0.5, 0.3]));
        assert!(!arrow.contains([0.5, 0.8]));
        assert!(arrow.contains([0.2, 0.75]) && arrow.contains([0.8, 0.75]));
        assert!(!arrow.contains([0.05, 0.1]) && !arrow.contains([2.0, 0.5]));
    }
}
