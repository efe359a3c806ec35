//! How long each stage takes: the latest times, and their percentiles.

use std::collections::VecDeque;
use std::time::Duration;

/// A stage of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Sound to columns of the spectrogram.
    Spectrogram,
    /// The vision tower, with bringing the picture to its size.
    Vision,
    /// The audio tower.
    Audio,
    /// Both heads and the decision.
    Heads,
    /// From the capture of the last sound that counts to the decision; live input only.
    Latency,
}

impl Stage {
    /// All of them, in the order of the data's way.
    pub const ALL: [Self; 5] = [Self::Spectrogram, Self::Vision, Self::Audio, Self::Heads, Self::Latency];

    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Spectrogram => "spectrogram",
            Self::Vision => "vision tower",
            Self::Audio => "audio tower",
            Self::Heads => "heads",
            Self::Latency => "capture to decision",
        }
    }
}

/// Times that are kept of each stage: a minute at the usual hop.
const KEPT: usize = 750;

/// The latest times of all stages.
#[derive(Clone, Debug, Default)]
pub struct Timings {
    stages: [VecDeque<f32>; Stage::ALL.len()],
}

impl Timings {
    /// Adds a time.
    pub fn add(&mut self, stage: Stage, time: Duration) {
        let times = &mut self.stages[stage as usize];
        if times.len() == KEPT {
            times.pop_front();
        }
        times.push_back(time.as_secs_f32() * 1e3);
    }

    /// The time, in milliseconds, that `percent` of the latest ones do not exceed; `None` without any.
    pub fn percentile(&self, stage: Stage, percent: f64) -> Option<f32> {
        let mut times: Vec<f32> = self.stages[stage as usize].iter().copied().collect();
        times.sort_by(f32::total_cmp);
        let rank = (percent / 100.0 * times.len() as f64).ceil() as usize;
        times.get(rank.saturating_sub(1)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks_of_the_latest_times() {
        let mut timings = Timings::default();
        assert_eq!(timings.percentile(Stage::Audio, 50.0), None);
        for ms in (0..100).chain(1..=750).rev() {
            timings.add(Stage::Audio, Duration::from_millis(ms));
        }
        let at = |percent| timings.percentile(Stage::Audio, percent).map(f32::round);
        assert_eq!(at(100.0), Some(650.0), "the first hundred are forgotten");
        timings = Timings::default();
        (1..=100).for_each(|ms| timings.add(Stage::Vision, Duration::from_millis(ms)));
        let at = |percent| timings.percentile(Stage::Vision, percent).map(f32::round);
        assert_eq!((at(50.0), at(95.0), at(0.0)), (Some(50.0), Some(95.0), Some(1.0)));
    }
}
