//! Why a settings file cannot be used.

use std::fmt;

use thiserror::Error;

/// One mistake in a settings file, where it is and what to do: `kiosk.toml:12:8: camera.size: ...`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file, as it was named.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// The key with its tables; empty where the text belongs to none.
    pub key: String,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Self { file, line, column, key, message } = self;
        write!(f, "{file}:{line}:{column}: ")?;
        if !key.is_empty() {
            write!(f, "{key}: ")?;
        }
        f.write_str(message)
    }
}

impl std::error::Error for Mistake {}

/// Why a settings file cannot be used.
#[derive(Debug, Error)]
pub enum ProfileError {
    /// There is no such file, or nothing that could be settings.
    #[error("settings {path}: {reason}. Name a file that can be read, or leave --config out")]
    Unreadable {
        /// The file, as it was named.
        path: String,
        /// The system's reason, or what is wrong with the whole file.
        reason: String,
    },
    /// It says something that cannot be.
    #[error(transparent)]
    Mistake(#[from] Mistake),
}
