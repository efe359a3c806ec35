//! What `lookhear calibrate` measured, kept for the next run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Milliseconds to add to the times of a camera, by camera and microphone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offsets {
    #[serde(default)]
    offset_ms: BTreeMap<String, BTreeMap<String, f64>>,
}

/// The file cannot be used.
#[derive(Debug, Error)]
#[error("{path}: {reason}")]
pub struct OffsetsError {
    path: String,
    reason: String,
}

impl OffsetsError {
    fn new(path: &Path, reason: impl ToString) -> Self {
        Self { path: path.display().to_string(), reason: reason.to_string() }
    }
}

/// `lookhear/offsets.toml` in the user's folder of settings; `None` for a user without one.
fn path() -> Option<PathBuf> {
    Some(etcetera::choose_base_strategy().ok()?.config_dir().join("lookhear").join("offsets.toml"))
}

impl Offsets {
    /// What was stored; `None` for a user without a folder of settings.
    pub fn load() -> Option<Result<Self, OffsetsError>> {
        path().map(|path| Self::read(&path))
    }

    fn read(path: &Path) -> Result<Self, OffsetsError> {
        match std::fs::read_to_string(path) {
            Ok(text) => toml::from_str(&text).map_err(|e| OffsetsError::new(path, e)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(OffsetsError::new(path, error)),
        }
    }

    /// Whether nothing was ever stored.
    pub fn is_empty(&self) -> bool {
        self.offset_ms.is_empty()
    }

    /// Milliseconds for a pair of devices, by their ids.
    pub fn get(&self, camera: &str, microphone: &str) -> Option<f64> {
        self.offset_ms.get(camera)?.get(microphone).copied()
    }

    /// Stores the milliseconds of a pair; returns the file.
    ///
    /// # Errors
    /// The file holds something else, or cannot be written.
    pub fn store(camera: &str, microphone: &str, offset_ms: f64) -> Result<PathBuf, OffsetsError> {
        let path = path()
            .ok_or_else(|| OffsetsError::new(Path::new("offsets.toml"), "this user has no home folder"))?;
        Self::write(&path, camera, microphone, offset_ms)?;
        Ok(path)
    }

    fn write(path: &Path, camera: &str, microphone: &str, offset_ms: f64) -> Result<(), OffsetsError> {
        let mut offsets = Self::read(path)?;
        offsets.offset_ms.entry(camera.into()).or_default().insert(microphone.into(), offset_ms);
        let text = toml::to_string(&offsets).map_err(|e| OffsetsError::new(path, e))?;
        let failed = |e: std::io::Error| OffsetsError::new(path, e);
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(failed)?;
        // Written to a new file that then replaces the old one, so that a power cut leaves one of them intact.
        let fresh = path.with_extension("new");
        std::fs::write(&fresh, text).map_err(failed)?;
        std::fs::rename(&fresh, path).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_kept_apart_and_a_broken_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/offsets.toml");
        assert!(Offsets::read(&path).unwrap().is_empty());
        Offsets::write(&path, "usb-Cam \"1\"", "hw:0", -40.5).unwrap();
        Offsets::write(&path, "usb-Cam \"1\"", "hw:1", 12.0).unwrap();
        let offsets = Offsets::read(&path).unwrap();
        assert_eq!(offsets.get("usb-Cam \"1\"", "hw:0"), Some(-40.5));
        assert_eq!(offsets.get("usb-Cam \"1\"", "hw:1"), Some(12.0));
        assert_eq!(offsets.get("other", "hw:1"), None);
        std::fs::write(&path, "offset = 3").unwrap();
        let error = Offsets::read(&path).unwrap_err().to_string();
        assert!(error.contains("offsets.toml") && error.contains("offset"), "{error}");
        assert!(Offsets::write(&path, "a", "b", 1.0).is_err(), "what is not ours is not overwritten");
    }
}
