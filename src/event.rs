//! The result of a decision, one per hop: the type that sinks and integrators read.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Version of the JSON form of [`Event`]; raised when a field changes its meaning or goes.
pub const SCHEMA: u32 = 1;

/// What is seen and heard at one moment.
///
/// ```
/// use lookhear::{Event, State};
///
/// let line = r#"{"schema": 1, "t": 4.08, "score": 0.91, "state": "match", "peak": [0.3, 0.6],
///     "box": [0.2, 0.4, 0.4, 0.8], "confidence": 0.91, "latency_ms": 31.5}"#;
/// let event: Event = serde_json::from_str(line)?;
/// assert_eq!(event.state, State::Match);
/// assert_eq!(event.sentence(), "I hear it. It is here.");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Seconds since the start of the input.
    pub t: f64,
    /// The time of day of `t`, as RFC 3339 has it: `2026-11-30T12:00:05.123Z`; live input only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// Which camera and microphone, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Probability that picture and sound belong together, 0 to 1.
    pub score: f32,
    /// The decision, after thresholds and hysteresis.
    pub state: State,
    /// Where the sound most likely comes from: `[x, y]` in 0..1 of the shown picture, origin top left.
    pub peak: [f32; 2],
    /// Extent of the sounding object, `[x0, y0, x1, y1]` in 0..1 of the shown picture;
    /// `None` unless the state is [`State::Match`].
    #[serde(rename = "box")]
    pub bounds: Option<[f32; 4]>,
    /// How sure the state is, 0 to 1.
    pub confidence: f32,
    /// What sounds, as it was called when it was enrolled; only with a [`crate::gallery`], and only if the state is
    /// [`State::Match`] and the thing is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Milliseconds from capture to decision; 0 for recorded input, which has no moment of capture.
    pub latency_ms: f64,
    /// Score of the same picture with an earlier, different sound, when that was tried: if it is as high
    /// as `score`, the answer does not depend on the sound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swapped_score: Option<f32>,
    /// How the devices are doing; live input only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub devices: Option<Devices>,
    /// Rows of the localization map, 0..1, if it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map: Option<Vec<Vec<f32>>>,
}

/// What was decided of one moment: what every [`Event`] tells, before its numbers are rounded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// As [`Event::t`].
    pub t: f64,
    /// As [`Event::score`].
    pub score: f32,
    /// As [`Event::state`].
    pub state: State,
    /// As [`Event::peak`].
    pub peak: [f32; 2],
    /// As [`Event::bounds`].
    pub bounds: Option<[f32; 4]>,
    /// As [`Event::confidence`].
    pub confidence: f32,
}

/// What an [`Event`] tells besides, where it is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Details {
    /// As [`Event::time`].
    pub time: Option<String>,
    /// As [`Event::name`].
    pub name: Option<String>,
    /// From capture to decision; 0 for recorded input.
    pub latency: Duration,
    /// As [`Event::swapped_score`].
    pub swapped_score: Option<f32>,
    /// As [`Event::devices`].
    pub devices: Option<Devices>,
    /// As [`Event::map`].
    pub map: Option<Vec<Vec<f32>>>,
}

impl Event {
    /// All that there is to say of a moment. Numbers are rounded, so that JSON stays short and engines that differ in the
    /// last bits say the same.
    ///
    /// ```
    /// use lookhear::event::{Details, Verdict};
    /// use lookhear::{Event, State};
    ///
    /// let quiet = Verdict { t: 0.08, score: 0.1, state: State::Silent, peak: [0.5; 2], bounds: None, confidence: 1.0 };
    /// let event = Event::new(quiet, Details::default());
    /// assert_eq!((event.sentence().as_str(), event.latency_ms), ("It is quiet.", 0.0));
    /// ```
    pub fn new(verdict: Verdict, details: Details) -> Self {
        let Verdict { t, score, state, peak, bounds, confidence } = verdict;
        let Details { time, name, latency, swapped_score, devices, map } = details;
        let round = |value: f32| (value * 1e4).round() / 1e4;
        Self {
            schema: SCHEMA,
            t: (t * 1e4).round() / 1e4,
            time,
            source: None,
            score: round(score),
            state,
            peak: peak.map(round),
            bounds: bounds.map(|bounds| bounds.map(round)),
            confidence: round(confidence),
            name,
            latency_ms: (latency.as_secs_f64() * 1e4).round() / 10.0,
            swapped_score: swapped_score.map(round),
            devices,
            map,
        }
    }

    /// The decision in plain words, with the name of what sounds if it is known.
    pub fn sentence(&self) -> String {
        match &self.name {
            Some(name) => format!("I hear {name}. It is here."),
            None => self.plain_sentence().into(),
        }
    }

    /// The decision in plain words, without a name. If the microphone fails, the sentence says so instead of "It is
    /// quiet."
    pub fn plain_sentence(&self) -> &'static str {
        self.unheard().unwrap_or(self.state.sentence())
    }

    /// A sentence if nothing is heard because the microphone fails.
    pub fn unheard(&self) -> Option<&'static str> {
        let deaf = self.devices.and_then(|devices| devices.microphone.deaf());
        deaf.filter(|_| self.state == State::Silent)
    }

    /// An event to test with: of recorded input, in the middle of the picture, with a box if there is a match.
    #[cfg(test)]
    pub(crate) fn example(state: State) -> Self {
        let verdict = Verdict {
            t: 0.0,
            score: 0.5,
            state,
            peak: [0.5; 2],
            bounds: (state == State::Match).then_some([0.25, 0.25, 0.75, 0.75]),
            confidence: 1.0,
        };
        Self::new(verdict, Details::default())
    }
}

/// Camera and microphone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Devices {
    /// Without frames for a second, the picture that is judged is black, and nothing is seen.
    pub camera: DeviceState,
    /// Without sound, silence is judged.
    pub microphone: DeviceState,
}

/// How a device is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceState {
    /// Being opened for the first time.
    #[default]
    Opening,
    /// The device delivers.
    Live,
    /// The device is open but delivers nothing.
    Stalled,
    /// A microphone that gives digital silence: muted, or not connected.
    Blank,
    /// There is no device of this name.
    Missing,
    /// Another program uses the device.
    Busy,
    /// Access is denied.
    Denied,
    /// The device was unplugged.
    Gone,
    /// Any other failure.
    Failed,
}

impl DeviceState {
    /// Every state.
    pub const ALL: [Self; 9] = [
        Self::Opening,
        Self::Live,
        Self::Stalled,
        Self::Blank,
        Self::Missing,
        Self::Busy,
        Self::Denied,
        Self::Gone,
        Self::Failed,
    ];

    /// In plain words, for a device called `what`.
    ///
    /// ```
    /// use lookhear::event::DeviceState;
    ///
    /// assert_eq!(DeviceState::Gone.words("microphone"), "microphone is unplugged");
    /// ```
    pub fn words(self, what: &str) -> String {
        match self {
            Self::Opening => format!("opening the {what}"),
            Self::Live => format!("{what} is on"),
            Self::Stalled => format!("{what} gives nothing any more"),
            Self::Blank => format!("{what} gives only silence: muted?"),
            Self::Missing => format!("no {what} found"),
            Self::Busy => format!("{what} is used by another program"),
            Self::Denied => format!("{what} may not be used"),
            Self::Gone => format!("{what} is unplugged"),
            Self::Failed => format!("{what} fails"),
        }
    }

    /// What is to be said instead of "It is quiet." while the microphone is in this state; `None` while it delivers.
    /// Never longer than the longest of [`State::sentence`], so that it fits wherever those do.
    pub fn deaf(self) -> Option<&'static str> {
        match self {
            Self::Live => None,
            Self::Opening => Some("I hear nothing yet."),
            Self::Blank => Some("I hear nothing: microphone muted?"),
            Self::Missing | Self::Gone => Some("I hear nothing: no microphone."),
            Self::Stalled | Self::Busy | Self::Denied | Self::Failed => {
                Some("I hear nothing: microphone trouble.")
            }
        }
    }
}

/// The state that was decided on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// There is no sound worth judging.
    Silent,
    /// What sounds is in the picture.
    Match,
    /// Something sounds, but nothing in the picture makes this sound.
    NoVisibleSource,
}

impl State {
    /// The word that JSON has for the state.
    ///
    /// ```
    /// assert_eq!(lookhear::State::NoVisibleSource.word(), "no_visible_source");
    /// ```
    pub fn word(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Match => "match",
            Self::NoVisibleSource => "no_visible_source",
        }
    }

    /// The state in plain words.
    ///
    /// ```
    /// assert_eq!(lookhear::State::Silent.sentence(), "It is quiet.");
    /// ```
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Silent => "It is quiet.",
            Self::Match => "I hear it. It is here.",
            Self::NoVisibleSource => "I hear something, but I do not see it.",
        }
    }
}

/// A localization map: how much each part of the picture looks like what is heard.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map {
    /// Number of rows, top to bottom.
    pub rows: usize,
    /// Number of columns, left to right.
    pub columns: usize,
    /// Row by row, each 0..1.
    pub values: Vec<f32>,
}

impl Map {
    /// The value at a row and a column.
    ///
    /// ```
    /// use lookhear::event::Map;
    ///
    /// let map = Map { rows: 2, columns: 2, values: vec![0.1, 0.2, 0.3, 0.4] };
    /// assert_eq!(map.at(1, 0), 0.3);
    /// ```
    pub fn at(&self, row: usize, column: usize) -> f32 {
        self.values[row * self.columns + column]
    }

    /// Rows as separate vectors, each value rounded to 3 decimals: the form that JSON gets.
    ///
    /// ```
    /// use lookhear::event::Map;
    ///
    /// let map = Map { rows: 2, columns: 1, values: vec![0.12345, 1.0] };
    /// assert_eq!(map.to_rows(), [[0.123], [1.0]]);
    /// ```
    pub fn to_rows(&self) -> Vec<Vec<f32>> {
        let round = |v: &f32| (v * 1000.0).round() / 1000.0;
        self.values.chunks(self.columns.max(1)).map(|row| row.iter().map(round).collect()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [State; 3] = [State::Silent, State::Match, State::NoVisibleSource];

    #[test]
    fn it_is_quiet_only_where_a_microphone_listens() {
        let camera = DeviceState::Live;
        for microphone in DeviceState::ALL {
            let devices = Some(Devices { camera, microphone });
            for state in STATES {
                let said = Event { devices, ..Event::example(state) }.sentence();
                let deaf = state == State::Silent && microphone != DeviceState::Live;
                assert_eq!(said == state.sentence(), !deaf, "{state:?} {microphone:?}: {said}");
                assert_eq!(said.contains("I hear nothing"), deaf, "{state:?} {microphone:?}: {said}");
            }
        }
        assert_eq!(DeviceState::Missing.deaf(), Some("I hear nothing: no microphone."));
        assert_eq!(Event::example(State::Silent).sentence(), "It is quiet.", "recorded input has no devices");
    }

    #[test]
    fn every_sentence_fits_where_those_of_the_states_do() {
        let longest = STATES.map(|state| state.sentence().len()).into_iter().max().unwrap();
        let longer = DeviceState::ALL.into_iter().filter_map(DeviceState::deaf).find(|s| s.len() > longest);
        assert_eq!(longer, None);
    }

    #[test]
    fn what_is_known_by_name_is_called_by_it() {
        let mut event = Event::example(State::Match);
        assert_eq!(event.sentence(), "I hear it. It is here.");
        event.name = Some("the bell".into());
        assert_eq!(event.sentence(), "I hear the bell. It is here.");
    }
}
