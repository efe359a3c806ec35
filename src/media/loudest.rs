//! Finds the loudest second of a sound, which is judged if no moment is named.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::path::Path;

use super::{Loss, MediaError, sound_in_parts};
use crate::preprocess::{SAMPLE_RATE, TENTH, energy};

/// The second of a file's sound with the most energy, on a grid of a tenth of a second; of equally loud ones the first. All
/// of a sound that is shorter. Tells what of the sound was missing.
///
/// # Errors
/// As [`super::sound`]. Hours of sound take no memory.
pub fn loudest_second(path: &Path) -> Result<(Vec<f32>, Loss), MediaError> {
    let mut loudest = Loudest::default();
    let loss = sound_in_parts(path, &mut |samples| {
        loudest.push(samples);
        ControlFlow::Continue(())
    })?;
    Ok((loudest.end(), loss))
}

/// The same of sound that is in memory: 48 kHz, mono.
///
/// ```
/// let mut sound = vec![0.0; 4 * 48_000];
/// sound[100_000..110_000].fill(0.5);
/// sound[105_000..110_000].fill(-0.5);
/// let second = lookhear::media::loudest_part(&sound);
/// assert_eq!((second.len(), second.contains(&-0.5)), (48_000, true));
/// ```
pub fn loudest_part(samples: &[f32]) -> Vec<f32> {
    let mut loudest = Loudest::default();
    loudest.push(samples);
    loudest.end()
}

/// Hears a sound from its start to its end.
#[derive(Default)]
struct Loudest {
    /// The last second, up to the last whole tenth, and what has come of the next one.
    tail: VecDeque<f32>,
    /// Energies of the whole tenths in it.
    tenths: VecDeque<f64>,
    /// Samples after the last whole tenth.
    begun: usize,
    best: Option<(f64, Vec<f32>)>,
}

impl Loudest {
    fn push(&mut self, samples: &[f32]) {
        let mut rest = samples;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(TENTH - self.begun));
            self.tail.extend(now);
            self.begun += now.len();
            rest = later;
            if self.begun == TENTH {
                self.tenth();
            }
        }
    }

    /// A tenth is complete.
    fn tenth(&mut self) {
        self.begun = 0;
        let before = self.tail.len().saturating_sub(SAMPLE_RATE);
        self.tail.drain(..before);
        let last = self.tail.len() - TENTH;
        self.tenths.push_back(energy(&self.tail.make_contiguous()[last..]));
        if self.tail.len() < SAMPLE_RATE {
            return;
        }
        if self.tenths.len() > SAMPLE_RATE / TENTH {
            self.tenths.pop_front();
        }
        let energy = self.tenths.iter().sum();
        if self.best.as_ref().is_none_or(|(best, _)| energy > *best) {
            self.best = Some((energy, self.tail.iter().copied().collect()));
        }
    }

    fn end(self) -> Vec<f32> {
        self.best.map_or_else(|| self.tail.into(), |(_, second)| second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loudest(samples: &[f32], chunk: usize) -> Vec<f32> {
        let mut loudest = Loudest::default();
        samples.chunks(chunk).for_each(|part| loudest.push(part));
        loudest.end()
    }

    #[test]
    fn the_loudest_second_is_found() {
        let tone = |n: usize| 0.5 * (n as f32 * 0.2).sin();
        let mut samples: Vec<f32> = (0..5 * SAMPLE_RATE).map(|n| 0.1 * tone(n)).collect();
        (3 * SAMPLE_RATE..4 * SAMPLE_RATE).for_each(|n| samples[n] = tone(n));
        for chunk in [1, 777, 4800, 1 << 20] {
            assert_eq!(
                loudest(&samples, chunk),
                samples[3 * SAMPLE_RATE..4 * SAMPLE_RATE],
                "chunks of {chunk}"
            );
        }
        // A constant offset must not count as loud.
        samples[..SAMPLE_RATE].iter_mut().for_each(|sample| *sample += 0.9);
        assert_eq!(loudest(&samples, 4096), samples[3 * SAMPLE_RATE..4 * SAMPLE_RATE]);
        assert_eq!(loudest(&samples[..10], 3), samples[..10]);
        assert_eq!(loudest(&samples[..50_000], 999), samples[..SAMPLE_RATE]);
        assert!(loudest(&[], 1).is_empty());
    }
}
