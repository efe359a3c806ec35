//! How far an object reaches around the peak of the map: the box that people see, beside the object's own.

use lookhear::localize::place;
use lookhear::preprocess::spectrogram;

use super::Setting;
use super::avc::sound;
use crate::Error;
use crate::compose::{balanced_classes, other_class, scene};

/// Parts of the map's range to choose from.
const EXTENTS: [f32; 7] = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

/// Intersection over union of two boxes `[x0, y0, x1, y1]`, 0 to 1.
pub(super) fn overlap(a: [f32; 4], b: [f32; 4]) -> f32 {
    let area = |[x0, y0, x1, y1]: [f32; 4]| (x1 - x0).max(0.0) * (y1 - y0).max(0.0);
    let common = area([a[0].max(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].min(b[3])]);
    let union = area(a) + area(b) - common;
    if union > 0.0 { common / union } else { 0.0 }
}

/// The part of the map's range at which boxes overlap most, in the mean, with the objects that sound, in `n` scenes of
/// two objects each.
///
/// # Errors
/// A file of the corpus cannot be read.
pub fn extent(setting: &mut Setting) -> Result<f32, Error> {
    let mut rng = setting.rng(7);
    let mut overlaps = [0.0; EXTENTS.len()];
    for class in balanced_classes(setting.corpus, setting.n, &mut rng) {
        let other = other_class(setting.corpus, class, &mut rng);
        let scene = scene(setting.corpus, class, Some(other), 0.0, &mut rng)?;
        let (second, _) = sound(setting, class, &mut rng)?;
        let seen = setting.judge.encode_image(&scene.picture);
        let heard = setting.judge.encode_audio(&spectrogram::second(&second));
        let map = setting.judge.judge(&seen, &heard).map;
        for (sum, extent) in overlaps.iter_mut().zip(EXTENTS) {
            // A composed scene is square, as the tower sees it.
            *sum += overlap(place(&map, extent).bounds, scene.boxes[0]);
        }
    }
    let best = (0..EXTENTS.len()).max_by(|a, b| overlaps[*a].total_cmp(&overlaps[*b]));
    Ok(best.map_or(0.5, |best| EXTENTS[best]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_overlap_by_hand() {
        let left = [0.0, 0.0, 0.5, 1.0];
        assert_eq!(overlap(left, left), 1.0);
        assert_eq!(overlap(left, [0.5, 0.0, 1.0, 1.0]), 0.0);
        assert_eq!(overlap(left, [0.0, 0.0, 1.0, 1.0]), 0.5);
        assert_eq!(overlap(left, [0.25, 0.5, 0.75, 1.0]), 0.2);
        assert_eq!(overlap([0.2; 4], [0.2; 4]), 0.0);
    }
}
