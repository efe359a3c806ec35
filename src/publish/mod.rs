//! Decisions and the live view for other programs and for people elsewhere: a file, a Unix socket, a history, an MQTT
//! broker, a webhook, and a web page with metrics and health. Each is off unless [`Settings`] ask for it.
//!
//! No subscriber can slow the pipeline: [`Publisher`] hands what it has to bounded queues and never waits.
//! What does not fit is lost for that subscriber alone, and counted. A subscriber that is out of order is told by
//! [`Trouble`](crate::pipeline::Trouble) and by the metrics, and is tried again.
//!
//! The way of a decision: [`Publisher`] -> queue -> the thread of its output (`file`, `socket`, `history`, `webhook`), or the
//! one thread of everything that waits on the network (`mqtt`, `web`).

mod file;
mod history;
mod message;
mod metrics;
mod mqtt;
mod network;
mod publisher;
mod queue;
mod scene;
mod secret;
pub mod settings;
mod socket;
mod standing;
#[cfg(test)]
pub(crate) mod testing;
mod web;
mod webhook;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use thiserror::Error;

use crate::history::HistoryError;
use crate::problem::Problem;
pub use publisher::Publisher;
pub use secret::Secret;
pub use settings::Settings;

/// What publishes: told to Home Assistant, to webhooks and in the metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The program's version.
    pub version: String,
    /// The name of the model's layer table, e.g. `edge`.
    pub preset: String,
    /// The model's hash.
    pub model: String,
}

/// Why publishing cannot begin.
#[derive(Debug, Error)]
pub enum PublishError {
    /// A setting cannot be.
    #[error(transparent)]
    Setting(#[from] Problem),
    /// A file that a setting names cannot be read.
    #[error("{key}: {} cannot be read: {source}", path.display())]
    Unreadable {
        /// The setting.
        key: &'static str,
        /// What it names.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file for events.
    #[error("file.path: {} cannot be written: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The Unix socket.
    #[error("socket.path: {} cannot be a socket: {reason}", path.display())]
    Socket {
        /// Where it was to be.
        path: PathBuf,
        /// Why not, and what to do.
        reason: String,
    },
    /// The address of the web page.
    #[error(
        "web.address: {address} cannot be listened on: {source}; end the program that is there, or choose another"
    )]
    Address {
        /// The address.
        address: SocketAddr,
        /// The system's reason.
        source: io::Error,
    },
    /// The history.
    #[error("history.folder: {0}")]
    History(#[from] HistoryError),
    /// The system gives no thread, or nothing to wait on the network with.
    #[error("publishing cannot begin: {0}")]
    System(#[from] io::Error),
}
