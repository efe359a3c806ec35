//! The virtual studio: scenes put together from objects, of which one sounds.
//!
//! The true box of every object is known here, so scenes serve three ends: training, evaluation,
//! and a camera and microphone for people who have none at hand.

mod cast;
pub mod compose;
mod drawn;
mod play;
mod stamps;
mod synth;

pub use cast::{cast, favourites};
pub use drawn::{Kind, backdrop, draw};
pub use play::{Act, Cue, Play};
pub use stamps::STAMPS;
pub use synth::synthesize;

use image::RgbaImage;
use rand::Rng;

/// An object that can be seen and heard.
#[derive(Clone, Debug)]
pub struct Performer {
    /// What it is, e.g. `dog`.
    pub name: String,
    /// Cut-out with transparent surroundings.
    pub picture: RgbaImage,
    /// 48 kHz mono, -1..1.
    pub sound: Vec<f32>,
}

/// Sound of a performer for `samples` samples: from its start, repeated after a short pause.
pub fn perform(performer: &Performer, samples: usize, rng: &mut impl Rng) -> Vec<f32> {
    let mut sound = Vec::with_capacity(samples);
    while sound.len() < samples && !performer.sound.is_empty() {
        sound.extend_from_slice(&performer.sound);
        let pause = rng.random_range(0.05..0.25) * crate::preprocess::SAMPLE_RATE as f32;
        sound.extend(std::iter::repeat_n(0.0, pause as usize));
    }
    sound.resize(samples, 0.0);
    sound
}
