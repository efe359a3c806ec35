//! The whole picture: the frame with its marks, and the panel below.

use image::RgbImage;

use super::canvas::{Area, Canvas};
use super::{View, heatmap, marks, panel};
use crate::event::{Event, Map};

/// The annotated picture: the frame at its own size with the localization map, box and peak drawn
/// over it, and a panel of about 22 % of its height below.
///
/// Width and height of the result are even, as video encoders need them: a frame of odd width has
/// its last column repeated, and the panel takes up an odd row.
pub fn draw(view: &View) -> RgbImage {
    let (width, height) = view.frame.dimensions();
    let panel = panel_height(height);
    let mut picture = RgbImage::new(width.next_multiple_of(2).max(2), height + panel);
    for (x, y, pixel) in mark(view.frame, view.map, view.event).enumerate_pixels() {
        picture.put_pixel(x, y, *pixel);
    }
    if width % 2 == 1 {
        for y in 0..height {
            let last = *picture.get_pixel(width - 1, y);
            picture.put_pixel(width, y, last);
        }
    }
    let below = Area { x: 0, y: height as i32, width: picture.width() as i32, height: panel as i32 };
    panel::draw(&mut Canvas::new(&mut picture), below, view);
    picture
}

/// The frame with the localization map, box and peak drawn over it, and nothing else.
pub fn mark(frame: &RgbImage, map: &Map, event: &Event) -> RgbImage {
    let (width, height) = frame.dimensions();
    let mut picture = frame.clone();
    heatmap::blend(&mut picture, (width, height), map, event.state);
    if let Some(bounds) = event.bounds {
        let whole = Area { x: 0, y: 0, width: width as i32, height: height as i32 };
        marks::draw(&mut Canvas::new(&mut picture), whole, bounds, event.peak);
    }
    picture
}

/// Height of the panel below a frame: with the frame it makes an even number.
fn panel_height(frame: u32) -> u32 {
    let height = (frame as f32 * 0.22).round().max(48.0) as u32;
    height + (frame + height) % 2
}
