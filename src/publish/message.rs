//! The forms in which an event leaves: the line that `--json` prints, and a numbered message or line.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

use crate::pipeline::{DecisionContext, Sink, SinkError};
use crate::sinks::Json;

/// A JSON line as [`Json`] writes it, with its line end; shared by all who get it.
pub(super) type Line = Arc<str>;

/// The line of a decision.
///
/// # Errors
/// None in practice: there is always room in memory, and an event is always UTF-8.
pub(super) fn line(context: &DecisionContext) -> Result<Line, SinkError> {
    let mut text = Vec::with_capacity(512);
    Json(&mut text).take(context)?;
    let invalid = |error| SinkError::Io { output: "an event".into(), source: std::io::Error::other(error) };
    Ok(String::from_utf8(text).map_err(invalid)?.into())
}

/// Numbers the messages to one subscriber, so that it can detect copies and gaps.
#[derive(Debug)]
pub(super) struct Numbering {
    run: u64,
    sequence: u64,
}

/// An event, or an episode's notice, with its number.
#[derive(Serialize)]
struct Numbered<'a, T: Serialize> {
    /// When the program was started, in seconds since 1970: tells runs apart.
    run: u64,
    /// 1, 2, 3 ... in each run; the same number twice is the same message twice.
    sequence: u64,
    #[serde(flatten)]
    what: &'a T,
}

impl Numbering {
    /// Begins a run.
    pub(super) fn new() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { run: since.as_secs(), sequence: 0 }
    }

    /// The next message as a line.
    pub(super) fn line(&mut self, what: &impl Serialize) -> Line {
        let mut line = String::from_utf8(self.next(what)).unwrap_or_default();
        line.push('\n');
        line.into()
    }

    /// The next message: the JSON of an event or a notice with `run` and `sequence`.
    pub(super) fn next(&mut self, what: &impl Serialize) -> Vec<u8> {
        self.sequence += 1;
        json(&Numbered { run: self.run, sequence: self.sequence, what })
    }
}

/// JSON of a type of our own, none of which can fail: no keys but strings, no writer but memory.
pub(super) fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, State};
    use crate::publish::testing::{event, with_context};

    #[test]
    fn a_line_is_what_json_prints() {
        let event = event(1.5, State::Match);
        let line = with_context(&event, |context| line(context).unwrap());
        assert_eq!(*line, serde_json::to_string(&event).unwrap() + "\n");
    }

    #[test]
    fn messages_are_the_event_with_a_number() {
        let (event, mut numbering) = (event(1.5, State::Match), Numbering::new());
        for expected in 1..=2 {
            let message: serde_json::Value = serde_json::from_slice(&numbering.next(&event)).unwrap();
            assert_eq!(message["sequence"], expected);
            assert_eq!(message["run"], numbering.run);
            assert_eq!(serde_json::from_value::<Event>(message).unwrap(), event);
        }
    }
}
