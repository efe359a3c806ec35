//! What is published, and to whom. Everything is off until a table asks for it.

mod history;
mod lines;
mod mqtt;
mod rule;
#[cfg(test)]
mod tests;
mod web;
mod webhook;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::secret::{self, Secret};
use crate::event::State;
use crate::history::Tracker;
use crate::validation::{ValidationError, first, inside};
pub use history::History;
pub use lines::{Events, File, Socket};
pub use mqtt::Mqtt;
pub use rule::Rule;
pub(super) use rule::Zones;
pub use web::Web;
pub(super) use web::check_token;
pub use webhook::Webhook;

/// The outputs, a table each.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// JSON lines into a file.
    pub file: Option<File>,
    /// JSON lines to every program that connects to a Unix socket.
    pub socket: Option<Socket>,
    /// What happened, kept on this machine.
    pub history: Option<History>,
    /// Messages to an MQTT broker.
    pub mqtt: Option<Mqtt>,
    /// A request to a web server at every change of the state.
    pub webhook: Option<Webhook>,
    /// A page, metrics and health for browsers and monitoring.
    pub web: Option<Web>,
    /// What is done when something particular happens, each by a name.
    pub rules: BTreeMap<String, Rule>,
}

impl Settings {
    /// Whether nothing is published.
    pub fn is_off(&self) -> bool {
        *self == Self::default()
    }

    /// The same to be shown, without secrets. What a command is given and what a request says may hold one: of these, only
    /// what is run, and that there is something, is left.
    #[must_use]
    pub fn without_secrets(&self) -> Self {
        let mut shown = self.clone();
        let web = shown.web.iter_mut().filter_map(|web| web.token.as_mut());
        let mqtt = shown.mqtt.iter_mut().filter_map(|mqtt| mqtt.password.as_mut());
        web.chain(mqtt).for_each(Secret::hide);
        shown.webhook.iter_mut().for_each(Webhook::hide);
        for rule in shown.rules.values_mut() {
            rule.webhook.iter_mut().for_each(Webhook::hide);
            rule.body.iter_mut().for_each(|body| *body = secret::HIDDEN.into());
            rule.command.iter_mut().skip(1).for_each(|argument| *argument = secret::HIDDEN.into());
        }
        shown
    }

    /// Zones and masks of the rules, for the page.
    pub(super) fn zones(&self) -> Zones {
        let places = |(name, rule): (&String, &Rule)| Some((name.clone(), rule.places()?));
        self.rules.iter().filter_map(places).collect()
    }

    /// What makes episodes, if there is anybody who wants them: as the history says, or as usual.
    pub(super) fn tracker(&self, source: Option<&str>) -> Option<Tracker> {
        self.episodes().map(|(own, rules)| Tracker::new(source.unwrap_or(&own), rules))
    }

    /// Whether other settings make the same episodes.
    pub(super) fn makes_like_episodes(&self, other: &Self) -> bool {
        self.episodes() == other.episodes()
    }

    /// What episodes are called and which they are, if anybody wants them.
    fn episodes(&self) -> Option<(String, crate::history::Rules)> {
        let mqtt = self.mqtt.as_ref().is_some_and(|mqtt| mqtt.episodes || mqtt.events.episodes());
        let others = [
            self.file.as_ref().map(|file| file.events),
            self.socket.as_ref().map(|socket| socket.events),
            self.webhook.as_ref().map(|webhook| webhook.events),
        ];
        let lines = others.into_iter().flatten().any(Events::episodes);
        let asked = self.history.is_some() || mqtt || lines || !self.rules.is_empty();
        let history = self.history.clone().unwrap_or_default();
        asked.then(|| (history.source.clone(), history.rules()))
    }

    /// Every invalid value, as far as that is known without touching the system.
    pub fn mistakes(&self) -> Vec<ValidationError> {
        let tables = [
            ("file", self.file.as_ref().map(File::mistakes)),
            ("socket", self.socket.as_ref().map(Socket::mistakes)),
            ("history", self.history.as_ref().map(History::mistakes)),
            ("mqtt", self.mqtt.as_ref().map(Mqtt::mistakes)),
            ("webhook", self.webhook.as_ref().map(Webhook::mistakes)),
            ("web", self.web.as_ref().map(Web::mistakes)),
        ];
        let own =
            tables.into_iter().flat_map(|(table, mistakes)| inside(table, mistakes.unwrap_or_default()));
        let rules = self.rules.iter().flat_map(|(name, rule)| self.mistakes_of_rule(name, rule));
        let mut mistakes: Vec<ValidationError> = own.chain(rules).collect();
        if self.history.is_none() && self.web.as_ref().is_some_and(|web| web.history) {
            let message = "is on, but nothing is kept: add [publish.history] with its folder";
            mistakes.push(ValidationError::new("web.history", message).because_of(&["history"]));
        }
        mistakes
    }

    /// Checks everything that can be checked without touching the system.
    ///
    /// # Errors
    /// The first of the [`mistakes`](Self::mistakes).
    pub fn validate(&self) -> Result<(), ValidationError> {
        first(self.mistakes())
    }

    fn mistakes_of_rule(&self, name: &str, rule: &Rule) -> Vec<ValidationError> {
        let key = |key: &str| format!("rules.{name}.{key}");
        let mut mistakes = Vec::new();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if name.is_empty() || name.len() > 40 || !name.chars().all(plain) {
            let message =
                "give the rule a name of 1 to 40 letters, digits, - and _, e.g. [publish.rules.night]";
            mistakes.push(ValidationError::new(key("when"), message));
        }
        mistakes.extend(inside("rules", inside(name, rule.mistakes())));
        let made = self.history.clone().unwrap_or_default().states;
        let unmade = |state: &&State| **state != State::Silent && !made.contains(state);
        if let Some(state) = rule.when.states.iter().find(unmade) {
            let message = format!(
                "\"{}\" never makes an episode: add it to `states` of [publish.history]",
                state.word()
            );
            mistakes.push(ValidationError::new(key("when.states"), message).because_of(&["history.states"]));
        }
        if rule.mqtt && self.mqtt.is_none() {
            let message = "is on, but there is no broker: add [publish.mqtt]";
            mistakes.push(ValidationError::new(key("mqtt"), message).because_of(&["mqtt"]));
        }
        mistakes
    }
}
