//! Requests to a web server.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::lines::Events;
use crate::publish::secret::{self, Secret};
use crate::validation::ValidationError;

/// A POST request with the event's JSON, `run` and `sequence` at every change of the state, or for every episode.
///
/// Answers 2xx are success. No answer, 408, 429 and 5xx: it is tried four times again, after 1, 2, 4 and 8 seconds, so
/// that a request may arrive twice, with the same `run` and `sequence`. Any other answer: the event is lost. Up to 32
/// events wait; what does not fit is lost. Redirections are not followed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Webhook {
    /// Where to: `http://` or `https://`. Never shown, as it may hold a secret itself.
    pub url: Secret,
    /// Sent as `Authorization: Bearer`.
    pub token: Option<Secret>,
    /// A file that holds the token, instead.
    pub token_file: Option<PathBuf>,
    /// Seconds after which a request without an answer has failed.
    pub timeout: f64,
    /// What is sent. A rule's webhook is called whenever the rule fires, whatever is said here.
    pub events: Events,
}

impl Default for Webhook {
    fn default() -> Self {
        Self { url: Secret::default(), token: None, token_file: None, timeout: 10.0, events: Events::Changes }
    }
}

impl Webhook {
    /// The server, as it may be shown: the URL without its path. `None` if it is no URL of a web server.
    pub(in crate::publish) fn server(&self) -> Option<String> {
        let url: ureq::http::Uri = self.url.reveal().parse().ok()?;
        let (scheme, authority) = (url.scheme_str()?, url.authority()?);
        let plain = matches!(scheme, "http" | "https") && !authority.as_str().contains('@');
        (plain && !authority.host().is_empty()).then(|| format!("{scheme}://{authority}"))
    }

    /// Leaves nothing of it that others must not know.
    pub(super) fn hide(&mut self) {
        self.url = Secret::new(self.server().unwrap_or_default());
        self.token.iter_mut().for_each(Secret::hide);
    }

    /// Every invalid value, as far as that is known without touching the system.
    pub fn mistakes(&self) -> Vec<ValidationError> {
        let mut mistakes = Vec::new();
        if self.server().is_none() {
            let message = "is no URL of a web server: give http:// or https:// with a host and a path, without \
                           user and password (they go into token)";
            mistakes.push(ValidationError::new("url", message));
        }
        let token = secret::validate("token", self.token.as_ref(), self.token_file.as_deref());
        mistakes.extend(token.err());
        if !(0.1..=120.0).contains(&self.timeout) {
            let message = format!("{}: give 0.1 to 120 seconds", self.timeout);
            mistakes.push(ValidationError::new("timeout", message));
        }
        mistakes
    }
}
