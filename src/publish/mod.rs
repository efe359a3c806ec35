//! Decisions and the live view for other programs and for people elsewhere: a file, a Unix socket, a history, an MQTT
//! broker, a webhook, and a web page with metrics and health. Each is off unless [`Settings`] ask for it.
//!
//! No subscriber can slow the pipeline: [`Publisher`] puts events into bounded queues and never waits. An output whose
//! queue is full drops events, counted, and never delays decisions. An output that fails is reported by
//! [`Faults`](crate::pipeline::Faults) and by the metrics, and is retried.
//!
//! The way of a decision: [`Publisher`] -> queue -> the thread of its output (`file`, `socket`, `history`, `webhook`, each of the `rules`), or the
//! one thread of everything that waits on the network (`mqtt`, `web`).

mod file;
mod history;
mod kind;
mod lines;
mod message;
mod metrics;
mod mqtt;
mod network;
mod output;
mod output_status;
mod publisher;
mod queue;
mod reload;
mod rules;
mod scene;
mod secret;
pub mod settings;
mod socket;
mod station;
#[cfg(test)]
pub(crate) mod testing;
mod web;
mod webhook;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use thiserror::Error;

use crate::history::HistoryError;
use crate::validation::ValidationError;
pub use publisher::Publisher;
pub use reload::Reload;
pub use secret::{Secret, conceal};
pub use settings::Settings;
pub use station::{Log, Origin, Setting, Station};

/// Version and model of the publisher, for Home Assistant, webhooks and metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The program's version.
    pub version: String,
    /// The name of the model's layer table, e.g. `edge`.
    pub preset: String,
    /// The model's hash.
    pub model: String,
    /// The names of the sources; none: there is one, which needs no name.
    pub sources: Vec<String>,
}

/// Why publishing cannot start.
#[derive(Debug, Error)]
pub enum PublishError {
    /// A setting is invalid.
    #[error(transparent)]
    Setting(#[from] ValidationError),
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
    /// The file for events cannot be written.
    #[error("file.path: {} cannot be written: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The Unix socket cannot be made.
    #[error("socket.path: {} cannot be a socket: {reason}", path.display())]
    Socket {
        /// The path of the socket.
        path: PathBuf,
        /// Why not, and what to do.
        reason: String,
    },
    /// The address of the web page cannot be listened on.
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
