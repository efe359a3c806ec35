//! JSON lines: which of them, and where to.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::validation::ValidationError;

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Events {
    /// Decisions whose state differs from that of the previous one, and the first decision.
    Changes,
    /// All decisions: 12.5 a second at the usual hop, about 3 kB.
    All,
    /// No decisions, but what begins, goes on and ends: see [`crate::history::Notice`].
    Episodes,
}

impl Events {
    /// Whether a decision is told, which changed the state or did not.
    pub(in crate::publish) fn decision(self, changed: bool) -> bool {
        match self {
            Self::Changes => changed,
            Self::All => true,
            Self::Episodes => false,
        }
    }

    /// Whether episodes are told.
    pub(in crate::publish) fn episodes(self) -> bool {
        self == Self::Episodes
    }
}

/// JSON lines, exactly as `--json` prints them, appended to a file.
///
/// Lines are handed to the system as they come, each by one write. The file may be moved or cut short by
/// `logrotate` with `copytruncate`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct File {
    /// The file; its folder must be there.
    pub path: PathBuf,
    /// What is written; all decisions make about 250 MB a day.
    pub events: Events,
}

impl Default for File {
    fn default() -> Self {
        Self { path: PathBuf::new(), events: Events::All }
    }
}

/// JSON lines, exactly as `--json` prints them, to every program that connects.
///
/// What a program does not read in time it loses, in whole lines; the others do not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Socket {
    /// Where the socket is made, with mode 0660.
    pub path: PathBuf,
    /// What is told.
    pub events: Events,
}

impl Default for Socket {
    fn default() -> Self {
        Self { path: PathBuf::new(), events: Events::All }
    }
}

/// The longest path that the address of a Unix socket has room for, in bytes, on every system.
const SOCKET_PATH: usize = 103;

impl File {
    /// Every invalid value, as far as that is known without touching the system.
    pub fn mistakes(&self) -> Vec<ValidationError> {
        path(&self.path, "/var/log/lookhear.jsonl").err().into_iter().collect()
    }
}

impl Socket {
    /// Every invalid value, as far as that is known without touching the system.
    pub fn mistakes(&self) -> Vec<ValidationError> {
        let length = self.path.as_os_str().len();
        let long = (length > SOCKET_PATH).then(|| {
            let message = format!("{length} bytes are too long for a socket: at most {SOCKET_PATH}");
            ValidationError::new("path", message)
        });
        path(&self.path, "/run/lookhear/events.sock").err().or(long).into_iter().collect()
    }
}

/// A path must be there, and must name a file.
fn path(path: &Path, example: &str) -> Result<(), ValidationError> {
    if path.file_name().is_none() {
        let message =
            format!("{:?} names no file: give a path, e.g. {example:?}", path.display().to_string());
        return Err(ValidationError::new("path", message));
    }
    Ok(())
}
