//! Cameras: how to name one, how to list them, how to open one.

mod nokhwa;
mod pixels;
#[cfg(target_os = "linux")]
mod v4l;

use std::path::Path;

use serde::{Deserialize, Serialize};

pub use super::device::CameraInfo;
use super::device::{Camera, DeviceError, ErrorKind};
use super::stream::{self, StreamCamera};

/// The library that drives the camera.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[serde(rename_all = "lowercase")]
pub enum Driver {
    /// V4L2 itself on Linux, because it has timeouts, lost frames and capture times; nokhwa elsewhere.
    #[default]
    Auto,
    /// nokhwa.
    Nokhwa,
}

/// The requested camera and its settings.
#[derive(Clone, Debug)]
pub struct CameraRequest {
    /// A number, an id, a device file or a link to one, a part of a name, or a URL or file; empty: the first one.
    pub name: String,
    /// Width and height, as near as the camera has them.
    pub size: (u32, u32),
    /// The library.
    pub driver: Driver,
}

/// The cameras of this machine.
///
/// # Errors
/// The system does not list its cameras.
pub fn cameras() -> Result<Vec<CameraInfo>, DeviceError> {
    #[cfg(target_os = "linux")]
    return Ok(v4l::list());
    #[cfg(not(target_os = "linux"))]
    nokhwa::list()
}

/// The camera that a name (as in [`CameraRequest::name`]) means, if there is one.
pub fn find(name: &str) -> Option<CameraInfo> {
    named(&cameras().ok()?, name).cloned()
}

fn named<'a>(cameras: &'a [CameraInfo], name: &str) -> Option<&'a CameraInfo> {
    let wanted = name.to_lowercase();
    // udev's links lead to a device file; what is no path stays what it is.
    let file = std::fs::canonicalize(name).unwrap_or_else(|_| name.into());
    let exact = |camera: &&CameraInfo| {
        camera.id == name
            || camera.name == name
            || camera.aliases.iter().any(|a| a == name || Path::new(a) == file)
    };
    let part = |camera: &&CameraInfo| camera.name.to_lowercase().contains(&wanted);
    match name.is_empty() {
        true => cameras.first(),
        false => cameras.iter().find(exact).or_else(|| cameras.iter().find(part)),
    }
}

/// Opens a camera.
///
/// # Errors
/// No camera has this name, it is in use, access is denied, or it offers no format that can be read.
pub fn open_camera(request: &CameraRequest) -> Result<Box<dyn Camera>, DeviceError> {
    if stream::is_stream(&request.name) {
        return Ok(Box::new(StreamCamera::open(&request.name)?));
    }
    let shown = if request.name.is_empty() { "camera" } else { &request.name };
    let cameras = cameras()?;
    let info =
        named(&cameras, &request.name).ok_or_else(|| DeviceError::new(ErrorKind::Missing, shown, ""))?;
    #[cfg(target_os = "linux")]
    if request.driver == Driver::Auto {
        return Ok(Box::new(v4l::V4l::open(info, request.size)?));
    }
    Ok(Box::new(nokhwa::Nokhwa::open(info, request.size)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cameras_are_found_by_number_id_file_and_part_of_a_name() {
        let camera = |id: &str, name: &str, aliases: &[&str]| CameraInfo {
            id: id.into(),
            name: name.into(),
            aliases: aliases.iter().map(|a| a.to_string()).collect(),
            formats: vec![],
        };
        let all = [
            camera("usb-A-index0", "Studio Webcam", &["0", "/dev/video0"]),
            camera("usb-B-index0", "Webcam", &["2", "/dev/video2"]),
        ];
        let found = |name| named(&all, name).map(|camera| camera.id.as_str());
        assert_eq!(found(""), Some("usb-A-index0"));
        assert_eq!(found("2"), Some("usb-B-index0"));
        assert_eq!(found("/dev/video0"), Some("usb-A-index0"));
        assert_eq!(found("Webcam"), Some("usb-B-index0"), "the whole name goes before a part");
        assert_eq!(found("studio"), Some("usb-A-index0"));
        assert_eq!(found("nothing"), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_camera_is_found_by_a_link_to_its_device_file() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("video0"), folder.path().join("camera-left"));
        std::fs::write(&file, "").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let device = file.canonicalize().unwrap().display().to_string();
        let camera =
            CameraInfo { id: "usb-A".into(), name: "A".into(), aliases: vec![device], formats: vec![] };
        let found =
            |name: &std::path::Path| named(std::slice::from_ref(&camera), name.to_str().unwrap()).is_some();
        assert!(found(&link) && !found(&folder.path().join("camera-right")));
    }
}
