//! Corner brackets around the sounding object and a ring where the sound is strongest.

use super::canvas::{Area, Canvas, Shape};
use super::state_color;
use crate::event::State;

/// Dark edge under every mark: keeps it visible on bright pictures.
const SHADE: [u8; 3] = [8, 10, 14];

/// The marks themselves.
const LIGHT: [u8; 3] = [255, 255, 255];

/// Draws the box `[x0, y0, x1, y1]` and the peak `[x, y]`, both in 0..1 of the area.
pub(super) fn draw(canvas: &mut Canvas, area: Area, bounds: [f32; 4], peak: [f32; 2]) {
    if area.is_empty() {
        return;
    }
    let line = (area.width.min(area.height) as f32 / 150.0).max(1.5);
    if bounds.iter().all(|v| v.is_finite()) {
        brackets(canvas, area, bounds, line);
    }
    if peak.iter().all(|v| v.is_finite()) {
        ring(canvas, area, peak, line);
    }
}

/// The four corners of the box, rounded.
fn brackets(canvas: &mut Canvas, area: Area, bounds: [f32; 4], line: f32) {
    // Inside by a line and its shade, so that a box that fills the picture shows all the same.
    let (low, size) = (line + 1.0, [area.width as f32, area.height as f32]);
    let place = |value: f32, axis: usize| (value.clamp(0.0, 1.0) * size[axis]).min(size[axis] - low).max(low);
    let xs = [place(bounds[0].min(bounds[2]), 0), place(bounds[0].max(bounds[2]), 0)];
    let ys = [place(bounds[1].min(bounds[3]), 1), place(bounds[1].max(bounds[3]), 1)];
    let half = [(xs[1] - xs[0]) / 2.0, (ys[1] - ys[0]) / 2.0];
    let shortest = half[0].min(half[1]);
    let shape = Shape {
        centre: [area.x as f32 + xs[0] + half[0], area.y as f32 + ys[0] + half[1]],
        half,
        radius: (line * 3.5).min(shortest),
    };
    let arm = (shortest * 0.5).max(line * 4.0);
    corners(canvas, shape, arm + 1.0, line + 2.0, SHADE, 0.6);
    corners(canvas, shape, arm, line, LIGHT, 1.0);
}

/// Strokes the outline of a shape no farther than `arm` pixels from its corners.
fn corners(canvas: &mut Canvas, shape: Shape, arm: f32, width: f32, color: [u8; 3], alpha: f32) {
    let reach = width / 2.0 + 1.0;
    let [x0, y0] = [shape.centre[0] - shape.half[0], shape.centre[1] - shape.half[1]];
    let [x1, y1] = [shape.centre[0] + shape.half[0], shape.centre[1] + shape.half[1]];
    for y in (y0 - reach) as i32..=(y1 + reach) as i32 {
        for x in (x0 - reach) as i32..=(x1 + reach) as i32 {
            let (px, py) = (x as f32 + 0.5, y as f32 + 0.5);
            let across = (px - x0).min(x1 - px);
            let down = (py - y0).min(y1 - py);
            // Ends are softened like edges.
            let end = (arm + 0.5 - across.max(down)).clamp(0.0, 1.0);
            if end > 0.0 {
                let edge = (width / 2.0 + 0.5 - shape.distance(px, py).abs()).clamp(0.0, 1.0);
                canvas.blend(x, y, color, alpha * end * edge);
            }
        }
    }
}

/// A ring with a dot in its middle.
fn ring(canvas: &mut Canvas, area: Area, peak: [f32; 2], line: f32) {
    let radius = line * 3.2;
    let place = |value: f32, size: i32| {
        let (size, edge) = (size as f32, radius + line);
        (value.clamp(0.0, 1.0) * size).min(size - edge).max(edge)
    };
    let x = area.x as f32 + place(peak[0], area.width);
    let y = area.y as f32 + place(peak[1], area.height);
    let circle = Shape::circle([x, y], radius);
    let dot = line * 1.15;
    canvas.stroke_shape(circle, line + 2.0, SHADE, 0.6);
    canvas.stroke_shape(circle, line, LIGHT, 1.0);
    canvas.fill_shape(Shape::circle([x, y], dot + 1.0), SHADE, 0.6);
    canvas.fill_shape(Shape::circle([x, y], dot), state_color(State::Match), 1.0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::RgbImage;

    const AREA: Area = Area { x: 0, y: 0, width: 200, height: 100 };

    fn marked(bounds: [f32; 4], peak: [f32; 2]) -> RgbImage {
        let mut picture = RgbImage::from_pixel(200, 100, image::Rgb([90; 3]));
        draw(&mut Canvas::new(&mut picture), AREA, bounds, peak);
        picture
    }

    #[test]
    fn brackets_mark_the_corners_and_leave_the_sides_open() {
        let picture = marked([0.25, 0.2, 0.75, 0.8], [0.5, 0.5]);
        // On the top edge: bright near the corner, untouched in the middle.
        let bright = |x: u32| (16..25).any(|y| picture.get_pixel(x, y).0[0] > 200);
        assert!(bright(60));
        assert!(!bright(100));
        assert_eq!(picture.get_pixel(5, 5).0, [90; 3]);
    }

    #[test]
    fn a_box_that_fills_the_picture_still_shows() {
        let picture = marked([0.0, 0.0, 1.0, 1.0], [1.0, 1.0]);
        assert!((0..6).any(|y| picture.get_pixel(12, y).0[0] > 200));
        assert!((194..200).any(|x| picture.get_pixel(x, 12).0[0] > 200));
    }

    #[test]
    fn what_is_not_a_number_is_not_drawn() {
        let picture = marked([0.1, f32::NAN, 0.5, 0.5], [f32::NAN, 0.5]);
        assert!(picture.pixels().all(|p| p.0 == [90; 3]));
        marked([0.9, 0.9, 0.1, 0.1], [-4.0, 9.0]);
    }
}
