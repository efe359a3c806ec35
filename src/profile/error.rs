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

/// Everything that is wrong with a settings file, a line each, in its order; there is at least one error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors {
    errors: Vec<ConfigError>,
    /// Whether there may be more.
    more: bool,
}

impl ConfigErrors {
    /// The first `most` of them.
    pub(super) fn new(mut errors: Vec<ConfigError>, most: usize) -> Self {
        let more = errors.len() >= most;
        errors.sort_by_key(|error| (error.line, error.column));
        errors.truncate(most);
        Self { errors, more }
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &ConfigError> {
        self.errors.iter()
    }

    /// The first one, and how many more there are: for places where there is one line.
    pub fn short(&self) -> String {
        match &self.errors[..] {
            [only] => only.to_string(),
            [first, rest @ ..] => format!("{first} (and {} more: see lookhear check-config)", rest.len()),
            [] => String::new(),
        }
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        for (number, error) in self.errors.iter().enumerate() {
            let line = if number == 0 { "" } else { "\n" };
            write!(f, "{line}{error}")?;
        }
        match (self.more, self.errors.last()) {
            (true, Some(ConfigError { file, .. })) => {
                write!(f, "\n{file}: there may be more than these {}", self.errors.len())
            }
            _ => Ok(()),
        }
    }
}

impl std::error::Error for ConfigErrors {}

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
    Config(#[from] ConfigErrors),
}

impl ProfileError {
    /// The same in one line.
    pub fn short(&self) -> String {
        match self {
            Self::Config(errors) => errors.short(),
            error => error.to_string(),
        }
    }
}
