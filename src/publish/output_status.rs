//! The status of one output: lost events, and its current fault.

use std::sync::Arc;

use parking_lot::Mutex;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;

/// Losses and the fault of one output; written by the thread that serves it, read by the pipeline and the metrics.
#[derive(Clone, Debug)]
pub(super) struct OutputStatus {
    /// The output, as metrics and faults call it.
    pub(super) name: &'static str,
    lost: Counter,
    failing: Gauge,
    fault: Arc<Mutex<Option<String>>>,
}

impl OutputStatus {
    /// Nothing lost, nothing wrong; counts in the given metrics.
    pub(super) fn new(name: &'static str, lost: Counter, failing: Gauge) -> Self {
        Self { name, lost, failing, fault: Arc::default() }
    }

    /// For a part of the output: its losses count, its fault is its own.
    pub(super) fn apart(&self) -> Self {
        Self { failing: Gauge::default(), fault: Arc::default(), ..self.clone() }
    }

    /// Counts events that did not reach a subscriber.
    pub(super) fn lose(&self, events: u64) {
        self.lost.inc_by(events);
    }

    /// Events that did not reach a subscriber so far.
    pub(super) fn lost(&self) -> u64 {
        self.lost.get()
    }

    /// Sets the fault, or clears it.
    pub(super) fn tell(&self, sentence: Option<String>) {
        self.failing.set(i64::from(sentence.is_some()));
        *self.fault.lock() = sentence;
    }

    /// The current fault.
    pub(super) fn fault(&self) -> Option<String> {
        self.fault.lock().clone()
    }
}
