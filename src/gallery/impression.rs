//! What a moment sounds and looks like, as one vector.

use crate::engine::{Heard, Seen};
use crate::event::Map;
use crate::localize::peak;

/// What a moment sounds like, and what is seen at the place that the sound comes from.
///
/// Two vectors of length 1 in a row: the sound's and the place's in the space that both senses share. The heads have
/// computed them already, so that an impression costs nothing. A network without that space gives its two embeddings
/// instead; one that has no map gives the whole picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Impression(Vec<f32>);

impl Impression {
    /// Of what both towers made of a moment, and of the map as the localization head gave it.
    pub fn new(seen: &Seen, heard: &Heard, map: &Map) -> Self {
        let dims = heard.direction.len();
        let sound = if dims == 0 { &heard.embedding } else { &heard.direction };
        let sight = match peak(map) {
            Some(cell) if seen.positions.len() == map.values.len() * dims => {
                &seen.positions[cell * dims..][..dims]
            }
            _ if seen.positions.is_empty() => &seen.embedding,
            _ => &seen.positions,
        };
        Self([unit(sound), unit(sight)].concat())
    }

    /// As it was stored: see [`Impression::values`].
    pub(super) fn from_values(values: Vec<f32>) -> Self {
        Self(values)
    }

    /// Sound, then sight, `[2 * dims]`.
    pub fn values(&self) -> &[f32] {
        &self.0
    }

    /// The mean of both cosines, -1..1: 1 sounds and looks the same. Impressions of different models have none; then 0.
    pub fn similarity(&self, other: &Self) -> f32 {
        if self.0.len() != other.0.len() {
            return 0.0;
        }
        self.0.iter().zip(&other.0).map(|(a, b)| a * b).sum::<f32>() / 2.0
    }
}

/// The same direction with length 1; of no length, it stays so.
fn unit(vector: &[f32]) -> Vec<f32> {
    let length = vector.iter().map(|v| v * v).sum::<f32>().sqrt().max(1e-12);
    vector.iter().map(|v| v / length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(values: &[f32]) -> Map {
        Map { rows: 1, columns: values.len(), values: values.to_vec() }
    }

    #[test]
    fn the_place_that_sounds_is_what_is_seen() {
        let seen = Seen { embedding: vec![9.0], positions: vec![3.0, 0.0, 0.0, 2.0] };
        let heard = Heard { embedding: vec![9.0], direction: vec![0.6, 0.8] };
        let left = Impression::new(&seen, &heard, &map(&[0.9, 0.1]));
        assert_eq!(left.values(), [0.6, 0.8, 1.0, 0.0]);
        let right = Impression::new(&seen, &heard, &map(&[0.1, 0.9]));
        assert_eq!(right.values(), [0.6, 0.8, 0.0, 1.0]);
        assert!((left.similarity(&left) - 1.0).abs() < 1e-6);
        assert!((left.similarity(&right) - 0.5).abs() < 1e-6, "the sound is the same, the sight is not");
    }

    #[test]
    fn networks_without_a_map_or_a_common_space_have_impressions_too() {
        let heard = Heard { embedding: vec![0.0, 2.0], direction: vec![1.0, 0.0] };
        let whole = Seen { embedding: vec![9.0], positions: vec![0.0, 1.0] };
        assert_eq!(Impression::new(&whole, &heard, &Map::default()).values(), [1.0, 0.0, 0.0, 1.0]);
        let (seen, heard) =
            (Seen { embedding: vec![4.0, 3.0], ..Seen::default() }, Heard { direction: vec![], ..heard });
        assert_eq!(Impression::new(&seen, &heard, &Map::default()).values(), [0.0, 1.0, 0.8, 0.6]);
        let silent = Heard { embedding: vec![0.0; 2], ..Heard::default() };
        let impression = Impression::new(&seen, &silent, &Map::default());
        assert_eq!(impression.values(), [0.0, 0.0, 0.8, 0.6], "no direction, and no NaN");
        assert_eq!(impression.similarity(&Impression::default()), 0.0);
    }
}
