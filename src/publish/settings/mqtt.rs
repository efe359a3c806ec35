//! Messages to an MQTT broker.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::lines::Events;
use crate::publish::secret::{self, Secret};
use crate::validation::ValidationError;

/// Messages to an MQTT 3.1.1 broker, under a prefix:
///
/// | topic | retained | what |
/// |---|---|---|
/// | `<prefix>/status` | yes | `online`, or `offline`: the last will, and at the end |
/// | `<prefix>/state` | yes | the latest event: at every change of the state, otherwise once a second |
/// | `<prefix>/event` | no | the events, with `run` and `sequence` |
/// | `<prefix>/episode` | no | with `episodes`: `{"type": "new", "episode": {...}}`, then `update`, then `end` |
/// | `<prefix>/alert`, `<prefix>/alert/picture` | no | when a rule fires that says `mqtt = true`: `{"rule": ..., "episode": {...}}`, and a JPEG |
/// | `<prefix>/picture` | yes | with `picture`: a JPEG of a match as it begins, its place lit up; at most one a second |
///
/// With `qos = 1`, an event arrives at least once while the program lives: it is kept until the broker has
/// acknowledged it, through broken connections and restarts of the broker, and is sent again only if it was not
/// acknowledged. A reader knows a copy by its `run` and `sequence`, and a gap, too. Up to 1000 events wait for a broker
/// that is away (at `events = "all"`: 80 seconds); then the oldest are lost, and counted. With `qos = 0`, what is on
/// its way when the connection breaks is lost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mqtt {
    /// Name or address of the broker.
    pub host: String,
    /// Its port; if left out, 1883, or 8883 with `tls`.
    pub port: Option<u16>,
    /// What all topics begin with.
    pub prefix: String,
    /// Must be another one for each client of a broker, or they throw each other out.
    pub client_id: String,
    /// The user, if the broker wants one.
    pub username: Option<String>,
    /// The user's password.
    pub password: Option<Secret>,
    /// A file that holds the password, instead.
    pub password_file: Option<PathBuf>,
    /// Whether the connection is encrypted, and the broker's certificate checked.
    pub tls: bool,
    /// Certificates (PEM) to check the broker's against; if left out, the system's.
    pub ca_file: Option<PathBuf>,
    /// 0: at most once; 1: at least once.
    pub qos: u8,
    /// Which decisions are sent to `<prefix>/event`; `episodes`: none, but episodes to `<prefix>/episode`.
    pub events: Events,
    /// Whether the beginning and the end of each episode are sent to `<prefix>/episode`.
    pub episodes: bool,
    /// Whether a picture of each match is sent to `<prefix>/picture`.
    pub picture: bool,
    /// Whether Home Assistant finds the device by itself.
    pub home_assistant: bool,
    /// What Home Assistant's discovery topics begin with.
    pub discovery_prefix: String,
}

impl Default for Mqtt {
    /// A broker on this machine, without encryption, pictures and Home Assistant.
    fn default() -> Self {
        Self {
            host: "localhost".into(),
            port: None,
            prefix: "lookhear".into(),
            client_id: "lookhear".into(),
            username: None,
            password: None,
            password_file: None,
            tls: false,
            ca_file: None,
            qos: 1,
            events: Events::Changes,
            episodes: false,
            picture: false,
            home_assistant: false,
            discovery_prefix: "homeassistant".into(),
        }
    }
}

impl Mqtt {
    /// The port that is meant.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(if self.tls { 8883 } else { 1883 })
    }

    /// Every invalid value, as far as that is known without touching the system.
    pub fn mistakes(&self) -> Vec<ValidationError> {
        let mut mistakes = Vec::new();
        if self.host.is_empty() || self.host.contains(|c: char| c.is_whitespace() || "/@".contains(c)) {
            let message = format!(
                "{:?} is no host: give a name or an address, e.g. \"broker.local\"; the port is a key of its own",
                self.host
            );
            mistakes.push(ValidationError::new("host", message));
        }
        if self.port == Some(0) {
            let message = "0 is no port: leave it out, or give the broker's, e.g. 1883";
            mistakes.push(ValidationError::new("port", message));
        }
        mistakes.extend(topic("prefix", &self.prefix).err());
        mistakes.extend(topic("discovery_prefix", &self.discovery_prefix).err());
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if self.client_id.is_empty() || !self.client_id.chars().all(plain) {
            // Home Assistant takes no others, and with all others brokers may differ.
            let message = format!("{:?}: give letters, digits, - and _, at least one", self.client_id);
            mistakes.push(ValidationError::new("client_id", message));
        }
        let password = secret::validate("password", self.password.as_ref(), self.password_file.as_deref());
        mistakes.extend(password.err());
        let password = self.password.is_some() || self.password_file.is_some();
        if password && self.username.is_none() {
            let message = "is missing, but there is a password: MQTT wants both";
            mistakes.push(ValidationError::new("username", message));
        }
        if let (Some(file), false) = (&self.ca_file, self.tls) {
            let message = format!("{} is for encrypted connections: set tls = true", file.display());
            mistakes.push(ValidationError::new("ca_file", message).because_of(&["tls"]));
        }
        if self.qos > 1 {
            let message = format!("{}: give 0 (at most once) or 1 (at least once)", self.qos);
            mistakes.push(ValidationError::new("qos", message));
        }
        mistakes
    }
}

/// What topics begin with: no wildcards, no level without a name.
fn topic(key: &str, prefix: &str) -> Result<(), ValidationError> {
    let wrong = |c: char| c.is_control() || c == '+' || c == '#';
    if prefix.len() > 200 || prefix.contains(wrong) || prefix.split('/').any(str::is_empty) {
        let message = format!(
            "{prefix:?} cannot begin a topic: give names with / between them, without + and #, e.g. \"museum/lookhear\""
        );
        return Err(ValidationError::new(key, message));
    }
    Ok(())
}
