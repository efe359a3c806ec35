//! How one output is doing: what it lost, and what is wrong with it.

use std::sync::Arc;

use parking_lot::Mutex;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;

/// Losses and trouble of one output; written by the thread that serves it, read by the pipeline and the metrics.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    /// The output, as metrics and troubles call it.
    pub(super) name: &'static str,
    lost: Counter,
    failing: Gauge,
    trouble: Arc<Mutex<Option<String>>>,
}

impl Standing {
    /// Nothing lost, nothing wrong; counts in the given metrics.
    pub(super) fn new(name: &'static str, lost: Counter, failing: Gauge) -> Self {
        Self { name, lost, failing, trouble: Arc::default() }
    }

    /// Some events did not reach a subscriber.
    pub(super) fn lose(&self, events: u64) {
        self.lost.inc_by(events);
    }

    /// Events that did not reach a subscriber so far.
    #[cfg(test)]
    pub(super) fn lost(&self) -> u64 {
        self.lost.get()
    }

    /// Says what is wrong, or that nothing is any more.
    pub(super) fn tell(&self, sentence: Option<String>) {
        self.failing.set(i64::from(sentence.is_some()));
        *self.trouble.lock() = sentence;
    }

    /// What is wrong now.
    pub(super) fn trouble(&self) -> Option<String> {
        self.trouble.lock().clone()
    }
}
