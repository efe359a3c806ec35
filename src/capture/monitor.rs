//! How the devices of a live run are doing: written by capture, read by whoever shows it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::device::{DeviceError, ErrorKind};
use crate::event::DeviceState;

impl From<ErrorKind> for DeviceState {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Missing => Self::Missing,
            ErrorKind::Busy => Self::Busy,
            ErrorKind::Denied => Self::Denied,
            ErrorKind::Stalled => Self::Stalled,
            ErrorKind::Gone => Self::Gone,
            ErrorKind::Unsupported | ErrorKind::Failed => Self::Failed,
        }
    }
}

/// One device at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeviceHealth {
    /// How it is doing.
    pub state: DeviceState,
    /// Its format while it delivers, otherwise what is wrong and what to do.
    pub detail: String,
    /// How often it had to be opened again.
    pub reopened: u64,
}

/// The state of both devices, and all counts, at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Health {
    /// The camera.
    pub camera: DeviceHealth,
    /// The microphone.
    pub microphone: DeviceHealth,
    /// Frames that came.
    pub frames: u64,
    /// Frames that the driver lost.
    pub frames_lost: u64,
    /// Samples that were replaced by silence: the program was late, or the device was gone.
    pub samples_lost: u64,
    /// Spans of sound that were replaced by silence.
    pub gaps: u64,
    /// Values that were no numbers, infinite, or far too large; they count as 0.
    pub invalid: u64,
    /// Overruns of our ring: the program was late.
    pub overruns: u64,
    /// Overruns that the device reported.
    pub xruns: u64,
    /// How much faster the sound card's clock runs than the system's, in parts per million; 0 until known.
    pub drift: f64,
}

/// Counts and states, shared by the threads of capture.
#[derive(Debug)]
pub struct Monitor {
    epoch: Instant,
    camera: Mutex<DeviceHealth>,
    microphone: Mutex<DeviceHealth>,
    pub(super) frames: AtomicU64,
    pub(super) frames_lost: AtomicU64,
    pub(super) samples_lost: AtomicU64,
    pub(super) gaps: AtomicU64,
    pub(super) invalid: AtomicU64,
    pub(super) overruns: AtomicU64,
    pub(super) xruns: AtomicU64,
    drift: AtomicU64,
    /// Microseconds from `epoch` to the moment 0 of the timeline.
    origin: AtomicU64,
}

/// Which device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// The camera.
    Camera,
    /// The microphone.
    Microphone,
}

impl Device {
    /// Name for messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Camera => "camera",
            Self::Microphone => "microphone",
        }
    }
}

impl Default for Monitor {
    fn default() -> Self {
        Self {
            epoch: Instant::now(),
            camera: Mutex::default(),
            microphone: Mutex::default(),
            frames: AtomicU64::new(0),
            frames_lost: AtomicU64::new(0),
            samples_lost: AtomicU64::new(0),
            gaps: AtomicU64::new(0),
            invalid: AtomicU64::new(0),
            overruns: AtomicU64::new(0),
            xruns: AtomicU64::new(0),
            drift: AtomicU64::new(0),
            origin: AtomicU64::new(0),
        }
    }
}

impl Monitor {
    /// The current state and counts.
    pub fn health(&self) -> Health {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Health {
            camera: self.device(Device::Camera, |health| health.clone()),
            microphone: self.device(Device::Microphone, |health| health.clone()),
            frames: count(&self.frames),
            frames_lost: count(&self.frames_lost),
            samples_lost: count(&self.samples_lost),
            gaps: count(&self.gaps),
            invalid: count(&self.invalid),
            overruns: count(&self.overruns),
            xruns: count(&self.xruns),
            drift: f64::from_bits(count(&self.drift)),
        }
    }

    /// The instant of `t` (seconds on the timeline).
    pub fn instant_of(&self, t: f64) -> Instant {
        let origin = Duration::from_micros(self.origin.load(Ordering::Relaxed));
        self.epoch + origin + Duration::from_secs_f64(t.max(0.0))
    }

    /// Seconds since this monitor was made.
    pub(super) fn seconds(&self, instant: Instant) -> f64 {
        match instant.checked_duration_since(self.epoch) {
            Some(after) => after.as_secs_f64(),
            None => -self.epoch.duration_since(instant).as_secs_f64(),
        }
    }

    pub(super) fn set_clock(&self, origin: f64, drift: f64) {
        self.origin.store((origin.max(0.0) * 1e6) as u64, Ordering::Relaxed);
        self.drift.store(drift.to_bits(), Ordering::Relaxed);
    }

    pub(super) fn set(&self, device: Device, state: DeviceState, detail: &str) {
        self.device(device, |health| {
            if health.state != state || health.detail != detail {
                (health.state, health.detail) = (state, detail.to_string());
            }
        });
    }

    pub(super) fn fail(&self, device: Device, error: &DeviceError) {
        self.set(device, error.kind.into(), &error.to_string());
    }

    pub(super) fn reopened(&self, device: Device) {
        self.device(device, |health| health.reopened += 1);
    }

    pub(super) fn state(&self, device: Device) -> DeviceState {
        self.device(device, |health| health.state)
    }

    fn device<R>(&self, device: Device, use_it: impl FnOnce(&mut DeviceHealth) -> R) -> R {
        let health = match device {
            Device::Camera => &self.camera,
            Device::Microphone => &self.microphone,
        };
        use_it(&mut health.lock())
    }
}
