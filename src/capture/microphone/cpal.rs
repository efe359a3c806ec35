//! Microphones of any system through cpal.
//!
//! The callback neither waits nor allocates nor logs: it pushes samples into a ring and, once a call, a
//! time stamp into another; what does not fit is counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{
    BufferSize, ErrorKind as Cause, FromSample, InputCallbackInfo, Sample, SampleFormat, SizedSample,
    StreamConfig, SupportedBufferSize,
};
use ringbuf::traits::{Consumer as _, Observer, Producer as _, Split};
use ringbuf::{HeapCons, HeapProd, HeapRb};

use crate::capture::device::{Chunk, DeviceError, ErrorKind, Microphone, MicrophoneInfo, PATIENCE};

/// Seconds that the ring holds.
const RING: usize = 2;
/// Milliseconds between two callbacks: at first, and at most, if the machine proves to be too slow.
const PERIODS: [u32; 2] = [20, 160];
/// Number of overruns within [`SLOW`] after which the machine counts as too slow.
const MANY: u64 = 8;
const SLOW: Duration = Duration::from_secs(10);
/// Time stamps that their ring holds.
const STAMPS: usize = 1024;
/// How long to sleep when there is nothing; callbacks come every 10 ms or so.
const PAUSE: Duration = Duration::from_millis(2);

/// Time stamp of one callback.
#[derive(Clone, Copy)]
struct Stamp {
    captured: Instant,
    samples: usize,
    /// Samples (of all channels) that were lost so far.
    lost: u64,
}

/// What the callbacks report besides samples.
#[derive(Default)]
struct Reports {
    xruns: AtomicU64,
    /// 0 for no failure, otherwise the [`ErrorKind`] plus one.
    failure: AtomicU8,
}

pub(super) struct Cpal {
    name: String,
    // Dropped first: no callback comes after that.
    _stream: cpal::Stream,
    samples: HeapCons<f32>,
    stamps: HeapCons<Stamp>,
    reports: Arc<Reports>,
    lost: u64,
    rate: u32,
    channels: usize,
    /// Milliseconds between two callbacks as they should be; kept for the next opening.
    period: Arc<AtomicU32>,
    overruns: (Instant, u64),
}

fn kind(cause: Cause) -> ErrorKind {
    match cause {
        Cause::DeviceBusy => ErrorKind::Busy,
        Cause::PermissionDenied => ErrorKind::Denied,
        Cause::DeviceNotAvailable => ErrorKind::Gone,
        Cause::HostUnavailable => ErrorKind::Missing,
        Cause::UnsupportedConfig | Cause::InvalidInput => ErrorKind::Unsupported,
        _ => ErrorKind::Failed,
    }
}

/// An error for a microphone as it was asked for.
fn error(kind: ErrorKind, name: &str, detail: &str) -> DeviceError {
    DeviceError::new(kind, if name.is_empty() { "microphone" } else { name }, detail)
}

fn describe(device: &cpal::Device) -> Option<(String, String)> {
    Some((device.id().ok()?.to_string(), device.description().ok()?.name().to_string()))
}

pub(super) fn list() -> Result<Vec<MicrophoneInfo>, DeviceError> {
    let host = cpal::default_host();
    let default = host.default_input_device().and_then(|device| describe(&device));
    let devices = host.input_devices().map_err(|e| error(kind(e.kind()), "", &e.to_string()))?;
    let info = |device: cpal::Device| {
        // ALSA's null device is not a microphone.
        let (id, name) = describe(&device).filter(|(id, _)| !id.ends_with(":null"))?;
        let format = device.default_input_config().ok();
        let format = format
            .map(|c| format!("{} Hz, {} channels, {}", c.sample_rate(), c.channels(), c.sample_format()));
        let default = default.as_ref().is_some_and(|(default, _)| *default == id);
        Some(MicrophoneInfo { id, name, default, format })
    };
    Ok(devices.filter_map(info).collect())
}

fn find(name: &str) -> Result<cpal::Device, DeviceError> {
    let host = cpal::default_host();
    let missing = || error(ErrorKind::Missing, name, "");
    if name.is_empty() {
        return host.default_input_device().ok_or_else(missing);
    }
    if let Some(device) = name.parse().ok().and_then(|id| host.device_by_id(&id)) {
        return Ok(device);
    }
    let devices = host.input_devices().map_err(|e| error(kind(e.kind()), name, &e.to_string()))?;
    let wanted = name.to_lowercase();
    let mut named: Vec<_> =
        devices.filter_map(|device| Some((describe(&device)?.1.to_lowercase(), device))).collect();
    // An exact match takes precedence over a partial one.
    let place = named
        .iter()
        .position(|(n, _)| *n == wanted)
        .or_else(|| named.iter().position(|(n, _)| n.contains(&wanted)));
    place.map(|place| named.swap_remove(place).1).ok_or_else(missing)
}

/// The microphone that a name means.
pub(super) fn find_info(name: &str) -> Option<MicrophoneInfo> {
    let (id, name) = describe(&find(name).ok()?)?;
    Some(MicrophoneInfo { id, name, default: false, format: None })
}

impl Cpal {
    pub(super) fn open(name: &str, period: &Arc<AtomicU32>) -> Result<Self, DeviceError> {
        let failed = |e: cpal::Error| match kind(e.kind()) {
            // A device that does not open does not exist: the system's settings name it, but there is no hardware.
            ErrorKind::Gone => error(ErrorKind::Missing, name, ""),
            kind => error(kind, name, &e.to_string()),
        };
        let device = find(name)?;
        let supported = device.default_input_config().map_err(failed)?;
        let (rate, channels) = (supported.sample_rate(), usize::from(supported.channels()));
        let (sample_producer, samples) = HeapRb::new(RING * rate as usize * channels).split();
        let (stamp_producer, stamps) = HeapRb::new(STAMPS).split();
        let reports = Arc::new(Reports::default());
        let writer = Writer { samples: sample_producer, stamps: stamp_producer, lost: 0, channels };
        let mut config: StreamConfig = supported.config();
        let frames = rate * period.load(Ordering::Relaxed).clamp(PERIODS[0], PERIODS[1]) / 1000;
        if let SupportedBufferSize::Range { min, max } = *supported.buffer_size() {
            config.buffer_size = BufferSize::Fixed(frames.clamp(min, max.max(min)));
        }
        let stream = match supported.sample_format() {
            SampleFormat::I8 => start::<i8>(&device, config, writer, &reports),
            SampleFormat::I16 => start::<i16>(&device, config, writer, &reports),
            SampleFormat::I32 => start::<i32>(&device, config, writer, &reports),
            SampleFormat::U8 => start::<u8>(&device, config, writer, &reports),
            SampleFormat::U16 => start::<u16>(&device, config, writer, &reports),
            SampleFormat::F32 => start::<f32>(&device, config, writer, &reports),
            SampleFormat::F64 => start::<f64>(&device, config, writer, &reports),
            other => return Err(error(ErrorKind::Unsupported, name, &other.to_string())),
        };
        let stream = stream.map_err(failed)?;
        stream.play().map_err(failed)?;
        let name = describe(&device).map_or_else(|| name.to_string(), |(_, name)| name);
        let (period, overruns) = (period.clone(), (Instant::now(), 0));
        Ok(Self {
            name,
            _stream: stream,
            samples,
            stamps,
            reports,
            lost: 0,
            rate,
            channels,
            period,
            overruns,
        })
    }
}

fn start<T: SizedSample>(
    device: &cpal::Device,
    config: StreamConfig,
    mut writer: Writer,
    reports: &Arc<Reports>,
) -> Result<cpal::Stream, cpal::Error>
where
    f32: FromSample<T>,
{
    let reports = reports.clone();
    let report = move |error: cpal::Error| match error.kind() {
        Cause::Xrun => drop(reports.xruns.fetch_add(1, Ordering::Relaxed)),
        // The system switched to another device or lost real-time priority; sound still arrives.
        Cause::DeviceChanged | Cause::RealtimeDenied => {}
        cause => reports.failure.store(kind(cause) as u8 + 1, Ordering::Relaxed),
    };
    device.build_input_stream(
        config,
        move |data: &[T], info: &InputCallbackInfo| writer.take(data, info),
        report,
        None,
    )
}

/// The callback's ends of the rings.
struct Writer {
    samples: HeapProd<f32>,
    stamps: HeapProd<Stamp>,
    lost: u64,
    channels: usize,
}

impl Writer {
    fn take<T: Sample>(&mut self, data: &[T], info: &InputCallbackInfo)
    where
        f32: FromSample<T>,
    {
        let stamp = info.timestamp();
        let age = stamp.callback.checked_duration_since(stamp.capture).unwrap_or_default();
        let captured = Instant::now().checked_sub(age).unwrap_or_else(Instant::now);
        let fits = self.samples.vacant_len().min(data.len()) / self.channels * self.channels;
        let fits = if self.stamps.is_full() { 0 } else { fits };
        if fits > 0 {
            self.samples.push_iter(data[..fits].iter().map(|sample| f32::from_sample(*sample)));
            let _ = self.stamps.try_push(Stamp { captured, samples: fits, lost: self.lost });
        }
        self.lost += (data.len() - fits) as u64;
    }
}

impl Cpal {
    /// Counts overruns of the device. Too many: it is opened anew with a longer period.
    fn overrun(&mut self, xruns: u64) -> Result<(), DeviceError> {
        let (since, count) = &mut self.overruns;
        if since.elapsed() > SLOW {
            (*since, *count) = (Instant::now(), 0);
        }
        *count += xruns;
        let period = self.period.load(Ordering::Relaxed).max(PERIODS[0]);
        if *count < MANY || period >= PERIODS[1] {
            return Ok(());
        }
        self.period.store(period * 2, Ordering::Relaxed);
        Err(error(ErrorKind::Failed, &self.name, "it overran again and again; trying with a longer buffer"))
    }
}

impl Microphone for Cpal {
    fn chunk(&mut self) -> Result<Chunk, DeviceError> {
        let begin = Instant::now();
        loop {
            if let Some(stamp) = self.stamps.try_pop() {
                let mut interleaved = vec![0.0; stamp.samples];
                self.samples.pop_slice(&mut interleaved);
                let lost = (stamp.lost - self.lost) / self.channels as u64;
                self.lost = stamp.lost;
                let xruns = self.reports.xruns.swap(0, Ordering::Relaxed);
                self.overrun(xruns)?;
                return Ok(Chunk { captured: stamp.captured, interleaved, lost, xruns, invalid: 0 });
            }
            let failure = match self.reports.failure.load(Ordering::Relaxed) {
                0 => None,
                n if n == ErrorKind::Busy as u8 + 1 => Some(ErrorKind::Busy),
                n if n == ErrorKind::Gone as u8 + 1 => Some(ErrorKind::Gone),
                n if n == ErrorKind::Denied as u8 + 1 => Some(ErrorKind::Denied),
                _ => Some(ErrorKind::Failed),
            };
            if let Some(kind) = failure {
                return Err(error(kind, &self.name, "the sound system ended the stream"));
            }
            if begin.elapsed() > PATIENCE {
                return Err(error(ErrorKind::Stalled, &self.name, ""));
            }
            thread::sleep(PAUSE);
        }
    }

    fn rate(&self) -> u32 {
        self.rate
    }

    fn channels(&self) -> usize {
        self.channels
    }
}
