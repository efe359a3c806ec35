//! Settings of an unattended installation: one TOML file that names everything, checked before anything starts.
//!
//! Every table and every key is optional; the defaults are those of the program without a file. All mistakes are told at
//! once, each in one line with its place, its key and a remedy ([`ConfigError`]). It repeats no values but numbers and
//! names, so that no secret gets into a log.

mod error;
mod lines;
mod listing;
mod place;
mod read;
mod settings;
mod words;

#[cfg(test)]
mod tests;

pub use crate::validation::ValidationError;
pub use error::{ConfigError, ConfigErrors, ProfileError};
pub use lines::Lines;
pub use settings::{Camera, Decisions, Microphone, Model, Names, Source};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::publish::settings::Rule;
use crate::validation::{first, inside};
use crate::{kiosk, publish};

/// The contents of a settings file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Profile {
    /// The camera.
    pub camera: Camera,
    /// The microphone.
    pub microphone: Microphone,
    /// Several cameras with their microphones, each by a name, instead of those two.
    pub sources: BTreeMap<String, Source>,
    /// The model, and the engine that runs it.
    pub model: Model,
    /// Thresholds and timing of decisions.
    pub decisions: Decisions,
    /// The screen for visitors.
    pub kiosk: kiosk::Settings,
    /// The gallery of names.
    pub gallery: Names,
    /// Publishing to other programs.
    pub publish: publish::Settings,
}

impl Profile {
    /// Every invalid value, with its table.
    pub fn mistakes(&self) -> Vec<ValidationError> {
        let tables = [
            ("camera", self.camera.mistakes()),
            ("model", self.model.mistakes()),
            ("decisions", self.decisions.mistakes()),
            ("kiosk", self.kiosk.mistakes()),
            ("publish", self.publish.mistakes()),
        ];
        let mut mistakes: Vec<ValidationError> =
            tables.into_iter().flat_map(|(table, mistakes)| inside(table, mistakes)).collect();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        for (name, source) in &self.sources {
            if name.is_empty() || name.len() > 40 || !name.chars().all(plain) {
                let message =
                    "give the source a name of 1 to 40 letters, digits, - and _, e.g. [sources.barn]";
                mistakes.push(ValidationError::new(format!("sources.{name}"), message));
            }
            mistakes.extend(inside("sources", inside(name, source.mistakes())));
        }
        for (table, given) in [
            ("camera", self.camera != Camera::default()),
            ("microphone", self.microphone != Microphone::default()),
        ] {
            if given && !self.sources.is_empty() {
                let message = "is of no use beside [sources]: move it into one of them";
                mistakes.push(ValidationError::new(table, message));
            }
        }
        mistakes.extend(self.publish.rules.iter().flat_map(|(name, rule)| self.mistakes_of_rule(name, rule)));
        mistakes
    }

    /// Sources that a rule waits for, and that are none.
    fn mistakes_of_rule(&self, name: &str, rule: &Rule) -> Vec<ValidationError> {
        let only = &self.publish.history.clone().unwrap_or_default().source;
        let known = |source: &&String| match self.sources.is_empty() {
            true => *source == only,
            false => self.sources.contains_key(*source),
        };
        let mistake = |source: &String| {
            let message = format!("{source:?} is none of [sources]");
            let mistake = ValidationError::new(format!("publish.rules.{name}.when.sources"), message);
            mistake.because_of(&[&format!("sources.{source}"), "publish.history.source"])
        };
        rule.when.sources.iter().filter(|source| !known(source)).map(mistake).collect()
    }

    /// Checks every value.
    ///
    /// # Errors
    /// The first of the [`mistakes`](Self::mistakes).
    pub fn validate(&self) -> Result<(), ValidationError> {
        first(self.mistakes())
    }

    /// Rules that wait for a name where nothing is named: they never fire. None of them is a mistake in itself, since
    /// `--gallery` may name a gallery.
    #[must_use]
    pub fn rules_without_gallery(&self) -> Vec<&str> {
        let named = |sources: &[String]| match self.sources.is_empty() {
            true => self.gallery.file.is_some(),
            false => self.sources.iter().any(|(name, source)| {
                let gallery = source.gallery.as_ref().unwrap_or(&self.gallery);
                gallery.file.is_some() && (sources.is_empty() || sources.contains(name))
            }),
        };
        let rules = self.publish.rules.iter();
        let waits = rules.filter(|(_, rule)| !rule.when.names.is_empty() && !named(&rule.when.sources));
        waits.map(|(name, _)| name.as_str()).collect()
    }

    /// The settings of one of several sources, as if it were the only one.
    #[must_use]
    pub fn of_source(&self, source: &Source) -> Self {
        let all = self.clone();
        Self {
            camera: source.camera.clone(),
            microphone: source.microphone.clone(),
            decisions: source.decisions.clone().unwrap_or(all.decisions),
            gallery: source.gallery.clone().unwrap_or(all.gallery),
            sources: BTreeMap::new(),
            ..all
        }
    }
}
