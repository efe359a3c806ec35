//! One time base for both devices: the samples that the microphone gave.
//!
//! `t` counts them (48,000 a second), so nothing has to be stretched when the sound card's clock and the
//! system's drift apart. Moments of the system's clock, which cameras use, are mapped to `t` by the
//! median, over the last seconds, of what lies between both; so the mapping follows the drift, and late
//! callbacks do not disturb it.

use std::collections::VecDeque;

use crate::preprocess::SAMPLE_RATE;

/// Seconds over which the median is taken.
const MEMORY: f64 = 10.0;
/// Sound that comes later than this, and goes on doing so for [`PERSISTS`], follows a gap.
const TOLERANCE: f64 = 0.05;
/// Seconds for which sound must stay late before it counts as following a gap.
const PERSISTS: f64 = 0.5;
/// Seconds between two looks at the drift.
const DRIFT_STEP: f64 = 10.0;

/// Where the next chunk is placed on the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placement {
    /// Samples of silence before it: sound is missing there.
    pub(super) silence: usize,
    /// Samples at its start that are left out: silence stands in their place already.
    pub(super) skip: usize,
}

/// Counts samples and knows when they were taken. All moments are seconds of the system's clock.
#[derive(Debug)]
pub(super) struct Timeline {
    written: u64,
    /// The moment of `t` = 0, as it looks now.
    origin: f64,
    /// For each recent chunk: when it was taken, and what the origin would be by it alone.
    recent: VecDeque<(f64, f64)>,
    /// Moments and origins, [`DRIFT_STEP`] apart, since the microphone was opened.
    drift: VecDeque<(f64, f64)>,
    running: bool,
}

impl Timeline {
    /// Begins with `t` = 0 at this moment.
    pub(super) fn new(origin: f64) -> Self {
        Self { written: 0, origin, recent: VecDeque::new(), drift: VecDeque::new(), running: false }
    }

    /// Seconds of sound so far.
    pub(super) fn t(&self) -> f64 {
        self.written as f64 / SAMPLE_RATE as f64
    }

    /// The moment of `t` = 0.
    pub(super) fn origin(&self) -> f64 {
        self.origin
    }

    /// Where on the timeline a moment lies.
    pub(super) fn t_of(&self, moment: f64) -> f64 {
        moment - self.origin
    }

    /// The microphone was opened anew: what was known of its clock is void, the timeline goes on.
    pub(super) fn restart(&mut self) {
        self.running = false;
        self.recent.clear();
        self.drift.clear();
    }

    /// Whether sound is coming, as opposed to silence in its place.
    pub(super) fn is_running(&self) -> bool {
        self.running
    }

    /// Places a chunk whose first sample was taken at `captured`. `broken`: the device says that sound was
    /// lost before it, so that what is late is missing.
    pub(super) fn place(&mut self, captured: f64, broken: bool) -> Placement {
        let here = captured - self.t();
        if !self.running {
            self.running = true;
            let late = ((captured - self.origin - self.t()) * SAMPLE_RATE as f64).round();
            let placement = match late >= 0.0 {
                true => Placement { silence: late as usize, skip: 0 },
                false => Placement { silence: 0, skip: -late as usize },
            };
            self.recent.push_back((captured, self.origin));
            return placement;
        }
        self.recent.push_back((captured, here));
        while self.recent.front().is_some_and(|(when, _)| captured - when > MEMORY) {
            self.recent.pop_front();
        }
        let known = broken.then_some(here - self.origin).filter(|missing| *missing > 0.0);
        if let Some(missing) = known.or_else(|| self.missing(captured)) {
            // From now on everything is later by this much; earlier measurements no longer apply.
            self.recent.clear();
            self.recent.push_back((captured, here - missing));
            return Placement { silence: (missing * SAMPLE_RATE as f64).round() as usize, skip: 0 };
        }
        self.origin = median(self.recent.iter().map(|(_, origin)| *origin));
        if self.drift.back().is_none_or(|(when, _)| captured - when > DRIFT_STEP) {
            self.drift.push_back((captured, self.origin));
            if self.drift.len() > 61 {
                self.drift.pop_front();
            }
        }
        Placement { silence: 0, skip: 0 }
    }

    /// Seconds of sound that the device must have lost, if everything of late came that much later than before.
    fn missing(&self, now: f64) -> Option<f64> {
        let late: Vec<f64> = self
            .recent
            .iter()
            .filter(|(when, _)| now - when < PERSISTS)
            .map(|(_, o)| o - self.origin)
            .collect();
        let before = self.recent.len() - late.len();
        let least = late.iter().copied().fold(f64::INFINITY, f64::min);
        (before > 0 && late.len() > 2 && least > TOLERANCE).then_some(least)
    }

    /// Adds samples, or silence.
    pub(super) fn advance(&mut self, samples: usize) {
        self.written += samples as u64;
    }

    /// Samples of silence that are due when the microphone gives nothing and it is `now`. Sound that
    /// comes later is placed by its own time.
    pub(super) fn silence_until(&mut self, now: f64) -> usize {
        let due = (self.t_of(now) - self.t()) * SAMPLE_RATE as f64;
        if due < 1.0 {
            return 0;
        }
        self.restart();
        due as usize
    }

    /// How much faster the sound card's clock runs than the system's, in parts per million, over the last
    /// ten minutes at most; 0 before a minute has passed.
    pub(super) fn drift(&self) -> f64 {
        // The first measurement is skipped: the median has not settled by then.
        match (self.drift.get(1), self.drift.back()) {
            (Some((begin, early)), Some((end, late))) if end - begin >= 50.0 => {
                -(late - early) / (end - begin) * 1e6
            }
            _ => 0.0,
        }
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f64::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNK: usize = 480;

    /// A card whose clock runs `ppm` faster, with callbacks up to `jitter` seconds late.
    fn run(timeline: &mut Timeline, from: f64, chunks: usize, ppm: f64, jitter: f64) -> f64 {
        let each = CHUNK as f64 / SAMPLE_RATE as f64 / (1.0 + ppm * 1e-6);
        for n in 0..chunks {
            let late = jitter * ((n * 7919 % 100) as f64 / 100.0);
            let placement = timeline.place(from + n as f64 * each + late, false);
            assert_eq!(placement.skip, 0);
            timeline.advance(placement.silence + CHUNK);
        }
        from + chunks as f64 * each
    }

    #[test]
    fn jitter_adds_no_gap_and_moves_the_clock_little() {
        let mut timeline = Timeline::new(5.0);
        let end = run(&mut timeline, 5.0, 3000, 0.0, 0.03);
        assert_eq!(timeline.t(), 30.0);
        assert!((timeline.t_of(end) - 30.0).abs() < 0.02, "{}", timeline.t_of(end));
    }

    #[test]
    fn drift_is_followed_and_told() {
        let mut timeline = Timeline::new(0.0);
        let end = run(&mut timeline, 0.0, 60_000, 200.0, 0.004);
        assert!((timeline.t_of(end) - timeline.t()).abs() < 0.006, "ten minutes, 120 ms of drift");
        assert!((timeline.drift() - 200.0).abs() < 15.0, "{}", timeline.drift());
    }

    #[test]
    fn lost_sound_becomes_silence_of_the_same_length() {
        let mut timeline = Timeline::new(0.0);
        let end = run(&mut timeline, 0.0, 500, 0.0, 0.002);
        let end = run(&mut timeline, end + 0.3, 500, 0.0, 0.002);
        assert!((timeline.t() - 10.3).abs() < 0.01, "{}", timeline.t());
        assert!((timeline.t_of(end) - 10.3).abs() < 0.01);
    }

    #[test]
    fn short_losses_that_the_device_reports_are_made_up_for_at_once() {
        let mut timeline = Timeline::new(0.0);
        let mut now = 0.0;
        for n in 0..2000 {
            // Every tenth chunk follows an overrun that cost 20 ms.
            let broken = n % 10 == 9;
            now += if broken { 0.02 } else { 0.0 };
            let placement = timeline.place(now, broken);
            timeline.advance(placement.silence + CHUNK);
            now += 0.01;
        }
        assert!((timeline.t() - 24.0).abs() < 0.03, "{}", timeline.t());
        assert!((timeline.t_of(now) - timeline.t()).abs() < 0.03);
    }

    #[test]
    fn an_absent_microphone_leaves_no_hole_and_comes_back_in_place() {
        let mut timeline = Timeline::new(0.0);
        run(&mut timeline, 0.0, 100, 0.0, 0.0);
        for now in [1.5, 2.0, 2.5] {
            let silence = timeline.silence_until(now);
            timeline.advance(silence);
        }
        assert!((timeline.t() - 2.5).abs() < 1e-3);
        assert_eq!(timeline.silence_until(2.4), 0, "time does not run back");
        // Its first sound was taken before the silence ended: the part that is there already is left out.
        let placement = timeline.place(2.4, false);
        assert_eq!((placement.silence, placement.skip / 10), (0, 480));
        timeline.restart();
        assert_eq!(timeline.place(2.6, false).silence / 10, 480);
    }
}
