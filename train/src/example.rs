//! One training example, and how examples become a batch.

use lookhear::preprocess::SAMPLE_RATE;
use lookhear::preprocess::spectrogram::{BINS, COLUMNS};
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
#[derive(Clone)]
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

    /// Equal parts in order; of all pairs, those within a part are left. The size must be a multiple of `parts`.
    pub fn split(self, parts: usize) -> Vec<Self> {
        if parts == 1 {
            return vec![self];
        }
        let size = self.size / parts;
        let slice = |values: &[f32], part: usize| {
            let each = values.len() / parts;
            values[part * each..(part + 1) * each].to_vec()
        };
        let part = |part: usize| {
            let rows = (part * size..(part + 1) * size).map(|row| row * self.size + part * size);
            let targets = rows.flat_map(|begin| &self.targets[begin..begin + size]).copied().collect();
            Self { size, pictures: slice(&self.pictures, part), sounds: slice(&self.sounds, part), targets }
        };
        (0..parts).map(part).collect()
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
    second_at_speed(recording, 1.0, rng)
}

/// [`random_second`], played faster or slower by up to 15 %: pitch and tempo change together, as they
/// do from one dog, engine or voice to the next.
pub fn random_second_and_speed(recording: &[i16], rng: &mut impl Rng) -> Vec<f32> {
    let speed = rng.random_range(0.87..1.15);
    second_at_speed(recording, speed, rng)
}

/// The second of a recording that begins at a sample; filled with silence where the recording ends.
pub fn second_at(recording: &[i16], start: usize) -> Vec<f32> {
    let mut second: Vec<f32> = recording.iter().skip(start).take(SAMPLE_RATE).map(|s| float(*s)).collect();
    second.resize(SAMPLE_RATE, 0.0);
    second
}

fn second_at_speed(recording: &[i16], speed: f64, rng: &mut impl Rng) -> Vec<f32> {
    let length = (SAMPLE_RATE as f64 * speed) as usize;
    if recording.len() <= length {
        let sound = change_speed(recording, speed);
        let before = rng.random_range(0..=SAMPLE_RATE - sound.len());
        let mut second = vec![0.0; SAMPLE_RATE];
        second[before..before + sound.len()].copy_from_slice(&sound);
        return second;
    }
    let energy = |start: usize| -> f32 {
        recording[start..start + length].iter().step_by(7).map(|s| float(*s).powi(2)).sum()
    };
    let tries = (0..5).map(|_| rng.random_range(0..=recording.len() - length));
    let start = tries.max_by(|a, b| energy(*a).total_cmp(&energy(*b))).unwrap_or(0);
    let mut second = change_speed(&recording[start..start + length], speed);
    second.resize(SAMPLE_RATE, 0.0);
    second
}

fn float(sample: i16) -> f32 {
    f32::from(sample) / 32768.0
}

/// By linear interpolation; at most a second comes out.
fn change_speed(samples: &[i16], speed: f64) -> Vec<f32> {
    let at = |n: usize| samples.get(n).or(samples.last()).map_or(0.0, |s| float(*s));
    let length = ((samples.len() as f64 / speed) as usize).min(SAMPLE_RATE);
    let sample = |n: usize| {
        let position = n as f64 * speed;
        let (whole, part) = (position as usize, position.fract() as f32);
        at(whole) + (at(whole + 1) - at(whole)) * part
    };
    (0..length).map(sample).collect()
}

/// Takes up to two bands of frequencies and one span of time out of a spectrogram `[257, 199]`, so
/// that no single band or moment suffices ("SpecAugment", Park et al. 2019).
pub fn mask(spectrogram: &mut [f32], rng: &mut impl Rng) {
    for _ in 0..rng.random_range(0..=2) {
        let (width, first) = (rng.random_range(4..28), rng.random_range(0..BINS - 28));
        spectrogram[first * COLUMNS..(first + width) * COLUMNS].fill(0.0);
    }
    if rng.random_bool(0.5) {
        let (width, first) = (rng.random_range(4..40), rng.random_range(0..COLUMNS - 40));
        spectrogram.chunks_exact_mut(COLUMNS).for_each(|row| row[first..first + width].fill(0.0));
    }
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
    fn a_second_ends_in_silence_where_the_recording_ends() {
        let recording = vec![16_384; SAMPLE_RATE + 10];
        assert_eq!(second_at(&recording, 10), vec![0.5; SAMPLE_RATE]);
        let last = second_at(&recording, SAMPLE_RATE);
        assert_eq!((last.len(), last[9], last[10]), (SAMPLE_RATE, 0.5, 0.0));
        assert_eq!(second_at(&recording, 3 * SAMPLE_RATE), vec![0.0; SAMPLE_RATE]);
    }

    #[test]
    fn parts_keep_their_own_pairs() {
        let mut batch = Batch::new(vec![
            example(&[1], Some(1)),
            example(&[2], Some(3)),
            example(&[3], Some(3)),
            example(&[4], None),
        ]);
        batch.pictures = (0..8).map(|v| v as f32).collect();
        let parts = batch.split(2);
        assert_eq!(parts[0].targets, [1.0, 0.0, 0.0, 0.0]);
        assert_eq!(parts[1].targets, [1.0, 0.0, 0.0, 0.0]);
        assert_eq!((parts[1].size, &parts[1].pictures[..]), (2, &[4.0, 5.0, 6.0, 7.0][..]));
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

    #[test]
    fn speed_changes_pitch_and_length_alike() {
        let tone: Vec<i16> = (0..40_000).map(|n| ((n as f32 * 0.05).sin() * 9000.0) as i16).collect();
        let crossings = |s: &[f32]| s.windows(2).filter(|w| (w[0] < 0.0) != (w[1] < 0.0)).count();
        let original = change_speed(&tone, 1.0);
        assert_eq!(original.len(), 40_000);
        for (speed, length) in [(0.87, 45_977), (1.15, 34_782)] {
            let changed = change_speed(&tone, speed);
            assert_eq!(changed.len(), length);
            assert!(
                crossings(&changed).abs_diff(crossings(&original)) <= 2,
                "as many periods in another time"
            );
        }
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        for length in [0, 1, 41_760, SAMPLE_RATE, 3 * SAMPLE_RATE] {
            assert_eq!(random_second_and_speed(&vec![7; length], &mut rng).len(), SAMPLE_RATE);
        }
    }

    #[test]
    fn masks_take_out_a_part_and_never_all() {
        let mut rng = ChaCha8Rng::seed_from_u64(6);
        let mut masked = 0;
        for _ in 0..50 {
            let mut spectrogram = vec![1.0; BINS * COLUMNS];
            mask(&mut spectrogram, &mut rng);
            let left = spectrogram.iter().sum::<f32>() / spectrogram.len() as f32;
            assert!(left > 0.6, "{left}");
            masked += usize::from(left < 1.0);
        }
        assert!(masked > 30, "{masked} of 50");
    }
}
