//! Which line of a settings file sets what.

use std::collections::BTreeMap;

use toml::de::DeTable;

use super::place;

/// Which line of a settings file sets what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines(BTreeMap<String, usize>);

impl Lines {
    /// Of a file's text.
    pub(super) fn of(text: &str) -> Self {
        let (table, _) = DeTable::parse_recoverable(text);
        let line = |(key, offset)| (key, place::line(text.as_bytes(), offset));
        Self(place::values(table.get_ref()).into_iter().map(line).collect())
    }

    /// The line of a key, or of the one that it is a part of.
    pub(super) fn get(&self, key: &str) -> Option<usize> {
        self.0.get(key).copied().or_else(|| self.get(key.rsplit_once('.')?.0))
    }
}
