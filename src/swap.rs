//! The audio-swap self-check: the same picture with another sound must get another score.
//!
//! Earlier sounds are kept as encodings, so a check runs only the heads.

use std::collections::VecDeque;

use crate::engine::{AudioEncoding, ImageEncoding};
use crate::judge::Judge;

/// Seconds between two sounds that are kept.
const APART: f64 = 2.0;
/// Sounds that are kept.
const KEPT: usize = 30;
/// Cosine similarity above which two sounds count as the same.
const ALIKE: f32 = 0.9;

/// Result of a check.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Swapped {
    /// Score of the picture with the earlier sound.
    pub score: f32,
}

/// Keeps sounds, and swaps them in.
#[derive(Clone, Debug)]
pub struct SwapCheck {
    /// Seconds between two checks.
    every: f64,
    checked: f64,
    kept: VecDeque<(f64, AudioEncoding)>,
}

impl SwapCheck {
    /// Checks every `every` seconds; 0: only on request.
    pub fn new(every: f64) -> Self {
        Self { every, checked: 0.0, kept: VecDeque::new() }
    }

    /// Takes the encodings at `t`; checks if a check is due or requested.
    ///
    /// `None`: no check, or no earlier sound is different enough.
    pub fn update(
        &mut self,
        t: f64,
        seen: &ImageEncoding,
        heard: &AudioEncoding,
        audible: bool,
        asked: bool,
        judge: &mut Judge,
    ) -> Option<Swapped> {
        let due = audible && self.every > 0.0 && t - self.checked >= self.every;
        let other = if due || asked { self.most_unlike(heard) } else { None };
        let swapped = other.map(|(_, other)| {
            let judgement = judge.judge(seen, other);
            Swapped { score: judge.score(&judgement) }
        });
        if swapped.is_some() {
            self.checked = t;
        }
        if audible && self.kept.back().is_none_or(|(when, _)| t - when >= APART) {
            if self.kept.len() == KEPT {
                self.kept.pop_front();
            }
            self.kept.push_back((t, heard.clone()));
        }
        swapped
    }

    fn most_unlike(&self, heard: &AudioEncoding) -> Option<&(f64, AudioEncoding)> {
        let alike = |other: &AudioEncoding| cosine(&other.embedding, &heard.embedding);
        let least = self.kept.iter().min_by(|a, b| alike(&a.1).total_cmp(&alike(&b.1)))?;
        (alike(&least.1) < ALIKE).then_some(least)
    }
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt().max(1e-12)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(embedding: [f32; 2]) -> AudioEncoding {
        AudioEncoding { embedding: embedding.into(), ..AudioEncoding::default() }
    }

    fn kept(sounds: &[[f32; 2]]) -> SwapCheck {
        let kept = sounds.iter().enumerate().map(|(n, sound)| (n as f64 * APART, heard(*sound))).collect();
        SwapCheck { kept, ..SwapCheck::new(5.0) }
    }

    #[test]
    fn the_sound_that_is_least_like_the_present_one_is_swapped_in() {
        let check = kept(&[[1.0, 0.1], [0.2, 1.0], [1.0, 1.0]]);
        assert_eq!(check.most_unlike(&heard([1.0, 0.0])).unwrap().1.embedding, [0.2, 1.0]);
        assert_eq!(check.most_unlike(&heard([0.0, 2.0])).unwrap().1.embedding, [1.0, 0.1]);
    }

    #[test]
    fn the_same_sound_again_is_no_other_sound() {
        assert!(kept(&[]).most_unlike(&heard([1.0, 0.0])).is_none());
        assert!(kept(&[[3.0, 0.1], [2.0, 0.0]]).most_unlike(&heard([1.0, 0.0])).is_none());
    }
}
