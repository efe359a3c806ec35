//! Why a settings file cannot be used.

use std::fmt;

use thiserror::Error;

/// An error in a settings file, with its place and a remedy: `kiosk.toml:12:8: camera.size: ...`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The file, as it was named.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The key with its tables; empty where the text belongs to none.
    pub key: String,
    /// What is wrong, and what would be valid.
    pub message: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Self { file, line, column, key, message } = self;
        write!(f, "{file}:{line}:{column}: ")?;
        if !key.is_empty() {
            write!(f, "{key}: ")?;
        }
        f.write_str(message)
    }
}

impl std::error::Error for ConfigError {}

/// Why a settings file cannot be used.
#[derive(Debug, Error)]
pub enum ProfileError {
    /// The file does not exist, or is not text.
    #[error("settings {path}: {reason}. Name a file that can be read, or leave --config out")]
    Unreadable {
        /// The file, as it was named.
        path: String,
        /// The system's reason, or what is wrong with the whole file.
        reason: String,
    },
    /// The file is not valid.
    #[error(transparent)]
    Config(#[from] ConfigError),
}
