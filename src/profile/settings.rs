//! The tables of a settings file that every live command has.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use super::ValidationError;
use crate::capture::camera::{CameraRequest, Driver};
use crate::engine::Backend;
use crate::model::Thresholds;
use crate::pipeline;
use crate::validation::inside;

/// Sides of a camera's pictures, in pixels.
const SIDES: RangeInclusive<u32> = 16..=8192;
/// Milliseconds by which a camera's times may be moved: more than any device lags behind another.
const OFFSETS: RangeInclusive<f64> = -5000.0..=5000.0;
/// Threads of the integer engine.
const THREADS: RangeInclusive<u16> = 1..=64;
/// Seconds between decisions.
const HOPS: RangeInclusive<f64> = 0.01..=10.0;
/// Seconds between self-checks; 0: none.
const SWAPS: RangeInclusive<f64> = 0.0..=3600.0;
/// Scores.
const SCORES: RangeInclusive<f64> = 0.0..=1.0;
/// Seconds for which an answer must last.
const HOLDS: RangeInclusive<f64> = 0.0..=10.0;
/// Levels of sound, in decibels relative to full scale; digital silence is -120.
const LEVELS: RangeInclusive<f64> = -120.0..=0.0;

/// A value must lie in its range.
fn within<T>(key: &str, value: T, range: &RangeInclusive<T>, unit: &str) -> Result<(), ValidationError>
where
    T: PartialOrd + std::fmt::Display,
{
    if range.contains(&value) {
        return Ok(());
    }
    let (least, most) = (range.start(), range.end());
    Err(ValidationError::new(key, format!("{value} is out of range; give {least} to {most}{unit}")))
}

/// The camera.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Camera {
    /// A number, an id, a device file, a part of a name, a URL or file, or `studio`; empty: the first one.
    pub name: String,
    /// Width and height in pixels, as near as the camera has them.
    #[serde(deserialize_with = "size")]
    pub size: [u32; 2],
    /// The driver.
    pub driver: Driver,
    /// Milliseconds to add to the camera's times, so that they agree with the microphone's; left out, what
    /// `lookhear calibrate` stored for this pair of devices.
    pub offset_ms: Option<f64>,
}

impl Default for Camera {
    fn default() -> Self {
        Self { name: String::new(), size: [640, 480], driver: Driver::default(), offset_ms: None }
    }
}

/// Exactly two numbers: serde would accept a longer list and take its first two.
fn size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u32; 2], D::Error> {
    let sides = Vec::<u32>::deserialize(deserializer)?;
    let count = sides.len();
    let wanted = "width and height, e.g. [640, 480]";
    sides.try_into().map_err(|_| D::Error::invalid_length(count, &wanted))
}

impl Camera {
    /// Every invalid value.
    pub fn mistakes(&self) -> Vec<ValidationError> {
        let pixels = " pixels for width and height, e.g. [640, 480]";
        let size = self.size.iter().find_map(|side| within("size", *side, &SIDES, pixels).err());
        let offset = self.offset_ms.map_or(Ok(()), |ms| within("offset_ms", ms, &OFFSETS, " milliseconds"));
        size.into_iter().chain(offset.err()).collect()
    }

    /// What is asked of the camera.
    pub fn request(&self) -> CameraRequest {
        let [width, height] = self.size;
        CameraRequest { name: self.name.clone(), size: (width, height), driver: self.driver }
    }
}

/// The microphone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Microphone {
    /// An id, a part of a name, a URL or file, or `studio`; empty: the system's default one.
    pub name: String,
}

/// One of several pairs of camera and microphone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Source {
    /// The camera.
    pub camera: Camera,
    /// The microphone.
    pub microphone: Microphone,
    /// Thresholds and timing; left out: those of all.
    pub decisions: Option<Decisions>,
    /// The gallery of names; left out: that of all.
    pub gallery: Option<Names>,
}

impl Source {
    /// Every invalid value.
    pub fn mistakes(&self) -> Vec<ValidationError> {
        let decisions = self.decisions.iter().flat_map(Decisions::mistakes);
        inside("camera", self.camera.mistakes()).chain(inside("decisions", decisions)).collect()
    }
}

/// The gallery of names.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Names {
    /// A gallery, as `lookhear enroll` keeps it; left out: nothing is named.
    pub file: Option<PathBuf>,
}

/// The model, and the engine that runs it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Model {
    /// A model bundle; left out: the built-in one.
    pub file: Option<PathBuf>,
    /// What runs the network.
    pub engine: Backend,
    /// Threads of the integer engine; left out: one per processor.
    pub threads: Option<u16>,
}

impl Model {
    /// Every invalid value. Whether the model can be read is seen when it is.
    pub fn mistakes(&self) -> Vec<ValidationError> {
        let empty = self.file.as_ref().is_some_and(|file| file.as_os_str().is_empty());
        let file =
            empty.then(|| ValidationError::new("file", "empty; name a model bundle, or leave the key out"));
        let threads = self
            .threads
            .map_or(Ok(()), |threads| within("threads", threads, &THREADS, "; left out: one per processor"));
        file.into_iter().chain(threads.err()).collect()
    }
}

/// Thresholds and timing of decisions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Decisions {
    /// Seconds between decisions.
    pub hop: f64,
    /// Seconds between two audio-swap self-checks; 0: none.
    pub swap: f64,
    /// Whether the network rests while it is quiet: the score is then 0.
    pub sleep: bool,
    /// The largest difference (of 255) from picture to picture that counts as the camera's noise, and does not reach the
    /// network; 0: none.
    pub noise_gate: u8,
    /// Instead of the model's [`Thresholds::on`]: score from which a match begins.
    pub on: Option<f64>,
    /// Instead of the model's [`Thresholds::off`]: score under which a match ends; not above `on`.
    pub off: Option<f64>,
    /// Instead of the model's [`Thresholds::hold`]: seconds for which another answer must last.
    pub hold: Option<f64>,
    /// Instead of the model's [`Thresholds::silence`]: level in decibels under which nothing sounds.
    pub silence_db: Option<f64>,
}

impl Default for Decisions {
    fn default() -> Self {
        let hop = pipeline::PipelineSettings::default().hop;
        Self { hop, swap: 5.0, sleep: true, noise_gate: 0, on: None, off: None, hold: None, silence_db: None }
    }
}

impl Decisions {
    /// Every invalid value.
    pub fn mistakes(&self) -> Vec<ValidationError> {
        let values = [
            ("hop", Some(self.hop), &HOPS, " seconds"),
            ("swap", Some(self.swap), &SWAPS, " seconds, 0 for none"),
            ("on", self.on, &SCORES, ""),
            ("off", self.off, &SCORES, ""),
            ("hold", self.hold, &HOLDS, " seconds"),
            ("silence_db", self.silence_db, &LEVELS, " decibels"),
        ];
        let wrong =
            |(key, value, range, unit): (&str, Option<f64>, _, &str)| within(key, value?, range, unit).err();
        let mut mistakes: Vec<ValidationError> = values.into_iter().filter_map(wrong).collect();
        mistakes.extend(
            within("noise_gate", self.noise_gate, &pipeline::NOISE_GATES, " of 255, 0 for none").err(),
        );
        // Scores that are none are in no order.
        if let (Some(on), Some(off)) = (self.on, self.off)
            && SCORES.contains(&on)
            && SCORES.contains(&off)
        {
            mistakes.extend(ordered(on, off).err());
        }
        mistakes
    }

    /// The model's thresholds, as far as these settings do not replace them.
    ///
    /// # Errors
    /// Of `on` and `off` only one is set, and the model's other one does not go with it.
    pub fn thresholds(&self, model: Thresholds) -> Result<Thresholds, ValidationError> {
        let or = |value: Option<f64>, model: f32| value.map_or(model, |value| value as f32);
        let thresholds = Thresholds {
            on: or(self.on, model.on),
            off: or(self.off, model.off),
            hold: or(self.hold, model.hold),
            silence: or(self.silence_db, model.silence),
            ..model
        };
        ordered(f64::from(thresholds.on), f64::from(thresholds.off))?;
        Ok(thresholds)
    }
}

fn ordered(on: f64, off: f64) -> Result<(), ValidationError> {
    if off <= on {
        return Ok(());
    }
    Err(ValidationError::new(
        "off",
        format!("{off:.3} is above `on` ({on:.3}); give both, `off` at most as large"),
    ))
}
