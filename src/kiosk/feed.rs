//! The output of one pipeline, smoothed for the screen: the newest frame, the marks, the ribbon, device trouble.

use std::collections::VecDeque;
use std::sync::Arc;

use image::RgbImage;

use super::frame_queue::FrameQueue;
use super::screen::{Page, Scene};
use super::smoother::{HOLD, Hold, Smoother};
use super::snapshot::{RIBBON, Slot};
use crate::capture::monitor::Device;
use crate::event::{DeviceState, Devices, State};
use crate::preprocess::spectrogram::BINS;

/// Seconds for which device trouble must last before it is shown, and be over before it is hidden.
const TROUBLE: f64 = 0.7;
/// What is shown before the first frame.
const DARK: (u32, u32) = (640, 480);

/// The state of one page with a picture. Its memory does not grow.
pub(super) struct Feed {
    slot: Arc<Slot>,
    smoother: Smoother,
    frame_queue: FrameQueue,
    /// [`RIBBON`] columns, the newest last.
    ribbon: VecDeque<Vec<f32>>,
    /// The device that delivers nothing.
    trouble: Hold<Option<Device>>,
    /// Whether the microphone delivers nothing.
    deaf: Hold<bool>,
    /// Whether a decision has been made.
    begun: bool,
}

/// What a decision means for the choice of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct News {
    /// There is sound.
    pub(super) sounds: bool,
    /// Camera and microphone deliver.
    pub(super) devices: bool,
}

/// How a page is to be shown, beyond what a feed knows: as in [`Scene`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Look<'a> {
    pub(super) page: Page,
    pub(super) mirror: bool,
    pub(super) trouble: Option<&'a str>,
    pub(super) recording: bool,
    /// Seconds on the clock of the animations.
    pub(super) seconds: f64,
}

impl Feed {
    pub(super) fn new(slot: Arc<Slot>) -> Self {
        Self {
            slot,
            smoother: Smoother::new(),
            frame_queue: FrameQueue::new(RgbImage::new(DARK.0, DARK.1)),
            ribbon: vec![vec![0.0; BINS]; RIBBON].into(),
            trouble: Hold::new(None, HOLD),
            deaf: Hold::new(false, HOLD),
            begun: false,
        }
    }

    /// Starts over, and drops what still waits.
    pub(super) fn clear(&mut self) {
        self.slot.take();
        *self = Self::new(self.slot.clone());
    }

    /// Whether there is anything to see.
    pub(super) fn has_begun(&self) -> bool {
        self.begun
    }

    /// The device that has given nothing for a while.
    pub(super) fn trouble(&self) -> Option<Device> {
        *self.trouble.shown()
    }

    /// Takes what has come and moves to the moment `now` (seconds, never going back). Returns what a new decision
    /// said, if there is one.
    pub(super) fn update(&mut self, now: f64) -> Option<News> {
        let waiting = self.slot.take();
        self.ribbon.extend(waiting.columns);
        self.ribbon.drain(..self.ribbon.len() - RIBBON);
        let news = waiting.newest.map(|snapshot| {
            let event = &snapshot.event;
            self.smoother.update(now, event, &snapshot.map);
            self.trouble.offer(now, event.devices.and_then(troubled), TROUBLE);
            self.deaf.offer(now, event.devices.is_some_and(|devices| fails(devices.microphone)), TROUBLE);
            self.frame_queue.add(now, &snapshot.frames);
            self.begun = true;
            News { sounds: event.state != State::Silent, devices: event.devices.is_none_or(deliver) }
        });
        self.frame_queue.step(now);
        self.smoother.step(now);
        news
    }

    /// The scene to draw.
    pub(super) fn scene<'a>(&'a mut self, look: Look<'a>) -> Scene<'a> {
        let sentence = self.smoother.sentence();
        Scene {
            page: look.page,
            frame: self.frame_queue.frame(),
            mirror: look.mirror,
            map: self.smoother.map(),
            warmth: self.smoother.warmth(),
            outline: self.smoother.outline(),
            state: sentence.state,
            name: sentence.name.as_deref(),
            score: self.smoother.score(),
            columns: self.ribbon.make_contiguous(),
            trouble: look.trouble,
            deaf: *self.deaf.shown(),
            recording: look.recording,
            seconds: look.seconds,
        }
    }
}

fn deliver(devices: Devices) -> bool {
    devices.camera == DeviceState::Live && devices.microphone == DeviceState::Live
}

/// Whether a device gives nothing. One that is just being opened has not failed yet.
fn fails(state: DeviceState) -> bool {
    !matches!(state, DeviceState::Live | DeviceState::Opening)
}

/// The device that gives nothing; the camera first.
fn troubled(devices: Devices) -> Option<Device> {
    match devices {
        Devices { camera, .. } if fails(camera) => Some(Device::Camera),
        Devices { microphone, .. } if fails(microphone) => Some(Device::Microphone),
        _ => None,
    }
}

#[cfg(test)]
#[path = "feed_tests.rs"]
mod tests;
