//! What is said to people, one file per language: on the kiosk, and on the web pages as far as they say the same.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The built-in languages: code and file.
const FILES: [(&str, &str); 3] =
    [("en", include_str!("en.toml")), ("de", include_str!("de.toml")), ("zh", include_str!("zh.toml"))];

/// All texts of a kiosk in one language, as a TOML file has them: every key must be there, and no other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Language {
    /// Code of the language, e.g. `de`; with a region where letters depend on it, e.g. `zh-TW`.
    pub code: String,
    /// Its own name.
    pub language: String,
    /// The question of the kiosk.
    pub title: String,
    /// Answer: what sounds is in the picture.
    pub here: String,
    /// Answer if the name of the thing is known; contains `{name}`.
    pub here_named: String,
    /// Answer: something sounds that is not in the picture.
    pub unseen: String,
    /// Answer: nothing sounds.
    pub quiet: String,
    /// What the dial tells.
    pub dial_title: String,
    /// The score is low.
    pub dial_low: String,
    /// The score is neither low nor high.
    pub dial_middle: String,
    /// The score is high.
    pub dial_high: String,
    /// Shown in silence, when there is no score.
    pub dial_none: String,
    /// What the ribbon shows.
    pub ribbon_title: String,
    /// The right end of the ribbon.
    pub ribbon_now: String,
    /// Earlier places of the ribbon; with `{seconds}`.
    pub ribbon_ago: String,
    /// How high a tone is; with `{khz}`.
    pub ribbon_pitch: String,
    /// The invitation while nobody is there.
    pub attract: String,
    /// How to open the page that explains.
    pub hint_about: String,
    /// How to return from that page.
    pub hint_back: String,
    /// Picture and sound are being kept.
    pub recording: String,
    /// The camera does not work.
    pub camera_trouble: String,
    /// The microphone does not work.
    pub microphone_trouble: String,
    /// Title of the page that explains.
    pub about_title: String,
    /// In the drawing: the picture.
    pub about_picture: String,
    /// In the drawing: the sound.
    pub about_sound: String,
    /// In the drawing: the vision tower.
    pub about_eye: String,
    /// In the drawing: the audio tower.
    pub about_ear: String,
    /// In the drawing: picture and sound belong together.
    pub about_together: String,
    /// In the drawing: picture and sound do not belong together.
    pub about_apart: String,
    /// First part of the explanation: the two towers.
    pub about_look: String,
    /// Second part: how they are compared.
    pub about_compare: String,
    /// Third part: how that was learned.
    pub about_learn: String,
    /// On privacy.
    pub about_private: String,
    /// On privacy, while picture and sound are being kept.
    pub about_recording: String,
}

/// Why a language cannot be used.
#[derive(Debug, Error)]
pub enum LanguageError {
    /// The file could not be read.
    #[error("the language file {path} cannot be read: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A key is missing, unknown or no text.
    #[error(
        "the language file {path} is not complete: {message} (every key of src/language/en.toml must be there)"
    )]
    Incomplete {
        /// The file.
        path: PathBuf,
        /// Names the key.
        message: String,
    },
    /// A text lacks what is to be filled in.
    #[error(
        "the language file {path} says {key} = {text:?}, which lacks {missing}: that is where a word is filled in"
    )]
    Unfillable {
        /// The file.
        path: PathBuf,
        /// The key.
        key: &'static str,
        /// Its text.
        text: String,
        /// What must stand in it.
        missing: &'static str,
    },
}

impl Language {
    /// Codes of the languages that are built in.
    pub const BUILT_IN: [&'static str; 3] = [FILES[0].0, FILES[1].0, FILES[2].0];

    /// A built-in language by its code; `None` if there is none of that code ([`Language::BUILT_IN`]).
    pub fn built_in(code: &str) -> Option<Self> {
        let (_, text) = FILES.iter().find(|(known, _)| *known == code)?;
        Some(Self::parse(text, Path::new(code)).expect("a test reads all built-in languages"))
    }

    /// Reads a language file.
    ///
    /// # Errors
    /// The file cannot be read, a key is missing or unknown, or a text lacks its `{...}`.
    pub fn load(path: &Path) -> Result<Self, LanguageError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| LanguageError::Unreadable { path: path.to_path_buf(), source })?;
        Self::parse(&text, path)
    }

    fn parse(text: &str, path: &Path) -> Result<Self, LanguageError> {
        let path = path.to_path_buf();
        let language: Self = match toml::from_str(text) {
            Ok(language) => language,
            Err(error) => return Err(LanguageError::Incomplete { path, message: error.message().into() }),
        };
        for (key, text, missing) in [
            ("here_named", &language.here_named, "{name}"),
            ("ribbon_ago", &language.ribbon_ago, "{seconds}"),
            ("ribbon_pitch", &language.ribbon_pitch, "{khz}"),
        ] {
            if !text.contains(missing) {
                return Err(LanguageError::Unfillable { path, key, text: text.clone(), missing });
            }
        }
        Ok(language)
    }

    /// Every letter of every text, each once, in order: what a font must have.
    pub fn letters(&self) -> Vec<char> {
        let table = toml::Table::try_from(self).expect("a table of strings can be written");
        let texts = table.values().filter_map(|value| value.as_str());
        // Digits are added, since numbers are filled into the texts.
        let mut letters: Vec<char> = texts.flat_map(str::chars).chain('0'..='9').collect();
        letters.retain(|letter| !letter.is_whitespace());
        letters.sort_unstable();
        letters.dedup();
        letters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_languages_are_complete_and_translated() {
        let english = Language::built_in("en").expect("English");
        for (code, text) in FILES {
            let language = Language::parse(text, Path::new(code)).expect(code);
            assert_eq!(language.code, code);
            let (this, first) =
                (toml::Table::try_from(&language).expect(code), toml::Table::try_from(&english).expect("en"));
            for (key, text) in &this {
                assert!(!text.as_str().unwrap_or_default().trim().is_empty(), "{code}: {key}");
                let same = code == "en" || key == "ribbon_pitch";
                assert_eq!(first[key] == *text, same, "{code}: {key} is translated");
            }
        }
        assert_eq!(Language::built_in("xx"), None);
    }

    #[test]
    fn a_missing_and_an_unknown_key_are_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("my.toml");
        let error = |text: String| {
            std::fs::write(&path, text).expect("it can be written");
            Language::load(&path).expect_err("it is not complete").to_string()
        };
        let english = FILES[0].1;
        let without: String =
            english.lines().filter(|l| !l.starts_with("quiet")).map(|l| format!("{l}\n")).collect();
        let message = error(without);
        assert!(message.contains("`quiet`") && message.contains("my.toml"), "{message}");
        assert!(error(format!("{english}\nloud = \"It is loud.\"")).contains("`loud`"));
        assert!(error(english.replace("the {name}", "it")).contains("here_named"));
        assert!(error("=".into()).contains("my.toml"));
        let missing =
            Language::load(&folder.path().join("none.toml")).expect_err("there is none").to_string();
        assert!(missing.contains("none.toml"), "{missing}");
    }

    #[test]
    fn letters_are_those_of_all_texts() {
        let letters = Language::built_in("de").expect("German").letters();
        assert!(['ä', 'ö', 'ü', '0', '9', 'W'].iter().all(|letter| letters.contains(letter)));
        assert!(!letters.contains(&' ') && letters.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
