//! Decisions that do not flicker: a state machine with hysteresis.

use crate::event::State;
use crate::model::Thresholds;

/// Turns a score a hop into a steady state.
///
/// A match begins at `on` and ends below `off`. Sound begins above the silence threshold at once and
/// ends when the level has been below it for as long as the judged second is long: the level is that
/// of the whole second, so no further delay is needed.
#[derive(Clone, Debug)]
pub struct Decision {
    thresholds: Thresholds,
    matched: bool,
}

impl Decision {
    /// Begins without a match.
    pub fn new(thresholds: Thresholds) -> Self {
        Self { thresholds, matched: false }
    }

    /// The state after a hop with this AVC score (0..1) and this level (see [`crate::judge::level`]).
    pub fn update(&mut self, score: f32, level: f32) -> State {
        if level < self.thresholds.silence {
            self.matched = false;
            return State::Silent;
        }
        let least = if self.matched { self.thresholds.off } else { self.thresholds.on };
        self.matched = score >= least;
        if self.matched { State::Match } else { State::NoVisibleSource }
    }

    /// How sure a state is, 0..1: for a match the score, for none its complement, for silence the
    /// distance to the threshold.
    pub fn confidence(&self, state: State, score: f32, level: f32) -> f32 {
        match state {
            State::Match => score,
            State::NoVisibleSource => 1.0 - score,
            // 20 dB below the threshold there is no doubt.
            State::Silent => (self.thresholds.silence - level) / 20.0,
        }
        .clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_match_holds_until_the_lower_threshold() {
        let thresholds = Thresholds { on: 0.6, off: 0.4, silence: -60.0, extent: 0.5 };
        let mut decision = Decision::new(thresholds);
        let states: Vec<State> = [0.5, 0.6, 0.5, 0.41, 0.39, 0.5].map(|s| decision.update(s, -20.0)).into();
        use State::{Match, NoVisibleSource as No};
        assert_eq!(states, [No, Match, Match, Match, No, No]);
    }

    #[test]
    fn silence_is_never_a_match_whatever_the_score() {
        let mut decision = Decision::new(Thresholds::default());
        assert_eq!(decision.update(1.0, -20.0), State::Match);
        assert_eq!(decision.update(1.0, -120.0), State::Silent);
        assert_eq!(decision.confidence(State::Silent, 1.0, -120.0), 1.0);
    }
}
