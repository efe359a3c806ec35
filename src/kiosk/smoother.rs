//! Smooths decisions for people: a decision every 80 ms becomes a sentence that stays and marks that glide.
//!
//! All of it depends on time alone, not on the frame rate.

use crate::event::{Event, Map, State};

/// Seconds that a sentence stays at least.
pub const HOLD: f64 = 1.2;
/// Seconds in which marks go about two thirds of their way (time constants of exponential easing).
const GLIDE: f64 = 0.2;
const DIAL: f64 = 0.3;
const WARMING: f64 = 0.2;
const COOLING: f64 = 0.45;
/// Below this warmth nothing is visible of the marks.
const FAINT: f32 = 0.02;

/// Seconds for which an answer must last before it replaces another one.
///
/// A match is stable already. "No visible source" is also the pipeline's answer in the first moments of every sound,
/// and "silent" occurs between two beats of a drum; both are delayed.
fn settles(state: State) -> f64 {
    match state {
        State::Match => 0.0,
        State::NoVisibleSource => 0.6,
        State::Silent => 0.5,
    }
}

/// A debounced value: it stays for a minimum time, and changes only to a value that has lasted.
#[derive(Clone, Debug)]
pub struct Hold<T> {
    least: f64,
    shown: T,
    /// When it was shown first.
    since: f64,
    /// What is to replace it, and since when that has been so.
    next: Option<(T, f64)>,
}

impl<T: PartialEq> Hold<T> {
    /// Begins with a value that may be replaced at once; each later one stays for `least` seconds.
    pub fn new(shown: T, least: f64) -> Self {
        Self { least, shown, since: f64::NEG_INFINITY, next: None }
    }

    /// Offers the value of the moment `now` (seconds, never going back). It is shown as soon as it has been
    /// offered without a break for `lasting` seconds and the shown one has had its time.
    pub fn offer(&mut self, now: f64, value: T, lasting: f64) {
        if value == self.shown {
            self.next = None;
            return;
        }
        let since = match self.next.take() {
            Some((next, since)) if next == value => since,
            _ => now,
        };
        if now - self.since >= self.least && now - since >= lasting {
            (self.shown, self.since) = (value, now);
        } else {
            self.next = Some((value, since));
        }
    }

    /// The value that is shown.
    pub fn shown(&self) -> &T {
        &self.shown
    }
}

/// What is said: the state and, if it is known and seen, what sounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// The state.
    pub state: State,
    /// As [`Event::name`].
    pub name: Option<String>,
}

/// Smooths decisions over time: takes them as they come, gives what is shown.
#[derive(Clone, Debug)]
pub struct Smoother {
    sentence: Hold<Sentence>,
    /// Where the marks go.
    target: Marks,
    /// Where they are.
    marks: Marks,
    warmth: f32,
    /// The moment to which the marks have come.
    at: Option<f64>,
}

/// The marks that move smoothly.
#[derive(Clone, Debug, Default)]
struct Marks {
    map: Map,
    outline: Option<[f32; 4]>,
    score: f32,
}

impl Default for Smoother {
    fn default() -> Self {
        Self::new()
    }
}

impl Smoother {
    /// Starts in silence.
    pub fn new() -> Self {
        Self {
            sentence: Hold::new(Sentence { state: State::Silent, name: None }, HOLD),
            target: Marks::default(),
            marks: Marks::default(),
            warmth: 0.0,
            at: None,
        }
    }

    /// Takes a decision with its localization map.
    /// `now` is in seconds on the clock of [`Smoother::step`].
    pub fn update(&mut self, now: f64, event: &Event, map: &Map) {
        // The name is stable already: the gallery gives the majority of the last second.
        let sentence = Sentence { state: event.state, name: event.name.clone() };
        self.sentence.offer(now, sentence, settles(event.state));

        self.target.map.clone_from(map);
        self.target.map.values.iter_mut().for_each(|value| *value = finite(*value));
        // An outline fades where it was.
        self.target.outline = event.bounds.map(|bounds| bounds.map(finite)).or(self.target.outline);
        // The dial is delayed with the sentence, so that it never reads "very likely" beside "I do not see it". In
        // silence it shows nothing, so it may be ahead then.
        let shown = self.sentence.shown().state;
        if event.state == shown || shown == State::Silent {
            // In silence there is nothing to compare, whatever the network would say.
            self.target.score = if event.state == State::Silent { 0.0 } else { finite(event.score) };
        }
        let (marks, target) = (&mut self.marks, &self.target);
        let resized = (marks.map.rows, marks.map.columns) != (map.rows, map.columns);
        if self.warmth < FAINT || resized {
            // Invisible marks need not glide; they appear where they belong.
            marks.map.clone_from(&target.map);
            marks.outline = target.outline;
        }
    }

    /// Moves everything to the moment `now` (seconds, never going back).
    pub fn step(&mut self, now: f64) {
        let passed = (now - self.at.unwrap_or(now)).max(0.0);
        self.at = Some(now);
        let lit = self.sentence.shown().state == State::Match;
        let (warm, pace) = if lit { (1.0, WARMING) } else { (0.0, COOLING) };
        ease(&mut self.warmth, warm, passed, pace);
        let (marks, target) = (&mut self.marks, &self.target);
        for (value, aim) in marks.map.values.iter_mut().zip(&target.map.values) {
            ease(value, *aim, passed, GLIDE);
        }
        if let (Some(corners), Some(aims)) = (&mut marks.outline, target.outline) {
            for (corner, aim) in corners.iter_mut().zip(aims) {
                ease(corner, aim, passed, GLIDE);
            }
        }
        ease(&mut marks.score, target.score, passed, DIAL);
    }

    /// What is said.
    pub fn sentence(&self) -> &Sentence {
        self.sentence.shown()
    }

    /// The localization map, each value on its way to that of the latest decision.
    pub fn map(&self) -> &Map {
        &self.marks.map
    }

    /// How strongly the marks are to be seen, 0..1.
    pub fn warmth(&self) -> f32 {
        self.warmth
    }

    /// Box of the sounding object, `[x0, y0, x1, y1]` in 0..1 of the frame, while anything is to be seen of it.
    pub fn outline(&self) -> Option<[f32; 4]> {
        self.marks.outline.filter(|_| self.warmth >= FAINT)
    }

    /// The score for the dial, 0..1; falls to 0 in silence.
    pub fn score(&self) -> f32 {
        self.marks.score
    }
}

/// Moves `value` towards `aim`, for `passed` seconds: exponentially, so that two short steps are one long one.
fn ease(value: &mut f32, aim: f32, passed: f64, pace: f64) {
    *value = aim + (*value - aim) * (-passed / pace).exp() as f32;
}

fn finite(value: f32) -> f32 {
    if value.is_finite() { value } else { 0.0 }
}

#[cfg(test)]
#[path = "smoother_tests.rs"]
mod tests;
