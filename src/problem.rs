//! What is wrong with a setting.

use std::fmt;

/// One mistake: which key, and in one sentence what it is and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key with its tables, e.g. `mqtt.port`.
    pub key: String,
    /// The value, why it cannot be, and what would be right.
    pub message: String,
}

impl Problem {
    /// A mistake in the value of `key`.
    pub fn new(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { key: key.into(), message: message.into() }
    }

    /// The same mistake, seen from the table that contains this one.
    #[must_use]
    pub fn inside(mut self, table: &str) -> Self {
        self.key = format!("{table}.{}", self.key);
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.message)
    }
}

impl std::error::Error for Problem {}
