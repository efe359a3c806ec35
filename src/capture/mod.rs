//! Sources of picture and sound: every one of them fills the same two rings.

pub mod calibration;
pub mod camera;
pub mod device;
mod film;
pub mod live;
pub mod microphone;
pub mod monitor;
mod offsets;
mod recorded;
mod stream;
mod studio;
mod timeline;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crate::media::{Canceller, Damage, FRAME_RATE, MediaError};
use crate::preprocess::SAMPLE_RATE;
use crate::ring::{Consumer, VideoFrame, pause};

pub use film::Film;
pub use offsets::{Offsets, OffsetsError};
pub use recorded::open as open_recorded;
pub use studio::{Stage, StudioCamera, StudioMicrophone, open as open_studio};

use monitor::Monitor;

/// Picture and sound on one timeline that begins at 0.
pub struct Source {
    frames: Consumer<VideoFrame>,
    sound: Consumer<f32>,
    /// Read from the rings but not requested yet. Both rings are drained while waiting for either: a file whose streams
    /// are far apart would otherwise block for ever.
    early_frames: VecDeque<VideoFrame>,
    early_sound: VecDeque<f32>,
    frames_open: bool,
    sound_open: bool,
    workers: Vec<Worker>,
    monitor: Option<Arc<Monitor>>,
    canceller: Option<Canceller>,
    /// Once set, no call waits any more.
    stop: Arc<AtomicBool>,
}

/// A thread that fills a ring and finally returns what it could not read.
type Worker = JoinHandle<Result<Option<Damage>, MediaError>>;

impl Source {
    fn new(frames: Consumer<VideoFrame>, sound: Consumer<f32>, workers: Vec<Worker>) -> Self {
        Self {
            frames,
            sound,
            early_frames: VecDeque::new(),
            early_sound: VecDeque::new(),
            frames_open: true,
            sound_open: true,
            workers,
            monitor: None,
            canceller: None,
            stop: Arc::default(),
        }
    }

    /// A source over the rings of a live device, for tests.
    #[cfg(test)]
    pub(crate) fn of_device(frames: Consumer<VideoFrame>, sound: Consumer<f32>) -> Self {
        Self::new(frames, sound, Vec::new()).with_monitor(Arc::default())
    }

    fn with_monitor(self, monitor: Arc<Monitor>) -> Self {
        Self { monitor: Some(monitor), ..self }
    }

    fn with_canceller(self, canceller: Canceller) -> Self {
        Self { canceller: Some(canceller), ..self }
    }

    /// From now on `stop` ends every wait: what is not there by then is taken for the end.
    pub fn obey(&mut self, stop: Arc<AtomicBool>) {
        self.stop = stop;
    }

    fn is_open(&self) -> bool {
        (self.frames_open || self.sound_open) && !self.stop.load(Ordering::Relaxed)
    }

    /// How the devices are doing; `None` for recorded input, which has none.
    pub fn monitor(&self) -> Option<&Arc<Monitor>> {
        self.monitor.as_ref()
    }

    /// Seconds of sound that lie ready: how far the reader is behind.
    pub fn waiting(&mut self) -> f64 {
        self.sound_open = self.sound_open && self.sound.drain_into(&mut self.early_sound);
        self.early_sound.len() as f64 / SAMPLE_RATE as f64
    }

    fn fill(&mut self) {
        let before = (self.early_frames.len(), self.early_sound.len());
        self.frames_open = self.frames_open && self.frames.drain_into(&mut self.early_frames);
        self.sound_open = self.sound_open && self.sound.drain_into(&mut self.early_sound);
        if before == (self.early_frames.len(), self.early_sound.len())
            && (self.frames_open || self.sound_open)
        {
            pause();
        }
    }

    /// Appends the next `count` samples (48 kHz mono) to `samples`, fewer if the sound ends before.
    pub fn sound(&mut self, count: usize, samples: &mut Vec<f32>) {
        while self.early_sound.len() < count && self.sound_open && self.is_open() {
            self.fill();
        }
        let count = count.min(self.early_sound.len());
        samples.extend(self.early_sound.drain(..count));
    }

    /// Appends the frames that are shown up to the moment `t` (seconds) to `frames`.
    pub fn frames(&mut self, t: f64, frames: &mut Vec<VideoFrame>) {
        // Every source has FRAME_RATE frames a second; with the last before `t` there, none is waited for.
        let last = t - 1.0 / f64::from(FRAME_RATE) + 1e-6;
        loop {
            while self.early_frames.front().is_some_and(|frame| frame.t <= t) {
                frames.extend(self.early_frames.pop_front());
            }
            let complete = frames.last().is_some_and(|frame| frame.t > last);
            if complete || !self.early_frames.is_empty() || !self.frames_open || !self.is_open() {
                return;
            }
            self.fill();
        }
    }

    /// Whether neither a frame nor a sample is left.
    pub fn is_over(&mut self) -> bool {
        while self.early_frames.is_empty() && self.early_sound.is_empty() {
            if !self.is_open() {
                return true;
            }
            self.fill();
        }
        false
    }

    /// Ends the source and tells how its threads ended, and what could not be read.
    ///
    /// # Errors
    /// The first error of a thread.
    pub fn finish(self) -> Result<Option<Damage>, MediaError> {
        let ended = !self.frames_open || !self.sound_open;
        let Self { frames, sound, workers, canceller, .. } = self;
        drop((frames, sound)); // Threads that are still writing stop.
        if let Some(canceller) = canceller.filter(|_| !ended) {
            canceller.cancel(); // Those that are still waiting, too.
        }
        let results = workers.into_iter().map(|worker| worker.join());
        let mut damage = None;
        for result in results.collect::<Vec<_>>() {
            let found = result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            damage = damage.or(found);
        }
        Ok(damage)
    }
}
