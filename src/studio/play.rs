//! A play: acts with two objects in view, of which first the one and then the other sounds.

use image::RgbImage;
use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::{Performer, backdrop, compose, perform};
use crate::preprocess::SAMPLE_RATE;

/// Seconds that each of the two objects sounds.
const TURN: f64 = 3.0;
/// Seconds of quiet after each turn.
const PAUSE: f64 = 1.0;

/// Two objects in one picture.
pub struct Act {
    /// What the camera sees.
    pub picture: RgbImage,
    /// Names of both objects.
    pub names: [String; 2],
    /// `[x0, y0, x1, y1]` of both, 0..1.
    pub boxes: [[f32; 4]; 2],
    /// What the microphone hears, 48 kHz mono.
    pub sound: Vec<f32>,
}

/// When which object of which act sounds.
#[derive(Clone, Debug, PartialEq)]
pub struct Cue {
    /// Start of the turn, in seconds since the start of the play.
    pub from: f64,
    /// End of the turn, in seconds since the start of the play.
    pub to: f64,
    /// Box of the object that sounds.
    pub sounding: [f32; 4],
    /// Box of the other one.
    pub other: [f32; 4],
    /// Name of the object that sounds.
    pub name: String,
}

/// Acts in order.
pub struct Play {
    /// Each lasts [`Play::ACT`] seconds.
    pub acts: Vec<Act>,
}

impl Play {
    /// Seconds of an act.
    pub const ACT: f64 = 2.0 * (TURN + PAUSE);

    /// Casts `count` acts of two different performers each.
    pub fn new(cast: &[Performer], count: usize, size: (u32, u32), rng: &mut ChaCha8Rng) -> Self {
        let mut order: Vec<&Performer> = Vec::new();
        while order.len() < 2 * count && !cast.is_empty() {
            let mut round: Vec<&Performer> = cast.iter().collect();
            round.shuffle(rng);
            order.extend(round);
        }
        let acts = order.chunks_exact(2).take(count).map(|pair| act(pair[0], pair[1], size, rng));
        Self { acts: acts.collect() }
    }

    /// Who sounds when: the truth that a demo or a test can compare with.
    pub fn cues(&self) -> Vec<Cue> {
        let mut cues = Vec::new();
        for (i, act) in self.acts.iter().enumerate() {
            for turn in 0..2 {
                let from = i as f64 * Self::ACT + turn as f64 * (TURN + PAUSE);
                cues.push(Cue {
                    from,
                    to: from + TURN,
                    sounding: act.boxes[turn],
                    other: act.boxes[1 - turn],
                    name: act.names[turn].clone(),
                });
            }
        }
        cues
    }
}

fn act(first: &Performer, second: &Performer, (width, height): (u32, u32), rng: &mut ChaCha8Rng) -> Act {
    let background = backdrop(width, height, rng);
    let cutouts = [first.picture.clone(), second.picture.clone()];
    let mirrored = rng.random_bool(0.5);
    let mut scene = match mirrored {
        true => compose::side_by_side(&background, &[cutouts[1].clone(), cutouts[0].clone()], rng),
        false => compose::side_by_side(&background, &cutouts, rng),
    };
    if mirrored {
        scene.boxes.swap(0, 1);
    }
    let turn = |performer: &Performer, rng: &mut ChaCha8Rng| {
        let mut sound = perform(performer, (TURN * SAMPLE_RATE as f64) as usize, rng);
        fade_out(&mut sound);
        sound.extend(std::iter::repeat_n(0.0, (PAUSE * SAMPLE_RATE as f64) as usize));
        sound
    };
    let mut sound = turn(first, rng);
    sound.extend(turn(second, rng));
    Act {
        picture: scene.picture,
        names: [first.name.clone(), second.name.clone()],
        boxes: [scene.boxes[0], scene.boxes[1]],
        sound,
    }
}

/// 20 ms, so that the cut is no click.
fn fade_out(sound: &mut [f32]) {
    let length = (SAMPLE_RATE / 50).min(sound.len());
    let start = sound.len() - length;
    for (i, sample) in sound[start..].iter_mut().enumerate() {
        *sample *= 1.0 - i as f32 / length as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studio::cast;
    use rand::SeedableRng;
    use std::path::Path;

    #[test]
    fn cues_and_sound_agree() {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let cast = cast(Path::new("/nonexistent"), &mut rng);
        let play = Play::new(&cast, 2, (320, 240), &mut rng);
        assert_eq!(play.cues().len(), 4);
        for (i, cue) in play.cues().iter().enumerate() {
            let act = &play.acts[i / 2];
            let at = |t: f64| ((t - (i / 2) as f64 * Play::ACT) * SAMPLE_RATE as f64) as usize;
            let loud =
                |from, to| act.sound[at(from)..at(to).min(act.sound.len())].iter().any(|s| s.abs() > 0.01);
            assert!(loud(cue.from, cue.to), "{} sounds", cue.name);
            assert!(!loud(cue.to + 0.01, cue.to + PAUSE), "then it is quiet");
            assert_ne!(cue.sounding, cue.other);
        }
        assert_eq!(play.acts[0].sound.len() as f64, Play::ACT * SAMPLE_RATE as f64);
    }
}
