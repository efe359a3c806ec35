//! The cases in which a model is most clearly right or wrong, to be looked at.

use super::Cell;
use crate::Error;

/// Number of cells that are kept.
const KEPT: usize = 8;

/// The cells with the largest values of all that were offered, largest first.
#[derive(Default)]
pub(super) struct Largest(Vec<(f32, Cell)>);

impl Largest {
    /// Draws the cell only if its value is among the largest so far.
    ///
    /// # Errors
    /// The cell cannot be drawn.
    pub(super) fn offer(
        &mut self,
        value: f32,
        draw: impl FnOnce() -> Result<Cell, Error>,
    ) -> Result<(), Error> {
        let place = self.0.partition_point(|(kept, _)| *kept >= value);
        if place < KEPT {
            self.0.insert(place, (value, draw()?));
            self.0.truncate(KEPT);
        }
        Ok(())
    }

    /// The cells that were kept.
    pub(super) fn into_cells(self) -> Vec<Cell> {
        self.0.into_iter().map(|(_, cell)| cell).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_are_kept_in_order() {
        let mut largest = Largest::default();
        let mut drawn = 0;
        for value in [3, 9, 1, 12, 5, 7, 2, 8, 4, 11, 6, 10, 0] {
            let draw = || {
                drawn += 1;
                Ok(Cell { address: String::new(), label: value.to_string() })
            };
            largest.offer(value as f32, draw).unwrap();
        }
        let labels: Vec<String> = largest.into_cells().into_iter().map(|cell| cell.label).collect();
        assert_eq!(labels.join(" "), "12 11 10 9 8 7 6 5");
        assert_eq!(drawn, 12, "the last one is none of the largest");
    }
}
