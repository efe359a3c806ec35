//! What a page of the station shows besides decisions: settings, the log, faults, outputs. Put here by those who know it.

use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use parking_lot::Mutex;

use super::output_status::OutputStatus;
use crate::pipeline::Controls;

/// A setting as it counts now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The key with its tables, e.g. `camera.size`.
    pub key: String,
    /// Its value as a settings file has it. No secret: it is shown as it is.
    pub value: String,
    /// What set it.
    pub origin: Origin,
}

/// What set a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nothing.
    Default,
    /// This line of the settings file, from 1.
    Line(usize),
    /// The command line.
    CommandLine,
    /// The settings file as it was at the start; it says something else now.
    Start,
}

/// Gives lines of the log, the oldest first, each with its time.
pub type Log = fn() -> Vec<(SystemTime, String)>;

/// What the publisher cannot know by itself, for the page of the station.
#[derive(Clone, Debug, Default)]
pub struct Station(Arc<Known>);

#[derive(Debug, Default)]
struct Known {
    settings: Mutex<Arc<[Setting]>>,
    log: OnceLock<Log>,
    controls: OnceLock<Arc<Controls>>,
    outputs: Mutex<Vec<OutputStatus>>,
}

impl Station {
    /// Shows these settings, instead of those before.
    pub fn show(&self, settings: Vec<Setting>) {
        *self.0.settings.lock() = settings.into();
    }

    /// Shows what this gives as the log; the first one counts.
    pub fn tail(&self, log: Log) {
        let _ = self.0.log.set(log);
    }

    /// Shows the faults that are told there; the first one counts.
    pub(super) fn watch(&self, controls: Arc<Controls>) {
        let _ = self.0.controls.set(controls);
    }

    /// Shows these outputs, instead of those before.
    pub(super) fn list(&self, outputs: Vec<OutputStatus>) {
        *self.0.outputs.lock() = outputs;
    }

    pub(super) fn settings(&self) -> Arc<[Setting]> {
        self.0.settings.lock().clone()
    }

    pub(super) fn log(&self) -> Vec<(SystemTime, String)> {
        self.0.log.get().map(|latest| latest()).unwrap_or_default()
    }

    pub(super) fn faults(&self) -> Option<String> {
        self.0.controls.get()?.faults.get()
    }

    pub(super) fn outputs(&self) -> Vec<OutputStatus> {
        self.0.outputs.lock().clone()
    }
}
