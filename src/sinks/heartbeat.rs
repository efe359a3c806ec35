//! Tells systemd that decisions are made: a service that makes none any more is started anew, whatever the reason.

use std::time::Instant;

use crate::pipeline::{DecisionContext, Sink, SinkError};
use crate::watchdog::{Watchdog, systemd};

/// For a run without a screen: ready at the first decision, alive at each later one.
#[derive(Debug)]
pub struct Heartbeat {
    watchdog: Watchdog,
    begin: Instant,
    decisions: u64,
}

impl Heartbeat {
    /// Notifies as often as systemd asks for.
    #[expect(clippy::new_without_default, reason = "what it is depends on the environment")]
    pub fn new() -> Self {
        Self { watchdog: Watchdog::new(systemd::patience()), begin: Instant::now(), decisions: 0 }
    }
}

impl Sink for Heartbeat {
    fn take(&mut self, _: &DecisionContext) -> Result<(), SinkError> {
        self.decisions += 1;
        // A run without a screen has no pictures, so decisions count for both.
        let now = self.begin.elapsed().as_secs_f64();
        if let Some(sign) = self.watchdog.sign(now, self.decisions, self.decisions) {
            systemd::give(sign);
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), SinkError> {
        systemd::stopping();
        Ok(())
    }
}
