//! Which episodes are wanted.

use jiff::{SignedDuration, Timestamp};
use rusqlite::types::Value;
use thiserror::Error;

use crate::event::State;

/// Which episodes are wanted; by default all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Those that end at this time of day or later (RFC 3339, see [`when`]).
    pub since: Option<String>,
    /// Those that begin before this time of day.
    pub until: Option<String>,
    /// Of this source.
    pub source: Option<String>,
    /// Of this name.
    pub name: Option<String>,
    /// Of this state.
    pub state: Option<State>,
    /// With a best score of at least this.
    pub score: Option<f32>,
    /// At most so many, the latest.
    pub limit: Option<u32>,
}

impl Filter {
    /// The condition in SQL (with `WHERE`, if there is one), and the values of its places.
    pub(super) fn condition(&self) -> (String, Vec<Value>) {
        let text = |value: &Option<String>| value.clone().map(Value::from);
        let all = [
            ("end >= ?", text(&self.since)),
            ("start < ?", text(&self.until)),
            ("source = ?", text(&self.source)),
            ("name = ?", text(&self.name)),
            ("state = ?", self.state.map(|state| Value::from(state.word().to_string()))),
            ("best_score >= ?", self.score.map(|score| Value::from(f64::from(score)))),
        ];
        let (conditions, values): (Vec<&str>, Vec<Value>) =
            all.into_iter().filter_map(|(condition, value)| Some((condition, value?))).unzip();
        match conditions.is_empty() {
            true => (String::new(), values),
            false => (format!("WHERE {}", conditions.join(" AND ")), values),
        }
    }

    /// The condition with order and limit.
    pub(super) fn clause(&self) -> (String, Vec<Value>) {
        let (mut clause, mut values) = self.condition();
        clause += " ORDER BY start DESC, id DESC";
        if let Some(limit) = self.limit {
            clause += " LIMIT ?";
            values.push(Value::from(i64::from(limit)));
        }
        (clause, values)
    }
}

/// Not a time.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "{given:?} is no time: give a day (2026-11-30), a time (2026-11-30T12:00:00Z), or how long ago (90s, 30m, 12h, 7d)"
)]
pub struct WhenError {
    given: String,
}

/// Reads a time of day: a day in UTC, a time as RFC 3339 has it, or how long ago it was. The result sorts as text with
/// those of episodes.
///
/// # Errors
/// It is none of these.
pub fn when(given: &str, now: Timestamp) -> Result<String, WhenError> {
    let wrong = || WhenError { given: given.into() };
    let ago = |unit: char, seconds: i64| {
        let count: i64 = given.strip_suffix(unit)?.parse().ok().filter(|count| *count >= 0)?;
        now.checked_sub(SignedDuration::from_secs(count.checked_mul(seconds)?)).ok()
    };
    let relative =
        [('s', 1), ('m', 60), ('h', 3600), ('d', 86_400)].into_iter().find_map(|(unit, s)| ago(unit, s));
    let time = relative.or_else(|| given.parse().ok()).or_else(|| format!("{given}T00:00:00Z").parse().ok());
    time.map(|time: Timestamp| format!("{time:.3}")).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::super::store::tests::example;
    use super::super::{Episode, Store};
    use super::*;

    #[test]
    fn times_are_days_moments_or_how_long_ago() {
        let now: Timestamp = "2026-11-30T12:00:00Z".parse().unwrap();
        for (given, expected) in [
            ("2026-11-29", "2026-11-29T00:00:00.000Z"),
            ("2026-11-29T10:00:00+01:00", "2026-11-29T09:00:00.000Z"),
            ("90s", "2026-11-30T11:58:30.000Z"),
            ("2d", "2026-11-28T12:00:00.000Z"),
        ] {
            assert_eq!(when(given, now).unwrap(), expected);
        }
        for given in ["", "yesterday", "-3h", "3", "99999999999999999999d", "2026-13-01"] {
            assert!(when(given, now).is_err(), "{given}");
        }
    }

    #[test]
    fn each_condition_narrows() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(folder.path()).unwrap();
        for second in 0..10 {
            let name = if second % 2 == 0 { "Rex" } else { "it's" };
            let episode = Episode { best_score: second as f32 / 10.0, ..example(second, Some(name)) };
            store.put(&episode).unwrap();
        }
        let seconds = |filter: Filter| -> Vec<f64> {
            store.list(&filter).unwrap().iter().map(|episode| episode.t_start).collect()
        };
        let at = |second: u32| Some(format!("2026-11-30T12:00:{second:02}.000Z"));
        assert_eq!(seconds(Filter { since: at(8), ..Filter::default() }), [9.0, 8.0]);
        assert_eq!(seconds(Filter { until: at(1), ..Filter::default() }), [0.0]);
        let quoted = Filter { name: Some("it's".into()), limit: Some(2), ..Filter::default() };
        assert_eq!(seconds(quoted.clone()), [9.0, 7.0]);
        assert_eq!(store.count(&quoted).unwrap(), 5, "the limit does not count");
        assert_eq!(seconds(Filter { score: Some(0.79), ..Filter::default() }), [9.0, 8.0]);
        assert_eq!(seconds(Filter { state: Some(State::Silent), ..Filter::default() }), [0.0; 0]);
        assert_eq!(seconds(Filter { source: Some("yard".into()), ..Filter::default() }), [0.0; 0]);
    }
}
