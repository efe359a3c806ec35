//! Any sample rate and any number of channels to 48 kHz mono.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler as _};
use thiserror::Error;

use super::{Channels, Loudness, SAMPLE_RATE};

/// Input frames that one step of the resampler takes.
const CHUNK: usize = 1024;

/// Why a sound format cannot be used.
#[derive(Debug, Error)]
pub enum ResampleError {
    /// Rate or channel count is out of range.
    #[error(
        "sound with {channels} channels at {rate} Hz cannot be used: 1 to 64 channels at 4,000 to 768,000 Hz can"
    )]
    Format {
        /// Audio frames a second.
        rate: usize,
        /// Samples in an audio frame.
        channels: usize,
    },
    /// The resampling library refused.
    #[error("resampling failed: {0}")]
    Library(String),
}

/// A stream of interleaved samples in, 48 kHz mono out, without the resampler's delay.
pub struct Resampler {
    channels: Channels,
    /// `None` at 48 kHz.
    fft: Option<Fft<f32>>,
    /// Mono frames at the input's rate that no step has taken yet.
    pending: Vec<f32>,
    out: Vec<f32>,
    /// Samples that are only the resampler's delay, still to be left out.
    skip: usize,
    taken: usize,
    given: usize,
    ratio: f64,
}

impl Resampler {
    /// A resampler for `channels` interleaved channels at `rate` audio frames a second, which are joined as [`Channels`]
    /// says.
    ///
    /// # Errors
    /// Rate or channel count is out of range.
    pub fn new(rate: usize, channels: usize, loudness: Loudness) -> Result<Self, ResampleError> {
        if !(1..=64).contains(&channels) || !(4_000..=768_000).contains(&rate) {
            return Err(ResampleError::Format { rate, channels });
        }
        let library = |e: rubato::ResamplerConstructionError| ResampleError::Library(e.to_string());
        let fft = match rate {
            SAMPLE_RATE => None,
            _ => Some(Fft::new(rate, SAMPLE_RATE, CHUNK, 1, FixedSync::Input).map_err(library)?),
        };
        Ok(Self {
            channels: Channels::new(rate, channels, loudness),
            skip: fft.as_ref().map_or(0, |f| f.output_delay()),
            out: fft.as_ref().map_or(Vec::new(), |f| vec![0.0; f.output_frames_max()]),
            fft,
            pending: Vec::new(),
            taken: 0,
            given: 0,
            ratio: SAMPLE_RATE as f64 / rate as f64,
        })
    }

    /// Takes interleaved samples (any number, audio frames may be cut) and appends 48 kHz mono to `mono`.
    ///
    /// # Errors
    /// An error of the resampling library.
    pub fn push(&mut self, interleaved: &[f32], mono: &mut Vec<f32>) -> Result<(), ResampleError> {
        let before = self.pending.len();
        self.channels.push(interleaved, &mut self.pending);
        self.taken += self.pending.len() - before;
        if self.fft.is_none() {
            mono.append(&mut self.pending);
            return Ok(());
        }
        while self.pending.len() >= self.need() {
            self.step(mono)?;
        }
        Ok(())
    }

    /// Ends the stream: what is still inside comes out, so that the lengths of input and output agree.
    ///
    /// # Errors
    /// An error of the resampling library.
    pub fn finish(&mut self, mono: &mut Vec<f32>) -> Result<(), ResampleError> {
        if self.fft.is_none() {
            return Ok(());
        }
        let total = (self.taken as f64 * self.ratio).round() as usize;
        while self.given < total {
            self.pending.resize(self.need(), 0.0);
            self.step(mono)?;
        }
        mono.truncate(mono.len() - (self.given - total).min(mono.len()));
        Ok(())
    }

    /// Values so far that were no numbers: see [`Channels::damaged`].
    pub fn damaged(&self) -> u64 {
        self.channels.damaged()
    }

    fn need(&self) -> usize {
        self.fft.as_ref().map_or(1, |fft| fft.input_frames_next())
    }

    fn step(&mut self, mono: &mut Vec<f32>) -> Result<(), ResampleError> {
        let Some(fft) = &mut self.fft else { return Ok(()) };
        let library = |e: &dyn std::fmt::Display| ResampleError::Library(e.to_string());
        let (need, room) = (fft.input_frames_next(), self.out.len());
        let input = InterleavedSlice::new(&self.pending[..need], 1, need).map_err(|e| library(&e))?;
        let mut output = InterleavedSlice::new_mut(&mut self.out, 1, room).map_err(|e| library(&e))?;
        let (_, made) = fft.process_into_buffer(&input, &mut output, None).map_err(|e| library(&e))?;
        self.pending.drain(..need);
        let skip = self.skip.min(made);
        self.skip -= skip;
        self.given += made - skip;
        mono.extend_from_slice(&self.out[skip..made]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resample(rate: usize, channels: usize, chunk: usize) -> Vec<f32> {
        let step = std::f32::consts::TAU * 440.0 / rate as f32;
        // Each channel has another share of the tone, so that what is joined of them is none of them.
        let share = |c: usize| (c + 1) as f32 / channels as f32;
        let samples: Vec<f32> =
            (0..rate).flat_map(|n| (0..channels).map(move |c| share(c) * (step * n as f32).sin())).collect();
        let mut resampler = Resampler::new(rate, channels, Loudness::Mean).unwrap();
        let mut mono = Vec::new();
        for part in samples.chunks(chunk) {
            resampler.push(part, &mut mono).unwrap();
        }
        resampler.finish(&mut mono).unwrap();
        mono
    }

    #[test]
    fn every_usual_format_becomes_48_khz_mono_in_place() {
        for (rate, channels) in [(8_000, 1), (16_000, 2), (44_100, 1), (48_000, 2), (96_000, 6)] {
            let mono = resample(rate, channels, 777);
            assert_eq!(mono.len(), SAMPLE_RATE, "{rate} Hz");
            let step = std::f32::consts::TAU * 440.0 / SAMPLE_RATE as f32;
            let mean = (channels + 1) as f32 / (2 * channels) as f32;
            let error = mono
                .iter()
                .enumerate()
                .skip(2000)
                .take(44_000)
                .map(|(n, sample)| ((step * n as f32).sin() * mean - sample).abs());
            let worst = error.fold(0.0, f32::max);
            assert!(worst < 0.01, "{rate} Hz, {channels} channels: off by {worst}");
        }
    }

    #[test]
    fn chunks_do_not_matter() {
        assert_eq!(resample(44_100, 2, 1), resample(44_100, 2, 4096));
    }

    #[test]
    fn impossible_formats_are_named() {
        let error =
            Resampler::new(48_000, 0, Loudness::Mean).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(error.contains("0 channels at 48000 Hz"), "{error}");
    }
}
