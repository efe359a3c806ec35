//! How fast the kiosk draws and decides, and how much memory it took.

use std::collections::VecDeque;
use std::time::Duration;

use crate::pipeline::Summary;

/// Drawing times that are kept: a minute at 30 pictures a second.
const KEPT: usize = 1800;

/// How a run of the kiosk went.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Seconds from the first picture with a decision to the end.
    pub seconds: f64,
    /// Pictures shown in that time.
    pub pictures: u64,
    /// Decisions made in that time.
    pub decisions: u64,
    /// Milliseconds that drawing and handing over a picture took, of late: those that half, 95 % and all of
    /// them did not exceed. `None`: nothing was drawn.
    pub drawing: Option<[f32; 3]>,
    /// Most memory that was in use, in bytes; `None` where the system does not tell.
    pub memory: Option<u64>,
    /// What the live pipeline did.
    pub summary: Summary,
}

/// Counts while the kiosk runs.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pictures: u64,
    times: VecDeque<f32>,
    begun: Option<Mark>,
    lap: Option<Mark>,
}

/// Counts at a moment.
#[derive(Clone, Copy, Debug)]
struct Mark {
    now: f64,
    pictures: u64,
    decisions: u64,
}

impl Tally {
    /// A picture was shown at `now` (seconds) after so many decisions; making it took `took`.
    pub(super) fn shown(&mut self, now: f64, decisions: u64, took: Duration) {
        self.pictures += 1;
        if self.times.len() == KEPT {
            self.times.pop_front();
        }
        self.times.push_back(took.as_secs_f32() * 1e3);
        if self.begun.is_none() && decisions > 0 {
            self.begun = Some(self.mark(now, decisions));
            self.lap = self.begun;
        }
    }

    /// Pictures and decisions a second since the call before that gave some; `None` before `every` seconds
    /// have passed.
    pub(super) fn lap(&mut self, now: f64, decisions: u64, every: f64) -> Option<[f64; 2]> {
        let lap = self.lap.filter(|lap| now - lap.now >= every)?;
        self.lap = Some(self.mark(now, decisions));
        let rate = |count: u64| count as f64 / (now - lap.now);
        Some([rate(self.pictures - lap.pictures), rate(decisions - lap.decisions)])
    }

    /// Everything, at the end.
    pub(super) fn report(&self, now: f64, decisions: u64, summary: Summary) -> Report {
        let mut times: Vec<f32> = self.times.iter().copied().collect();
        times.sort_by(f32::total_cmp);
        let rank = |share: f64| times[((share * times.len() as f64).ceil() as usize).max(1) - 1];
        let drawing = (!times.is_empty()).then(|| [rank(0.5), rank(0.95), rank(1.0)]);
        let begun = self.begun.unwrap_or(Mark { now, pictures: self.pictures, decisions });
        Report {
            seconds: now - begun.now,
            pictures: self.pictures - begun.pictures,
            decisions: decisions - begun.decisions,
            drawing,
            memory: peak_memory(),
            summary,
        }
    }

    fn mark(&self, now: f64, decisions: u64) -> Mark {
        Mark { now, pictures: self.pictures, decisions }
    }
}

/// The largest resident set that this process has had, in bytes, as Linux tells it.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_counted_from_the_first_decision() {
        let mut tally = Tally::default();
        tally.shown(0.0, 0, Duration::from_millis(500));
        assert_eq!(tally.lap(100.0, 0, 10.0), None, "not begun");
        (0..=300u32)
            .for_each(|i| tally.shown(f64::from(i) / 30.0, 1 + u64::from(i) / 3, Duration::from_millis(8)));
        assert_eq!(tally.lap(9.0, 91, 10.0), None);
        assert_eq!(tally.lap(10.0, 101, 10.0), Some([30.0, 10.0]));
        assert_eq!(tally.lap(19.0, 191, 10.0), None, "counted anew");
        let report = tally.report(10.0, 101, Summary::default());
        assert_eq!((report.seconds, report.pictures, report.decisions), (10.0, 300, 100));
        assert_eq!(report.drawing, Some([8.0, 8.0, 500.0]));
    }

    #[test]
    fn weeks_of_pictures_take_no_more_memory_than_a_minute() {
        let mut tally = Tally::default();
        (0..100_000u32)
            .for_each(|i| tally.shown(f64::from(i), u64::from(i), Duration::from_millis(u64::from(i % 7))));
        assert_eq!(tally.times.len(), KEPT);
        let report = tally.report(1e5, 1, Summary::default());
        assert_eq!(report.drawing, Some([3.0, 6.0, 6.0]));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn memory_is_told() {
        assert!(peak_memory().is_some_and(|bytes| bytes > 100_000));
    }
}
