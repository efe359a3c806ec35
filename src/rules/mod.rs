//! Which episodes somebody should be told of: conditions on what sounds, where in the picture, when, and for how long.
//!
//! [`Conditions`] hold of an episode or do not; a [`Watch`] looks at episodes while they last, and says when a rule
//! fires: once for each episode, and not again before its cool-down is over.

mod hours;
mod watch;
mod zone;

use jiff::ZonedDateTime;
use serde::{Deserialize, Serialize};

pub use hours::{Day, Hours, HoursError};
pub use watch::{Firing, Watch};
pub use zone::Zone;

use crate::event::State;
use crate::history::Episode;
use crate::validation::{ValidationError, first};

/// What must be true of an episode. What is left out is true of all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Conditions {
    /// Its source is one of these; none: any.
    pub sources: Vec<String>,
    /// Its state is one of these; none: any that makes episodes.
    pub states: Vec<State>,
    /// Its name is one of these; none: any, and none.
    pub names: Vec<String>,
    /// Its best score so far is at least this, 0 to 1.
    pub score: f32,
    /// It has lasted for so many seconds.
    pub seconds: f64,
    /// Its mean box takes at least this share of the picture, 0 to 1.
    pub size: f32,
    /// The middle of its mean box lies in one of these; none: anywhere.
    pub zones: Vec<Zone>,
    /// The middle of its mean box lies in none of these.
    pub masks: Vec<Zone>,
    /// It is one of these days, by the machine's own time; none: any.
    pub days: Vec<Day>,
    /// It is within these hours, by the machine's own time.
    pub between: Option<Hours>,
}

impl Conditions {
    /// Every invalid value.
    pub fn mistakes(&self) -> Vec<ValidationError> {
        let mut mistakes = Vec::new();
        for (key, share) in [("score", self.score), ("size", self.size)] {
            if !(0.0..=1.0).contains(&share) {
                mistakes.push(ValidationError::new(key, format!("{share} is out of range; give 0 to 1")));
            }
        }
        if !(0.0..=3600.0).contains(&self.seconds) {
            let message = format!("{} is out of range; give 0 to 3600 seconds", self.seconds);
            mistakes.push(ValidationError::new("seconds", message));
        }
        if self.states.contains(&State::Silent) {
            let message = "give some of \"match\" and \"no_visible_source\"; silence is no episode";
            mistakes.push(ValidationError::new("states", message));
        }
        for (key, zones) in [("zones", &self.zones), ("masks", &self.masks)] {
            mistakes.extend(zones.iter().find_map(|zone| zone.mistake(key)));
        }
        mistakes
    }

    /// Checks every value.
    ///
    /// # Errors
    /// The first of the [`mistakes`](Self::mistakes).
    pub fn validate(&self) -> Result<(), ValidationError> {
        first(self.mistakes())
    }

    /// Whether all of them are true of an episode as it is at a moment.
    pub fn hold(&self, episode: &Episode, now: &ZonedDateTime) -> bool {
        let Episode { source, state, name, best_score, t_start, t_end, bounds, .. } = episode;
        let named = || name.as_ref().is_some_and(|name| self.names.contains(name));
        // Times are sums of hops: a rounding is no reason to wait for another one.
        let lasts = t_end - t_start >= self.seconds - 1e-6;
        (self.sources.is_empty() || self.sources.contains(source))
            && (self.states.is_empty() || self.states.contains(state))
            && (self.names.is_empty() || named())
            && *best_score >= self.score
            && lasts
            && self.is_there(*bounds)
            && (self.days.is_empty() || self.days.contains(&Day::of(now)))
            && self.between.is_none_or(|hours| hours.contain(now))
    }

    /// Whether the place is one that counts. What has no box, as what is not in view, is nowhere.
    fn is_there(&self, bounds: Option<[f32; 4]>) -> bool {
        let Some([x0, y0, x1, y1]) = bounds else {
            return self.zones.is_empty() && self.size <= 0.0;
        };
        let middle = [(x0 + x1) / 2.0, (y0 + y1) / 2.0];
        let within = |zones: &[Zone]| zones.iter().any(|zone| zone.contains(middle));
        (x1 - x0) * (y1 - y0) >= self.size
            && (self.zones.is_empty() || within(&self.zones))
            && !within(&self.masks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn episode() -> Episode {
        Episode {
            name: Some("Rex".into()),
            end: "2026-11-30T12:00:04.000Z".into(),
            t_start: 10.0,
            t_end: 14.0,
            over: false,
            best_score: 0.8,
            bounds: Some([0.0, 0.5, 0.5, 1.0]),
            ..Episode::example()
        }
    }

    /// Whether conditions in TOML hold of an episode on a Monday at noon.
    fn hold(text: &str, episode: &Episode) -> bool {
        let conditions: Conditions = toml::from_str(text).unwrap();
        conditions.validate().unwrap();
        assert_eq!(toml::from_str::<Conditions>(&toml::to_string(&conditions).unwrap()).unwrap(), conditions);
        conditions.hold(episode, &"2026-11-30T12:00:04[UTC]".parse().unwrap())
    }

    #[test]
    fn each_condition_holds_on_one_side_only() {
        for (holds, fails) in [
            ("sources = [\"barn\"]", "sources = [\"yard\"]"),
            ("", "states = [\"no_visible_source\"]"),
            ("states = [\"match\"]", "states = [\"no_visible_source\"]"),
            ("names = [\"Ada\", \"Rex\"]", "names = [\"Ada\"]"),
            ("score = 0.8", "score = 0.81"),
            ("seconds = 4", "seconds = 4.1"),
            ("size = 0.25", "size = 0.26"),
            ("zones = [[[0, 0.5], [0.5, 0.5], [0.5, 1], [0, 1]]]", "zones = [[[0, 0], [1, 0], [1, 0.5]]]"),
            ("masks = [[[0, 0], [1, 0], [1, 0.5]]]", "masks = [[[0, 0.5], [0.5, 0.5], [0.5, 1], [0, 1]]]"),
            ("days = [\"mon\"]", "days = [\"sat\", \"sun\"]"),
            ("between = \"08:00-18:00\"", "between = \"18:00-08:00\""),
        ] {
            assert!(hold(holds, &episode()), "{holds}");
            assert!(!hold(fails, &episode()), "{fails}");
        }
    }

    #[test]
    fn what_has_no_place_is_in_no_zone_and_under_no_mask() {
        let unseen = Episode { bounds: None, name: None, ..episode() };
        assert!(hold("masks = [[[0, 0], [1, 0], [1, 1], [0, 1]]]", &unseen));
        assert!(!hold("zones = [[[0, 0], [1, 0], [1, 1], [0, 1]]]", &unseen));
        assert!(!hold("names = [\"Rex\"]", &unseen));
    }

    #[test]
    fn mistakes_are_named_by_their_key() {
        for (text, key) in [
            ("score = 80", "score"),
            ("size = -1", "size"),
            ("seconds = 1e9", "seconds"),
            ("states = [\"silent\"]", "states"),
            ("zones = [[[0, 0], [1, 1]]]", "zones"),
            ("masks = [[[0, 0], [640, 0], [1, 1]]]", "masks"),
        ] {
            let conditions: Conditions = toml::from_str(text).unwrap();
            assert_eq!(conditions.validate().unwrap_err().key, key, "{text}");
        }
        for text in ["between = \"8 to 6\"", "between = \"25:00-26:00\"", "days = [\"monday\"]", "zone = []"]
        {
            assert!(toml::from_str::<Conditions>(text).is_err(), "{text}");
        }
    }
}
