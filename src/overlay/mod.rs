//! The annotated picture: what the camera sees, where the sound is in it, and what was decided.
//!
//! [`draw`] makes the pictures of saved videos, snapshots and the README;
//! [`half_blocks`] and [`status_line`] show a picture and a decision where there is only text.

pub(crate) mod canvas;
mod headline;
mod heatmap;
mod marks;
mod panel;
mod plots;
pub mod terminal;
#[cfg(test)]
mod tests;
mod text;

use image::RgbImage;

use crate::event::{Event, Map, State};
use canvas::{Area, Canvas};

pub use heatmap::heat_color;
pub(crate) use terminal::shrink;
pub use terminal::{half_blocks, status_line};

/// Everything that one annotated picture shows.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The camera picture, any size; text stays complete from 64 by 64 pixels up.
    pub frame: &'a RgbImage,
    /// The localization map that covers the whole frame; may be empty.
    pub map: &'a Map,
    /// The decision to show.
    pub event: &'a Event,
    /// The last second of sound, 48 kHz mono, -1..1; may be empty.
    pub sound: &'a [f32],
    /// Columns of the spectrogram, newest last, each 257 values from low to high frequency,
    /// 0 (silence) to about 2.8 (loudest); may be empty, then the ribbon is left out.
    pub spectrogram: &'a [Vec<f32>],
    /// Recent scores, newest last, each 0..1; may be empty.
    pub scores: &'a [f32],
}

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

/// The colour that stands for a state: told apart by lightness and warmth, not by red and green.
pub(crate) fn state_color(state: State) -> [u8; 3] {
    match state {
        State::Silent => [140, 151, 170],
        State::Match => [61, 224, 172],
        State::NoVisibleSource => [255, 179, 71],
    }
}

/// Time for people: minutes, seconds and tenths, with hours once there are any.
fn clock(seconds: f64) -> String {
    // A float turns into an integer by saturation, so NaN and negative times read as zero.
    let tenths = (seconds * 10.0).floor() as u64;
    let (hours, minutes, rest) = (tenths / 36_000, tenths / 600 % 60, tenths % 600);
    let (seconds, tenth) = (rest / 10, rest % 10);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}.{tenth}")
    } else {
        format!("{minutes}:{seconds:02}.{tenth}")
    }
}

/// A value forced into 0..1; what is not a number counts as 0.
pub(crate) fn unit(value: f32) -> f32 {
    if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) }
}
