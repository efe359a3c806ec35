//! How loud sound is.

use super::SAMPLE_RATE;

/// Level of sound in decibels relative to full scale (a square wave is 0, digital silence -120).
/// This is what the silence threshold is compared with.
///
/// A constant offset, as some sound cards add, is removed: in each tenth of a second, only the deviation from the mean
/// counts.
pub fn level(samples: &[f32]) -> f32 {
    let energy: f64 = samples.chunks(TENTH).map(energy).sum();
    (10.0 * (energy / samples.len().max(1) as f64 + 1e-12).log10()) as f32
}

/// Samples of a tenth of a second.
pub(crate) const TENTH: usize = SAMPLE_RATE / 10;

/// The sum of the squared differences from the mean.
pub(crate) fn energy(samples: &[f32]) -> f64 {
    let (sum, squares) = samples.iter().fold((0.0, 0.0), |(sum, squares), sample| {
        let sample = f64::from(*sample);
        (sum + sample, squares + sample * sample)
    });
    (squares - sum * sum / samples.len().max(1) as f64).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_offset_is_no_sound_and_changes_no_level() {
        let tone: Vec<f32> = (0..SAMPLE_RATE).map(|n| 0.5 * (n as f32 * 0.1).sin()).collect();
        let lifted = |by: f32| tone.iter().map(|sample| sample + by).collect::<Vec<_>>();
        assert!((level(&tone) + 9.03).abs() < 0.01, "{}", level(&tone));
        for offset in [0.001, -0.1, 0.4] {
            assert!((level(&lifted(offset)) - level(&tone)).abs() < 1e-3);
            assert_eq!(level(&vec![offset; SAMPLE_RATE]), -120.0);
            // Switched on in the middle, it is one click.
            let switched: Vec<f32> =
                (0..SAMPLE_RATE).map(|n| if n < 25_000 { 0.0 } else { offset }).collect();
            assert!(level(&switched) < 20.0 * offset.abs().log10() - 15.0, "{}", level(&switched));
        }
        assert_eq!((level(&[]), level(&[0.0; 100])), (-120.0, -120.0));
    }
}
