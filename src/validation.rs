//! Errors of settings.

use std::fmt;

/// An invalid setting: its key, and one sentence with the remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidationError {
    /// The key with its tables, e.g. `mqtt.port`.
    pub key: String,
    /// The value, why it is invalid, and what would be valid.
    pub message: String,
}

impl ValidationError {
    /// An error for the value of `key`.
    pub fn new(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { key: key.into(), message: message.into() }
    }

    /// The error with its key prefixed by the containing table.
    #[must_use]
    pub fn inside(mut self, table: &str) -> Self {
        self.key = format!("{table}.{}", self.key);
        self
    }
}

impl fmt::Display for ValidationError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.message)
    }
}

impl std::error::Error for ValidationError {}
