//! A stream of sound as windows of one second, one every hop.

use crate::preprocess::spectrogram::{BINS, COLUMNS, HOP, transpose};
use crate::preprocess::{SAMPLE_RATE, Spectrogram, level};

/// How many windows `samples` of sound give at a hop (both in samples of 48 kHz, the hop at least 1): one at least, and
/// so many that every sample lies in one. Only at hops of more than a second there is sound between the windows.
///
/// A centred stream counts with its half second of zeros.
pub fn count(samples: usize, hop: usize) -> usize {
    let beyond = samples.saturating_sub(SAMPLE_RATE);
    // The second term matters for long hops: no window begins after the end.
    (1 + beyond.div_ceil(hop)).min(samples.div_ceil(hop)).max(1)
}

/// One second of a stream.
#[derive(Clone, Copy, Debug)]
pub struct Window<'a> {
    /// Seconds: the middle of the window in a centred stream, else its start.
    pub t: f64,
    /// 199 columns of 257 bins, oldest first.
    pub columns: &'a [Vec<f32>],
    /// The second that they were made of.
    samples: &'a [f32],
}

impl Window<'_> {
    /// `[257, 199]`, bin by bin, as [`crate::preprocess::spectrogram::second`] gives it.
    pub fn spectrogram(&self) -> Vec<f32> {
        transpose(&self.columns.concat())
    }

    /// The second's level, in decibels relative to full scale.
    pub fn level(&self) -> f32 {
        level(self.samples)
    }
}

/// Takes sound in chunks of any size and gives windows.
pub struct Windows {
    hop: usize,
    /// Whether the hop is a whole number of columns. Then each column is computed once, for all its windows.
    shared: bool,
    spectrogram: Spectrogram,
    columns: Vec<Vec<f32>>,
    /// The samples of the last window.
    second: Vec<f32>,
    /// Shared: samples after the last window's end; else from the next window's start on.
    waiting: Vec<f32>,
    /// Samples still to come that lie between two windows.
    skip: usize,
    /// Samples so far, with the zeros before them.
    taken: usize,
    made: usize,
}

impl Windows {
    /// A stream with a hop in samples of 48 kHz, at least 1. Centred, it begins with half a second of zeros.
    pub fn new(hop: usize, centred: bool) -> Self {
        let mut windows = Self {
            hop,
            shared: hop.is_multiple_of(HOP),
            spectrogram: Spectrogram::new(),
            columns: vec![vec![0.0; BINS]; COLUMNS],
            second: vec![0.0; SAMPLE_RATE],
            waiting: Vec::new(),
            skip: 0,
            taken: 0,
            made: 0,
        };
        if centred {
            windows.push(&[0.0; SAMPLE_RATE / 2]);
        }
        windows
    }

    /// Takes the next samples, 48 kHz mono. Ask [`Windows::next_window`] after each push.
    pub fn push(&mut self, samples: &[f32]) {
        let skip = self.skip.min(samples.len());
        self.skip -= skip;
        self.taken += samples.len();
        self.waiting.extend_from_slice(&samples[skip..]);
    }

    /// Ends the stream: zeros fill the last window.
    pub fn end(&mut self) {
        let all = (count(self.taken, self.hop) - 1) * self.hop + SAMPLE_RATE;
        self.push(&vec![0.0; all.saturating_sub(self.taken)]);
    }

    /// The next window; `None` until more sound has come.
    pub fn next_window(&mut self) -> Option<Window<'_>> {
        let follows = self.shared && self.made > 0;
        let need = if follows { self.hop } else { SAMPLE_RATE };
        if self.waiting.len() < need {
            return None;
        }
        if !self.shared {
            self.spectrogram = Spectrogram::new();
        }
        let columns = &mut self.columns;
        self.spectrogram.push(&self.waiting[..need], |column| {
            columns.rotate_left(1);
            columns[COLUMNS - 1].copy_from_slice(column);
        });
        let fresh = need.min(SAMPLE_RATE);
        self.second.copy_within(fresh.., 0);
        self.second[SAMPLE_RATE - fresh..].copy_from_slice(&self.waiting[need - fresh..need]);
        let used = if self.shared { need } else { self.hop };
        self.skip = used.saturating_sub(self.waiting.len());
        self.waiting.drain(..used.min(self.waiting.len()));
        let t = (self.made * self.hop) as f64 / SAMPLE_RATE as f64;
        self.made += 1;
        Some(Window { t, columns: &self.columns, samples: &self.second })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::spectrogram::second;

    fn noise(samples: usize) -> Vec<f32> {
        let value = |n: usize| (n as u32).wrapping_mul(2_654_435_761) >> 16;
        (0..samples).map(|n| value(n) as f32 / 65_536.0 - 0.5).collect()
    }

    /// Timestamps, spectrograms and levels, from chunks of some size.
    fn run(samples: &[f32], hop: usize, centred: bool, chunk: usize) -> Vec<(f64, Vec<f32>, f32)> {
        let mut windows = Windows::new(hop, centred);
        let mut found = Vec::new();
        let mut all = |windows: &mut Windows| {
            while let Some(window) = windows.next_window() {
                found.push((window.t, window.spectrogram(), window.level()));
            }
        };
        for part in samples.chunks(chunk) {
            windows.push(part);
            all(&mut windows);
        }
        windows.end();
        all(&mut windows);
        found
    }

    #[test]
    fn as_many_windows_as_it_takes() {
        // A hop of 0.1 s; 0.3 s, 1 s, one sample more, 2.5 s, and 2.55 s of sound.
        for (samples, windows) in [(14_400, 1), (48_000, 1), (48_001, 2), (120_000, 16), (122_400, 17)] {
            assert_eq!(count(samples, 4_800), windows, "{samples}");
        }
        // A hop of 2 s: windows at 0 and 2 s, none at 4 s, where nothing is left.
        assert_eq!([3, 4, 5].map(|seconds| count(seconds * SAMPLE_RATE, 96_000)), [2, 2, 3]);
    }

    #[test]
    fn timestamps_are_middles_or_starts() {
        let times = |seconds: f64, centred| -> Vec<f64> {
            let samples = vec![0.1; (seconds * 48_000.0) as usize];
            run(&samples, 4_800, centred, 1000).into_iter().map(|(t, ..)| t).collect()
        };
        assert_eq!(times(0.3, true), [0.0]);
        assert_eq!(times(0.3, false), [0.0]);
        assert_eq!(times(0.6, true), [0.0, 0.1], "half a second of zeros, 0.6 s: 0.1 s more than a window");
        assert_eq!(times(1.0, false), [0.0]);
        assert_eq!(times(1.0, true), [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]);
        let long = times(2.5, true);
        assert_eq!((long.len(), long[20]), (21, 2.0));
        let long = times(2.5, false);
        assert_eq!((long.len(), long[15]), (16, 1.5));
    }

    #[test]
    fn every_window_is_the_one_from_scratch() {
        let samples = noise(100_001);
        // Columns shared, columns not shared, and hops of more than a second of both kinds.
        for hop in [4_800, 4_801, 60_000, 60_001] {
            for (centred, chunk) in [(true, 4096), (false, 777), (true, 48_000)] {
                let before = if centred { vec![0.0; 24_000] } else { Vec::new() };
                let whole = [before, samples.clone()].concat();
                let found = run(&samples, hop, centred, chunk);
                assert_eq!(found.len(), count(whole.len(), hop));
                for (n, (t, spectrogram, loud)) in found.iter().enumerate() {
                    let mut own = whole[n * hop..].to_vec();
                    own.resize(SAMPLE_RATE, 0.0);
                    assert_eq!((*t, *loud), ((n * hop) as f64 / 48_000.0, level(&own)));
                    assert_eq!(*spectrogram, second(&whole[n * hop..]), "hop {hop}, window {n}");
                }
            }
        }
    }
}
