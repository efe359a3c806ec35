//! The virtual studio: scenes put together from objects, of which one sounds.
//!
//! The true box of every object is known here, so scenes serve three ends: training, evaluation,
//! and a camera and microphone for people who have none at hand.

pub mod compose;
mod drawn;
mod play;
mod stamps;
mod synth;

pub use drawn::{Kind, backdrop, draw};
pub use play::{Act, Cue, Play};
pub use stamps::STAMPS;
pub use synth::synthesize;

use std::path::Path;

use image::RgbaImage;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

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

/// All that may appear: Debian's stamps if they are installed (real photos and sounds), otherwise
/// drawn objects with synthesized sounds.
pub fn cast(folder: &Path, rng: &mut ChaCha8Rng) -> Vec<Performer> {
    or_drawn(stamps::load(folder), rng)
}

/// The same for visitors, who are to see what LookHear is like: of the stamps only what the shipped model knows well.
/// How often it is right on all of them, a demo with [`cast`] tells.
pub fn favourites(folder: &Path, rng: &mut ChaCha8Rng) -> Vec<Performer> {
    let mut found = stamps::load(folder);
    found.retain(|performer| stamps::FAVOURITES.contains(&&*performer.name));
    or_drawn(found, rng)
}

fn or_drawn(found: Vec<Performer>, rng: &mut ChaCha8Rng) -> Vec<Performer> {
    if found.len() >= 2 {
        return found;
    }
    let draw_one = |kind: Kind| Performer {
        name: kind.name().into(),
        picture: draw(kind, 256, rng),
        sound: synthesize(kind, 3.0, rng),
    };
    Kind::ALL.map(draw_one).into()
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
