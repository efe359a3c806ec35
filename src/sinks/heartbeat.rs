//! Tells systemd that decisions are made: a service that makes none any more is started anew, whatever the reason.

use std::time::{Duration, Instant};

use sd_notify::NotifyState;

use crate::pipeline::{Moment, Sink, SinkError};

/// Of a service of `Type=notify`: it is ready at the first decision, and alive at those after it. Outside of
/// systemd nothing is told.
#[derive(Debug, Default)]
pub struct Heartbeat {
    /// Time between two signs of life, three of which fit into systemd's patience; `None`: it does not wait for any.
    every: Option<Duration>,
    last: Option<Instant>,
}

impl Heartbeat {
    /// As often as systemd asks for.
    pub fn new() -> Self {
        Self { every: sd_notify::watchdog_enabled().map(|patience| patience / 3), last: None }
    }
}

impl Sink for Heartbeat {
    fn take(&mut self, _: &Moment) -> Result<(), SinkError> {
        let now = Instant::now();
        let sign = match (self.last, self.every) {
            (None, _) => NotifyState::Ready,
            (Some(last), Some(every)) if now - last >= every => NotifyState::Watchdog,
            _ => return Ok(()),
        };
        self.last = Some(now);
        tell(sign)
    }

    fn finish(&mut self) -> Result<(), SinkError> {
        tell(NotifyState::Stopping)
    }
}

fn tell(sign: NotifyState) -> Result<(), SinkError> {
    let unheard = |source| SinkError::Io { output: "the service manager's socket".into(), source };
    sd_notify::notify(&[sign]).map_err(unheard)
}
