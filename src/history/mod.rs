//! What happened, kept for weeks: episodes, which are events with a beginning and an end, in a SQLite file.
//!
//! Decisions come 12 times a second and say how things are. An [`Episode`] is a stretch of them in which the same thing
//! was seen to sound; a [`Tracker`] makes episodes of decisions, a [`Store`] keeps them. A program that is killed loses
//! at most what happened since its last write, and never the file.

mod episode;
mod files;
mod filter;
mod migrations;
mod parquet;
mod store;
mod table;
mod tracker;

use std::io;
use std::path::PathBuf;

use thiserror::Error;

pub use episode::{Change, Episode, Notice};
pub use files::{Bounds, Files, Pruned};
pub use filter::{Filter, WhenError, when};
pub use parquet::write_parquet;
pub use store::Store;
pub use table::{write_csv, write_json};
pub use tracker::{Rules, Tracker};

/// The file within a history's folder.
pub const DATABASE: &str = "history.db";

/// Why a history cannot be opened, read or written.
#[derive(Debug, Error)]
pub enum HistoryError {
    /// There is none.
    #[error("{} holds no history ({DATABASE}): name the folder that `[publish.history]` of the settings names", folder.display())]
    Missing {
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// The folder cannot be made or read.
    #[error("{} cannot be used: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Another run writes there.
    #[error("another run keeps its history in {}: give this one a folder of its own", folder.display())]
    Busy {
        /// The folder.
        folder: PathBuf,
    },
    /// A later version of the program has changed the tables.
    #[error(
        "{} was written by a later version of LookHear (tables {found}, this one knows {known}): use that version, or another folder",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version of its tables.
        found: u32,
        /// The latest version that this program knows.
        known: u32,
    },
    /// SQLite says no: the file is no database, the disk is full, another program keeps it locked.
    #[error("{}: {source}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// SQLite's reason.
        source: rusqlite::Error,
    },
}
