//! A trained network in one file: what to compute, with which weights, and how to check it.
//!
//! A bundle is a safetensors file. Its metadata holds two entries: `lookhear`, the [`Manifest`] as
//! JSON, and `sha256`, the hash of that JSON followed by all tensor data.

use std::collections::HashMap;
use std::path::Path;

use burn::store::{ModuleSnapshot, SafetensorsStore};
use burn::tensor::Device;
use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::{Network, Peaks, Sample, Spec};
use crate::engine::int::{IntEngine, Loading, QuantizeError};
use crate::engine::{Backend, BurnEngine, Engine, Heard, Judgement, Seen, Setup};
use crate::preprocess::{Preprocessing, spectrogram};

/// Version of the bundle format that this version of LookHear writes and reads.
pub const VERSION: u32 = 1;
/// Largest difference of golden outputs (probabilities) that is still the same network.
const GOLDEN_TOLERANCE: f32 = 2e-3;

/// Everything but the weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`VERSION`] of the writer.
    pub version: u32,
    /// The layer table.
    pub spec: Spec,
    /// What the weights expect to see and hear.
    pub preprocessing: Preprocessing,
    /// Where the decisions change.
    pub thresholds: Thresholds,
    /// How large activations become. Bundles of before the integer engine, or of when it had one range for all
    /// channels of a layer, have none.
    #[serde(default, rename = "channel_peaks")]
    pub peaks: Option<Peaks>,
    /// What the network says to the golden input, in floating point.
    pub golden: Golden,
    /// The same on the integer engine: the golden input is like nothing in the world, so that
    /// rounding may change more of it than of pictures and sounds.
    #[serde(default)]
    pub golden_int: Option<Golden>,
    /// How it was trained, for people.
    pub training: Training,
}

/// Where the decisions change.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// AVC score from which a match begins.
    pub on: f32,
    /// AVC score under which a match ends; below `on`.
    pub off: f32,
    /// AVC score at which yes and no are equally likely: what AVC accuracy is counted at.
    #[serde(default = "half")]
    pub even: f32,
    /// Share of the fusion head in the AVC score, 0..1; the rest is the localization head's. Without meaning for
    /// networks with one of them.
    #[serde(default = "half")]
    pub fusion_share: f32,
    /// Seconds for which another answer must last before it is given; silence is said at once.
    #[serde(default)]
    pub hold: f32,
    /// Level of the judged second, in decibels relative to full scale, under which nothing sounds.
    pub silence: f32,
    /// Part of the map's range, counted from its peak, that still belongs to the object.
    pub extent: f32,
    /// Value of the localization map from which on a place counts as sounding, whatever the rest of the map is like:
    /// the third quartile of the maps' maxima while nothing in view sounds.
    #[serde(default = "half")]
    pub place: f32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            on: 0.5,
            off: 0.4,
            even: half(),
            fusion_share: half(),
            hold: 0.0,
            silence: -60.0,
            extent: 0.5,
            place: half(),
        }
    }
}

fn half() -> f32 {
    0.5
}

/// Output for the golden input, which every version computes alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Golden {
    /// See [`Judgement::fusion`].
    pub fusion: Option<f32>,
    /// See [`Judgement::localization`].
    pub localization: Option<f32>,
    /// Values of the map, row by row.
    pub map: Vec<f32>,
}

impl Golden {
    /// Whether all numbers are the same, but for the order of additions.
    fn agrees_with(&self, other: &Self) -> bool {
        let all = |golden: &Self| -> Vec<f32> {
            let heads = [golden.fusion, golden.localization].into_iter().flatten();
            heads.chain(golden.map.iter().copied()).collect()
        };
        let (ours, theirs) = (all(self), all(other));
        ours.len() == theirs.len() && ours.iter().zip(&theirs).all(|(a, b)| (a - b).abs() <= GOLDEN_TOLERANCE)
    }
}

/// Where the weights come from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// What it learned from, in words.
    pub data: String,
    /// Optimizer steps.
    pub steps: u64,
    /// Pictures shown, each with one sound.
    pub pairs: u64,
    /// Hours of training.
    pub hours: f64,
    /// Hash of the split into training and held-out files.
    pub split: String,
}

/// Why a bundle cannot be used.
#[derive(Debug, Error)]
pub enum BundleError {
    /// The system's reason.
    #[error(
        "model {path}: {source}. Name a bundle with --model, or leave the option out for the built-in one"
    )]
    Io {
        /// The file.
        path: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Not a bundle, cut off, or changed.
    #[error(
        "model {path} is damaged or not a LookHear bundle: {reason}. Copy it again, or leave --model out"
    )]
    Damaged {
        /// The file.
        path: String,
        /// What does not fit.
        reason: String,
    },
    /// Written by a later version.
    #[error("model {path} has version {found}, this LookHear reads {VERSION}. Update LookHear")]
    Newer {
        /// The file.
        path: String,
        /// Its version.
        found: u32,
    },
    /// The engine asked for is not there.
    #[error("{0}")]
    Engine(String),
}

/// A manifest with its weights, checked.
#[derive(Clone)]
pub struct Bundle {
    /// Everything but the weights.
    pub manifest: Manifest,
    /// SHA-256 of manifest and weights, in hex.
    pub hash: String,
    bytes: Vec<u8>,
    path: String,
}

/// A picture that depends on nothing but its shape: values -1..1 from a multiplicative hash.
fn golden_picture(shape: [usize; 3]) -> Vec<f32> {
    noise(shape.iter().product(), 2_654_435_769, 2.0, -1.0)
}

/// A spectrogram like [`golden_picture`]: values 0..2.
fn golden_sound(shape: [usize; 3]) -> Vec<f32> {
    noise(shape.iter().product(), 2_246_822_519, 2.0, 0.0)
}

fn noise(count: usize, factor: u32, span: f32, start: f32) -> Vec<f32> {
    // Blocks of 64 share a value, so that the input has structure that survives pooling.
    let value = |n: usize| (n as u32 / 64 + 1).wrapping_mul(factor) >> 8;
    (0..count).map(|n| value(n) as f32 / 16_777_216.0 * span + start).collect()
}

fn golden_sample(spec: &Spec) -> Sample {
    (golden_picture(spec.vision.input), golden_sound(spec.audio.input))
}

fn judge_golden(engine: &mut dyn Engine, spec: &Spec) -> Golden {
    let (picture, sound) = golden_sample(spec);
    let (mut seen, mut heard) = (Seen::default(), Heard::default());
    engine.see(&picture, &mut seen);
    engine.hear(&sound, &mut heard);
    let mut judgement = Judgement::default();
    engine.judge(&seen, &heard, &mut judgement);
    let Judgement { fusion, localization, map } = judgement;
    Golden { fusion, localization, map: map.values }
}

impl Bundle {
    /// Puts a network and its surroundings together. Batch norm is folded, the golden output is
    /// computed on the flex backend. Activation ranges are measured on the `calibration` samples; without
    /// any, on the golden input, which is no more than a stopgap.
    ///
    /// # Errors
    /// The weights cannot be quantized, or cannot be written as safetensors.
    pub fn new(
        spec: Spec,
        network: Network,
        preprocessing: Preprocessing,
        thresholds: Thresholds,
        training: Training,
        calibration: &[Sample],
    ) -> Result<Self, BundleError> {
        let network = network.fold();
        let samples = [golden_sample(&spec)];
        let samples = if calibration.is_empty() { &samples[..] } else { calibration };
        let peaks = Peaks::measure(&spec, &network, samples);
        let device = Device::flex();
        let mut engine = BurnEngine::new("flex", spec.clone(), network.clone(), device);
        let golden = judge_golden(&mut engine, &spec);
        let path = "(new)".to_string();
        let damaged = |reason: String| BundleError::Damaged { path: "(new)".into(), reason };
        // Quantizing proves that no sum overflows; a network for which that fails must not be written.
        let kernel = Setup::default().kernel.kernel().map_err(BundleError::Engine)?;
        let mut engine =
            IntEngine::new(&spec, network.clone(), &peaks, kernel, 1).map_err(|e| damaged(e.to_string()))?;
        let golden_int = Some(judge_golden(&mut engine, &spec));
        let manifest = Manifest {
            version: VERSION,
            spec,
            preprocessing,
            thresholds,
            peaks: Some(peaks),
            golden,
            golden_int,
            training,
        };
        let json = serde_json::to_string(&manifest).map_err(|e| damaged(e.to_string()))?;
        let write = |hash: &str| {
            let mut store = SafetensorsStore::from_bytes(None)
                .clear_metadata()
                .metadata("lookhear", json.clone())
                .metadata("sha256", hash);
            network.save_into(&mut store).map_err(|e| damaged(e.to_string()))?;
            store.get_bytes().map_err(|e| damaged(e.to_string()))
        };
        let (_, _, data_start) = read_metadata(&write("")?).map_err(damaged)?;
        let hash = digest(&json, &write("")?[data_start..]);
        // The hash makes the header longer, not the data different.
        let bytes = write(&hash)?;
        Ok(Self { manifest, hash, bytes, path })
    }

    /// Reads and checks a file.
    ///
    /// # Errors
    /// [`BundleError`] names the file and what is wrong with it.
    pub fn load(path: &Path) -> Result<Self, BundleError> {
        let shown = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|source| BundleError::Io { path: shown.clone(), source })?;
        Self::from_bytes(bytes, shown)
    }

    /// Checks a bundle in memory; `path` names it in errors.
    ///
    /// # Errors
    /// As [`Bundle::load`].
    pub fn from_bytes(bytes: Vec<u8>, path: String) -> Result<Self, BundleError> {
        let damaged = |reason: String| BundleError::Damaged { path: path.clone(), reason };
        let (json, hash, data_start) = read_metadata(&bytes).map_err(damaged)?;
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        let Version { version } = serde_json::from_str(&json).map_err(|e| damaged(e.to_string()))?;
        if version > VERSION {
            return Err(BundleError::Newer { path, found: version });
        }
        if digest(&json, &bytes[data_start..]) != hash {
            return Err(damaged("its hash does not match its content".into()));
        }
        let manifest: Manifest = serde_json::from_str(&json).map_err(|e| damaged(e.to_string()))?;
        manifest.spec.validate().map_err(damaged)?;
        manifest.preprocessing.validate().map_err(damaged)?;
        let towers = [&manifest.spec.vision, &manifest.spec.audio];
        let weights: usize = towers.into_iter().map(|tower| tower.filter_weights()).sum();
        if weights * size_of::<f32>() > bytes.len() - data_start {
            return Err(damaged(format!("its layer table needs {weights} weights, which it does not hold")));
        }
        if let Some(peaks) = &manifest.peaks {
            peaks.validate(&manifest.spec).map_err(damaged)?;
        }
        let [c, bins, columns] = manifest.spec.audio.input;
        if [c, bins, columns] != [1, spectrogram::BINS, spectrogram::COLUMNS]
            || manifest.spec.vision.input[0] != 3
        {
            return Err(damaged("its towers take other inputs than [3, h, w] and [1, 257, 199]".into()));
        }
        Ok(Self { manifest, hash, bytes, path })
    }

    /// The network, folded, on a device.
    ///
    /// # Errors
    /// Tensors are missing or have other shapes than the spec says.
    pub fn network(&self, device: &Device) -> Result<Network, BundleError> {
        self.clone().into_network(device)
    }

    fn into_network(self, device: &Device) -> Result<Network, BundleError> {
        let Self { manifest, bytes, path, .. } = self;
        let mut network = Network::new_folded(&manifest.spec, device);
        let mut store = SafetensorsStore::from_bytes(Some(bytes));
        let loaded = network.load_from(&mut store);
        loaded.map_err(|e| BundleError::Damaged { path, reason: e.to_string() })?;
        Ok(network)
    }

    /// An engine that has just given the golden output.
    ///
    /// # Errors
    /// The backend is not built in, the weights do not fit, or the golden output is another.
    pub fn engine(&self, setup: &Setup) -> Result<Box<dyn Engine>, BundleError> {
        self.clone().into_engine(setup)
    }

    /// The same for the last time: no weight is twice in memory.
    ///
    /// # Errors
    /// As [`Bundle::engine`].
    pub fn into_engine(self, setup: &Setup) -> Result<Box<dyn Engine>, BundleError> {
        if setup.backend == Backend::Int {
            return Ok(Box::new(self.into_int_engine(setup)?));
        }
        let (manifest, path) = (self.manifest.clone(), self.path.clone());
        let device = setup.backend.device().map_err(BundleError::Engine)?;
        let (network, spec) = (self.into_network(&device)?, manifest.spec);
        let mut engine = BurnEngine::new(setup.backend.name(), spec.clone(), network, device);
        check_golden(&mut engine, &spec, Some(&manifest.golden), path)?;
        Ok(Box::new(engine))
    }

    /// The same, the integer engine as what it is: it can do more than others.
    ///
    /// # Errors
    /// As [`Bundle::engine`].
    pub fn into_int_engine(self, setup: &Setup) -> Result<IntEngine, BundleError> {
        let _loading = Loading::begin();
        let (manifest, path) = (self.manifest.clone(), self.path.clone());
        let peaks = manifest.peaks.ok_or_else(|| {
            BundleError::Engine(format!(
                "model {path} says nothing of its activation ranges: measure them with \
                 `lookhear-train calibrate`, or use --engine flex"
            ))
        })?;
        let kernel = setup.kernel.kernel().map_err(BundleError::Engine)?;
        let network = self.into_network(&Device::flex())?;
        let damaged = |e: QuantizeError| BundleError::Damaged { path: path.clone(), reason: e.to_string() };
        let engine = IntEngine::new(&manifest.spec, network, &peaks, kernel, setup.threads());
        let mut engine = engine.map_err(damaged)?;
        check_golden(&mut engine, &manifest.spec, manifest.golden_int.as_ref(), path)?;
        Ok(engine)
    }

    /// The file's content.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// An error unless the engine says what the bundle says that it says.
fn check_golden(
    engine: &mut dyn Engine,
    spec: &Spec,
    golden: Option<&Golden>,
    path: String,
) -> Result<(), BundleError> {
    let found = judge_golden(engine, spec);
    match golden.is_some_and(|golden| golden.agrees_with(&found)) {
        true => Ok(()),
        false => Err(BundleError::Damaged { path, reason: "its golden output does not match".into() }),
    }
}

/// Manifest JSON, hash, and where the tensor data begins.
fn read_metadata(bytes: &[u8]) -> Result<(String, String, usize), String> {
    SafeTensors::deserialize(bytes).map_err(|e| e.to_string())?;
    let (header, metadata) = SafeTensors::read_metadata(bytes).map_err(|e| e.to_string())?;
    let empty = HashMap::new();
    let entries = metadata.metadata().as_ref().unwrap_or(&empty);
    let entry = |key: &str| entries.get(key).cloned().ok_or(format!("it has no `{key}` entry"));
    Ok((entry("lookhear")?, entry("sha256")?, 8 + header))
}

fn digest(json: &str, data: &[u8]) -> String {
    let hash = Sha256::new().chain_update(json).chain_update(data).finalize();
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
