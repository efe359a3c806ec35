//! A trained network in one file: what to compute, with which weights, and how to check it.
//!
//! A bundle is a safetensors file. Its metadata holds two entries: `lookhear`, the [`Manifest`] as
//! JSON, and `sha256`, the hash of that JSON followed by all tensor data.

use std::path::Path;

use safetensors::SafeTensors;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::manifest::{Manifest, VERSION};
use super::weights::{Weights, WeightsError};
use crate::preprocess::spectrogram;

/// The model that is built in.
const BUILT_IN: &[u8] = include_bytes!("../../models/lookhear-edge.safetensors");

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
    /// It cannot run on the integer engine, which needs to know how large activations become.
    #[error(
        "model {path} says nothing of its activation ranges: measure them with `lookhear-train calibrate`, or use \
         --engine flex"
    )]
    NoRanges {
        /// The file.
        path: String,
    },
    /// The engine asked for is not there: `engine::NotBuiltIn` or `engine::int::kernel::MissingKernel`, by
    /// `downcast_ref`.
    #[error(transparent)]
    Engine(Box<dyn std::error::Error + Send + Sync>),
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

impl Bundle {
    /// Puts a manifest and weights together. Nothing is checked here, but every bundle is checked when it is read.
    ///
    /// # Errors
    /// The weights cannot be written as safetensors.
    pub fn seal(manifest: Manifest, weights: &Weights) -> Result<Self, BundleError> {
        let path = "(new)";
        let damaged = |reason: String| BundleError::Damaged { path: path.into(), reason };
        let json = serde_json::to_string(&manifest).map_err(|e| damaged(e.to_string()))?;
        let hash = digest(&json, weights.data());
        let entries = [("lookhear", &*json), ("sha256", &*hash)];
        let bytes = weights.to_safetensors(entries).map_err(|e| damaged(e.to_string()))?;
        Ok(Self { manifest, hash, bytes, path: path.into() })
    }

    /// The model that is built in, of the preset `edge-swift`.
    ///
    /// # Errors
    /// None in a released LookHear.
    pub fn built_in() -> Result<Self, BundleError> {
        Self::from_bytes(BUILT_IN.to_vec(), "(built in)".into())
    }

    /// Reads and checks a file.
    ///
    /// # Errors
    /// [`BundleError`] names the file and what is wrong with it.
    ///
    /// ```
    /// use lookhear::model::Bundle;
    ///
    /// let bundle = Bundle::load("models/lookhear-edge.safetensors".as_ref())?;
    /// assert_eq!(bundle.hash, Bundle::built_in()?.hash);
    /// # Ok::<(), lookhear::model::BundleError>(())
    /// ```
    pub fn load(path: &Path) -> Result<Self, BundleError> {
        let shown = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|source| BundleError::Io { path: shown.clone(), source })?;
        Self::from_bytes(bytes, shown)
    }

    /// Checks a bundle in memory; `path` names it in errors.
    ///
    /// # Errors
    /// As [`Bundle::load`].
    ///
    /// ```
    /// use lookhear::model::Bundle;
    ///
    /// let error = Bundle::from_bytes(b"GIF89a".to_vec(), "photo.gif".into()).err().unwrap();
    /// assert!(error.to_string().contains("photo.gif is damaged or not a LookHear bundle"));
    /// ```
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
        if digest(&json, [&bytes[data_start..]]) != hash {
            return Err(damaged("its hash does not match its content".into()));
        }
        let manifest: Manifest = serde_json::from_str(&json).map_err(|e| damaged(e.to_string()))?;
        manifest.spec.validate().map_err(|e| damaged(e.to_string()))?;
        manifest.preprocessing.validate().map_err(|e| damaged(e.to_string()))?;
        let towers = [&manifest.spec.vision, &manifest.spec.audio];
        let weights: usize = towers.into_iter().map(|tower| tower.filter_weights()).sum();
        if weights * size_of::<f32>() > bytes.len() - data_start {
            return Err(damaged(format!("its layer table needs {weights} weights, which it does not hold")));
        }
        if let Some(ranges) = &manifest.ranges {
            ranges.validate(&manifest.spec).map_err(|e| damaged(e.to_string()))?;
        }
        let [c, bins, columns] = manifest.spec.audio.input;
        if [c, bins, columns] != [1, spectrogram::BINS, spectrogram::COLUMNS]
            || manifest.spec.vision.input[0] != 3
        {
            return Err(damaged("its towers take other inputs than [3, h, w] and [1, 257, 199]".into()));
        }
        Ok(Self { manifest, hash, bytes, path })
    }

    /// The weights, folded.
    ///
    /// ```
    /// use lookhear::model::Bundle;
    ///
    /// let weights = Bundle::built_in()?.weights()?;
    /// assert_eq!(weights.get("vision.convs.0.conv.weight").unwrap().shape, [32, 3, 3, 3]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A tensor does not hold 32-bit floating-point numbers.
    pub fn weights(&self) -> Result<Weights, WeightsError> {
        Weights::from_safetensors(self.bytes.clone())
    }

    /// Like [`Bundle::weights`], but consumes the bundle, so that no weight is in memory twice.
    ///
    /// # Errors
    /// As [`Bundle::weights`].
    pub fn into_weights(self) -> Result<Weights, WeightsError> {
        Weights::from_safetensors(self.bytes)
    }

    /// The file's content.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where it comes from, for messages.
    pub fn path(&self) -> &str {
        &self.path
    }
}

/// Manifest JSON, hash, and where the tensor data begins.
fn read_metadata(bytes: &[u8]) -> Result<(String, String, usize), String> {
    let (header, metadata) = SafeTensors::read_metadata(bytes).map_err(|e| e.to_string())?;
    let entry = |key: &str| {
        let entries = metadata.metadata().as_ref();
        entries.and_then(|entries| entries.get(key)).cloned().ok_or(format!("it has no `{key}` entry"))
    };
    Ok((entry("lookhear")?, entry("sha256")?, size_of::<u64>() + header))
}

fn digest(json: &str, data: impl IntoIterator<Item = impl AsRef<[u8]>>) -> String {
    let hash = data.into_iter().fold(Sha256::new().chain_update(json), |hash, part| hash.chain_update(part));
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
