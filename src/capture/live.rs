//! Camera and microphone as a source: two threads keep the devices open, one puts what they give on the timeline.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use image::RgbImage;
use parking_lot::Mutex;

use super::Source;
use super::device::{Camera, CameraFrame, Chunk, DeviceError, ErrorKind, Microphone};
use super::monitor::{Device, Monitor};
use super::timeline::Timeline;
use crate::backoff::Backoff;
use crate::event::DeviceState;
use crate::media::FRAME_RATE;
use crate::preprocess::{Loudness, Resampler, SAMPLE_RATE};
use crate::ring::{Producer, VideoFrame, ring};

/// First and longest wait between two attempts to open a device.
const BACKOFF: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(4)];
/// A device that stalls this often in a row is opened anew.
const STALLS: u32 = 3;
/// How long the start waits for a slow device.
const START: Duration = Duration::from_secs(2);
/// After this long without sound, silence is inserted.
const MISSED: Duration = Duration::from_millis(250);
/// Inserted silence stays this many seconds behind the clock, so that returning sound fits in at its own time.
const BEHIND: f64 = 0.1;
/// Seconds for which a frame is shown at most, so that the judged frame lies within the judged second of sound.
const STALE: f64 = 1.0;
/// After this many seconds of digital silence the microphone counts as muted.
const BLANK: usize = 5;
/// Size of the black picture that is shown before the first frame.
const DARK: (u32, u32) = (640, 480);

/// Opens a device; called again whenever the device was lost.
pub type Opener<T> = Box<dyn FnMut() -> Result<Box<T>, DeviceError> + Send>;

/// Starts both devices. Nothing is waited for: a device that is not there yet is tried again and again,
/// and the other goes on without it.
///
/// `offset` (seconds) is added to the times of the camera: what a device pair needs to agree.
pub fn open(camera: Opener<dyn Camera>, microphone: Opener<dyn Microphone>, offset: f64) -> Source {
    let monitor = Arc::new(Monitor::default());
    let closed = Arc::new(AtomicBool::new(false));
    let slot: Slot = Arc::default();
    let (sender, chunks) = sync_channel(256);
    {
        let (slot, monitor, closed) = (slot.clone(), monitor.clone(), closed.clone());
        thread::spawn(move || {
            keep_open(Device::Camera, camera, &monitor.clone(), &closed, |camera| {
                watch(camera, &slot, &monitor)
            })
        });
    }
    {
        let (monitor, closed) = (monitor.clone(), closed.clone());
        thread::spawn(move || {
            keep_open(Device::Microphone, microphone, &monitor.clone(), &closed, |microphone| {
                listen(microphone, &sender, &monitor)
            })
        });
    }
    let (frame_producer, frames) = ring(100);
    let (sound_producer, sound) = ring(4 * SAMPLE_RATE);
    let shared = monitor.clone();
    let mixer = thread::spawn(move || {
        let origin = wait_for_both(&monitor);
        monitor.set_clock(origin, 0.0);
        let mixer = CaptureMixer {
            timeline: Timeline::new(origin),
            resampler: None,
            slot,
            shown: Arc::new(RgbImage::new(DARK.0, DARK.1)),
            shown_t: f64::NEG_INFINITY,
            ticks: 0,
            offset,
            zeros: 0,
            frames: frame_producer,
            sound: sound_producer,
            monitor,
        };
        mixer.run(&chunks);
        // The device threads are not joined: a driver may block them.
        closed.store(true, Ordering::Relaxed);
        Ok(None)
    });
    Source::new(frames, sound, vec![mixer]).with_monitor(shared)
}

/// The latest frames, newest last; the camera never waits for who reads them.
type Slot = Arc<Mutex<VecDeque<CameraFrame>>>;
const SLOT: usize = 8;

enum Heard {
    Begin { rate: u32, channels: usize },
    Chunk(Chunk),
}

/// Whether a device thread goes on with the device it has.
enum Next {
    GoOn,
    Close,
}

/// Opens a device, uses it until it fails, and opens it again, until nobody needs it any more.
fn keep_open<T: ?Sized>(
    device: Device,
    mut open: Opener<T>,
    monitor: &Monitor,
    closed: &AtomicBool,
    mut use_once: impl FnMut(&mut T) -> Result<Next, DeviceError>,
) {
    let (mut backoff, mut delivered) = (Backoff::new(BACKOFF[0], BACKOFF[1]), false);
    while !closed.load(Ordering::Relaxed) {
        // Driver bindings panic now and then; this counts as a failed device.
        let attempt = catch_unwind(AssertUnwindSafe(|| -> Result<(), DeviceError> {
            let mut opened = open()?;
            let mut stalls = 0;
            while !closed.load(Ordering::Relaxed) {
                match use_once(&mut opened) {
                    Ok(Next::GoOn) => {
                        (stalls, delivered) = (0, true);
                        backoff.reset();
                    }
                    Ok(Next::Close) => return Ok(()),
                    Err(error) if error.kind == ErrorKind::Stalled && stalls + 1 < STALLS => {
                        stalls += 1;
                        monitor.fail(device, &error);
                    }
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        }));
        match attempt {
            Ok(Ok(())) => return,
            Ok(Err(error)) => {
                let error = error.after(delivered);
                log::debug!("{error}; opened again in {:?}", backoff.due());
                monitor.fail(device, &error);
            }
            Err(_) => monitor.set(device, DeviceState::Failed, "its driver failed; it is opened again"),
        }
        monitor.reopened(device);
        let until = Instant::now() + backoff.wait();
        while Instant::now() < until && !closed.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(20));
        }
    }
}

fn watch(camera: &mut dyn Camera, slot: &Slot, monitor: &Monitor) -> Result<Next, DeviceError> {
    let frame = camera.frame()?;
    if monitor.state(Device::Camera) != DeviceState::Live {
        monitor.set(Device::Camera, DeviceState::Live, &camera.format());
    }
    monitor.frames.fetch_add(1, Ordering::Relaxed);
    monitor.frames_lost.fetch_add(frame.lost, Ordering::Relaxed);
    let mut slot = slot.lock();
    if slot.len() == SLOT {
        slot.pop_front();
    }
    slot.push_back(frame);
    Ok(Next::GoOn)
}

fn listen(
    microphone: &mut dyn Microphone,
    sender: &SyncSender<Heard>,
    monitor: &Monitor,
) -> Result<Next, DeviceError> {
    let chunk = microphone.chunk()?;
    let mut gone = false;
    if !matches!(monitor.state(Device::Microphone), DeviceState::Live | DeviceState::Blank) {
        monitor.set(Device::Microphone, DeviceState::Live, &microphone.format());
        let begin = Heard::Begin { rate: microphone.rate(), channels: microphone.channels() };
        gone = sender.send(begin).is_err();
    }
    gone = gone || sender.send(Heard::Chunk(chunk)).is_err();
    Ok(if gone { Next::Close } else { Next::GoOn })
}

/// Waits until both devices deliver or have failed; returns the moment at which the timeline begins.
fn wait_for_both(monitor: &Monitor) -> f64 {
    let until = Instant::now() + START;
    let opening = |device| monitor.state(device) == DeviceState::Opening;
    while Instant::now() < until && (opening(Device::Camera) || opening(Device::Microphone)) {
        thread::sleep(Duration::from_millis(5));
    }
    monitor.seconds(Instant::now())
}

/// Puts sound and frames on the timeline, and both into the rings.
struct CaptureMixer {
    timeline: Timeline,
    resampler: Option<Input>,
    slot: Slot,
    shown: Arc<RgbImage>,
    shown_t: f64,
    /// Frames of the timeline so far.
    ticks: u64,
    offset: f64,
    /// Samples of digital silence in a row.
    zeros: usize,
    frames: Producer<VideoFrame>,
    sound: Producer<f32>,
    monitor: Arc<Monitor>,
}

/// A microphone's own samples on their way to 48 kHz mono.
struct Input {
    resampler: Resampler,
    rate: u32,
    channels: usize,
    /// Samples (of each channel) taken.
    taken: u64,
    /// Samples given.
    made: u64,
}

impl CaptureMixer {
    fn run(mut self, heard: &Receiver<Heard>) {
        let mut last = Instant::now();
        loop {
            let sound = match heard.recv_timeout(Duration::from_millis(10)) {
                Ok(Heard::Begin { rate, channels }) => {
                    // An impossible format is treated as silence.
                    let resampler = Resampler::new(rate as usize, channels, Loudness::Mean).ok();
                    let input = |resampler| Input { resampler, rate, channels, taken: 0, made: 0 };
                    self.resampler = resampler.map(input);
                    self.timeline.restart();
                    Vec::new()
                }
                Ok(Heard::Chunk(chunk)) => {
                    last = Instant::now();
                    self.place(&chunk)
                }
                Err(RecvTimeoutError::Timeout) => Vec::new(),
                Err(RecvTimeoutError::Disconnected) => {
                    // The microphone's thread has ended for good, but the timeline must go on.
                    thread::sleep(Duration::from_millis(10));
                    Vec::new()
                }
            };
            let mut open = sound.is_empty() || self.write(sound.len(), &mut sound.into_iter());
            if last.elapsed() > MISSED {
                let now = self.monitor.seconds(Instant::now()) - BEHIND;
                // One gap, however often it is extended.
                let gaps = u64::from(self.timeline.is_running());
                let silence = self.timeline.silence_until(now);
                self.lost(silence, gaps);
                open = open && self.write(silence, &mut std::iter::repeat_n(0.0, silence));
            }
            if !open || !self.show() {
                return;
            }
        }
    }

    fn lost(&self, samples: usize, gaps: u64) {
        if samples > 0 {
            self.monitor.samples_lost.fetch_add(samples as u64, Ordering::Relaxed);
            self.monitor.gaps.fetch_add(gaps, Ordering::Relaxed);
        }
    }

    /// A chunk at 48 kHz mono, with the silence that belongs before it.
    fn place(&mut self, chunk: &Chunk) -> Vec<f32> {
        self.monitor.xruns.fetch_add(chunk.xruns, Ordering::Relaxed);
        self.monitor.invalid.fetch_add(chunk.invalid, Ordering::Relaxed);
        let Some(input) = &mut self.resampler else { return Vec::new() };
        let invalid = input.resampler.damaged();
        let mut mono = Vec::new();
        // When the first sample that comes out was taken: what is still inside is older than the chunk.
        let inside = input.made as f64 / SAMPLE_RATE as f64 - input.taken as f64 / f64::from(input.rate);
        let lost_seconds = chunk.lost as f64 / f64::from(input.rate);
        let captured = self.monitor.seconds(chunk.captured) + inside - lost_seconds;
        let lost = vec![0.0; chunk.lost as usize * input.channels];
        for samples in [&lost, &chunk.interleaved] {
            input.taken += (samples.len() / input.channels) as u64;
            if input.resampler.push(samples, &mut mono).is_err() {
                return Vec::new();
            }
        }
        input.made += mono.len() as u64;
        self.monitor.invalid.fetch_add(input.resampler.damaged() - invalid, Ordering::Relaxed);
        if chunk.lost > 0 {
            self.monitor.overruns.fetch_add(1, Ordering::Relaxed);
            self.lost((lost_seconds * SAMPLE_RATE as f64) as usize, 1);
        }
        self.zeros = if chunk.interleaved.iter().all(|s| *s == 0.0 || !s.is_finite()) {
            self.zeros + mono.len()
        } else {
            0
        };
        self.tell_blank();
        if mono.is_empty() {
            return mono;
        }
        let placement = self.timeline.place(captured, chunk.xruns > 0);
        self.lost(placement.silence, 1);
        if placement.skip >= mono.len() {
            // All of it is older than the silence; the next chunk has its own place.
            self.timeline.restart();
            return Vec::new();
        }
        mono.drain(..placement.skip);
        mono.splice(..0, std::iter::repeat_n(0.0, placement.silence));
        self.monitor.set_clock(self.timeline.origin(), self.timeline.drift());
        mono
    }

    fn tell_blank(&self) {
        let state = self.monitor.state(Device::Microphone);
        let blank = self.zeros > BLANK * SAMPLE_RATE;
        match state {
            DeviceState::Live if blank => {
                let detail = "digital silence: switch it on, or choose another one";
                self.monitor.set(Device::Microphone, DeviceState::Blank, detail);
            }
            DeviceState::Blank if !blank => {
                self.monitor.set(Device::Microphone, DeviceState::Live, "it sounds again")
            }
            _ => {}
        }
    }

    fn write(&mut self, count: usize, samples: &mut dyn Iterator<Item = f32>) -> bool {
        self.timeline.advance(count);
        let mut samples = samples;
        self.sound.push_all(&mut samples)
    }

    /// Shows a frame for every tick that the sound has reached: the newest that was taken by then.
    fn show(&mut self) -> bool {
        while self.ticks as f64 / f64::from(FRAME_RATE) <= self.timeline.t() {
            let t = self.ticks as f64 / f64::from(FRAME_RATE);
            let mut slot = self.slot.lock();
            let (timeline, monitor, offset) = (&self.timeline, &self.monitor, self.offset);
            let taken = |frame: &CameraFrame| timeline.t_of(monitor.seconds(frame.captured)) + offset;
            while slot.front().is_some_and(|frame| taken(frame) <= t) {
                if let Some(frame) = slot.pop_front() {
                    self.shown_t = taken(&frame);
                    self.shown = Arc::new(frame.picture);
                }
            }
            drop(slot);
            if t - self.shown_t > STALE && self.shown_t.is_finite() {
                let (width, height) = self.shown.dimensions();
                self.shown = Arc::new(RgbImage::new(width, height));
                self.shown_t = f64::NEG_INFINITY;
            }
            if !self.frames.push(VideoFrame { t, captured: self.shown_t, picture: self.shown.clone() }) {
                return false;
            }
            self.ticks += 1;
        }
        true
    }
}
