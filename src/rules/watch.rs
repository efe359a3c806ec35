//! When rules fire.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::Conditions;
use crate::history::Episode;

/// Looks at the episodes of a run while they last.
#[derive(Debug)]
pub struct Watch {
    rules: Vec<Rule>,
    zone: TimeZone,
}

#[derive(Debug)]
struct Rule {
    conditions: Conditions,
    cool_down: SignedDuration,
    /// By source: what happens at one place is no reason to say nothing of another.
    fired: BTreeMap<String, Fired>,
}

/// When a rule fired last, and for which episode.
#[derive(Debug)]
struct Fired {
    at: Timestamp,
    id: String,
}

impl Watch {
    /// Rules with their cool-downs (seconds), none of which has fired. Days and hours are those of a time zone.
    pub fn new(rules: impl IntoIterator<Item = (Conditions, f64)>, zone: TimeZone) -> Self {
        let rule = |(conditions, seconds): (Conditions, f64)| {
            let cool_down = SignedDuration::try_from_secs_f64(seconds).unwrap_or(SignedDuration::MAX);
            Rule { conditions, cool_down, fired: BTreeMap::new() }
        };
        Self { rules: rules.into_iter().map(rule).collect(), zone }
    }

    /// Takes an episode as it is now; returns which rules fire, by their place in the list.
    pub fn take(&mut self, episode: &Episode) -> Vec<usize> {
        let Ok(at) = episode.end.parse::<Timestamp>() else { return Vec::new() };
        let now = at.to_zoned_datetime(self.zone.clone());
        let fires = |(place, rule): (usize, &mut Rule)| {
            let rests = rule.fired.get(&episode.source).is_some_and(|fired| {
                // Also where the clock was set back: better silent than for ever the same.
                fired.id == episode.id || at.duration_since(fired.at).abs() < rule.cool_down
            });
            let fires = !rests && rule.conditions.hold(episode, &now);
            if fires {
                rule.fired.insert(episode.source.clone(), Fired { at, id: episode.id.clone() });
            }
            fires.then_some(place)
        };
        self.rules.iter_mut().enumerate().filter_map(fires).collect()
    }
}

/// What a rule would have done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Firing {
    /// The rule's place in the list.
    pub rule: usize,
    /// The time of day, as [`Episode::end`].
    pub at: String,
}

impl Watch {
    /// Takes an episode that is over, as if it were happening: second by second. Score, name and box are those of the
    /// whole of it, which is all that is kept.
    pub fn replay(&mut self, episode: &Episode) -> Vec<Firing> {
        let Ok(start) = episode.start.parse::<Timestamp>() else { return Vec::new() };
        let lasted = (episode.t_end - episode.t_start).max(0.0);
        let seconds = (0..=lasted as u32).map(f64::from).chain([lasted]);
        let fire = |after: f64| {
            let at =
                SignedDuration::try_from_secs_f64(after).ok().and_then(|after| start.checked_add(after).ok());
            let end = at.map_or_else(|| episode.end.clone(), |at| format!("{at:.3}"));
            let so_far = Episode { t_end: episode.t_start + after, end: end.clone(), ..episode.clone() };
            let fired = self.take(&so_far).into_iter();
            fired.map(|rule| Firing { rule, at: end.clone() }).collect::<Vec<_>>()
        };
        seconds.flat_map(fire).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::episode;
    use super::*;

    /// The episode `id`, so many seconds after noon, having lasted for so many.
    fn at(id: &str, second: i64, lasted: f64) -> Episode {
        let noon: Timestamp = "2026-11-30T12:00:00Z".parse().unwrap();
        let end = format!("{:.3}", noon + SignedDuration::from_secs(second));
        Episode { id: id.into(), end, t_end: 10.0 + lasted, ..episode() }
    }

    #[test]
    fn a_rule_fires_once_for_an_episode_and_rests_after_it() {
        let long = Conditions { seconds: 3.0, ..Conditions::default() };
        let mut watch = Watch::new([(long, 60.0), (Conditions::default(), 0.0)], TimeZone::UTC);
        let fired = [
            at("a", 1, 1.0),
            at("a", 3, 3.0),
            at("a", 90, 90.0),
            at("b", 50, 5.0),
            at("b", 64, 19.0),
            at("c", 65, 1.0),
        ]
        .map(|episode| watch.take(&episode));
        assert_eq!(fired[0], [1], "long enough for one rule");
        assert_eq!(fired[1], [0]);
        assert!(fired[2].is_empty(), "the same episode goes on");
        assert_eq!(fired[3], [1], "47 seconds after it fired, the first rests");
        assert_eq!(fired[4], [0], "the episode still lasts when the rest is over");
        assert_eq!(fired[5], [1]);
    }

    #[test]
    fn two_places_fire_each_by_itself() {
        let mut watch = Watch::new([(Conditions::default(), 60.0)], TimeZone::UTC);
        let of = |source: &str, id: &str, second| Episode { source: source.into(), ..at(id, second, 1.0) };
        let taken = [of("barn", "a", 1), of("yard", "b", 2), of("barn", "a", 3), of("yard", "b", 4)];
        assert_eq!(taken.map(|episode| watch.take(&episode).len()), [1, 1, 0, 0]);
    }

    #[test]
    fn what_is_over_fires_when_it_would_have() {
        let long = Conditions { seconds: 2.5, ..Conditions::default() };
        let mut watch = Watch::new([(Conditions::default(), 60.0), (long, 0.0)], TimeZone::UTC);
        let firing = |rule, at: &str| Firing { rule, at: at.into() };
        let expected = [firing(0, "2026-11-30T12:00:00.000Z"), firing(1, "2026-11-30T12:00:03.000Z")];
        assert_eq!(watch.replay(&episode()), expected);
        assert_eq!(watch.replay(&episode()), [], "the same one again");
    }

    #[test]
    fn hours_are_those_of_the_place() {
        let noon = Conditions { between: Some("12:00-13:00".parse().unwrap()), ..Conditions::default() };
        let mut here = Watch::new([(noon.clone(), 0.0)], TimeZone::UTC);
        let mut there = Watch::new([(noon, 0.0)], TimeZone::fixed(jiff::tz::offset(3)));
        assert_eq!((here.take(&at("a", 0, 1.0)), there.take(&at("a", 0, 1.0))), (vec![0], vec![]));
    }
}
