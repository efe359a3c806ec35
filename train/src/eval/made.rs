//! When, by what and how figures were made.

use std::collections::BTreeMap;
use std::fmt;

use lookhear::built;
use serde::Serialize;
use time::OffsetDateTime;

/// What one needs to know besides model, split and seed to get figures again.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Made {
    /// The day, UTC: `2026-11-30`.
    pub date: String,
    /// Version of the program, with its commit if that is known.
    pub version: String,
    /// The options that decide figures, by their names on the command line.
    pub settings: BTreeMap<&'static str, String>,
}

impl Made {
    /// Today, by this program.
    pub(super) fn now(settings: BTreeMap<&'static str, String>) -> Self {
        let date = OffsetDateTime::now_utc().date().to_string();
        Self { date, version: built::version_and_commit(), settings }
    }
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "Made on {} by lookhear-train {}", self.date, self.version)?;
        self.settings.iter().try_for_each(|(option, value)| write!(f, ", --{option} {value}"))
    }
}
