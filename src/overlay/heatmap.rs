//! The localization map over the picture: warm where the sound is, nothing where it is not.

use image::RgbImage;

use super::canvas::mix;
use super::unit;
use crate::event::{Map, State};

/// Stops of the ramp, evenly spaced from 0 to 1: lightness rises all the way, so that the ramp
/// reads the same in grey and to people who do not see red and green apart.
const STOPS: [[u8; 3]; 7] = [
    [4, 3, 14],
    [48, 12, 84],
    [120, 28, 109],
    [187, 55, 84],
    [237, 105, 37],
    [251, 180, 26],
    [252, 252, 170],
];

/// Below this value the picture stays as it is.
const COLD: f32 = 0.18;

/// From this value on the map is as opaque as it gets.
const HOT: f32 = 0.75;

/// Colour of a value on the scale from 0 (cold, nearly black) over purple and orange to 1 (hot,
/// pale yellow), as red, green and blue; values outside 0..1 are clamped, NaN counts as 0.
pub fn heat_color(value: f32) -> [u8; 3] {
    let place = unit(value) * (STOPS.len() - 1) as f32;
    let index = (place as usize).min(STOPS.len() - 2);
    mix(STOPS[index], STOPS[index + 1], place - index as f32)
}

/// Lays the map over the upper left `size` (width, height) pixels of the picture: in colour for a
/// match, faint and grey when nothing in the picture makes the sound, not at all in silence.
pub(super) fn blend(picture: &mut RgbImage, size: (u32, u32), map: &Map, state: State) {
    let (strength, grey) = match state {
        State::Silent => return,
        State::Match => (0.8, 0.0),
        State::NoVisibleSource => (0.42, 0.85),
    };
    if map.rows == 0 || map.columns == 0 || map.values.len() < map.rows * map.columns {
        return;
    }
    let across: Vec<Between> = (0..size.0).map(|x| Between::new(x, size.0, map.columns)).collect();
    let table: Vec<([u8; 3], f32)> = (0..256).map(|i| ink(i as f32 / 255.0, strength, grey)).collect();
    let mut row = vec![0.0f32; map.columns];
    for y in 0..size.1 {
        let down = Between::new(y, size.1, map.rows);
        for (column, value) in row.iter_mut().enumerate() {
            let at = |row| unit(map.values[row * map.columns + column]);
            *value = down.mix(at);
        }
        for (x, between) in (0..).zip(&across) {
            let value = between.mix(|column| row[column]);
            let (color, alpha) = table[(value * 255.0).round() as usize & 255];
            if alpha > 0.0
                && let Some(pixel) = picture.get_pixel_mut_checked(x, y)
            {
                pixel.0 = mix(pixel.0, color, alpha);
            }
        }
    }
}

/// Colour and opacity of a value.
fn ink(value: f32, strength: f32, grey: f32) -> ([u8; 3], f32) {
    let color = heat_color(value);
    let [r, g, b] = color.map(f32::from);
    let light = (0.3 * r + 0.59 * g + 0.11 * b) as u8;
    (mix(color, [light; 3], grey), strength * smooth(COLD, HOT, value))
}

/// 0 up to `low`, 1 from `high` on, and a soft rise between.
fn smooth(low: f32, high: f32, value: f32) -> f32 {
    let x = unit((value - low) / (high - low));
    x * x * (3.0 - 2.0 * x)
}

/// A place between two neighbouring cells along one axis of the map.
struct Between {
    first: usize,
    second: usize,
    share: f32,
}

impl Between {
    /// Where the middle of pixel `index` of `pixels` lies among `cells` cells, by their middles.
    fn new(index: u32, pixels: u32, cells: usize) -> Self {
        let place = (index as f32 + 0.5) / pixels as f32 * cells as f32 - 0.5;
        let place = place.clamp(0.0, (cells - 1) as f32);
        let first = place as usize;
        Self { first, second: (first + 1).min(cells - 1), share: place - first as f32 }
    }

    /// The value at the place, from the values of the cells.
    fn mix(&self, at: impl Fn(usize) -> f32) -> f32 {
        at(self.first) * (1.0 - self.share) + at(self.second) * self.share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lightness(color: [u8; 3]) -> f32 {
        let [r, g, b] = color.map(f32::from);
        0.3 * r + 0.59 * g + 0.11 * b
    }

    #[test]
    fn the_ramp_gets_lighter_all_the_way_and_survives_strange_values() {
        let light: Vec<f32> = (0..=100).map(|i| lightness(heat_color(i as f32 / 100.0))).collect();
        assert!(light.windows(2).all(|w| w[1] >= w[0]), "{light:?}");
        assert_eq!(heat_color(f32::NAN), heat_color(0.0));
        assert_eq!(heat_color(f32::INFINITY), heat_color(1.0));
        assert_eq!(heat_color(-3.0), heat_color(0.0));
    }

    #[test]
    fn the_map_is_upsampled_without_steps() {
        let map = Map { rows: 1, columns: 2, values: vec![0.0, 1.0] };
        let mut picture = RgbImage::from_pixel(64, 2, image::Rgb([128; 3]));
        blend(&mut picture, (64, 2), &map, State::Match);
        let reds: Vec<i32> = (0..64).map(|x| i32::from(picture.get_pixel(x, 0).0[0])).collect();
        assert_eq!(reds[0], 128);
        assert!(reds[63] > 180);
        assert!(reds.windows(2).all(|w| (w[1] - w[0]).abs() < 24), "{reds:?}");
    }

    #[test]
    fn a_map_that_lacks_values_is_not_drawn() {
        let map = Map { rows: 4, columns: 4, values: vec![1.0; 3] };
        let mut picture = RgbImage::from_pixel(8, 8, image::Rgb([50; 3]));
        blend(&mut picture, (8, 8), &map, State::Match);
        assert!(picture.pixels().all(|p| p.0 == [50; 3]));
    }
}
