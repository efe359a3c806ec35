//! Augmentation of sound: what a room, a loudspeaker or a microphone does to it.

use lookhear::preprocess::SAMPLE_RATE;
use rand::Rng;

/// Raises or lowers two bands of a second by up to 9 dB, as a microphone or a loudspeaker does.
pub(crate) fn colour(second: &mut [f32], rng: &mut impl Rng) {
    for _ in 0..2 {
        // Evenly over octaves, 100 Hz to 10 kHz.
        let frequency = 100.0 * 100f32.powf(rng.random_range(0.0..1.0));
        peaking(second, frequency, rng.random_range(0.4..1.5), rng.random_range(-9.0..9.0));
    }
    within_full_scale(second);
}

/// A peaking equalizer of centre `frequency` (Hz), quality `q` and `gain` (dB): the "peakingEQ" of Bristow-Johnson's
/// Audio EQ Cookbook.
fn peaking(samples: &mut [f32], frequency: f32, q: f32, gain: f32) {
    let amplitude = 10f32.powf(gain / 40.0);
    let angle = std::f32::consts::TAU * frequency / SAMPLE_RATE as f32;
    let alpha = angle.sin() / (2.0 * q);
    let a0 = 1.0 + alpha / amplitude;
    let b = [1.0 + alpha * amplitude, -2.0 * angle.cos(), 1.0 - alpha * amplitude].map(|v| v / a0);
    let a = [-2.0 * angle.cos(), 1.0 - alpha / amplitude].map(|v| v / a0);
    let mut state = [0.0f32; 2];
    for sample in samples {
        let y = b[0] * *sample + state[0];
        state = [b[1] * *sample - a[0] * y + state[1], b[2] * *sample - a[1] * y];
        *sample = y;
    }
}

/// Reflections of a small or large room: 40 of them, up to 50 to 400 ms late, decaying by 60 dB over that time, a
/// random sign each.
pub(crate) fn room(second: &mut [f32], rng: &mut impl Rng) {
    let decay = rng.random_range(0.05..0.4) * SAMPLE_RATE as f32;
    let strength = rng.random_range(0.1..0.5f32);
    let dry = second.to_vec();
    for _ in 0..40 {
        let late = rng.random_range(0.002..1.0) * decay;
        let gain = strength * 10f32.powf(-3.0 * late / decay) * if rng.random_bool(0.5) { 1.0 } else { -1.0 };
        second.iter_mut().skip(late as usize).zip(&dry).for_each(|(wet, dry)| *wet += gain * dry);
    }
    within_full_scale(second);
}

fn within_full_scale(second: &mut [f32]) {
    let peak = second.iter().fold(1.0f32, |m, s| m.max(s.abs()));
    second.iter_mut().for_each(|s| *s /= peak);
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn tone(frequency: f32) -> Vec<f32> {
        let step = std::f32::consts::TAU * frequency / SAMPLE_RATE as f32;
        (0..SAMPLE_RATE).map(|n| 0.1 * (n as f32 * step).sin()).collect()
    }

    fn decibels(before: &[f32], after: &[f32]) -> f32 {
        let power = |s: &[f32]| s[4800..].iter().map(|v| v * v).sum::<f32>();
        10.0 * (power(after) / power(before)).log10()
    }

    #[test]
    fn the_equalizer_has_its_gain_at_its_centre_and_none_far_away() {
        for (frequency, expected) in [(1000.0, 6.0), (50.0, 0.0), (18_000.0, 0.0)] {
            let (before, mut after) = (tone(frequency), tone(frequency));
            peaking(&mut after, 1000.0, 1.0, 6.0);
            let gain = decibels(&before, &after);
            assert!((gain - expected).abs() < 0.3, "{frequency} Hz: {gain} dB");
        }
    }

    #[test]
    fn a_click_leaves_reflections_that_die_away() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut click = vec![0.0; SAMPLE_RATE];
        click[0] = 0.5;
        room(&mut click, &mut rng);
        let loudest = |range: std::ops::Range<usize>| click[range].iter().fold(0.0f32, |m, s| m.max(s.abs()));
        assert_eq!(click[0], 0.5);
        assert!(loudest(1..19_200) > 0.01);
        assert_eq!(loudest(19_200..SAMPLE_RATE), 0.0);
    }

    #[test]
    fn nothing_is_louder_than_full_scale() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        for _ in 0..20 {
            let mut second: Vec<f32> = tone(300.0).iter().map(|s| s * 9.9).collect();
            colour(&mut second, &mut rng);
            room(&mut second, &mut rng);
            assert!(second.iter().all(|s| s.abs() <= 1.0));
        }
    }
}
