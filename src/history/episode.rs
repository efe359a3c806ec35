//! Events with a beginning and an end.

use serde::{Deserialize, Serialize};

use crate::event::State;

/// A stretch of time in which one thing was seen to sound (or heard, and not seen).
///
/// Times of day are RFC 3339 in UTC with milliseconds, `2026-11-30T12:00:05.123Z`, so that they sort as text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Episode {
    /// Tells it from all others; later ones sort behind earlier ones.
    pub id: String,
    /// Which camera and microphone: the name that the settings give them.
    pub source: String,
    /// The state of its decisions.
    pub state: State,
    /// What sounds, if it is known.
    pub name: Option<String>,
    /// The time of day of its first decision.
    pub start: String,
    /// The time of day of its last decision so far.
    pub end: String,
    /// Seconds since the start of the program's run: first decision.
    pub t_start: f64,
    /// And last decision so far.
    pub t_end: f64,
    /// Whether it is over. After the program was killed, an episode that it was in is over.
    pub over: bool,
    /// How many decisions it has so far.
    pub decisions: u64,
    /// The best score so far, 0 to 1.
    pub best_score: f32,
    /// Mean of the boxes around what sounds, `[x0, y0, x1, y1]` in 0..1 of the shown picture; `None` if there was none.
    #[serde(rename = "box")]
    pub bounds: Option<[f32; 4]>,
    /// A picture of its best moment: a file in the history's folder.
    pub snapshot: Option<String>,
    /// A video of it: a file in the history's folder.
    pub clip: Option<String>,
}

impl Episode {
    /// An episode to test with: two seconds of a match in the barn, which are over.
    #[cfg(test)]
    pub(crate) fn example() -> Self {
        Self {
            id: "20261130120000000-0".into(),
            source: "barn".into(),
            state: State::Match,
            name: None,
            start: "2026-11-30T12:00:00.000Z".into(),
            end: "2026-11-30T12:00:02.000Z".into(),
            t_start: 1.0,
            t_end: 3.0,
            over: true,
            decisions: 25,
            best_score: 0.75,
            bounds: Some([0.125, 0.25, 0.5, 0.75]),
            snapshot: None,
            clip: None,
        }
    }
}

/// What is new about an episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It has lasted long enough to be told.
    New,
    /// It got a name or a better score, or lasts.
    Update,
    /// It is over.
    End,
}

/// A message about an episode, as it is sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// What is new.
    #[serde(rename = "type")]
    pub change: Change,
    /// The episode as it is now.
    pub episode: Episode,
    /// Whether the decision at hand is its best so far: the one to keep a picture of.
    #[serde(skip)]
    pub best: bool,
}

/// The state of a word; of no other than those that [`State::word`] gives.
pub(super) fn state(word: &str) -> State {
    match word {
        "match" => State::Match,
        "no_visible_source" => State::NoVisibleSource,
        _ => State::Silent,
    }
}
