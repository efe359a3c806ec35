//! Saves galleries to disk, in the format of [`super::file`].

use std::collections::BTreeMap;
use std::fs::{File, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use safetensors::Dtype;
use safetensors::tensor::TensorView;

use super::Gallery;
use super::entry::Entry;
use super::error::GalleryError;
use super::file::{HASH, Kept, MANIFEST, Manifest, TENSOR, VERSION, digest};

impl Gallery {
    /// `lookhear/gallery.safetensors` in the user's folder of data; `None` for a user without one.
    pub fn default_path() -> Option<PathBuf> {
        let folders = etcetera::choose_base_strategy().ok()?;
        Some(folders.data_dir().join("lookhear").join("gallery.safetensors"))
    }

    /// Waits until nobody else changes galleries of the same folder. Held from reading to saving, it keeps what two
    /// enrolments at a time add; it ends when it is dropped.
    ///
    /// # Errors
    /// [`GalleryError::Write`]: the folder cannot be made.
    pub fn turn(path: &Path) -> Result<File, GalleryError> {
        let wait = || {
            let folder = folder(path);
            std::fs::create_dir_all(folder)?;
            let folder = File::open(folder)?;
            match folder.lock() {
                // Some network file systems do not support locks; the gallery is then used without one.
                Err(error) if error.kind() != ErrorKind::Unsupported => Err(error),
                _ => Ok(folder),
            }
        };
        wait().map_err(|source| GalleryError::Write { path: path.display().to_string(), source })
    }

    /// Writes the file, and its folder if there is none. A power cut leaves the old file or the new one.
    ///
    /// # Errors
    /// [`GalleryError::Write`]; what was there before is still there.
    pub fn save(&self, path: &Path) -> Result<(), GalleryError> {
        write(self, path).map_err(|source| GalleryError::Write { path: path.display().to_string(), source })
    }
}

/// Where a file lies.
fn folder(target: &Path) -> &Path {
    target.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes beside the target, then moves it there.
fn write(gallery: &Gallery, target: &Path) -> io::Result<()> {
    let bytes = encode(gallery)?;
    let folder = folder(target);
    std::fs::create_dir_all(folder)?;
    // Temporary files are private by default; the kiosk may run as another user than who enrolls.
    let mut builder = tempfile::Builder::new();
    builder.permissions(Permissions::from_mode(0o644));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(&bytes)?;
    file.as_file().sync_all()?;
    file.persist(target)?;
    Ok(())
}

fn encode(gallery: &Gallery) -> io::Result<Vec<u8>> {
    let (mut names, mut rows) = (BTreeMap::new(), Vec::new());
    for (name, Entry { examples, quiet, .. }) in &gallery.entries {
        let times = examples.iter().map(|example| example.t).collect();
        names.insert(name.clone(), Kept { times, quiet: quiet.len() });
        rows.extend(examples.iter().map(|example| &example.signature).chain(quiet));
    }
    let manifest = Manifest { version: VERSION, model: gallery.model.clone(), names };
    let json = serde_json::to_string(&manifest)?;
    let dims = rows.first().map_or(0, |row| row.values().len());
    let data: Vec<u8> =
        rows.iter().flat_map(|row| row.values()).flat_map(|value| value.to_le_bytes()).collect();
    let hash = digest(&json, &data);
    let tensor = TensorView::new(Dtype::F32, vec![rows.len(), dims], &data).map_err(io::Error::other)?;
    let metadata = [(MANIFEST.to_string(), json), (HASH.to_string(), hash)];
    safetensors::serialize([(TENSOR, tensor)], Some(metadata.into_iter().collect())).map_err(io::Error::other)
}
