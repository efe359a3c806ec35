//! Signatures: what a moment sounds and looks like, as one vector.

use crate::engine::{AudioEncoding, ImageEncoding};
use crate::event::Map;
use crate::localize::peak;

/// What a moment sounds like, and what is seen at the place that the sound comes from.
///
/// The concatenation of two unit vectors: the projections of the sound and of the place into the common space. The
/// heads have computed both already, so a signature costs nothing. A network without that space gives its two
/// embeddings instead; one that has no map gives the whole picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Signature(Vec<f32>);

impl Signature {
    /// Builds the signature of a moment from both encodings and the localization map.
    pub fn new(seen: &ImageEncoding, heard: &AudioEncoding, map: &Map) -> Self {
        let dims = heard.projection.len();
        let sound = if dims == 0 { &heard.embedding } else { &heard.projection };
        let sight = match peak(map) {
            Some(cell) if seen.spatial_embeddings.len() == map.values.len() * dims => {
                &seen.spatial_embeddings[cell * dims..][..dims]
            }
            _ if seen.spatial_embeddings.is_empty() => &seen.embedding,
            _ => &seen.spatial_embeddings,
        };
        Self([unit(sound), unit(sight)].concat())
    }

    /// As it was stored: see [`Signature::values`].
    pub(super) fn from_values(values: Vec<f32>) -> Self {
        Self(values)
    }

    /// Sound, then sight, `[2 * dims]`.
    pub fn values(&self) -> &[f32] {
        &self.0
    }

    /// The mean of both cosines, -1..1: 1 sounds and looks the same. 0 for signatures of different lengths, which
    /// different models may give.
    pub fn similarity(&self, other: &Self) -> f32 {
        if self.0.len() != other.0.len() {
            return 0.0;
        }
        self.0.iter().zip(&other.0).map(|(a, b)| a * b).sum::<f32>() / 2.0
    }
}

/// Scales a vector to length 1; a zero vector stays zero.
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
        let seen = ImageEncoding { embedding: vec![9.0], spatial_embeddings: vec![3.0, 0.0, 0.0, 2.0] };
        let heard = AudioEncoding { embedding: vec![9.0], projection: vec![0.6, 0.8] };
        let left = Signature::new(&seen, &heard, &map(&[0.9, 0.1]));
        assert_eq!(left.values(), [0.6, 0.8, 1.0, 0.0]);
        let right = Signature::new(&seen, &heard, &map(&[0.1, 0.9]));
        assert_eq!(right.values(), [0.6, 0.8, 0.0, 1.0]);
        assert!((left.similarity(&left) - 1.0).abs() < 1e-6);
        assert!((left.similarity(&right) - 0.5).abs() < 1e-6, "the sound is the same, the sight is not");
    }

    #[test]
    fn networks_without_a_map_or_a_common_space_have_signatures_too() {
        let heard = AudioEncoding { embedding: vec![0.0, 2.0], projection: vec![1.0, 0.0] };
        let whole = ImageEncoding { embedding: vec![9.0], spatial_embeddings: vec![0.0, 1.0] };
        assert_eq!(Signature::new(&whole, &heard, &Map::default()).values(), [1.0, 0.0, 0.0, 1.0]);
        let (seen, heard) = (
            ImageEncoding { embedding: vec![4.0, 3.0], ..ImageEncoding::default() },
            AudioEncoding { projection: vec![], ..heard },
        );
        assert_eq!(Signature::new(&seen, &heard, &Map::default()).values(), [0.0, 1.0, 0.8, 0.6]);
        let silent = AudioEncoding { embedding: vec![0.0; 2], ..AudioEncoding::default() };
        let signature = Signature::new(&seen, &silent, &Map::default());
        assert_eq!(signature.values(), [0.0, 0.0, 0.8, 0.6], "no direction, and no NaN");
        assert_eq!(signature.similarity(&Signature::default()), 0.0);
    }
}
