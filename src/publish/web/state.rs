//! How the station is doing: for programs as `/api/v1/state`, and for its page.

use serde::Serialize;

use super::health::SourceNow;
use crate::publish::conceal;
use crate::publish::metrics::Metrics;
use crate::publish::station::Station;
use crate::publish::{About, output_status::OutputStatus};

/// All of it, at one moment.
#[derive(Debug, Serialize)]
pub(super) struct Now {
    pub(super) version: String,
    /// The name of the model's layer table, and the model's hash.
    pub(super) preset: String,
    pub(super) model: String,
    /// Seconds since the program began to publish.
    pub(super) uptime: f64,
    /// Made, and left out to keep up.
    pub(super) decisions: u64,
    pub(super) skipped: u64,
    /// What is wrong with outputs, recordings and settings; `null`: nothing.
    pub(super) faults: Option<String>,
    pub(super) sources: Vec<SourceNow>,
    pub(super) outputs: Vec<OutputNow>,
}

/// An output.
#[derive(Debug, Serialize)]
pub(super) struct OutputNow {
    pub(super) name: &'static str,
    /// Events that it did not tell.
    pub(super) lost: u64,
    /// What is wrong with it; `null`: nothing.
    pub(super) fault: Option<String>,
}

impl Now {
    pub(super) fn new(about: &About, metrics: &Metrics, sources: Vec<SourceNow>, station: &Station) -> Self {
        let About { version, preset, model, .. } = about.clone();
        let [decisions, skipped] = metrics.decisions();
        let told = |fault: Option<String>| fault.map(|fault| conceal(&fault));
        let output = |status: OutputStatus| OutputNow {
            name: status.name,
            lost: status.lost(),
            fault: told(status.fault()),
        };
        Self {
            version,
            preset,
            model,
            uptime: metrics.uptime().round(),
            decisions,
            skipped,
            faults: told(station.faults()),
            sources,
            outputs: station.outputs().into_iter().map(output).collect(),
        }
    }
}
