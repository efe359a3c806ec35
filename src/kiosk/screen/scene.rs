//! What a kiosk shows at one moment.

use image::RgbImage;

use crate::event::{Map, State};

/// Seconds of sound that the ribbon shows; older columns of a scene are not looked at.
pub const RIBBON_SECONDS: usize = 6;

/// Which page is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// What camera and microphone give, and what is made of it.
    Live,
    /// Nobody is there: an invitation over a large picture.
    Attract,
    /// How it works, for visitors.
    About,
}

/// Everything that one picture of the kiosk shows.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// Which page.
    pub page: Page,
    /// What the camera sees, as it came, of any size.
    pub frame: &'a RgbImage,
    /// Whether the frame is shown as in a mirror, with map and outline.
    pub mirror: bool,
    /// Localization map over the frame, already smoothed over time; may be empty.
    pub map: &'a Map,
    /// How strongly the map is shown, 0..1.
    pub warmth: f32,
    /// Box of the sounding object, smoothed: `[x0, y0, x1, y1]` in 0..1 of the frame.
    pub outline: Option<[f32; 4]>,
    /// The decision, already held calm.
    pub state: State,
    /// What it is, if that is known.
    pub name: Option<&'a str>,
    /// For the dial, smoothed, 0..1; it is shown as far as it agrees with the state.
    pub score: f32,
    /// Columns of the spectrogram, oldest first, 257 values each, of 5 ms; the last one is now.
    pub columns: &'a [Vec<f32>],
    /// What is wrong with a device, in the visitor's language if possible.
    pub trouble: Option<&'a str>,
    /// Whether nothing can be heard: in silence, that is said instead of "It is quiet."
    pub deaf: bool,
    /// Whether picture and sound are being kept: a visible sign, and another sentence on privacy.
    pub recording: bool,
    /// Clock for what moves by itself, in seconds.
    pub seconds: f64,
}
