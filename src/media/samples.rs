//! Raw samples from a pipe.

use std::io::Read;

use crate::preprocess::{Channels, Loudness, SAMPLE_RATE};

/// 48 kHz mono. ffmpeg gives stereo, whatever the channels were: what becomes of left and right says [`Channels`].
pub(super) struct Samples<R> {
    pipe: R,
    bytes: Vec<u8>,
    kept: usize,
    channels: Channels,
    samples: Vec<f32>,
}

impl<R: Read> Samples<R> {
    pub(super) fn new(pipe: R) -> Self {
        let channels = Channels::new(SAMPLE_RATE, 2, Loudness::Power);
        Self { pipe, bytes: vec![0; 1 << 14], kept: 0, channels, samples: Vec::new() }
    }

    /// The next samples, as many as there are; `None` at the end.
    pub(super) fn next_chunk(&mut self) -> Option<&[f32]> {
        let read = self.pipe.read(&mut self.bytes[self.kept..]).ok().filter(|n| *n > 0)?;
        let end = self.kept + read;
        let whole = end - end % 4;
        self.samples.clear();
        self.channels.push(&floats(&self.bytes[..whole]), &mut self.samples);
        self.bytes.copy_within(whole..end, 0);
        self.kept = end - whole;
        Some(&self.samples)
    }

    /// Values so far that were no numbers.
    pub(super) fn damaged(&self) -> u64 {
        self.channels.damaged()
    }
}

/// 32-bit floating point, little-endian.
pub(super) fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
}
