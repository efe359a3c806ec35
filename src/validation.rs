//! Errors of settings.

use std::fmt;

/// An invalid setting: its key, and one sentence with the remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidationError {
    /// The key with its tables, e.g. `mqtt.port`.
    pub key: String,
    /// The value, why it is invalid, and what would be valid.
    pub message: String,
    /// Other keys without which there might be no error.
    others: Vec<String>,
}

impl ValidationError {
    /// An error for the value of `key`.
    pub fn new(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { key: key.into(), message: message.into(), others: Vec::new() }
    }

    /// The same, if it is one because of what other keys say, or leave out: as long as one of them cannot be read, nobody
    /// knows whether it is.
    #[must_use]
    pub fn because_of(mut self, others: &[&str]) -> Self {
        self.others.extend(others.iter().map(ToString::to_string));
        self
    }

    /// The error with its keys prefixed by the containing table.
    #[must_use]
    pub fn inside(mut self, table: &str) -> Self {
        for key in self.others.iter_mut().chain([&mut self.key]) {
            *key = format!("{table}.{key}");
        }
        self
    }

    /// The keys that it is about: its own, and those that make it one.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.others.iter().chain([&self.key]).map(String::as_str)
    }
}

impl fmt::Display for ValidationError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.message)
    }
}

impl std::error::Error for ValidationError {}

/// The errors of a table, with their keys prefixed by it.
pub fn inside(
    table: &str,
    mistakes: impl IntoIterator<Item = ValidationError>,
) -> impl Iterator<Item = ValidationError> {
    mistakes.into_iter().map(move |error| error.inside(table))
}

/// The first error, if there is any.
///
/// # Errors
/// That one.
pub fn first(mistakes: Vec<ValidationError>) -> Result<(), ValidationError> {
    mistakes.into_iter().next().map_or(Ok(()), Err)
}
