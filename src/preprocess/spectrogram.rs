//! The log-magnitude spectrogram of "Look, Listen and Learn" (section 2.1), as a stream.
//!
//! 48 kHz mono, windows of 10 ms every 5 ms, 512-point FFT: 257 bins. A second gives 199 columns.
//! The window form ([`second`]) is the streaming form over one chunk, so both agree by construction.

use std::sync::Arc;

use realfft::num_complex::Complex32;
use realfft::{RealFftPlanner, RealToComplex};

/// Samples under one window: 10 ms.
pub const WINDOW: usize = 480;
/// Samples from one window to the next: 5 ms.
pub const HOP: usize = 240;
/// Points of the FFT; the window is padded with zeros up to it.
pub const FFT: usize = 512;
/// Frequency bins of a column, 0 Hz to 24 kHz.
pub const BINS: usize = FFT / 2 + 1;
/// Columns that one second gives.
pub const COLUMNS: usize = (super::SAMPLE_RATE - WINDOW) / HOP + 1;

/// Magnitudes up to this count as silence: -122 dB below a full-scale sine (whose magnitude is 120).
///
/// The reference is fixed. A reference taken from each window would turn quiet noise into a loud
/// picture; here a silent second is exactly zero everywhere.
pub const FLOOR: f32 = 1e-4;
/// Divides the natural logarithm, so that a loud sound is near 2 to 3.
pub const LOG_SCALE: f32 = 5.0;

/// Turns chunks of sound of any size into columns.
///
/// ```
/// use lookhear::preprocess::Spectrogram;
/// use lookhear::preprocess::spectrogram::BINS;
///
/// let mut spectrogram = Spectrogram::new();
/// let mut columns = 0;
/// for chunk in [[0.1; 300], [0.2; 300]] {
///     spectrogram.push(&chunk, |column| {
///         assert_eq!(column.len(), BINS);
///         columns += 1;
///     });
/// }
/// assert_eq!(columns, 1, "480 samples make the first, 240 more each other one");
/// ```
pub struct Spectrogram {
    fft: Arc<dyn RealToComplex<f32>>,
    hann: Vec<f32>,
    /// The last samples that no complete window has used up; fewer than `WINDOW`.
    pending: Vec<f32>,
    padded: Vec<f32>,
    spectrum: Vec<Complex32>,
    scratch: Vec<Complex32>,
    column: Vec<f32>,
}

impl Default for Spectrogram {
    fn default() -> Self {
        Self::new()
    }
}

impl Spectrogram {
    /// Plans the FFT and allocates everything that [`Spectrogram::push`] needs.
    pub fn new() -> Self {
        let fft = RealFftPlanner::<f32>::new().plan_fft_forward(FFT);
        let hann = (0..WINDOW)
            .map(|n| 0.5 - 0.5 * (std::f32::consts::TAU * n as f32 / WINDOW as f32).cos())
            .collect();
        Self {
            hann,
            pending: Vec::with_capacity(WINDOW),
            padded: fft.make_input_vec(),
            spectrum: fft.make_output_vec(),
            scratch: fft.make_scratch_vec(),
            column: vec![0.0; BINS],
            fft,
        }
    }

    /// Takes samples (48 kHz mono, -1..1) and calls `on_column` with the 257 values of every window
    /// that they complete: `ln(max(magnitude, FLOOR) / FLOOR) / LOG_SCALE`, 0 for silence.
    ///
    /// Samples that are not finite count as 0.
    pub fn push(&mut self, samples: &[f32], mut on_column: impl FnMut(&[f32])) {
        let mut rest = samples;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(WINDOW - self.pending.len()));
            self.pending.extend(now.iter().map(|s| if s.is_finite() { *s } else { 0.0 }));
            rest = later;
            if self.pending.len() == WINDOW {
                self.transform();
                on_column(&self.column);
                self.pending.drain(..HOP);
            }
        }
    }

    fn transform(&mut self) {
        self.padded.fill(0.0);
        for ((out, sample), weight) in self.padded.iter_mut().zip(&self.pending).zip(&self.hann) {
            *out = sample * weight;
        }
        self.fft
            .process_with_scratch(&mut self.padded, &mut self.spectrum, &mut self.scratch)
            .expect("the buffers were made by this very plan");
        for (out, bin) in self.column.iter_mut().zip(&self.spectrum) {
            *out = (bin.norm().max(FLOOR) / FLOOR).ln() / LOG_SCALE;
        }
    }
}

/// The spectrogram of one second: 48,000 samples to `[257, 199]`, bin by bin.
///
/// Shorter sound is followed by silence; what is beyond a second is ignored.
///
/// ```
/// use lookhear::preprocess::spectrogram::{BINS, COLUMNS, second};
///
/// let silence = second(&[]);
/// assert_eq!(silence.len(), BINS * COLUMNS);
/// assert!(silence.iter().all(|value| *value == 0.0));
/// ```
pub fn second(samples: &[f32]) -> Vec<f32> {
    let mut padded = samples[..samples.len().min(super::SAMPLE_RATE)].to_vec();
    padded.resize(super::SAMPLE_RATE, 0.0);
    let mut columns = Vec::with_capacity(BINS * COLUMNS);
    Spectrogram::new().push(&padded, |column| columns.extend_from_slice(column));
    transpose(&columns)
}

/// Column after column, as [`Spectrogram::push`] gives them, to bin by bin, as the audio tower takes them.
///
/// ```
/// use lookhear::preprocess::spectrogram::{BINS, transpose};
///
/// let columns = [vec![1.0; BINS], vec![2.0; BINS]].concat();
/// assert_eq!(transpose(&columns)[..4], [1.0, 2.0, 1.0, 2.0]);
/// ```
pub fn transpose(columns: &[f32]) -> Vec<f32> {
    let count = columns.len() / BINS;
    let mut bins = vec![0.0; columns.len()];
    for (c, column) in columns.chunks_exact(BINS).enumerate() {
        for (b, value) in column.iter().enumerate() {
            bins[b * count + c] = *value;
        }
    }
    bins
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::SAMPLE_RATE;
    use proptest::prelude::*;

    fn sine(hertz: f32, level: f32, samples: usize) -> Vec<f32> {
        let step = std::f32::consts::TAU * hertz / SAMPLE_RATE as f32;
        (0..samples).map(|n| level * (step * n as f32).sin()).collect()
    }

    #[test]
    fn a_second_has_the_papers_shape() {
        assert_eq!((BINS, COLUMNS), (257, 199));
        assert_eq!(second(&[]).len(), 257 * 199);
    }

    #[test]
    fn a_sine_peaks_in_its_bin() {
        let spectrogram = second(&sine(3000.0, 0.5, SAMPLE_RATE));
        let column: Vec<f32> = (0..BINS).map(|b| spectrogram[b * COLUMNS + 100]).collect();
        let peak = (0..BINS).max_by(|a, b| column[*a].total_cmp(&column[*b])).unwrap();
        assert_eq!(peak, 32, "3000 Hz is bin 3000 / 93.75");
        let magnitude = 0.5 * 120.0_f32;
        assert!((column[peak] - (magnitude / FLOOR).ln() / LOG_SCALE).abs() < 0.01);
    }

    #[test]
    fn silence_is_zero_and_quiet_noise_stays_quiet() {
        assert!(second(&vec![0.0; SAMPLE_RATE]).iter().all(|v| *v == 0.0));
        let mean = |s: &[f32]| s.iter().sum::<f32>() / s.len() as f32;
        // One step of 16 bits, alternating in a pattern: as quiet as a recording can be.
        let hiss: Vec<f32> =
            (0..SAMPLE_RATE).map(|n| if n * n % 7 < 3 { 1.0 / 32768.0 } else { 0.0 }).collect();
        assert!(mean(&second(&hiss)) < 0.4 * mean(&second(&sine(3000.0, 0.5, SAMPLE_RATE))).max(1.5));
        let broken = vec![f32::NAN; SAMPLE_RATE];
        assert!(second(&broken).iter().all(|v| *v == 0.0));
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_columns(
            cuts in prop::collection::vec(0usize..3000, 1..60),
            seed in 0u32..1000,
        ) {
            let samples: Vec<f32> = (0..30_000u32)
                .map(|n| (n.wrapping_mul(2_654_435_761).wrapping_add(seed) >> 16) as f32 / 65_536.0 - 0.5)
                .collect();
            let mut whole = Vec::new();
            Spectrogram::new().push(&samples, |c| whole.extend_from_slice(c));

            let mut chunked = Vec::new();
            let mut stream = Spectrogram::new();
            let mut rest = &samples[..];
            for cut in cuts.iter().cycle().take(10_000) {
                let (now, later) = rest.split_at((*cut).min(rest.len()));
                stream.push(now, |c| chunked.extend_from_slice(c));
                rest = later;
            }
            stream.push(rest, |c| chunked.extend_from_slice(c));
            prop_assert_eq!(whole, chunked);
        }
    }
}
