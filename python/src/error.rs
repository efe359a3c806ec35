//! The library's errors as Python's. None of these functions needs the interpreter: they are called while the network runs.

use std::ffi::CString;
use std::io;
use std::path::Path;

use lookhear::embed::EmbedError;
use lookhear::gallery::GalleryError;
use lookhear::media;
use lookhear::model::BundleError;
use pyo3::create_exception;
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyUserWarning, PyValueError};
use pyo3::prelude::*;

create_exception!(lookhear, ModelError, PyValueError, "A model or gallery that cannot be used.");
create_exception!(
    lookhear,
    MediaError,
    PyOSError,
    "A file that holds no picture or sound, or that ffmpeg cannot read."
);
create_exception!(
    lookhear,
    DamageWarning,
    PyUserWarning,
    "A part of the input is damaged; the rest was used."
);

/// `FileNotFoundError`, `PermissionError` and the like, as Python itself raises them of a file.
pub(crate) fn of_system(path: &Path, error: &io::Error) -> PyErr {
    match error.raw_os_error() {
        // The system's words come with the code in brackets, which Python shows by itself.
        Some(code) => {
            let words = error.to_string().replace(&format!(" (os error {code})"), "");
            PyOSError::new_err((code, words, path.as_os_str().to_owned()))
        }
        None => PyOSError::new_err(format!("{}: {error}", path.display())),
    }
}

/// Checks that a file is there, so that Python's own exception says so if it is not.
pub(crate) fn check_file(path: &Path) -> PyResult<()> {
    std::fs::metadata(path).map(|_| ()).map_err(|error| of_system(path, &error))
}

pub(crate) fn of_model(error: BundleError) -> PyErr {
    // Not all in the library's words: these speak of the command line's options.
    match error {
        BundleError::Io { path, source } => of_system(Path::new(&path), &source),
        BundleError::Damaged { path, reason } => {
            ModelError::new_err(format!("model {path} is damaged or not a LookHear bundle: {reason}"))
        }
        BundleError::NoRanges { path } => ModelError::new_err(format!(
            "model {path} says nothing of its activation ranges: measure them with `lookhear-train calibrate`"
        )),
        other => ModelError::new_err(other.to_string()),
    }
}

pub(crate) fn of_gallery(error: GalleryError) -> PyErr {
    match error {
        GalleryError::Read { path, source } => of_system(Path::new(&path), &source),
        other => ModelError::new_err(other.to_string()),
    }
}

pub(crate) fn of_media(error: media::MediaError) -> PyErr {
    MediaError::new_err(error.to_string())
}

pub(crate) fn of_embedding(error: EmbedError) -> PyErr {
    match error {
        // The options' names are the arguments' names.
        EmbedError::Settings(words) => PyValueError::new_err(words.trim_start_matches('-').to_string()),
        EmbedError::Format(error) => PyValueError::new_err(error.to_string()),
        EmbedError::Media(error) => of_media(error),
        error @ EmbedError::Nothing { .. } => MediaError::new_err(error.to_string()),
        other => PyRuntimeError::new_err(other.to_string()),
    }
}

/// Says that a part of the input could not be used.
pub(crate) fn warn(py: Python<'_>, words: &str) -> PyResult<()> {
    let words = CString::new(words).map_err(|error| PyValueError::new_err(error.to_string()))?;
    PyErr::warn(py, &py.get_type::<DamageWarning>(), &words, 1)
}

/// Warns of values of a sound that were no numbers, if there were any.
pub(crate) fn warn_of_values(py: Python<'_>, damaged: u64) -> PyResult<()> {
    match damaged {
        0 => Ok(()),
        count => warn(
            py,
            &format!("{count} values of the sound were no numbers, or far too large; they count as 0"),
        ),
    }
}
