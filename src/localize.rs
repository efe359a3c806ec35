//! From a localization map to a place in the picture.

use crate::event::Map;
use crate::preprocess::picture::{Fit, to_shown};

/// Where the map is highest, and how far the object around it reaches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// `[x, y]`, 0..1 of the square picture that the tower saw.
    pub peak: [f32; 2],
    /// `[x0, y0, x1, y1]`, 0..1 of the same square picture.
    pub bounds: [f32; 4],
}

/// The cell where a map is highest, counted row by row; `None` without a map.
///
/// ```
/// use lookhear::event::Map;
/// use lookhear::localize::peak;
///
/// assert_eq!(peak(&Map { rows: 1, columns: 3, values: vec![0.1, 0.8, 0.3] }), Some(1));
/// assert_eq!(peak(&Map::default()), None);
/// ```
pub fn peak(map: &Map) -> Option<usize> {
    (0..map.values.len()).max_by(|a, b| map.values[*a].total_cmp(&map.values[*b]))
}

/// Finds the peak and the connected cells around it that reach at least `extent` (0..1) of the way
/// from the map's lowest value to its highest. Without a map: the middle, and all of the picture.
///
/// ```
/// use lookhear::event::Map;
/// use lookhear::localize::place;
///
/// let place = place(&Map { rows: 1, columns: 4, values: vec![0.1, 0.1, 0.9, 0.8] }, 0.5);
/// assert_eq!(place.peak, [0.625, 0.5]);
/// assert_eq!(place.bounds, [0.5, 0.0, 1.0, 1.0]);
/// ```
pub fn place(map: &Map, extent: f32) -> Place {
    let Map { rows, columns, values } = map;
    let Some(top) = peak(map) else {
        return Place { peak: [0.5, 0.5], bounds: [0.0, 0.0, 1.0, 1.0] };
    };
    let lowest = values.iter().copied().fold(f32::INFINITY, f32::min);
    let least = lowest + (values[top] - lowest) * extent;
    let mut inside = vec![false; values.len()];
    inside[top] = true;
    let mut waiting = vec![top];
    let (mut x0, mut y0, mut x1, mut y1) = (*columns, *rows, 0, 0);
    while let Some(cell) = waiting.pop() {
        let (row, column) = (cell / columns, cell % columns);
        (x0, y0, x1, y1) = (x0.min(column), y0.min(row), x1.max(column + 1), y1.max(row + 1));
        let neighbours = [
            (column > 0).then(|| cell - 1),
            (column + 1 < *columns).then(|| cell + 1),
            (row > 0).then(|| cell - columns),
            (row + 1 < *rows).then(|| cell + columns),
        ];
        for next in neighbours.into_iter().flatten() {
            if !inside[next] && values[next] >= least {
                inside[next] = true;
                waiting.push(next);
            }
        }
    }
    let (w, h) = (*columns as f32, *rows as f32);
    Place {
        peak: [((top % columns) as f32 + 0.5) / w, ((top / columns) as f32 + 0.5) / h],
        bounds: [x0 as f32 / w, y0 as f32 / h, x1 as f32 / w, y1 as f32 / h],
    }
}

impl Place {
    /// Converts the place to the shown picture of `width` x `height` pixels.
    pub fn shown(self, fit: Fit, width: u32, height: u32) -> Self {
        let [x0, y0, x1, y1] = self.bounds;
        let [left, top] = to_shown(fit, width, height, [x0, y0]);
        let [right, bottom] = to_shown(fit, width, height, [x1, y1]);
        Self { peak: to_shown(fit, width, height, self.peak), bounds: [left, top, right, bottom] }
    }
}

/// The map of a shown picture of `width` x `height` pixels: where the square picture is only a part of
/// it, cells that the tower never saw are added and are 0.
pub fn shown_map(map: &Map, fit: Fit, width: u32, height: u32) -> Map {
    let short = width.min(height).max(1) as usize;
    let beside = |cells: usize, side: u32| match fit {
        Fit::Stretch => 0,
        Fit::Crop => (cells * (side as usize - short) + short) / (2 * short),
    };
    let (above, left) = (beside(map.rows, height), beside(map.columns, width));
    if above + left == 0 {
        return map.clone();
    }
    let (rows, columns) = (map.rows + 2 * above, map.columns + 2 * left);
    let mut values = vec![0.0; rows * columns];
    for row in 0..map.rows {
        let start = (above + row) * columns + left;
        values[start..start + map.columns].copy_from_slice(&map.values[row * map.columns..][..map.columns]);
    }
    Map { rows, columns, values }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(rows: &[&[f32]]) -> Map {
        Map { rows: rows.len(), columns: rows[0].len(), values: rows.concat() }
    }

    #[test]
    fn the_box_is_the_connected_part_around_the_peak() {
        let map = map(&[&[0.0, 0.0, 0.0, 0.0, 0.8], &[0.0, 0.9, 0.6, 0.0, 0.0], &[0.0, 0.2, 0.6, 0.0, 0.0]]);
        let place = place(&map, 0.5);
        assert_eq!(place.peak, [0.3, 0.5]);
        assert_eq!(place.bounds, [0.2, 1.0 / 3.0, 0.6, 1.0], "the cell in the corner is another object");
    }

    #[test]
    fn flat_and_missing_maps_have_a_defined_place() {
        assert_eq!(place(&map(&[&[0.5, 0.5]]), 0.5).bounds, [0.0, 0.0, 1.0, 1.0]);
        assert_eq!(place(&Map::default(), 0.5).peak, [0.5, 0.5]);
    }

    #[test]
    fn a_cropped_picture_is_shown_whole() {
        let place = Place { peak: [0.0, 0.5], bounds: [0.0, 0.0, 1.0, 1.0] };
        let shown = place.shown(Fit::Crop, 400, 200);
        assert_eq!(shown.peak, [0.25, 0.5]);
        assert_eq!(shown.bounds, [0.25, 0.0, 0.75, 1.0]);
        let shown = shown_map(&map(&[&[0.1, 0.2], &[0.3, 0.4]]), Fit::Crop, 400, 200);
        assert_eq!(shown, map(&[&[0.0, 0.1, 0.2, 0.0], &[0.0, 0.3, 0.4, 0.0]]));
        assert_eq!(shown_map(&shown, Fit::Stretch, 400, 200), shown);
    }
}
