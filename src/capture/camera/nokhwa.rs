//! Cameras of any system through nokhwa.
//!
//! nokhwa's `frame()` has no timeout, so it runs in a thread of its own, and callers wait for that thread with a
//! timeout. If a driver blocks that thread for ever, the camera stays in use, and opening it again reports that.

use std::collections::HashSet;
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Instant;

use nokhwa::pixel_format::RgbFormat;
use nokhwa::utils::{
    CameraFormat, CameraIndex, FrameFormat, RequestedFormat, RequestedFormatType, Resolution,
};
use nokhwa::{Buffer, NokhwaError};
use parking_lot::Mutex;

use super::pixels::{Format, Layout, decode};
use crate::capture::device::{Camera, CameraFrame, CameraInfo, DeviceError, ErrorKind, PATIENCE};

/// Cameras whose threads have not come back.
static HELD: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);

/// The cameras, in the order of the system.
#[cfg_attr(target_os = "linux", allow(dead_code))]
pub(super) fn list() -> Result<Vec<CameraInfo>, DeviceError> {
    let all = nokhwa::query(nokhwa::utils::ApiBackend::Auto)
        .map_err(|e| DeviceError::new(ErrorKind::Failed, "cameras", &e.to_string()))?;
    let info = |info: &nokhwa::utils::CameraInfo| CameraInfo {
        id: info.human_name(),
        name: info.human_name(),
        aliases: vec![info.index().to_string()],
        formats: vec![],
    };
    Ok(all.iter().map(info).collect())
}

/// An open camera.
pub(super) struct Nokhwa {
    name: String,
    format: String,
    frames: Receiver<Result<(Instant, Buffer), NokhwaError>>,
}

impl Nokhwa {
    pub(super) fn open(info: &CameraInfo, (width, height): (u32, u32)) -> Result<Self, DeviceError> {
        let name = info.name.clone();
        let number = info.aliases.iter().find_map(|alias| alias.parse().ok());
        let index = number.map_or_else(|| CameraIndex::String(info.id.clone()), CameraIndex::Index);
        if !HELD.lock().insert(info.id.clone()) {
            let detail = "its driver still holds an earlier request; unplug it and connect it again";
            return Err(DeviceError::new(ErrorKind::Stalled, &name, detail));
        }
        let (sender, frames) = sync_channel(1);
        let (ready, opened) = sync_channel(1);
        let id = info.id.clone();
        // The camera is opened in the thread that uses it: some systems do not let it move between threads.
        thread::spawn(move || {
            let wanted = CameraFormat::new(Resolution::new(width, height), FrameFormat::YUYV, 30);
            let request = RequestedFormat::new::<RgbFormat>(RequestedFormatType::Closest(wanted));
            let camera = nokhwa::Camera::new(index, request).and_then(|mut camera| {
                camera.open_stream()?;
                Ok(camera)
            });
            match camera {
                Err(error) => drop(ready.send(Err(error))),
                Ok(mut camera) => {
                    drop(ready.send(Ok(camera.camera_format())));
                    loop {
                        let frame = camera.frame().map(|frame| (Instant::now(), frame));
                        let failed = frame.is_err();
                        if sender.send(frame).is_err() || failed {
                            break;
                        }
                    }
                }
            }
            HELD.lock().remove(&id);
        });
        let failed = |error: NokhwaError| DeviceError::new(kind(&error), &name, &error.to_string());
        let format = match opened.recv_timeout(5 * PATIENCE) {
            Ok(format) => format.map_err(failed)?,
            Err(_) => return Err(DeviceError::new(ErrorKind::Stalled, &name, "it does not open")),
        };
        Ok(Self { format: format!("{name}: {format}"), name, frames })
    }
}

fn kind(error: &NokhwaError) -> ErrorKind {
    let words = error.to_string();
    let says = |part: &str| words.contains(part);
    match error {
        _ if says("os error 16") || says("busy") => ErrorKind::Busy,
        _ if says("os error 13") || says("denied") => ErrorKind::Denied,
        _ if says("os error 19") || says("os error 2)") => ErrorKind::Gone,
        NokhwaError::ReadFrameError(_) => ErrorKind::Gone,
        NokhwaError::OpenDeviceError(..) => ErrorKind::Missing,
        _ => ErrorKind::Failed,
    }
}

impl Camera for Nokhwa {
    fn frame(&mut self) -> Result<CameraFrame, DeviceError> {
        let begin = Instant::now();
        let mut lost = 0;
        loop {
            let left = PATIENCE.saturating_sub(begin.elapsed());
            let (arrived, buffer) = match self.frames.recv_timeout(left) {
                Ok(frame) => {
                    frame.map_err(|error| DeviceError::new(kind(&error), &self.name, &error.to_string()))?
                }
                Err(RecvTimeoutError::Timeout) => {
                    return Err(DeviceError::new(ErrorKind::Stalled, &self.name, ""));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(DeviceError::new(ErrorKind::Failed, &self.name, "its thread ended"));
                }
            };
            let format = match buffer.source_frame_format() {
                FrameFormat::MJPEG => Format::Mjpeg,
                FrameFormat::YUYV => Format::Yuyv,
                FrameFormat::NV12 => Format::Nv12,
                FrameFormat::GRAY => Format::Grey,
                FrameFormat::RAWRGB => Format::Rgb,
                FrameFormat::RAWBGR => Format::Bgr,
            };
            let (width, height) = (buffer.resolution().width(), buffer.resolution().height());
            // nokhwa's time stamps use a different clock on each system, so the time of arrival is taken.
            match decode(buffer.buffer(), Layout { format, width, height, stride: 0 }) {
                Ok(picture) => return Ok(CameraFrame { captured: arrived, picture, lost }),
                Err(_) => lost += 1,
            }
        }
    }

    fn format(&self) -> String {
        self.format.clone()
    }
}
