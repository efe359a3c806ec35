//! Settings of an unattended installation: one TOML file that names everything, checked before anything starts.
//!
//! Every table and every key is optional; the defaults are those of the program without a file. An error is one line
//! with its place, its key and a remedy ([`ConfigError`]). It repeats no values but numbers and names, so that no
//! secret gets into a log.

mod error;
mod lines;
mod listing;
mod place;
mod settings;
mod words;

#[cfg(test)]
mod tests;

pub use crate::validation::ValidationError;
pub use error::{ConfigError, ProfileError};
pub use lines::Lines;
pub use settings::{Camera, Decisions, Microphone, Model, Names, Source};

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};
use toml::de::DeTable;

use crate::{kiosk, publish};

/// Largest settings file in bytes; a longer one is some other file.
const LONGEST: u64 = 1 << 20;

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
    /// Reads and checks a file.
    ///
    /// # Errors
    /// The file cannot be read, or is not valid; the first error is reported.
    pub fn load(path: &Path) -> Result<Self, ProfileError> {
        Ok(Self::load_with_lines(path)?.0)
    }

    /// Reads and checks a file, and tells which line of it sets what.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_with_lines(path: &Path) -> Result<(Self, Lines), ProfileError> {
        let name = path.display().to_string();
        let unreadable = |reason: String| ProfileError::Unreadable { path: name.clone(), reason };
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes))
            .map_err(|error| unreadable(error.to_string()))?;
        if bytes.len() as u64 > LONGEST {
            return Err(unreadable("longer than a megabyte, which no settings are".into()));
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let line = place::line(error.as_bytes(), error.utf8_error().valid_up_to());
            unreadable(format!("line {line} is not UTF-8: save the file as UTF-8 text"))
        })?;
        Ok((Self::parse(&text, &name)?, Lines::of(&text)))
    }

    /// Checks a text; `name` is the file name for the error.
    ///
    /// # Errors
    /// The first error.
    pub fn parse(text: &str, name: &str) -> Result<Self, ConfigError> {
        let (table, syntax) = DeTable::parse_recoverable(text);
        let at = |offset: usize, key: String, message: String| {
            let (line, column) = place::line_and_column(text, offset);
            ConfigError { file: name.into(), line, column, key, message }
        };
        let start = |error: &&toml::de::Error| error.span().map_or(text.len(), |span| span.start);
        if let Some(error) = syntax.iter().min_by_key(start) {
            let span = error.span().unwrap_or(text.len()..text.len());
            let key = match error.message() {
                "duplicate key" => {
                    place::key_before(table.get_ref(), text.get(span.clone()).unwrap_or_default(), span.start)
                }
                _ => place::key_on_line(text, table.get_ref(), span.start),
            };
            return Err(at(span.start, key, words::syntax(error.message())));
        }
        if let Some((offset, key)) = place::list_for_table(table.get_ref()) {
            return Err(at(offset, key, "a list where a table with keys of its own is expected".into()));
        }
        let profile = Self::deserialize(toml::de::Deserializer::from(table.clone())).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            let key = place::key_at(table.get_ref(), offset);
            at(offset, key, words::value(error.message()))
        })?;
        profile.validate().map_err(|ValidationError { key, message }| {
            let offset = place::offset_of(table.get_ref(), &key);
            at(offset, key, message)
        })?;
        Ok(profile)
    }

    /// Checks every value.
    ///
    /// # Errors
    /// The first invalid value, with its table.
    pub fn validate(&self) -> Result<(), ValidationError> {
        let tables = [
            ("camera", self.camera.validate()),
            ("model", self.model.validate()),
            ("decisions", self.decisions.validate()),
            ("kiosk", self.kiosk.validate()),
            ("publish", self.publish.validate()),
        ];
        tables.into_iter().try_for_each(|(table, checked)| checked.map_err(|error| error.inside(table)))?;
        self.validate_sources()
    }

    fn validate_sources(&self) -> Result<(), ValidationError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        for (name, source) in &self.sources {
            if name.is_empty() || name.len() > 40 || !name.chars().all(plain) {
                let message =
                    "give the source a name of 1 to 40 letters, digits, - and _, e.g. [sources.barn]";
                return Err(ValidationError::new(format!("sources.{name}"), message));
            }
            source.validate().map_err(|error| error.inside(name).inside("sources"))?;
        }
        for (table, given) in [
            ("camera", self.camera != Camera::default()),
            ("microphone", self.microphone != Microphone::default()),
        ] {
            if given && !self.sources.is_empty() {
                let message = "is of no use beside [sources]: move it into one of them";
                return Err(ValidationError::new(table, message));
            }
        }
        for (name, rule) in &self.publish.rules {
            let only = &self.publish.history.clone().unwrap_or_default().source;
            let known = |source: &&String| match self.sources.is_empty() {
                true => *source == only,
                false => self.sources.contains_key(*source),
            };
            if let Some(source) = rule.when.sources.iter().find(|source| !known(source)) {
                let message = format!("{source:?} is none of [sources]");
                return Err(ValidationError::new(format!("publish.rules.{name}.when.sources"), message));
            }
        }
        Ok(())
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
