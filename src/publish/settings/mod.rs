//! What is published, and to whom. Everything is off until a table asks for it.

mod history;
mod lines;
mod mqtt;
#[cfg(test)]
mod tests;
mod web;
mod webhook;

use serde::{Deserialize, Serialize};

use crate::history::Tracker;
use crate::validation::ValidationError;
pub use history::History;
pub use lines::{Events, File, Socket};
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
    /// The first invalid value.
    pub fn validate(&self) -> Result<(), ValidationError> {
        let checks = [
            ("file", self.file.as_ref().map(File::validate)),
            ("socket", self.socket.as_ref().map(Socket::validate)),
            ("history", self.history.as_ref().map(History::validate)),
            ("mqtt", self.mqtt.as_ref().map(Mqtt::validate)),
            ("webhook", self.webhook.as_ref().map(Webhook::validate)),
            ("web", self.web.as_ref().map(Web::validate)),
        ];
        for (table, checked) in checks {
            checked.unwrap_or(Ok(())).map_err(|error| error.inside(table))?;
        }
        if self.history.is_none() && self.web.as_ref().is_some_and(|web| web.history) {
            let message = "is on, but nothing is kept: add [publish.history] with its folder";
            return Err(ValidationError::new("web.history", message));
        }
        Ok(())
    }
}
