//! Notifies systemd of a live run: ready, alive, and its status.
//!
//! Does nothing outside of systemd. A unit of `Type=notify` with `WatchdogSec=` restarts a run that has
//! stopped deciding or drawing, which no error would tell of.

use std::time::Duration;

/// A notification to systemd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// There was a decision, and a picture is shown.
    Ready,
    /// There were more of both since the last sign.
    Alive,
}

/// Watches two counters that must both move.
#[derive(Clone, Debug)]
pub struct Watchdog {
    /// Seconds between two signs.
    every: f64,
    /// The moment, decisions and pictures of the last sign; `None` before the first.
    last: Option<(f64, u64, u64)>,
}

impl Watchdog {
    /// With the time after which systemd gives up, if it watches; three signs fit into it.
    pub fn new(patience: Option<Duration>) -> Self {
        Self { every: patience.map_or(f64::INFINITY, |patience| patience.as_secs_f64() / 3.0), last: None }
    }

    /// The sign that is due at `now` (seconds, never going back), after so many decisions and pictures.
    /// Whoever gets one is to pass it on: it counts as given.
    pub fn sign(&mut self, now: f64, decisions: u64, pictures: u64) -> Option<Sign> {
        let sign = match self.last {
            None if decisions > 0 && pictures > 0 => Sign::Ready,
            Some((then, decided, drawn))
                if now - then >= self.every && decisions > decided && pictures > drawn =>
            {
                Sign::Alive
            }
            _ => return None,
        };
        self.last = Some((now, decisions, pictures));
        Some(sign)
    }
}

/// Systemd, where there is one.
#[cfg(target_os = "linux")]
pub mod systemd {
    use std::sync::Once;
    use std::time::Duration;

    use sd_notify::NotifyState;

    use super::Sign;

    /// The time after which it restarts a service that gives no sign; `None`: it does not watch.
    pub fn patience() -> Option<Duration> {
        sd_notify::watchdog_enabled()
    }

    /// Passes a sign on.
    pub fn give(sign: Sign) {
        tell(match sign {
            Sign::Ready => NotifyState::Ready,
            Sign::Alive => NotifyState::Watchdog,
        });
    }

    /// Tells how things are, in one line for `systemctl status`.
    pub fn status(line: &str) {
        tell(NotifyState::Status(line));
    }

    /// Tells that the end has been asked for.
    pub fn stopping() {
        tell(NotifyState::Stopping);
    }

    /// A failure to notify is logged once, and the run goes on.
    fn tell(state: NotifyState) {
        static SAID: Once = Once::new();
        if let Err(error) = sd_notify::notify(&[state]) {
            SAID.call_once(|| {
                log::warn!("systemd does not take notice of us: {error}; is NotifyAccess= set?");
            });
        }
    }
}

/// Systemd, where there is none.
#[cfg(not(target_os = "linux"))]
pub mod systemd {
    use std::time::Duration;

    use super::Sign;

    /// There is no watchdog without systemd.
    pub fn patience() -> Option<Duration> {
        None
    }

    /// Does nothing without systemd.
    pub fn give(_: Sign) {}

    /// Does nothing without systemd.
    pub fn status(_: &str) {}

    /// Does nothing without systemd.
    pub fn stopping() {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_means_decided_and_drawn() {
        let mut watchdog = Watchdog::new(None);
        assert_eq!(watchdog.sign(0.0, 0, 9), None);
        assert_eq!(watchdog.sign(0.1, 1, 0), None);
        assert_eq!(watchdog.sign(0.2, 1, 10), Some(Sign::Ready));
        assert_eq!(watchdog.sign(1e6, 9, 99), None, "nobody watches");
    }

    #[test]
    fn a_sign_of_life_needs_both_to_move() {
        let mut watchdog = Watchdog::new(Some(Duration::from_secs(30)));
        assert_eq!(watchdog.sign(0.0, 1, 1), Some(Sign::Ready));
        assert_eq!(watchdog.sign(9.0, 100, 100), None, "not due");
        assert_eq!(watchdog.sign(10.0, 100, 100), Some(Sign::Alive));
        assert_eq!(watchdog.sign(20.0, 200, 100), None, "no picture");
        assert_eq!(watchdog.sign(30.0, 200, 100), None, "still none");
        assert_eq!(watchdog.sign(30.1, 200, 101), Some(Sign::Alive), "both have moved since the last sign");
        assert_eq!(watchdog.sign(60.0, 200, 900), None, "no decision");
    }
}
