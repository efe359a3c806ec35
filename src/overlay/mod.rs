//! The annotated picture: what the camera sees, where the sound is in it, and what was decided.
//!
//! [`draw`] makes the pictures of saved videos, snapshots and the README;
//! [`half_blocks`] and [`status_line`] show a picture and a decision where there is only text.

pub(crate) mod canvas;
mod headline;
mod heatmap;
mod marks;
mod panel;
mod picture;
mod plots;
pub mod terminal;
#[cfg(test)]
mod tests;
mod text;

use image::RgbImage;

use crate::event::{Event, Map, State};

pub use heatmap::heat_color;
pub use picture::{draw, mark};
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
