//! Settings of the kiosk.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::screen::{Language, Theme};
use crate::validation::{ValidationError, first, inside};

/// The table `[kiosk]` of a settings file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// A built-in language (`en`, `de`, `zh`), or a language file that ends in `.toml`.
    pub language: String,
    /// Colours and parts: the name of a built-in theme (`"dark"`, `"light"`), or a table of what differs from
    /// the dark one.
    #[serde(deserialize_with = "theme")]
    pub theme: Theme,
    /// Font files and folders; none: the fonts that are installed.
    pub fonts: Vec<PathBuf>,
    /// Whether the camera's picture is shown as in a mirror.
    pub mirror: bool,
    /// Width and height of a window, in pixels; left out, the kiosk fills the screen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<[u32; 2]>,
    /// Seconds without sound, or without camera or microphone, after which the example plays; 0: never.
    pub idle: f64,
    /// Seconds after which the page that explains goes by itself.
    pub about: f64,
    /// Pictures a second, at most.
    pub fps: u32,
    /// Whether the mouse's cursor is shown.
    pub cursor: bool,
    /// Whether the keys q and Esc end the kiosk.
    pub quit: bool,
}

impl Default for Settings {
    /// English, dark theme, mirrored, full screen; the keys can end it.
    fn default() -> Self {
        Self {
            language: "en".into(),
            theme: Theme::default(),
            fonts: Vec::new(),
            mirror: true,
            window: None,
            idle: 45.0,
            about: 60.0,
            fps: 30,
            cursor: false,
            quit: true,
        }
    }
}

impl Settings {
    /// Every invalid value, with what would be valid. Files are not looked for: that is done where they are used.
    pub fn mistakes(&self) -> Vec<ValidationError> {
        let Self { language, window, idle, about, fps, .. } = self;
        let mut mistakes = Vec::new();
        let mut wrong = |key: &str, message: String| mistakes.push(ValidationError::new(key, message));
        if self.language_file().is_none() && Language::built_in(language).is_none() {
            let known = Language::BUILT_IN.join(", ");
            let message =
                format!("{language:?} is not built in: give {known}, or a language file that ends in .toml");
            wrong("language", message);
        }
        if let Some([width, height]) = window.filter(|sides| !sides.iter().all(|side| SIDES.contains(side))) {
            let message =
                format!("{width} x {height} is no size for the kiosk: give 320 to 8192 for both sides");
            wrong("window", message);
        }
        if !(*idle == 0.0 || (5.0..=86_400.0).contains(idle)) {
            wrong("idle", format!("{idle}: give 5 to 86400 seconds, or 0 for never"));
        }
        if !(5.0..=3600.0).contains(about) {
            wrong("about", format!("{about}: give 5 to 3600 seconds"));
        }
        if !(1..=120).contains(fps) {
            wrong("fps", format!("{fps}: give 1 to 120 pictures a second"));
        }
        mistakes.extend(inside("theme", self.theme.mistakes()));
        mistakes
    }

    /// Checks every value.
    ///
    /// # Errors
    /// The first of the [`mistakes`](Self::mistakes).
    pub fn validate(&self) -> Result<(), ValidationError> {
        first(self.mistakes())
    }

    /// The texts of the chosen language.
    ///
    /// # Errors
    /// The language is neither built in nor a file that can be read.
    pub fn texts(&self) -> Result<Language, ValidationError> {
        match self.language_file() {
            Some(file) => {
                Language::load(file).map_err(|error| ValidationError::new("language", error.to_string()))
            }
            None => {
                self.validate()?;
                Language::built_in(&self.language).ok_or_else(|| {
                    ValidationError::new("language", format!("{:?} is not built in", self.language))
                })
            }
        }
    }

    fn language_file(&self) -> Option<&Path> {
        Some(Path::new(&self.language)).filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
    }
}

/// Pixels that a side of the window may have.
const SIDES: std::ops::RangeInclusive<u32> = 320..=8192;

/// Reads a theme from its name or from its table.
fn theme<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Theme, D::Error> {
    struct NameOrTable;

    impl<'de> Visitor<'de> for NameOrTable {
        type Value = Theme;

        fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
            write!(f, "the name of a theme ({}) or a table of colours", Theme::BUILT_IN.join(", "))
        }

        fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Theme, E> {
            Theme::built_in(name).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(name), &self))
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Theme, A::Error> {
            Theme::deserialize(MapAccessDeserializer::new(map))
        }
    }
    deserializer.deserialize_any(NameOrTable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_right_and_survive_a_file() {
        let settings = Settings::default();
        assert_eq!(settings.validate(), Ok(()));
        let text = toml::to_string(&settings).unwrap();
        assert_eq!(toml::from_str::<Settings>(&text).unwrap(), settings, "{text}");
        assert_eq!(toml::from_str::<Settings>("").unwrap(), settings);
    }

    #[test]
    fn every_mistake_names_its_key_and_the_way_out() {
        let check = |change: fn(&mut Settings)| {
            let mut settings = Settings::default();
            change(&mut settings);
            settings.validate().unwrap_err()
        };
        for (key, remedy, error) in [
            ("language", "en, de, zh", check(|s| s.language = "fr".into())),
            ("language", ".toml", check(|s| s.language = String::new())),
            ("theme.heat", "0 to 1", check(|s| s.theme.heat = 2.0)),
            ("window", "320 to 8192", check(|s| s.window = Some([1920, 0]))),
            ("idle", "0 for never", check(|s| s.idle = 1.0)),
            ("idle", "0 for never", check(|s| s.idle = f64::NAN)),
            ("about", "5 to 3600", check(|s| s.about = 0.0)),
            ("fps", "1 to 120", check(|s| s.fps = 0)),
        ] {
            assert_eq!(error.key, key);
            assert!(error.message.contains(remedy), "{error}");
        }
    }

    #[test]
    fn what_may_be_switched_off_may_be_switched_off() {
        let settings = Settings { idle: 0.0, language: "ours.toml".into(), ..Settings::default() };
        assert_eq!(settings.validate(), Ok(()), "whether the file is there is seen when it is read");
        let error = settings.texts().unwrap_err();
        assert!(error.key == "language" && error.message.contains("ours.toml"), "{error}");
        let german = Settings { language: "de".into(), ..Settings::default() };
        assert_eq!(Some(german.texts().unwrap()), Language::built_in("de"));
    }

    #[test]
    fn a_theme_is_a_name_or_a_table() {
        let theme = |text: &str| toml::from_str::<Settings>(text).map(|settings| settings.theme);
        assert_eq!(theme("theme = \"light\"").unwrap(), Theme::light());
        assert_eq!(theme("[theme]\nheat = 0.25").unwrap(), Theme { heat: 0.25, ..Theme::dark() });
        let told = theme("theme = \"pink\"").unwrap_err().to_string();
        assert!(told.contains("pink") && told.contains("dark, light"), "{told}");
        let told = theme("[theme]\nhaet = 1").unwrap_err().to_string();
        assert!(told.contains("haet") && told.contains("heat"), "{told}");
    }
}
