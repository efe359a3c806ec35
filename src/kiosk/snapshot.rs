//! Hands the newest decision from the pipeline's thread to the screen's. Neither thread waits for the other.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::screen::RIBBON_SECONDS;
use crate::event::{Event, Map};
use crate::pipeline::{DecisionContext, Sink, SinkError};
use crate::preprocess::SAMPLE_RATE;
use crate::preprocess::spectrogram::{HOP, WINDOW};
use crate::ring::VideoFrame;

/// Columns of the spectrogram that the ribbon shows.
pub const RIBBON: usize = RIBBON_SECONDS * SAMPLE_RATE / HOP;

/// What the screen needs of a decision.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The frames since the decision before, in order; the last is the one that was judged.
    pub frames: Vec<VideoFrame>,
    /// The localization map over it.
    pub map: Map,
    /// The decision.
    pub event: Event,
}

/// Holds the newest [`Snapshot`] and the columns of the spectrogram that were not fetched yet, the latest
/// [`RIBBON`] of them. Its lock is held only while things are moved in or out, never while anything is computed.
#[derive(Debug, Default)]
pub struct Slot {
    waiting: Mutex<Waiting>,
    decisions: AtomicU64,
}

/// What waits for the screen.
#[derive(Debug, Default)]
pub struct Waiting {
    /// The newest decision; `None` if it was fetched before.
    pub newest: Option<Snapshot>,
    /// Columns that came since the last fetch, oldest first, 257 values each.
    pub columns: VecDeque<Vec<f32>>,
}

impl Slot {
    /// Replaces the waiting decision by a newer one, and appends its new columns.
    pub fn put(&self, snapshot: Snapshot, columns: Vec<Vec<f32>>) {
        let mut waiting = self.waiting.lock();
        let before = waiting.newest.replace(snapshot);
        waiting.columns.extend(columns);
        let surplus = waiting.columns.len().saturating_sub(RIBBON);
        let forgotten: Vec<_> = waiting.columns.drain(..surplus).collect();
        drop(waiting);
        // Memory is freed outside of the lock.
        drop((before, forgotten));
        self.decisions.fetch_add(1, Ordering::Relaxed);
    }

    /// Fetches what has come since the last time.
    pub fn take(&self) -> Waiting {
        std::mem::take(&mut *self.waiting.lock())
    }

    /// Decisions so far, for the watchdog.
    pub fn decisions(&self) -> u64 {
        self.decisions.load(Ordering::Relaxed)
    }
}

/// The sink that fills a [`Slot`].
pub struct ToScreen {
    slot: Arc<Slot>,
    /// Samples of this run so far.
    samples: usize,
}

impl ToScreen {
    /// For one run of a pipeline.
    pub fn new(slot: Arc<Slot>) -> Self {
        Self { slot, samples: 0 }
    }
}

/// Columns that so many samples complete.
fn columns(samples: usize) -> usize {
    (samples + HOP).saturating_sub(WINDOW) / HOP
}

impl Sink for ToScreen {
    fn take(&mut self, context: &DecisionContext) -> Result<(), SinkError> {
        let before = columns(self.samples);
        self.samples += context.sound.len();
        let fresh = (columns(self.samples) - before).min(context.columns.len());
        let newest = context.columns[context.columns.len() - fresh..].to_vec();
        // Pictures are shared, not copied.
        let frames = context.frames.to_vec();
        self.slot.put(Snapshot { frames, map: context.map.clone(), event: context.event.clone() }, newest);
        Ok(())
    }
}

#[cfg(test)]
#[path = "snapshot_tests.rs"]
mod tests;
