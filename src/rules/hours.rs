//! Days of the week and times of day.

use std::fmt;
use std::str::FromStr;

use jiff::ZonedDateTime;
use jiff::civil::{Time, Weekday};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the days are known")]
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Day {
    /// The day of a moment.
    pub fn of(moment: &ZonedDateTime) -> Self {
        match moment.weekday() {
            Weekday::Monday => Self::Mon,
            Weekday::Tuesday => Self::Tue,
            Weekday::Wednesday => Self::Wed,
            Weekday::Thursday => Self::Thu,
            Weekday::Friday => Self::Fri,
            Weekday::Saturday => Self::Sat,
            Weekday::Sunday => Self::Sun,
        }
    }
}

/// From one time of day to another, `22:00-06:00`: over midnight if the first is the later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hours {
    from: Time,
    to: Time,
}

/// A text is no pair of times of day.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("give two times of day, e.g. \"22:00-06:00\"")]
pub struct HoursError;

impl Hours {
    /// Whether a moment lies between: from the first minute on, and before the last.
    pub fn contain(self, moment: &ZonedDateTime) -> bool {
        let (Self { from, to }, now) = (self, moment.time());
        if from <= to { (from..to).contains(&now) } else { now >= from || now < to }
    }
}

impl FromStr for Hours {
    type Err = HoursError;

    fn from_str(text: &str) -> Result<Self, HoursError> {
        let time = |text: &str| {
            let (hour, minute) = text.trim().split_once(':')?;
            Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
        };
        let (from, to) = text.split_once('-').ok_or(HoursError)?;
        match (time(from), time(to)) {
            (Some(from), Some(to)) if from != to => Ok(Self { from, to }),
            _ => Err(HoursError),
        }
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Self { from, to } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", from.hour(), from.minute(), to.hour(), to.minute())
    }
}

impl TryFrom<String> for Hours {
    type Error = HoursError;

    fn try_from(text: String) -> Result<Self, HoursError> {
        text.parse()
    }
}

impl From<Hours> for String {
    fn from(hours: Hours) -> Self {
        hours.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_may_go_over_midnight() {
        let at = |time: &str| format!("2026-11-30T{time}[UTC]").parse::<ZonedDateTime>().unwrap();
        let night: Hours = "22:00-06:00".parse().unwrap();
        let inside = ["22:00:00", "23:59:59", "00:00:00", "05:59:59"].map(|time| night.contain(&at(time)));
        assert_eq!(inside, [true; 4]);
        assert_eq!(["06:00:00", "21:59:59"].map(|time| night.contain(&at(time))), [false; 2]);
        let day: Hours = "6:00 - 22:00".parse().unwrap();
        assert_eq!(["06:00:00", "21:59:59"].map(|time| day.contain(&at(time))), [true; 2]);
        assert!(!day.contain(&at("22:00:00")));
        assert_eq!(day.to_string(), "06:00-22:00");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "22:00", "22-6", "22:00-24:00", "22:00-22:00", "a:b-c:d", "-1:00-02:00"] {
            assert_eq!(text.parse::<Hours>(), Err(HoursError), "{text}");
        }
    }
}
