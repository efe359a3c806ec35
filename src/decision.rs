//! Turns scores into stable states: a state machine with hysteresis and a minimum duration.

use crate::event::State;
use crate::model::Thresholds;

/// Turns one score per hop into a stable state.
///
/// A match begins at `on` and ends below `off`, both debounced by `hold` seconds; sound that follows silence is no
/// match until then. Sound begins above the silence threshold at once and ends when the level has been below it for as
/// long as the judged second is long: the level is that of the whole second, so no further delay is needed.
///
/// ```
/// use lookhear::State;
/// use lookhear::decision::Decision;
/// use lookhear::model::Thresholds;
///
/// let mut decision = Decision::new(Thresholds { on: 0.6, off: 0.4, ..Thresholds::default() });
/// assert_eq!(decision.update(0.08, 0.5, -20.0), State::NoVisibleSource);
/// assert_eq!(decision.update(0.16, 0.7, -20.0), State::Match);
/// assert_eq!(decision.update(0.24, 0.5, -20.0), State::Match, "it ends below `off`");
/// assert_eq!(decision.update(0.32, 0.9, -90.0), State::Silent);
/// ```
#[derive(Clone, Debug)]
pub struct Decision {
    thresholds: Thresholds,
    matched: bool,
    /// Since when the scores have favoured the other answer.
    otherwise: Option<f64>,
}

impl Decision {
    /// Starts without a match.
    pub fn new(thresholds: Thresholds) -> Self {
        Self { thresholds, matched: false, otherwise: None }
    }

    /// For a single moment without context: a match is reported at once, without debouncing.
    pub fn single(thresholds: Thresholds) -> Self {
        Self::new(Thresholds { hold: 0.0, ..thresholds })
    }

    /// Decides by other thresholds from now on; a match that is said stays until they end it.
    pub fn set_thresholds(&mut self, thresholds: Thresholds) {
        self.thresholds = thresholds;
    }

    /// The state at `t` (seconds, growing from call to call) with this AVC score (0..1) and this level (see
    /// [`crate::preprocess::level()`]).
    pub fn update(&mut self, t: f64, score: f32, level: f32) -> State {
        if level < self.thresholds.silence {
            (self.matched, self.otherwise) = (false, None);
            return State::Silent;
        }
        let least = if self.matched { self.thresholds.off } else { self.thresholds.on };
        if (score >= least) == self.matched {
            self.otherwise = None;
        } else {
            let since = *self.otherwise.get_or_insert(t);
            // Half a millisecond of tolerance for rounded times.
            if t - since >= f64::from(self.thresholds.hold) - 5e-4 {
                (self.matched, self.otherwise) = (!self.matched, None);
            }
        }
        if self.matched { State::Match } else { State::NoVisibleSource }
    }

    /// How sure a state is, 0..1: for a match the score, for none its complement, for silence the
    /// distance to the threshold.
    pub fn confidence(&self, state: State, score: f32, level: f32) -> f32 {
        match state {
            State::Match => score,
            State::NoVisibleSource => 1.0 - score,
            // 20 dB below the threshold, the confidence is 1.
            State::Silent => (self.thresholds.silence - level) / 20.0,
        }
        .clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use State::{Match, NoVisibleSource as No, Silent};

    fn states(thresholds: Thresholds, scores: &[f32]) -> Vec<State> {
        let mut decision = Decision::new(thresholds);
        let timed = scores.iter().enumerate();
        timed.map(|(hop, score)| decision.update(hop as f64 * 0.08, *score, -20.0)).collect()
    }

    #[test]
    fn a_match_holds_until_the_lower_threshold() {
        let thresholds = Thresholds { on: 0.6, off: 0.4, hold: 0.0, ..Thresholds::default() };
        assert_eq!(states(thresholds, &[0.5, 0.6, 0.5, 0.41, 0.39, 0.5]), [No, Match, Match, Match, No, No]);
    }

    #[test]
    fn an_answer_must_last_before_it_is_given() {
        let thresholds = Thresholds { hold: 0.16, ..Thresholds::default() };
        let scores = [0.9, 0.1, 0.9, 0.9, 0.9, 0.1, 0.9, 0.1, 0.1, 0.1, 0.1];
        let expected = [No, No, No, No, Match, Match, Match, Match, Match, No, No];
        assert_eq!(states(thresholds, &scores), expected);
    }

    #[test]
    fn a_moment_alone_need_not_last() {
        let thresholds = Thresholds { on: 0.6, hold: 0.24, ..Thresholds::default() };
        let alone = |score, level| Decision::single(thresholds).update(3.5, score, level);
        assert_eq!([alone(0.6, -20.0), alone(0.59, -20.0), alone(1.0, -120.0)], [Match, No, Silent]);
    }

    #[test]
    fn silence_is_never_a_match_whatever_the_score() {
        let mut decision = Decision::new(Thresholds { hold: 0.0, ..Thresholds::default() });
        assert_eq!(decision.update(0.0, 1.0, -20.0), Match);
        assert_eq!(decision.update(0.08, 1.0, -120.0), Silent);
        assert_eq!(decision.confidence(Silent, 1.0, -120.0), 1.0);
    }
}
