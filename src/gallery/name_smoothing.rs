//! Smooths names over time by a majority vote.

use std::collections::VecDeque;

use super::{Gallery, Signature};
use crate::event::State;

/// Seconds of answers that take part in the vote.
const VOTERS: f64 = 1.0;

/// Turns the gallery's answers, one per hop, into a stable name: the majority of the last second.
#[derive(Clone, Debug, Default)]
pub struct NameSmoothing {
    /// Times (seconds), and what the gallery said then.
    answers: VecDeque<(f64, Option<String>)>,
}

impl NameSmoothing {
    /// The name at `t` (seconds, growing from call to call), if what sounds is seen and known. Answers count from the
    /// first sound on, so that a match that begins has its name at once.
    pub fn update(
        &mut self,
        gallery: &Gallery,
        t: f64,
        state: State,
        signature: &Signature,
    ) -> Option<String> {
        if state == State::Silent {
            self.answers.clear();
            return None;
        }
        self.push(t, gallery.name(signature).map(|named| named.name.to_string()));
        if state == State::Match { self.majority() } else { None }
    }

    fn push(&mut self, t: f64, answer: Option<String>) {
        // Half a millisecond of tolerance for rounded times.
        self.answers.retain(|(then, _)| t - then < VOTERS - 5e-4);
        self.answers.push_back((t, answer));
    }

    /// The name that more than half of the answers give.
    fn majority(&self) -> Option<String> {
        let votes = |name: &str| self.answers.iter().filter(|(_, a)| a.as_deref() == Some(name)).count();
        let mut names = self.answers.iter().filter_map(|(_, answer)| answer.as_deref());
        names.find(|name| 2 * votes(name) > self.answers.len()).map(str::to_string)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said after each of the answers, given every quarter of a second.
    fn said(answers: &[Option<&str>]) -> Vec<Option<String>> {
        let mut name_smoothing = NameSmoothing::default();
        let one = |(n, answer): (usize, &Option<&str>)| {
            name_smoothing.push(n as f64 * 0.25, answer.map(str::to_string));
            name_smoothing.majority()
        };
        answers.iter().enumerate().map(one).collect()
    }

    #[test]
    fn a_slip_does_not_change_the_name() {
        let (bell, drum) = (Some("bell"), Some("drum"));
        let said = said(&[bell, bell, drum, None, bell, bell, bell, None]);
        let said: Vec<Option<&str>> = said.iter().map(Option::as_deref).collect();
        // Of four answers, two are not more than half.
        assert_eq!(said, [bell, bell, bell, None, None, None, bell, bell]);
    }

    #[test]
    fn there_is_no_name_without_a_match_and_silence_forgets() {
        let gallery = Gallery::new("model");
        let mut name_smoothing = NameSmoothing::default();
        name_smoothing.push(0.0, Some("bell".into()));
        name_smoothing.push(0.1, Some("bell".into()));
        let signature = Signature::default();
        assert_eq!(name_smoothing.update(&gallery, 0.2, State::NoVisibleSource, &signature), None);
        assert_eq!(name_smoothing.update(&gallery, 0.25, State::Match, &signature), None, "two of four");
        name_smoothing.push(0.3, Some("bell".into()));
        name_smoothing.push(0.35, Some("bell".into()));
        assert_eq!(name_smoothing.update(&gallery, 0.4, State::Match, &signature).as_deref(), Some("bell"));
        assert_eq!(name_smoothing.update(&gallery, 0.5, State::Silent, &signature), None);
        assert_eq!(name_smoothing.update(&gallery, 0.6, State::Match, &signature), None);
    }
}
