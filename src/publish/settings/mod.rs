//! What is published, and to whom. Everything is off until a table asks for it.

mod history;
mod mqtt;
#[cfg(test)]
mod tests;
mod web;
mod webhook;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::history::Tracker;
use crate::problem::Problem;
pub use history::History;
pub use mqtt::Mqtt;
pub use web::Web;
pub(super) use web::check_token;
pub use webhook::Webhook;

/// The outputs, a table each.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// JSON lines into a file.
    pub file: Option<File>,
    /// JSON lines to every program that connects to a Unix socket.
    pub socket: Option<Socket>,
    /// What happened, kept on this machine.
    pub history: Option<History>,
    /// Messages to an MQTT broker.
    pub mqtt: Option<Mqtt>,
    /// A request to a web server at every change of the state.
    pub webhook: Option<Webhook>,
    /// A page, metrics and health for browsers and monitoring.
    pub web: Option<Web>,
}

/// Which decisions are events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Events {
    /// The first one, and every one with another state than the one before.
    Changes,
    /// Every one: 12.5 a second at the usual hop, about 3 kB.
    All,
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
    /// Which decisions; all of them make about 250 MB a day.
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
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Socket {
    /// Where the socket is made, with mode 0660.
    pub path: PathBuf,
}

impl Settings {
    /// Whether nothing is published.
    pub fn is_off(&self) -> bool {
        *self == Self::default()
    }

    /// What makes episodes, if there is anybody who wants them: as the history says, or as usual.
    pub(super) fn tracker(&self) -> Option<Tracker> {
        let asked = self.history.is_some() || self.mqtt.as_ref().is_some_and(|mqtt| mqtt.episodes);
        let history = self.history.clone().unwrap_or_default();
        asked.then(|| Tracker::new(&history.source, history.rules()))
    }

    /// Checks everything that can be checked without touching the system.
    ///
    /// # Errors
    /// The first mistake.
    pub fn validate(&self) -> Result<(), Problem> {
        let checks = [
            ("file", self.file.as_ref().map(File::validate)),
            ("socket", self.socket.as_ref().map(Socket::validate)),
            ("history", self.history.as_ref().map(History::validate)),
            ("mqtt", self.mqtt.as_ref().map(Mqtt::validate)),
            ("webhook", self.webhook.as_ref().map(Webhook::validate)),
            ("web", self.web.as_ref().map(Web::validate)),
        ];
        for (table, checked) in checks {
            checked.unwrap_or(Ok(())).map_err(|problem| problem.inside(table))?;
        }
        Ok(())
    }
}

/// The longest path that the address of a Unix socket has room for, in bytes, on every system.
const SOCKET_PATH: usize = 103;

impl File {
    /// Checks everything that can be checked without touching the system.
    ///
    /// # Errors
    /// The first mistake.
    pub fn validate(&self) -> Result<(), Problem> {
        path(&self.path, "/var/log/lookhear.jsonl")
    }
}

impl Socket {
    /// Checks everything that can be checked without touching the system.
    ///
    /// # Errors
    /// The first mistake.
    pub fn validate(&self) -> Result<(), Problem> {
        path(&self.path, "/run/lookhear/events.sock")?;
        let length = self.path.as_os_str().len();
        if length > SOCKET_PATH {
            let message = format!("{length} bytes are too long for a socket: at most {SOCKET_PATH}");
            return Err(Problem::new("path", message));
        }
        Ok(())
    }
}

/// A path must be there, and must name a file.
fn path(path: &Path, example: &str) -> Result<(), Problem> {
    if path.file_name().is_none() {
        let message =
            format!("{:?} names no file: give a path, e.g. {example:?}", path.display().to_string());
        return Err(Problem::new("path", message));
    }
    Ok(())
}
