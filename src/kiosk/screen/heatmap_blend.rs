//! Blends the localization map with a picture: what sounds glows, the rest is dimmed.

use crate::event::Map;
use crate::overlay::{heat_color, unit};

/// Side of the fine grid to which the map is refined; between its points the picture is lit linearly.
const GRID: usize = 96;
/// Brightness that the surroundings keep when the map is shown fully.
const SURROUNDINGS: f32 = 0.45;

/// Blends the localization map with a picture: a fine map and what each of its values does to a pixel.
pub(super) struct HeatmapBlend {
    /// `GRID` x `GRID` values, 0..=255, row by row.
    grid: Vec<u8>,
    table: [Effect; 256],
    /// The row of the grid that a row of the picture lies on, in 256ths.
    row: [u16; GRID],
}

/// The effect on a pixel's red, green and blue: `keep` 256ths of the value remain, and `add` is added. `keep` leaves
/// room for `add`, so the result never exceeds white.
#[derive(Clone, Copy, Default)]
struct Effect {
    keep: [u16; 3],
    add: [u16; 3],
}

impl HeatmapBlend {
    /// Changes nothing yet.
    pub(super) fn new() -> Self {
        Self { grid: vec![0; GRID * GRID], table: [Effect::default(); 256], row: [0; GRID] }
    }

    /// Takes a map, how strongly it is shown and how much it adds (both 0..1). Returns whether it changes
    /// anything: an empty or damaged map does not.
    pub(super) fn set(&mut self, map: &Map, warmth: f32, heat: f32) -> bool {
        let warmth = unit(warmth);
        let cells = map.rows.saturating_mul(map.columns);
        if warmth == 0.0 || cells == 0 || map.values.len() < cells {
            return false;
        }
        self.refine(map);
        for (value, effect) in (0..=u8::MAX).zip(&mut self.table) {
            *effect = effect_of(f32::from(value) / 255.0, warmth, unit(heat));
        }
        true
    }

    /// Interpolates the map by cubics (Catmull and Rom's), first down, then across.
    fn refine(&mut self, map: &Map) {
        let (down, across) = (taps(map.rows), taps(map.columns));
        let mut line = vec![0.0; map.columns];
        for (out, tap) in self.grid.chunks_exact_mut(GRID).zip(&down) {
            for (column, value) in line.iter_mut().enumerate() {
                *value = tap.mix(|row| unit(map.at(row, column)));
            }
            for (value, tap) in out.iter_mut().zip(&across) {
                *value = (unit(tap.mix(|column| line[column])) * 255.0).round() as u8;
            }
        }
    }

    /// Prepares to light row `y` of a picture of `height` rows.
    pub(super) fn enter_row(&mut self, y: u32, height: u32) {
        let (first, share) = between(y, height);
        let (upper, lower) = (&self.grid[first * GRID..], &self.grid[(first + 1) * GRID..]);
        for ((out, upper), lower) in self.row.iter_mut().zip(upper).zip(lower) {
            *out = u16::from(*upper) * (256 - share) + u16::from(*lower) * share;
        }
    }

    /// Lights a pixel of the row, at a place as [`across`] gives it.
    pub(super) fn blend(&self, (first, share): (u16, u16), [r, g, b]: [u8; 3]) -> u32 {
        let first = usize::from(first);
        let (left, right) = (u32::from(self.row[first]), u32::from(self.row[first + 1]));
        let value = (left * (256 - u32::from(share)) + right * u32::from(share)) >> 16;
        let Effect { keep, add } = self.table[(value & 255) as usize];
        let lit =
            |channel: u8, i: usize| ((u32::from(channel) * u32::from(keep[i])) >> 8) + u32::from(add[i]);
        lit(r, 0) << 16 | lit(g, 1) << 8 | lit(b, 2)
    }
}

/// Where the columns of a picture lie on the grid: the point to the left and the share, in 256ths, of the next.
pub(super) fn across(width: u32) -> Vec<(u16, u16)> {
    (0..width).map(|x| between(x, width)).map(|(first, share)| (first as u16, share)).collect()
}

/// Where the middle of pixel `index` of `pixels` lies between the middles of two points of the grid.
fn between(index: u32, pixels: u32) -> (usize, u16) {
    let place = (index as f32 + 0.5) / pixels.max(1) as f32 * GRID as f32 - 0.5;
    let place = place.clamp(0.0, (GRID - 1) as f32);
    let first = (place as usize).min(GRID - 2);
    (first, ((place - first as f32) * 256.0) as u16)
}

/// Which cells a point of the grid is mixed of.
struct Taps {
    cells: [usize; 4],
    weights: [f32; 4],
}

impl Taps {
    fn mix(&self, at: impl Fn(usize) -> f32) -> f32 {
        self.cells.iter().zip(self.weights).map(|(cell, weight)| at(*cell) * weight).sum()
    }
}

/// The mixtures for all points along one side of a map of `cells` cells.
fn taps(cells: usize) -> Vec<Taps> {
    let taps = |point: usize| {
        let place = (point as f32 + 0.5) / GRID as f32 * cells as f32 - 0.5;
        let (first, t) = (place.floor(), place - place.floor());
        let cell = |offset: f32| (first + offset).clamp(0.0, (cells - 1) as f32) as usize;
        let (t2, t3) = (t * t, t * t * t);
        let weights = [
            (-t3 + 2.0 * t2 - t) / 2.0,
            (3.0 * t3 - 5.0 * t2 + 2.0) / 2.0,
            (-3.0 * t3 + 4.0 * t2 + t) / 2.0,
            (t3 - t2) / 2.0,
        ];
        Taps { cells: [cell(-1.0), cell(0.0), cell(1.0), cell(2.0)], weights }
    };
    (0..GRID).map(taps).collect()
}

/// What a value of the map (0..1) does to a pixel.
fn effect_of(value: f32, warmth: f32, heat: f32) -> Effect {
    let bright = 1.0 - (1.0 - SURROUNDINGS) * warmth * (1.0 - smooth(0.1, 0.5, value));
    let glow = warmth * heat * smooth(0.3, 0.95, value);
    let add = heat_color(value).map(|channel| f32::from(channel) * glow);
    // Screen-like blending: added light displaces as much of the picture's own.
    let keep = add.map(|add| (bright * (1.0 - add / 255.0) * 256.0) as u16);
    Effect { keep, add: add.map(|add| add as u16) }
}

/// 0 up to `low`, 1 from `high` on, and a soft rise between.
fn smooth(low: f32, high: f32, value: f32) -> f32 {
    let x = unit((value - low) / (high - low));
    x * x * (3.0 - 2.0 * x)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of one colour, lit.
    fn lit(map: &Map, warmth: f32, color: [u8; 3]) -> Vec<Vec<[u8; 3]>> {
        let mut blend = HeatmapBlend::new();
        assert!(blend.set(map, warmth, 0.6));
        let places = across(140);
        let row = |y| {
            blend.enter_row(y, 140);
            let pixel = |place: &(u16, u16)| blend.blend(*place, color).to_be_bytes();
            places.iter().map(pixel).map(|[_, r, g, b]| [r, g, b]).collect()
        };
        (0..140).map(row).collect()
    }

    fn spot() -> Map {
        let near = |i: usize| (i / 14).abs_diff(4) + (i % 14).abs_diff(10);
        let values = (0..196).map(|i| if near(i) < 3 { 1.0 } else { 0.0 }).collect();
        Map { rows: 14, columns: 14, values }
    }

    #[test]
    fn the_spot_glows_warm_and_its_surroundings_are_dimmed() {
        let picture = lit(&spot(), 1.0, [100, 110, 120]);
        let ([r, _, b], far) = (picture[45][105], picture[120][20]);
        assert!(r > 160 && r > b, "{:?}", picture[45][105]);
        assert_eq!(far, [44, 49, 53], "45 percent");
        assert!(picture[45].windows(2).all(|p| p[0][0].abs_diff(p[1][0]) < 60), "no steps");
    }

    #[test]
    fn half_the_warmth_is_between_and_none_changes_nothing() {
        let (half, full) = (lit(&spot(), 0.5, [100; 3]), lit(&spot(), 1.0, [100; 3]));
        assert!(half[45][105][0] > 105 && half[45][105][0] < full[45][105][0]);
        assert!(half[120][20][0] < 100 && half[120][20][0] > full[120][20][0]);
        let mut blend = HeatmapBlend::new();
        for warmth in [0.0, -1.0, f32::NAN] {
            assert!(!blend.set(&spot(), warmth, 0.6));
        }
        assert!(!blend.set(&Map::default(), 1.0, 0.6));
        assert!(!blend.set(&Map { rows: 14, columns: 14, values: vec![1.0; 9] }, 1.0, 0.6));
        assert!(!blend.set(&Map { rows: usize::MAX, columns: 3, values: vec![] }, 1.0, 0.6));
    }

    #[test]
    fn white_stays_white_at_most_and_strange_values_count_as_cold() {
        let strange = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -3.0, 7.0, 0.5];
        for (rows, columns) in [(1, 1), (1, 6), (6, 1), (2, 3), (3, 2)] {
            let map = Map { rows, columns, values: strange.to_vec() };
            for heat in [0.0, 1.0, f32::NAN] {
                let mut blend = HeatmapBlend::new();
                assert!(blend.set(&map, 1.0, heat));
                for value in 0..=255 {
                    let Effect { keep, add } = blend.table[value];
                    assert!((0..3).all(|i| ((255 * keep[i]) >> 8) + add[i] <= 255), "{value}");
                }
            }
            lit(&map, 1.0, [255; 3]);
        }
    }
}
