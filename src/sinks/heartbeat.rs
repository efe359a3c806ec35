//! Tells systemd that decisions are made: a service that makes none any more is started anew, whatever the reason.

use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;

use crate::pipeline::{DecisionContext, Sink, SinkError};
use crate::watchdog::{Watchdog, systemd};

/// For a run without a screen: ready at the first decision, alive at each later one; of several sources, once all of
/// them have decided.
#[derive(Clone, Debug)]
pub struct Heartbeat {
    shared: Arc<Mutex<Pulse>>,
    source: usize,
}

#[derive(Debug)]
struct Pulse {
    watchdog: Watchdog,
    begin: Instant,
    /// Of each source.
    decisions: Vec<u64>,
}

impl Heartbeat {
    /// Notifies as often as systemd asks for.
    pub fn new() -> Self {
        let pulse =
            Pulse { watchdog: Watchdog::new(systemd::patience()), begin: Instant::now(), decisions: vec![0] };
        Self { shared: Arc::new(Mutex::new(pulse)), source: 0 }
    }

    /// Another source of the same run.
    #[must_use]
    pub fn another(&self) -> Self {
        let mut pulse = self.shared.lock();
        pulse.decisions.push(0);
        Self { shared: self.shared.clone(), source: pulse.decisions.len() - 1 }
    }
}

impl Default for Heartbeat {
    fn default() -> Self {
        Self::new()
    }
}

impl Sink for Heartbeat {
    fn take(&mut self, _: &DecisionContext) -> Result<(), SinkError> {
        let mut pulse = self.shared.lock();
        pulse.decisions[self.source] += 1;
        let fewest = pulse.decisions.iter().copied().min().unwrap_or_default();
        // A run without a screen has no pictures, so decisions count for both.
        let now = pulse.begin.elapsed().as_secs_f64();
        if let Some(sign) = pulse.watchdog.sign(now, fewest, fewest) {
            systemd::give(sign);
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), SinkError> {
        systemd::stopping();
        Ok(())
    }
}
