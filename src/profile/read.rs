//! Reads a file, or finds everything that is wrong with it.
//!
//! The parser of tables ends at the first value that it cannot take. That key is taken away, and the rest is read again,
//! until nothing is wrong with it; then the values are checked. What a key says that is not there any more nobody knows: a
//! check that looked at it is left to the next time, so that nothing is told that is right.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;
use toml::de::DeTable;

use super::{ConfigError, ConfigErrors, Lines, Profile, ProfileError, ValidationError, place, words};

/// Largest settings file in bytes; a longer one is some other file.
pub(super) const LONGEST: u64 = 1 << 20;
/// At most so many are told: what has more is some other file, and for each all of it is read again.
const MOST: usize = 50;

impl Profile {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// The file cannot be read, or is not valid.
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

    /// Checks a text; `name` is the file name for the errors.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn parse(text: &str, name: &str) -> Result<Self, ConfigErrors> {
        let (table, syntax) = DeTable::parse_recoverable(text);
        let mut search = Search { text, name, whole: table.get_ref(), found: Vec::new(), unread: Vec::new() };
        search.syntax(&syntax)?;
        let mut rest = table.clone();
        while search.found.len() < MOST
            && let Some((offset, key)) = place::list_for_table(rest.get_ref())
        {
            search.miss(offset, key, "a list where a table with keys of its own is expected".into(), false);
            place::remove(rest.get_mut(), offset);
        }
        while search.found.len() < MOST {
            let error = match Profile::deserialize(toml::de::Deserializer::from(rest.clone())) {
                Ok(profile) => return search.check(profile),
                Err(error) => error,
            };
            let offset = error.span().map_or(0, |span| span.start);
            let (start, key) = place::key_at(rest.get_ref(), offset).unzip();
            let unknown = words::is_unknown_key(error.message());
            search.miss(offset, key.unwrap_or_default(), words::value(error.message()), unknown);
            if !start.is_some_and(|start| place::remove(rest.get_mut(), start)) {
                break;
            }
        }
        Err(search.all())
    }
}

struct Search<'a> {
    text: &'a str,
    name: &'a str,
    whole: &'a DeTable<'a>,
    found: Vec<ConfigError>,
    unread: Vec<Unread>,
}

/// A key whose value could not be taken.
struct Unread {
    key: String,
    /// Whether it is none of those that there are: it may be any of them, misspelt.
    unknown: bool,
}

impl Search<'_> {
    fn tell(&mut self, offset: usize, key: String, message: String) {
        let (line, column) = place::line_and_column(self.text, offset);
        self.found.push(ConfigError { file: self.name.into(), line, column, key, message });
    }

    /// Tells of a key, which cannot be read.
    fn miss(&mut self, offset: usize, key: String, message: String, unknown: bool) {
        self.unread.push(Unread { key: key.clone(), unknown });
        self.tell(offset, key, message);
    }

    /// Keys that are given twice; of other mistakes of form the first, since what follows one is guessed.
    fn syntax(&mut self, errors: &[toml::de::Error]) -> Result<(), ConfigErrors> {
        let (text, whole) = (self.text, self.whole);
        let start = |error: &toml::de::Error| error.span().map_or(text.len(), |span| span.start);
        let is_repeated = |error: &&toml::de::Error| error.message() == "duplicate key";
        let broken = errors.iter().filter(|error| !is_repeated(error)).min_by_key(|error| start(error));
        let end = broken.map_or(text.len(), start);
        let repeated: Vec<&toml::de::Error> =
            errors.iter().filter(is_repeated).filter(|error| start(error) <= end).collect();
        for error in repeated {
            let span = error.span().unwrap_or(end..end);
            let name = text.get(span.clone()).unwrap_or_default();
            let key = place::key_before(whole, name, span.start);
            self.miss(span.start, key, words::syntax(error.message()), false);
        }
        let Some(error) = broken else { return Ok(()) };
        let key = place::key_on_line(text, whole, end);
        self.tell(end, key, words::syntax(error.message()));
        Err(self.all())
    }

    /// Checks the values of what could be read.
    fn check(mut self, profile: Profile) -> Result<Profile, ConfigErrors> {
        for mistake in profile.mistakes() {
            if !mistake.keys().any(|key| self.is_doubtful(key)) {
                let ValidationError { key, message, .. } = mistake;
                self.tell(place::offset_of(self.whole, &key), key, message);
            }
        }
        if self.found.is_empty() { Ok(profile) } else { Err(self.all()) }
    }

    /// Whether a key may say something else than what was read: it, or a table around it, could not be; or it is not
    /// there, and beside it there is one of a name that nobody knows.
    fn is_doubtful(&self, key: &str) -> bool {
        let within = |table: &str| {
            key.strip_prefix(table).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let table = |key: &str| key.rsplit_once('.').map_or(String::new(), |(table, _)| table.to_string());
        let beside = |other: &Unread| other.unknown && table(&other.key) == table(key);
        self.unread.iter().any(|other| within(&other.key))
            || self.unread.iter().any(beside) && !place::is_there(self.whole, key)
    }

    /// All that was found, in the order of the text.
    fn all(&mut self) -> ConfigErrors {
        ConfigErrors::new(std::mem::take(&mut self.found), MOST)
    }
}
