//! From decisions to episodes.

use std::hash::{BuildHasher, Hasher, RandomState};

use jiff::Timestamp;

use super::{Change, Episode, Notice};
use crate::event::{Event, State};

/// When an episode begins and ends.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// Which states make episodes.
    pub states: Vec<State>,
    /// Seconds that it must last to be told at all.
    pub least: f64,
    /// Seconds for which it may be interrupted and still be the same.
    pub gap: f64,
}

impl Default for Rules {
    /// Matches of half a second or more; a dog that takes breath for two seconds barks once.
    fn default() -> Self {
        Self { states: vec![State::Match], least: 0.5, gap: 2.0 }
    }
}

/// Seconds after which an episode that lasts is told again.
const EVERY: f64 = 10.0;
/// Seconds between two updates because of a better score.
const CALM: f64 = 1.0;
/// By how much a score must be better than the one told, to be told.
const BETTER: f32 = 0.02;

/// Makes episodes of the decisions of one source, in order.
#[derive(Debug)]
pub struct Tracker {
    source: String,
    rules: Rules,
    current: Option<Current>,
}

impl Tracker {
    /// None has begun.
    pub fn new(source: &str, rules: Rules) -> Self {
        Self { source: source.into(), rules, current: None }
    }

    /// Takes a decision; returns what is to be told of it, in order: the end of one episode and the beginning of
    /// another may come together.
    pub fn take(&mut self, event: &Event) -> Vec<Notice> {
        let mut notices = Vec::new();
        let counts = self.rules.states.contains(&event.state);
        let ends = self.current.as_ref().is_some_and(|current| {
            event.t - current.episode.t_end > self.rules.gap || (counts && !current.is_of(event))
        });
        if ends {
            notices.extend(self.end());
        }
        if counts {
            let current = self.current.get_or_insert_with(|| Current::begin(&self.source, event));
            notices.extend(current.extend(event, self.rules.least));
        }
        notices
    }

    /// The episode at hand, if there is one that was told.
    pub fn current(&self) -> Option<&Episode> {
        self.current.as_ref().filter(|current| current.told.is_some()).map(|current| &current.episode)
    }

    /// Ends the episode at hand, if there is one that was told.
    pub fn end(&mut self) -> Option<Notice> {
        let Current { mut episode, told, .. } = self.current.take()?;
        told?;
        episode.over = true;
        Some(Notice { change: Change::End, episode, best: false })
    }
}

/// What was told last of an episode.
#[derive(Debug)]
struct Told {
    t: f64,
    score: f32,
    named: bool,
}

/// The episode at hand.
#[derive(Debug)]
struct Current {
    episode: Episode,
    /// Sum of the boxes, and how many they are.
    sum: [f64; 4],
    boxes: u32,
    told: Option<Told>,
}

impl Current {
    fn begin(source: &str, event: &Event) -> Self {
        let start = time_of(event);
        let episode = Episode {
            id: id(&start),
            source: source.into(),
            state: event.state,
            name: None,
            end: start.clone(),
            start,
            t_start: event.t,
            t_end: event.t,
            over: false,
            decisions: 0,
            best_score: 0.0,
            bounds: None,
            snapshot: None,
            clip: None,
        };
        Self { episode, sum: [0.0; 4], boxes: 0, told: None }
    }

    /// Whether a decision can be one of this episode: of the same state, and not of something else's name.
    fn is_of(&self, event: &Event) -> bool {
        let Episode { state, name, .. } = &self.episode;
        *state == event.state && (name.is_none() || event.name.is_none() || *name == event.name)
    }

    fn extend(&mut self, event: &Event, least: f64) -> Option<Notice> {
        let episode = &mut self.episode;
        let best = event.score > episode.best_score || episode.decisions == 0;
        episode.best_score = episode.best_score.max(event.score);
        episode.decisions += 1;
        (episode.t_end, episode.end) = (event.t, time_of(event));
        episode.name = episode.name.take().or_else(|| event.name.clone());
        if let Some(bounds) = event.bounds {
            self.boxes += 1;
            for (sum, value) in self.sum.iter_mut().zip(bounds) {
                *sum += f64::from(value);
            }
            episode.bounds = Some(self.sum.map(|sum| (sum / f64::from(self.boxes)) as f32));
        }
        let change = self.change(event.t, least)?;
        let Episode { best_score: score, ref name, .. } = self.episode;
        self.told = Some(Told { t: event.t, score, named: name.is_some() });
        Some(Notice { change, episode: self.episode.clone(), best })
    }

    /// What is to be told now.
    fn change(&self, t: f64, least: f64) -> Option<Change> {
        let Episode { t_start, best_score, ref name, .. } = self.episode;
        let Some(told) = &self.told else {
            // Times are sums of hops: a rounding is no reason to wait for another one.
            return (t - t_start >= least - 1e-6).then_some(Change::New);
        };
        let better = best_score >= told.score + BETTER && t - told.t >= CALM;
        let named = name.is_some() && !told.named;
        (better || named || t - told.t >= EVERY).then_some(Change::Update)
    }
}

/// The time of day of a decision; recorded input has none but that at which it is judged.
fn time_of(event: &Event) -> String {
    event.time.clone().unwrap_or_else(|| format!("{:.3}", Timestamp::now()))
}

/// Digits of the time, and some by chance: two sources may see something at once.
fn id(start: &str) -> String {
    let digits: String = start.chars().filter(char::is_ascii_digit).collect();
    let chance = RandomState::new().build_hasher().finish() & 0xffff_ffff;
    format!("{digits}-{chance:08x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A decision at `t` seconds past a minute.
    fn decision(t: f64, state: State, score: f32, name: Option<&str>) -> Event {
        let time = Some(format!("2026-11-30T12:00:{t:06.3}Z"));
        Event { t, time, score, name: name.map(Into::into), ..Event::example(state) }
    }

    fn told(tracker: &mut Tracker, decisions: &[Event]) -> Vec<(f64, Change)> {
        let mut take = |event: &Event| tracker.take(event).into_iter().map(|n| (event.t, n.change)).collect();
        decisions.iter().flat_map(|event| -> Vec<_> { take(event) }).collect()
    }

    /// Decisions every tenth of a second, as `states` says: `M`atch, `.` silence, `n`o visible source.
    fn every_tenth(states: &str) -> Vec<Event> {
        let state = |c| match c {
            'M' => State::Match,
            'n' => State::NoVisibleSource,
            _ => State::Silent,
        };
        let decision = |(n, c)| decision(n as f64 / 10.0, state(c), 0.5, None);
        states.chars().enumerate().map(decision).collect()
    }

    #[test]
    fn what_is_too_short_is_never_told_and_a_short_gap_is_bridged() {
        let rules = Rules { least: 0.5, gap: 0.6, ..Rules::default() };
        let mut tracker = Tracker::new("barn", rules);
        assert_eq!(told(&mut tracker, &every_tenth("..MM........")), []);
        let mut tracker = Tracker::new("barn", Rules { least: 0.5, gap: 0.6, ..Rules::default() });
        let notices = told(&mut tracker, &every_tenth(".MMMMMMM....MMnn......"));
        let near = |(t, change): &(f64, Change), at: f64, what| (t - at).abs() < 1e-9 && *change == what;
        assert!(near(&notices[0], 0.6, Change::New) && near(&notices[1], 2.0, Change::End), "{notices:?}");
        assert_eq!(notices.len(), 2);
    }

    #[test]
    fn an_episode_has_its_times_its_best_score_and_the_mean_of_its_boxes() {
        let mut tracker = Tracker::new("barn", Rules { least: 0.0, ..Rules::default() });
        let at = |t, score, x0| Event {
            bounds: Some([x0, 0.25, 0.75, 0.75]),
            ..decision(t, State::Match, score, None)
        };
        let first = tracker.take(&at(1.0, 0.6, 0.2)).remove(0);
        assert!(first.change == Change::New && first.best);
        assert!(tracker.take(&at(1.1, 0.5, 0.4)).is_empty());
        tracker.take(&at(1.2, 0.9, 0.3));
        let Notice { change, episode, .. } = tracker.end().unwrap();
        assert_eq!(change, Change::End);
        assert_eq!(
            (episode.start.as_str(), episode.end.as_str()),
            ("2026-11-30T12:00:01.000Z", "2026-11-30T12:00:01.200Z")
        );
        assert_eq!((episode.t_start, episode.t_end, episode.decisions, episode.over), (1.0, 1.2, 3, true));
        assert_eq!((episode.best_score, episode.source.as_str()), (0.9, "barn"));
        assert!((episode.bounds.unwrap()[0] - 0.3).abs() < 1e-6);
        assert!(episode.id.starts_with("20261130120001000-") && episode.id == first.episode.id);
        assert!(tracker.end().is_none());
    }

    #[test]
    fn a_name_is_told_once_it_is_known_and_another_name_is_another_episode() {
        let mut tracker = Tracker::new("barn", Rules { least: 0.0, ..Rules::default() });
        let names = [None, Some("Rex"), None, Some("Rex"), Some("Minka"), None];
        let decisions: Vec<Event> = names
            .iter()
            .enumerate()
            .map(|(n, name)| decision(n as f64 / 10.0, State::Match, 0.5, *name))
            .collect();
        let notices: Vec<Notice> = decisions.iter().flat_map(|event| tracker.take(event)).collect();
        let told: Vec<_> = notices.iter().map(|n| (n.change, n.episode.name.as_deref())).collect();
        let rex = Some("Rex");
        assert_eq!(
            told,
            [(Change::New, None), (Change::Update, rex), (Change::End, rex), (Change::New, Some("Minka"))]
        );
        assert_ne!(notices[2].episode.id, notices[3].episode.id);
    }

    #[test]
    fn a_long_one_is_told_again_so_that_little_is_lost_with_the_program() {
        let mut tracker = Tracker::new("barn", Rules::default());
        let decisions: Vec<Event> =
            (0..300).map(|n| decision(f64::from(n) / 10.0, State::Match, 0.5, None)).collect();
        let changes: Vec<Change> = told(&mut tracker, &decisions).into_iter().map(|(_, c)| c).collect();
        assert_eq!(changes, [Change::New, Change::Update, Change::Update]);
        let better = decision(30.0, State::Match, 0.8, None);
        assert_eq!(told(&mut tracker, &[better]).len(), 1, "a better score is told");
    }

    #[test]
    fn messages_have_the_documented_form() {
        let mut tracker = Tracker::new("barn", Rules { least: 0.0, ..Rules::default() });
        let notice = tracker.take(&decision(1.0, State::Match, 0.5, Some("Rex"))).remove(0);
        let json = serde_json::to_value(&notice).unwrap();
        assert_eq!((&json["type"], &json["episode"]["name"]), (&"new".into(), &"Rex".into()));
        assert!(json["episode"]["box"].is_array() && json.get("best").is_none());
        let back: Notice = serde_json::from_value(json).unwrap();
        assert_eq!(back.episode, notice.episode);
    }
}
