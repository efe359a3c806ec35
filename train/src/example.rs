//! One training example, and how examples become a batch.

use lookhear::preprocess::SAMPLE_RATE;
use rand::Rng;

/// A picture and a sound, with who is in them.
pub struct Example {
    /// `[3, 224, 224]`, -1..1.
    pub picture: Vec<f32>,
    /// `[257, 199]`.
    pub sound: Vec<f32>,
    /// What the picture shows: classes, or the video's number. Empty: nothing that is taught.
    pub seen: Vec<u32>,
    /// What sounds. `None`: nothing that is taught.
    pub heard: Option<u32>,
}

/// Examples side by side, and which pairs count.
pub struct Batch {
    /// Number of pictures, and of sounds.
    pub size: usize,
    /// `[size, 3, 224, 224]`.
    pub pictures: Vec<f32>,
    /// `[size, 1, 257, 199]`.
    pub sounds: Vec<f32>,
    /// `[size, size]`: 1 where the picture (row) corresponds to the sound (column).
    pub targets: Vec<f32>,
}

impl Batch {
    /// Puts examples together.
    pub fn new(examples: Vec<Example>) -> Self {
        let size = examples.len();
        let mut targets = Vec::with_capacity(size * size);
        for row in &examples {
            for column in &examples {
                let corresponds = column.heard.is_some_and(|heard| row.seen.contains(&heard));
                targets.push(f32::from(u8::from(corresponds)));
            }
        }
        let (mut pictures, mut sounds) = (Vec::new(), Vec::new());
        for example in examples {
            pictures.extend(example.picture);
            sounds.extend(example.sound);
        }
        Self { size, pictures, sounds, targets }
    }
}

/// Scales sound to a random level: 10 dB down to 6 dB up, never above full scale.
pub fn random_gain(samples: &mut [f32], rng: &mut impl Rng) {
    let decibels: f32 = rng.random_range(-10.0..6.0);
    let peak = samples.iter().fold(1e-6f32, |m, s| m.max(s.abs()));
    let gain = 10f32.powf(decibels / 20.0).min(1.0 / peak);
    samples.iter_mut().for_each(|s| *s *= gain);
}

/// A random second of a recording. Of five tries the loudest is taken, so that pauses are rare;
/// recordings shorter than a second are put at a random place in silence.
pub fn random_second(recording: &[i16], rng: &mut impl Rng) -> Vec<f32> {
    let float = |s: &i16| f32::from(*s) / 32768.0;
    if recording.len() <= SAMPLE_RATE {
        let before = rng.random_range(0..=SAMPLE_RATE - recording.len());
        let mut second = vec![0.0; SAMPLE_RATE];
        for (out, sample) in second[before..].iter_mut().zip(recording) {
            *out = float(sample);
        }
        return second;
    }
    let energy = |start: usize| -> f32 {
        recording[start..start + SAMPLE_RATE].iter().step_by(7).map(|s| float(s).powi(2)).sum()
    };
    let tries = (0..5).map(|_| rng.random_range(0..=recording.len() - SAMPLE_RATE));
    let start = tries.max_by(|a, b| energy(*a).total_cmp(&energy(*b))).unwrap_or(0);
    recording[start..start + SAMPLE_RATE].iter().map(float).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn example(seen: &[u32], heard: Option<u32>) -> Example {
        Example { picture: vec![], sound: vec![], seen: seen.into(), heard }
    }

    #[test]
    fn everything_that_is_seen_corresponds_when_heard() {
        let batch = Batch::new(vec![example(&[1, 2], Some(1)), example(&[2], Some(2)), example(&[], None)]);
        assert_eq!(batch.targets, [1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn a_second_is_a_second_and_prefers_the_loud_part() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        assert_eq!(random_second(&[9; 100], &mut rng).iter().filter(|s| **s > 0.0).count(), 100);
        let mut recording = vec![0i16; 5 * SAMPLE_RATE];
        recording[2 * SAMPLE_RATE..3 * SAMPLE_RATE].fill(8000);
        let loud = (0..50).filter(|_| random_second(&recording, &mut rng).iter().any(|s| *s > 0.0)).count();
        assert!(loud > 40, "{loud} of 50");
    }
}
