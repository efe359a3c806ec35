//! A page, metrics and health for browsers and monitoring.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::publish::secret::{self, Secret};
use crate::validation::ValidationError;

/// One listener for HTTP; what it answers is switched on one by one.
///
/// With a token, every request but `/health` needs it: `Authorization: Bearer <token>`, or `?token=<token>`. Without,
/// only requests for a loopback host are answered. Encryption is left to a reverse proxy before it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Web {
    /// Address and port to listen on.
    pub address: String,
    /// What requests must know; required unless `address` is a loopback address.
    pub token: Option<Secret>,
    /// A file that holds the token, instead.
    pub token_file: Option<PathBuf>,
    /// Whether `/metrics` gives numbers for Prometheus.
    pub metrics: bool,
    /// Whether `/health` says if decisions are made and the devices are on: 200, otherwise 503.
    pub health: bool,
    /// Whether `/` shows picture, sound, score and state live, from `/view.mjpeg` and `/events`, and `/station` devices,
    /// outputs, settings and the log; otherwise `/` tells what there is.
    pub view: bool,
    /// Whether `/history` shows what happened, and `/api/v1/events` gives it to programs: that of `[publish.history]`.
    pub history: bool,
}

impl Default for Web {
    /// Port 8080 of this machine alone, and nothing on it.
    fn default() -> Self {
        Self {
            address: "127.0.0.1:8080".into(),
            token: None,
            token_file: None,
            metrics: false,
            health: false,
            view: false,
            history: false,
        }
    }
}

/// The shortest token that others cannot find by trying.
const TOKEN: usize = 16;

impl Web {
    /// The address to listen on.
    ///
    /// # Errors
    /// The address is not valid.
    pub(in crate::publish) fn socket_address(&self) -> Result<SocketAddr, ValidationError> {
        self.address.parse().map_err(|_| {
            let message = format!(
                "{:?} is no address with a port: give e.g. \"127.0.0.1:8080\", or \"0.0.0.0:8080\" for all networks",
                self.address
            );
            ValidationError::new("address", message)
        })
    }

    /// Every invalid value, as far as that is known without touching the system.
    pub fn mistakes(&self) -> Vec<ValidationError> {
        let address = self.socket_address();
        let token = secret::validate("token", self.token.as_ref(), self.token_file.as_deref());
        let token =
            token.and_then(|()| self.token.as_ref().map_or(Ok(()), |token| check_token("token", token)));
        let is_public = |address: &SocketAddr| !address.ip().is_loopback();
        let public = address.clone().ok().filter(is_public);
        let mut mistakes: Vec<ValidationError> = address.err().into_iter().chain(token.err()).collect();
        if let (Some(address), None, None) = (public, &self.token, &self.token_file) {
            let message = format!(
                "is missing, and {address} can be reached from other machines: give a token or token_file, or the \
                 address 127.0.0.1:{}",
                address.port()
            );
            mistakes.push(ValidationError::new("token", message).because_of(&["address", "token_file"]));
        }
        if !(self.metrics || self.health || self.view || self.history) {
            let message = "is off, and so are health, metrics and history: switch one of them on, or leave out the table";
            let others = ["health", "metrics", "history"];
            mistakes.push(ValidationError::new("view", message).because_of(&others));
        }
        mistakes
    }
}

/// A token must fit into a header, and be long enough.
///
/// # Errors
/// The token does not fit into a header, or is too short.
pub(in crate::publish) fn check_token(key: &str, token: &Secret) -> Result<(), ValidationError> {
    let token = token.reveal();
    if token.len() < TOKEN || !token.chars().all(|c| c.is_ascii_graphic()) {
        let message = format!(
            "has {} characters: give at least {TOKEN} letters, digits or signs, e.g. what `openssl rand -hex 16` prints",
            token.chars().count()
        );
        return Err(ValidationError::new(key, message));
    }
    Ok(())
}
