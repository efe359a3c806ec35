//! Linux cameras through V4L2, which has timeouts, frame numbers and capture times.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::time::{Duration, Instant};

use v4l::buffer::{Flags, Metadata, Type};
use v4l::capability::Flags as Capability;
use v4l::context::enum_devices;
use v4l::frameinterval::FrameIntervalEnum;
use v4l::framesize::FrameSizeEnum;
use v4l::io::traits::CaptureStream;
use v4l::prelude::MmapStream;
use v4l::video::Capture;
use v4l::video::capture::Parameters;
use v4l::{Device, FourCC};

use super::pixels::{Format, Layout, decode};
use crate::capture::device::{Camera, CameraFrame, CameraInfo, DeviceError, ErrorKind, PATIENCE};

/// A frame rate that suffices, in frames per second.
const ENOUGH: f64 = 24.0;

fn fourcc(format: Format) -> FourCC {
    FourCC::new(match format {
        Format::Yuyv => b"YUYV",
        Format::Mjpeg => b"MJPG",
        Format::Nv12 => b"NV12",
        Format::Rgb => b"RGB3",
        Format::Bgr => b"BGR3",
        Format::Grey => b"GREY",
    })
}

/// Size, format and highest rate that a camera offers.
#[derive(Clone, Copy, Debug)]
struct Offer {
    format: Format,
    size: (u32, u32),
    rate: f64,
}

/// The cameras, in the order of their device files.
pub(super) fn list() -> Vec<CameraInfo> {
    let mut nodes = enum_devices();
    nodes.sort_by_key(|node| node.index());
    let ids = stable_names();
    let info = |node: &v4l::context::Node| {
        let path = node.path().to_string_lossy().into_owned();
        let device = Device::with_path(node.path()).ok();
        // One camera has several nodes; those for metadata do not capture.
        if let Some(capabilities) = device.as_ref().and_then(|device| device.query_caps().ok())
            && !capabilities.capabilities.contains(Capability::VIDEO_CAPTURE | Capability::STREAMING)
        {
            return None;
        }
        let offers = device.map(|device| offers(&device, (640, 480))).unwrap_or_default();
        let words = |offer: &Offer| {
            let ((w, h), rate) = (offer.size, offer.rate);
            format!("{w}x{h} {}, {rate:.4} fps", offer.format.name()).replace(".0000", "")
        };
        Some(CameraInfo {
            id: ids.get(&path).cloned().unwrap_or_else(|| path.clone()),
            name: node.name().unwrap_or_else(|| path.clone()),
            aliases: vec![node.index().to_string(), path],
            formats: offers.iter().map(words).collect(),
        })
    };
    nodes.iter().filter_map(info).collect()
}

/// Device file to the name that udev keeps over reboots.
fn stable_names() -> HashMap<String, String> {
    let Ok(entries) = fs::read_dir("/dev/v4l/by-id") else { return HashMap::new() };
    let name = |entry: fs::DirEntry| {
        let target = fs::canonicalize(entry.path()).ok()?;
        Some((target.to_string_lossy().into_owned(), entry.file_name().to_string_lossy().into_owned()))
    };
    entries.filter_map(|entry| name(entry.ok()?)).collect()
}

/// Everything readable that a camera offers; of sizes without steps the one that is wanted.
fn offers(device: &Device, wanted: (u32, u32)) -> Vec<Offer> {
    let formats = device.enum_formats().unwrap_or_default();
    let mut offers = Vec::new();
    for format in Format::ALL.into_iter().filter(|f| formats.iter().any(|d| d.fourcc == fourcc(*f))) {
        for size in device.enum_framesizes(fourcc(format)).unwrap_or_default() {
            let size = match size.size {
                FrameSizeEnum::Discrete(size) => (size.width, size.height),
                FrameSizeEnum::Stepwise(s) => {
                    let fit = |wanted: u32, min: u32, max: u32, step: u32| {
                        let step = step.max(1);
                        min + (wanted.clamp(min, max.max(min)) - min) / step * step
                    };
                    (
                        fit(wanted.0, s.min_width, s.max_width, s.step_width),
                        fit(wanted.1, s.min_height, s.max_height, s.step_height),
                    )
                }
            };
            let intervals = device.enum_frameintervals(fourcc(format), size.0, size.1).unwrap_or_default();
            let rates = intervals.iter().map(|interval| match &interval.interval {
                FrameIntervalEnum::Discrete(f) => f64::from(f.denominator) / f64::from(f.numerator.max(1)),
                FrameIntervalEnum::Stepwise(s) => {
                    f64::from(s.min.denominator) / f64::from(s.min.numerator.max(1))
                }
            });
            offers.push(Offer { format, size, rate: rates.fold(0.0, f64::max) });
        }
    }
    offers
}

/// The offer that suits best: fast enough, near the wanted size, in the preferred format.
fn best(offers: &[Offer], wanted: (u32, u32)) -> Option<Offer> {
    let unfit = |offer: &Offer| {
        // A driver that reports no rates is assumed to be fast enough.
        let slow = offer.rate > 0.0 && offer.rate < ENOUGH;
        let area = |(w, h): (u32, u32)| f64::from(w) * f64::from(h);
        (slow, (area(offer.size) / area(wanted)).ln().abs())
    };
    let order = |a: &&Offer, b: &&Offer| {
        let ((slow_a, far_a), (slow_b, far_b)) = (unfit(a), unfit(b));
        slow_a.cmp(&slow_b).then(far_a.total_cmp(&far_b))
    };
    // Among equals `min_by` takes the first, which is the preferred one.
    offers.iter().min_by(order).copied()
}

/// An open camera.
pub(super) struct V4l {
    name: String,
    /// `None` while it restarts. Declared before the device, so that it is dropped first.
    stream: Option<MmapStream<'static>>,
    device: Device,
    layout: Layout,
    rate: f64,
    sequence: Option<u32>,
}

impl V4l {
    pub(super) fn open(info: &CameraInfo, wanted: (u32, u32)) -> Result<Self, DeviceError> {
        let path = info.aliases.last().unwrap_or(&info.id);
        let failed = |error: io::Error| DeviceError::new(kind(&error), &info.name, &error.to_string());
        let device = Device::with_path(path).map_err(failed)?;
        let offer = best(&offers(&device, wanted), wanted)
            .ok_or_else(|| DeviceError::new(ErrorKind::Unsupported, &info.name, ""))?;
        let asked = v4l::Format::new(offer.size.0, offer.size.1, fourcc(offer.format));
        let given = device.set_format(&asked).map_err(failed)?;
        let Some(format) = Format::ALL.into_iter().find(|f| fourcc(*f) == given.fourcc) else {
            return Err(DeviceError::new(ErrorKind::Unsupported, &info.name, &given.fourcc.to_string()));
        };
        // Cameras without a choice of rates refuse this; they keep their own.
        let rate = if offer.rate >= ENOUGH { offer.rate.min(30.0) } else { offer.rate };
        if rate >= 1.0 {
            let _ = device.set_params(&Parameters::new(v4l::Fraction::new(1000, (rate * 1000.0) as u32)));
        }
        let interval = device.params().map(|p| p.interval).unwrap_or(v4l::Fraction::new(0, 0));
        let stream = start(&device).map_err(failed)?;
        let stride = if format == Format::Mjpeg { 0 } else { given.stride };
        Ok(Self {
            name: info.name.clone(),
            device,
            stream: Some(stream),
            layout: Layout { format, width: given.width, height: given.height, stride },
            rate: f64::from(interval.denominator) / f64::from(interval.numerator.max(1)),
            sequence: None,
        })
    }
}

fn start(device: &Device) -> io::Result<MmapStream<'static>> {
    let mut stream = MmapStream::with_buffers(device, Type::VideoCapture, 4)?;
    stream.set_timeout(PATIENCE);
    Ok(stream)
}

fn kind(error: &io::Error) -> ErrorKind {
    match error.raw_os_error().map(rustix::io::Errno::from_raw_os_error) {
        Some(rustix::io::Errno::BUSY) => ErrorKind::Busy,
        Some(rustix::io::Errno::NODEV | rustix::io::Errno::NXIO | rustix::io::Errno::NOENT) => {
            ErrorKind::Gone
        }
        Some(rustix::io::Errno::ACCESS | rustix::io::Errno::PERM) => ErrorKind::Denied,
        _ if error.kind() == io::ErrorKind::TimedOut => ErrorKind::Stalled,
        _ => ErrorKind::Failed,
    }
}

/// When a buffer was filled.
fn captured(meta: &Metadata) -> Instant {
    let now = Instant::now();
    if meta.flags & Flags::TIMESTAMP_MASK != Flags::TIMESTAMP_MONOTONIC {
        return now;
    }
    let clock = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let clock = Duration::new(clock.tv_sec as u64, clock.tv_nsec as u32);
    let taken =
        Duration::from_secs(meta.timestamp.sec as u64) + Duration::from_micros(meta.timestamp.usec as u64);
    now.checked_sub(clock.saturating_sub(taken)).unwrap_or(now)
}

impl Camera for V4l {
    fn frame(&mut self) -> Result<CameraFrame, DeviceError> {
        let begin = Instant::now();
        let mut lost = 0;
        while begin.elapsed() < PATIENCE {
            let named = |error: io::Error| DeviceError::new(kind(&error), &self.name, &error.to_string());
            let stream = match &mut self.stream {
                Some(stream) => stream,
                None => self.stream.insert(start(&self.device).map_err(named)?),
            };
            let (bytes, meta) = match CaptureStream::next(stream) {
                Ok(next) => next,
                Err(error) => {
                    let error = named(error);
                    // A stream cannot go on after a timeout: its buffers are with the driver.
                    (self.stream, self.sequence) = (None, None);
                    return Err(error);
                }
            };
            let captured = captured(meta);
            let before = self.sequence.replace(meta.sequence);
            lost += before.map_or(0, |before| {
                u64::from(meta.sequence.wrapping_sub(before).saturating_sub(1).min(1000))
            });
            let whole = &bytes[..bytes.len().min(meta.bytesused as usize)];
            if meta.flags.contains(Flags::ERROR) {
                lost += 1;
                continue;
            }
            match decode(whole, self.layout) {
                Ok(picture) => return Ok(CameraFrame { captured, picture, lost }),
                // Webcams give a broken JPEG now and then, at their start above all.
                Err(_) => lost += 1,
            }
        }
        Err(DeviceError::new(ErrorKind::Stalled, &self.name, "only broken frames"))
    }

    fn format(&self) -> String {
        let Layout { format, width, height, .. } = self.layout;
        format!("{}: {width}x{height} {}, {:.0} fps", self.name, format.name(), self.rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_offer_is_fast_and_near() {
        let offer = |format, size, rate| Offer { format, size, rate };
        let offers = [
            offer(Format::Yuyv, (640, 480), 30.0),
            offer(Format::Yuyv, (1280, 720), 10.0),
            offer(Format::Mjpeg, (640, 480), 30.0),
            offer(Format::Mjpeg, (1280, 720), 30.0),
        ];
        let chosen = |wanted| best(&offers, wanted).map(|o| (o.format, o.size));
        assert_eq!(chosen((640, 480)), Some((Format::Yuyv, (640, 480))));
        assert_eq!(chosen((1280, 720)), Some((Format::Mjpeg, (1280, 720))));
        assert!(best(&[], (640, 480)).is_none());
    }
}
