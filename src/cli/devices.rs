//! `lookhear devices`, and the arguments by which every live command names its devices.

use std::path::Path;
use std::sync::Arc;

use clap::Args;
use lookhear::capture::camera::{self, CameraInfo, CameraRequest, Driver, cameras, open_camera};
use lookhear::capture::device::{Camera, Microphone};
use lookhear::capture::live::{self, Opener};
use lookhear::capture::microphone::{self, MicrophoneInfo, MicrophoneOpener, microphones};
use lookhear::capture::{Film, Offsets, Source, Stage};
use lookhear::output::is_same;
use lookhear::profile::{self, Profile};
use lookhear::studio::{self, Play};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::ending::Failure;

/// Instead of a device's name: the virtual studio.
const STUDIO: &str = "studio";

/// Which camera, which microphone.
#[derive(Clone, Args)]
pub(super) struct DeviceArguments {
    /// A camera: its number, id, device file or a part of its name (see `lookhear devices`), a
    /// URL or file that ffmpeg reads, or studio.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "NAME")]
    pub(super) camera: String,
    /// A microphone: its id or a part of its name, a URL or file, or studio.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "NAME")]
    pub(super) microphone: String,
    /// Size of the camera's pictures, as near as it has them; 640x480 if left out.
    #[arg(long, value_parser = size, value_name = "WxH")]
    size: Option<(u32, u32)>,
    /// What drives the camera; auto if left out.
    #[arg(long, value_enum)]
    camera_driver: Option<Driver>,
}

/// Reads `640x480`.
pub(super) fn size(text: &str) -> Result<(u32, u32), String> {
    let sides = text.split_once('x').and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
    sides
        .filter(|(w, h)| (16..=8192).contains(w) && (16..=8192).contains(h))
        .ok_or_else(|| "give width and height, e.g. 640x480".to_string())
}

impl DeviceArguments {
    /// What was not given is taken from a settings file.
    pub(super) fn or(mut self, Profile { camera, microphone, .. }: &Profile) -> Self {
        let given = |own: String, other: &String| if own.is_empty() { other.clone() } else { own };
        self.camera = given(self.camera, &camera.name);
        self.microphone = given(self.microphone, &microphone.name);
        self.size = self.size.or(Some(camera.request().size));
        self.camera_driver = self.camera_driver.or(Some(camera.driver));
        self
    }

    /// Puts what counts in the place of what a settings file says.
    pub(super) fn put(&self, profile: &mut Profile) {
        let CameraRequest { name, size: (width, height), driver } = self.request();
        let camera = &mut profile.camera;
        (camera.name, camera.size, camera.driver) = (name, [width, height], driver);
        profile.microphone.name.clone_from(&self.microphone);
    }

    /// Starts both. `offset` is added to the camera's times; left out, it is what `lookhear calibrate`
    /// stored for this pair.
    pub(super) fn open(&self, offset: Option<f64>) -> Source {
        let offset = offset.unwrap_or_else(|| self.stored_offset());
        let request = self.request();
        let stage = [&self.camera, &self.microphone].iter().any(|name| *name == STUDIO).then(|| {
            let mut rng = ChaCha8Rng::seed_from_u64(1);
            let cast = studio::favourites(Path::new(studio::STAMPS), &mut rng);
            Stage::new(Play::new(&cast, 6, request.size, &mut rng))
        });
        let film = (self.camera == self.microphone).then(|| Film::of(&self.camera)).flatten();
        let camera: Opener<dyn Camera> = match (&stage, film.clone()) {
            (Some(stage), _) if self.camera == STUDIO => {
                let stage: Arc<Stage> = stage.clone();
                Box::new(move || Ok(Box::new(stage.camera())))
            }
            (_, Some(film)) => Box::new(move || Ok(Box::new(film.camera()?))),
            _ => Box::new(move || open_camera(&request)),
        };
        let opener = MicrophoneOpener::new(&self.microphone);
        let microphone: Opener<dyn Microphone> = match (stage, film) {
            (Some(stage), _) if self.microphone == STUDIO => {
                Box::new(move || Ok(Box::new(stage.microphone())))
            }
            (_, Some(film)) => Box::new(move || Ok(Box::new(film.microphone()?))),
            _ => Box::new(move || opener.open()),
        };
        live::open(camera, microphone, offset)
    }

    /// Refuses to write over a file that stands in for a device.
    pub(super) fn keep(&self, target: &Path) -> Result<(), Failure> {
        match [&self.camera, &self.microphone].iter().any(|name| is_same(Path::new(name), target)) {
            true => Err(format!("{}: it is what is watched; give another name", target.display()).into()),
            false => Ok(()),
        }
    }

    /// What is asked of the camera.
    pub(super) fn request(&self) -> CameraRequest {
        let default = profile::Camera::default().request();
        CameraRequest {
            name: self.camera.clone(),
            size: self.size.unwrap_or(default.size),
            driver: self.camera_driver.unwrap_or(default.driver),
        }
    }

    /// The ids of both devices, as the offset of a pair is stored under them.
    pub(super) fn pair(&self) -> (String, String) {
        let camera = camera::find(&self.camera).map_or_else(|| self.camera.clone(), |info| info.id);
        let microphone =
            microphone::find(&self.microphone).map_or_else(|| self.microphone.clone(), |info| info.id);
        (camera, microphone)
    }

    fn stored_offset(&self) -> f64 {
        let Some(offsets) = Offsets::load() else { return 0.0 };
        match offsets {
            Ok(offsets) if offsets.is_empty() => 0.0,
            Ok(offsets) => {
                let (camera, microphone) = self.pair();
                offsets.get(&camera, &microphone).unwrap_or(0.0) / 1e3
            }
            Err(error) => {
                log::warn!("{error}; the devices' times are taken as they are");
                0.0
            }
        }
    }
}

#[derive(Args)]
pub(super) struct Devices {
    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Listing {
    cameras: Vec<CameraInfo>,
    microphones: Vec<MicrophoneInfo>,
}

impl Devices {
    pub(super) fn run(self) -> Result<(), Failure> {
        // An error for one kind of device does not hide the other kind.
        let told = |error: lookhear::capture::device::DeviceError| log::error!("{error}");
        let cameras = cameras().map_err(told).unwrap_or_default();
        let microphones = microphones().map_err(told).unwrap_or_default();
        if self.json {
            say!("{}", serde_json::to_string_pretty(&Listing { cameras, microphones })?);
            return Ok(());
        }
        say!("{}", if cameras.is_empty() { "No camera." } else { "Cameras:" });
        for camera in &cameras {
            say!("  {}  ({}; {})", camera.name, camera.id, camera.aliases.join(", "));
            if camera.formats.is_empty() {
                say!("      offers nothing now: in use?");
            }
            camera.formats.iter().for_each(|format| say!("      {format}"));
        }
        say!("{}", if microphones.is_empty() { "No microphone." } else { "Microphones:" });
        for microphone in &microphones {
            let default = if microphone.default { ", used if none is named" } else { "" };
            say!("  {}  ({}{default})", microphone.name, microphone.id);
            say!("      {}", microphone.format.as_deref().unwrap_or("does not open now"));
        }
        Ok(())
    }
}
