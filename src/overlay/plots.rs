//! The small plots of the panel: scores over time, the wave of the sound and its spectrogram.

use super::canvas::{Area, Canvas, Shape};
use super::{heat_color, unit};

/// Ground of a plot, a little lighter than the panel.
const GROUND: [u8; 3] = [25, 30, 40];

/// Guide lines.
const GUIDE: [u8; 3] = [58, 67, 84];

/// The wave: belongs to no state, so it has a colour of its own.
const WAVE: [u8; 3] = [126, 178, 240];

/// Sound quieter than this is shown as quiet instead of being enlarged to the full height.
const QUIET: f32 = 0.08;

/// Spectrogram value that gets the hottest colour.
const LOUDEST: f32 = 2.8;

/// Scores, newest at the right edge, over the full height from 0 to 1; what is not a number
/// leaves a gap.
pub(super) fn history(canvas: &mut Canvas, area: Area, scores: &[f32], color: [u8; 3]) {
    let Some(area) = ground(canvas, area) else {
        return;
    };
    let line = (area.height as f32 / 26.0).clamp(1.2, 4.0);
    let room = area.height as f32 - line - 1.0;
    let height = |score: f32| area.y as f32 + (line + 1.0) / 2.0 + (1.0 - score.clamp(0.0, 1.0)) * room;
    let half = height(0.5) as i32;
    for x in area.x..area.right() {
        canvas.blend(x, half, GUIDE, 0.8);
    }
    let step = scores.len() as f32 / area.width as f32;
    let curve: Vec<Option<f32>> =
        (0..area.width).map(|i| mean(scores, (i as f32 + 0.5) * step, step).map(height)).collect();
    for (i, here) in curve.iter().enumerate() {
        let Some(here) = *here else { continue };
        // The piece of the curve in this column reaches half way to its neighbours.
        let way = |other: Option<&Option<f32>>| other.copied().flatten().map_or(here, |y| (y + here) / 2.0);
        let (left, right) = (way(i.checked_sub(1).and_then(|i| curve.get(i))), way(curve.get(i + 1)));
        let (top, bottom) = (left.min(right).min(here), left.max(right).max(here));
        let x = area.x + i as i32;
        for y in area.y..area.bottom() {
            let middle = y as f32 + 0.5;
            let away = (top - middle).max(middle - bottom).max(0.0);
            let below = 0.22 * (middle - here).clamp(0.0, 1.0);
            let ink = (line / 2.0 + 0.5 - away).clamp(0.0, 1.0);
            canvas.blend(x, y, color, ink.max(below));
        }
    }
}

/// The wave of the sound, oldest at the left edge; enlarged to the height of the plot unless the
/// sound is very quiet.
pub(super) fn waveform(canvas: &mut Canvas, area: Area, sound: &[f32]) {
    let Some(area) = ground(canvas, area) else {
        return;
    };
    let loudest = sound.iter().fold(0.0f32, |most, v| most.max(v.abs())).min(1.0);
    let half = area.height as f32 / 2.0;
    let (middle, gain) = (area.y as f32 + half, (half - 1.0).max(0.0) / loudest.max(QUIET));
    let (width, count) = (area.width as usize, sound.len());
    for column in 0..width {
        let start = column * count / width;
        let end = ((column + 1) * count / width).max(start + 1).min(count);
        // These ignore what is not a number.
        let (low, high) = sound[start.min(end)..end]
            .iter()
            .fold((0.0f32, 0.0f32), |(low, high), v| (low.min(*v), high.max(*v)));
        let top = (middle - high.min(1.0) * gain).min(middle - 0.5);
        let bottom = (middle - low.max(-1.0) * gain).max(middle + 0.5);
        for y in area.y..area.bottom() {
            let share = bottom.min(y as f32 + 1.0) - top.max(y as f32);
            canvas.blend(area.x + column as i32, y, WAVE, share.clamp(0.0, 1.0));
        }
    }
}

/// The spectrogram, newest column at the right edge, low frequencies at the bottom.
pub(super) fn spectrogram(canvas: &mut Canvas, area: Area, columns: &[Vec<f32>]) {
    let Some(area) = ground(canvas, area) else {
        return;
    };
    let step = columns.len() as f32 / area.width as f32;
    // Low frequencies get more room than they have bins: most of what sounds is down there.
    let edge = |row: i32| (row as f32 / area.height as f32).powi(2);
    let squeezed: Vec<Vec<f32>> = columns
        .iter()
        .map(|bins| {
            let count = bins.len() as f32;
            let at = |row: i32| {
                let (low, high) = (edge(row) * count, edge(row + 1) * count);
                mean(bins, (low + high) / 2.0, high - low).unwrap_or(0.0)
            };
            (0..area.height).map(at).collect()
        })
        .collect();
    for row in 0..area.height {
        let line: Vec<f32> = squeezed.iter().map(|column| column[row as usize]).collect();
        for i in 0..area.width {
            let value = mean(&line, (i as f32 + 0.5) * step, step).unwrap_or(0.0) / LOUDEST;
            let alpha = unit(value * 5.0);
            canvas.blend(area.x + i, area.bottom() - 1 - row, heat_color(value), alpha);
        }
    }
}

/// Paints the ground of a plot; the area inside of it, unless there is no room for a plot.
fn ground(canvas: &mut Canvas, area: Area) -> Option<Area> {
    if area.width < 6 || area.height < 4 {
        return None;
    }
    let radius = (area.height as f32 / 14.0).clamp(1.0, 6.0);
    canvas.fill_shape(Shape::rounded(area, radius), GROUND, 1.0);
    // Far enough inside for the corners of the plot to stay on the rounded ground.
    let inside = area.inset((radius * 0.5).ceil() as i32);
    (!inside.is_empty()).then_some(inside)
}

/// Average of the values over a window about `centre`, where value `i` reaches from `i` to
/// `i + 1`; a window narrower than one value is widened to it, which blends neighbours smoothly.
/// What is not a number is left out; `None` if nothing is left.
fn mean(values: &[f32], centre: f32, width: f32) -> Option<f32> {
    let half = width.max(1.0) / 2.0;
    let (low, high) = ((centre - half).max(0.0), (centre + half).min(values.len() as f32));
    let (mut sum, mut weight) = (0.0, 0.0);
    let (first, end) = (low as usize, (high.ceil() as usize).min(values.len()));
    for (i, value) in values.iter().enumerate().take(end).skip(first) {
        let share = (high.min(i as f32 + 1.0) - low.max(i as f32)).max(0.0);
        if value.is_finite() {
            sum += value * share;
            weight += share;
        }
    }
    (weight > 0.0).then(|| sum / weight)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::RgbImage;

    const AREA: Area = Area { x: 0, y: 0, width: 60, height: 30 };

    fn plotted(plot: impl Fn(&mut Canvas)) -> RgbImage {
        let mut picture = RgbImage::new(60, 30);
        plot(&mut Canvas::new(&mut picture));
        picture
    }

    #[test]
    fn mean_blends_neighbours_and_leaves_gaps_out() {
        assert_eq!(mean(&[0.0, 1.0], 1.0, 0.1), Some(0.5));
        assert_eq!(mean(&[1.0, 2.0, 3.0, 4.0], 2.0, 4.0), Some(2.5));
        assert_eq!(mean(&[f32::NAN, 3.0], 1.0, 2.0), Some(3.0));
        assert_eq!(mean(&[f32::NAN], 0.5, 1.0), None);
        assert_eq!(mean(&[], 0.0, 1.0), None);
    }

    #[test]
    fn history_rises_with_the_score() {
        let picture = plotted(|canvas| history(canvas, AREA, &[0.0, 1.0], [0, 255, 0]));
        let top = |x: u32| (0..30).find(|y| picture.get_pixel(x, *y).0[1] > 130).unwrap_or(99);
        assert!(top(55) < 6 && top(5) > 24 && top(5) < 30, "{} {}", top(55), top(5));
    }

    #[test]
    fn the_wave_is_high_where_the_sound_is_loud() {
        let sound: Vec<f32> = (0..600).map(|i| if i < 300 { 0.0 } else { 0.5 * (i as f32).sin() }).collect();
        let picture = plotted(|canvas| waveform(canvas, AREA, &sound));
        let height = |x: u32| (0..30).filter(|y| picture.get_pixel(x, *y).0[2] > 150).count();
        assert!(height(10) <= 2 && height(50) > 20, "{} {}", height(10), height(50));
    }

    #[test]
    fn the_spectrogram_has_low_frequencies_at_the_bottom() {
        let column: Vec<f32> = (0..257).map(|bin| if bin < 40 { 2.8 } else { 0.0 }).collect();
        let columns = vec![column; 20];
        let picture = plotted(|canvas| spectrogram(canvas, AREA, &columns));
        assert!(picture.get_pixel(30, 27).0[0] > 200);
        assert_eq!(picture.get_pixel(30, 3).0, GROUND);
    }
}
