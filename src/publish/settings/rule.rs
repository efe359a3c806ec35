//! What is done when something particular happens.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::webhook::Webhook;
use crate::rules::{Conditions, Zone};
use crate::validation::{ValidationError, inside};

/// Somebody is told of an episode of which all conditions hold, once, while it lasts.
///
/// In `command` and `body`, `{rule}`, `{id}`, `{source}`, `{state}`, `{name}`, `{start}`, `{end}`, `{seconds}`,
/// `{score}` and, in `command`, `{picture}` (a JPEG that is there until the command ends) stand for what is known of the episode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rule {
    /// What must be true.
    pub when: Conditions,
    /// Seconds for which the rule rests after it has fired.
    pub cool_down: f64,
    /// A program and its arguments. No shell reads them.
    pub command: Vec<String>,
    /// A POST request.
    pub webhook: Option<Webhook>,
    /// The body of that request; left out: JSON of the rule and the episode.
    pub body: Option<String>,
    /// What kind of text `body` is.
    pub content_type: String,
    /// Whether it is sent to `<prefix>/alert` of `[publish.mqtt]`.
    pub mqtt: bool,
}

/// What stands for something in a body.
const BODY: &[&str] = &["rule", "id", "source", "state", "name", "start", "end", "seconds", "score"];
/// And in a command.
const COMMAND: &[&str] =
    &["rule", "id", "source", "state", "name", "start", "end", "seconds", "score", "picture"];

/// Words in braces. JSON has none but in texts.
fn places_in(text: &str) -> impl Iterator<Item = &str> {
    let word = |rest: &'_ str| rest.split_once('}').map(|(word, _)| word.len());
    text.match_indices('{').filter_map(move |(at, _)| {
        let rest = &text[at + 1..];
        let place = &rest[..word(rest)?];
        (!place.is_empty() && place.chars().all(|c| c.is_ascii_lowercase())).then_some(place)
    })
}

/// Zones and masks of each rule that has any.
pub(in crate::publish) type Zones = BTreeMap<String, Places>;

/// The zones and masks of a rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(in crate::publish) struct Places {
    /// None: of all sources.
    sources: Vec<String>,
    zones: Vec<Zone>,
    masks: Vec<Zone>,
}

impl Rule {
    /// Its zones and masks, if it has any.
    pub(super) fn places(&self) -> Option<Places> {
        let Conditions { sources, zones, masks, .. } = &self.when;
        let any = !zones.is_empty() || !masks.is_empty();
        any.then(|| Places { sources: sources.clone(), zones: zones.clone(), masks: masks.clone() })
    }
}

impl Default for Rule {
    fn default() -> Self {
        Self {
            when: Conditions::default(),
            cool_down: 60.0,
            command: Vec::new(),
            webhook: None,
            body: None,
            content_type: "application/json".into(),
            mqtt: false,
        }
    }
}

impl Rule {
    /// Every invalid value, as far as that is known without touching the system.
    pub fn mistakes(&self) -> Vec<ValidationError> {
        let mut mistakes: Vec<ValidationError> = inside("when", self.when.mistakes()).collect();
        if !(0.0..=86400.0).contains(&self.cool_down) {
            let message = format!("{} is out of range; give 0 to 86400 seconds", self.cool_down);
            mistakes.push(ValidationError::new("cool_down", message));
        }
        if self.command.first().is_some_and(String::is_empty) {
            mistakes.push(ValidationError::new("command", "begins with an empty name; give a program"));
        }
        mistakes.extend(inside("webhook", self.webhook.iter().flat_map(Webhook::mistakes)));
        if self.webhook.is_none() && self.body.is_some() {
            let mistake = ValidationError::new("body", "is of no use without `webhook`");
            mistakes.push(mistake.because_of(&["webhook"]));
        }
        let body = self.body.as_deref().map(|body| ("body", body, BODY));
        let command = self.command.iter().map(|argument| ("command", argument.as_str(), COMMAND));
        for (key, text, known) in command.chain(body) {
            if let Some(place) = places_in(text).find(|place| !known.contains(place)) {
                let known = known.join("}, {");
                let message = format!("{{{place}}} stands for nothing; there are {{{known}}}");
                mistakes.push(ValidationError::new(key, message));
            }
        }
        if self.command.is_empty() && self.webhook.is_none() && !self.mqtt {
            let message = "does nothing: give it a `command`, a `webhook`, or `mqtt = true`";
            mistakes.push(ValidationError::new("command", message).because_of(&["webhook", "mqtt"]));
        }
        let plain = |c: char| c.is_ascii_graphic() || c == ' ';
        if self.content_type.is_empty() || !self.content_type.chars().all(plain) {
            let message = "is no kind of text: give \"application/json\" or \"text/plain\"";
            mistakes.push(ValidationError::new("content_type", message));
        }
        mistakes
    }
}
