//! Galleries as files.
//!
//! A safetensors file with one tensor, `impressions` (`[n, dims]`, F32): for each name, in the order of the manifest, its
//! examples, then its moments of quiet. The metadata holds two entries, as a bundle's does: `lookhear-gallery`, the
//! [`Manifest`] as JSON, and `sha256`, the hash of that JSON followed by the tensor's data.

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::entry::{Entry, Example};
use super::error::GalleryError;
use super::signature::Signature;
use super::{Gallery, check_name};

/// Version of the format that this version of LookHear writes and reads.
pub(super) const VERSION: u32 = 1;

pub(super) const MANIFEST: &str = "lookhear-gallery";
pub(super) const HASH: &str = "sha256";
pub(super) const TENSOR: &str = "impressions";

/// Everything but the signatures.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    /// [`VERSION`] of the writer.
    pub(super) version: u32,
    /// Hash of the model that made the signatures.
    pub(super) model: String,
    pub(super) names: BTreeMap<String, Kept>,
}

/// The rows of the tensor that belong to a name.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    /// Seconds, one for each example: see [`Example::t`].
    pub(super) times: Vec<f64>,
    /// Moments of quiet.
    pub(super) quiet: usize,
}

impl Gallery {
    /// Reads a file, whichever model made it.
    ///
    /// # Errors
    /// [`GalleryError`] names the file and what is wrong with it.
    pub fn read(path: &Path) -> Result<Self, GalleryError> {
        let shown = path.display().to_string();
        let bytes =
            std::fs::read(path).map_err(|source| GalleryError::Read { path: shown.clone(), source })?;
        decode(&bytes, &shown)
    }

    /// Reads a file for use with a model ([`crate::judge::Judge::model`]).
    ///
    /// # Errors
    /// As [`Gallery::read`], and [`GalleryError::OtherModel`].
    pub fn load(path: &Path, model: &str) -> Result<Self, GalleryError> {
        let gallery = Self::read(path)?;
        if gallery.model != model {
            let path = path.display().to_string();
            return Err(GalleryError::OtherModel { path, made: gallery.model, used: model.into() });
        }
        Ok(gallery)
    }
}

/// Reads a file; `path` names it in errors.
pub(super) fn decode(bytes: &[u8], path: &str) -> Result<Gallery, GalleryError> {
    let damaged = |reason: String| GalleryError::Damaged { path: path.into(), reason };
    let tensors = SafeTensors::deserialize(bytes).map_err(|e| damaged(e.to_string()))?;
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|e| damaged(e.to_string()))?;
    let entry = |key: &str| {
        let entries = metadata.metadata().as_ref();
        entries
            .and_then(|entries| entries.get(key))
            .ok_or_else(|| damaged(format!("it has no `{key}` entry")))
    };
    let (json, hash) = (entry(MANIFEST)?, entry(HASH)?);
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    let Version { version } = serde_json::from_str(json).map_err(|e| damaged(e.to_string()))?;
    if version > VERSION {
        return Err(GalleryError::Newer { path: path.into(), found: version, reads: VERSION });
    }
    let tensor = tensors.tensor(TENSOR).map_err(|e| damaged(e.to_string()))?;
    if digest(json, tensor.data()) != *hash {
        return Err(damaged("its hash does not match its content".into()));
    }
    let manifest: Manifest = serde_json::from_str(json).map_err(|e| damaged(e.to_string()))?;
    let (Dtype::F32, [rows, dims]) = (tensor.dtype(), tensor.shape()) else {
        return Err(damaged(format!("its impressions are {:?} {:?}", tensor.dtype(), tensor.shape())));
    };
    let expected = manifest
        .names
        .values()
        .fold(0, |sum: usize, kept| sum.saturating_add(kept.times.len()).saturating_add(kept.quiet));
    if expected != *rows || !dims.is_multiple_of(2) || (*rows > 0 && *dims == 0) {
        return Err(damaged(format!(
            "it has {rows} impressions of {dims} values, and its names need {expected}"
        )));
    }
    let value = |bytes: &[u8; 4]| f32::from_le_bytes(*bytes);
    let values: Vec<f32> = tensor.data().as_chunks().0.iter().map(value).collect();
    let times = manifest.names.values().flat_map(|kept| &kept.times);
    if !values.iter().all(|v| v.is_finite()) || !times.into_iter().all(|t| t.is_finite()) {
        return Err(damaged("it holds what is no number".into()));
    }
    let mut signatures = values.chunks((*dims).max(1)).map(|row| Signature::from_values(row.to_vec()));
    let mut entries = BTreeMap::new();
    for (name, Kept { times, quiet }) in manifest.names {
        check_name(&name).map_err(|e| damaged(e.to_string()))?;
        let examples =
            times.into_iter().zip(&mut signatures).map(|(t, signature)| Example { t, signature }).collect();
        let quiet = signatures.by_ref().take(quiet).collect();
        entries.insert(name, Entry { examples, quiet, least: 0.0 });
    }
    let mut gallery = Gallery { model: manifest.model, entries };
    gallery.calibrate();
    Ok(gallery)
}

pub(super) fn digest(json: &str, data: &[u8]) -> String {
    let hash = Sha256::new().chain_update(json).chain_update(data).finalize();
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
