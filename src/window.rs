//! The last second of a stream, as sound and as columns of its spectrogram.

use std::collections::VecDeque;

use crate::preprocess::spectrogram::{BINS, COLUMNS};
use crate::preprocess::{SAMPLE_RATE, Spectrogram};

/// The last second; before the first one is complete, it begins with silence.
pub(crate) struct Window {
    stream: Spectrogram,
    columns: VecDeque<Vec<f32>>,
    second: VecDeque<f32>,
}

impl Window {
    /// A second of silence.
    pub(crate) fn new() -> Self {
        Self {
            stream: Spectrogram::new(),
            columns: vec![vec![0.0; BINS]; COLUMNS].into(),
            second: vec![0.0; SAMPLE_RATE].into(),
        }
    }

    /// Takes samples; returns the number of columns that they completed.
    pub(crate) fn push(&mut self, samples: &[f32]) -> usize {
        let (columns, mut fresh) = (&mut self.columns, 0);
        self.stream.push(samples, |values| {
            // The memory of the oldest column is reused for the newest.
            let mut column = columns.pop_front().unwrap_or_default();
            column.clear();
            column.extend_from_slice(values);
            columns.push_back(column);
            fresh += 1;
        });
        self.second.extend(samples);
        self.second.drain(..self.second.len() - SAMPLE_RATE);
        fresh
    }

    /// Column by column, 257 values each, and the samples; both oldest first.
    pub(crate) fn both(&mut self) -> (&[Vec<f32>], &[f32]) {
        (self.columns.make_contiguous(), self.second.make_contiguous())
    }
}
