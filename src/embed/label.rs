//! The label in an output: how its embeddings were made.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Settings, Space, What};

/// Version of how embeddings are computed and laid out.
const VERSION: u32 = 2;

/// Everything that the numbers depend on besides the input: names and values. Outputs with equal labels are of
/// one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label(BTreeMap<String, String>);

impl Label {
    /// Of a model (the bundle's hash) on an engine (its name).
    pub fn new(model: &str, engine: &str, settings: &Settings) -> Self {
        let entry = |name: &str, value: &str| (name.to_string(), value.to_string());
        let seconds = settings.hop_samples() as f64 / crate::preprocess::SAMPLE_RATE as f64;
        let mut entries = BTreeMap::from([
            entry("version", &VERSION.to_string()),
            entry("model", model),
            entry("engine", engine),
            entry("what", settings.what.name()),
            entry("hop", &seconds.to_string()),
        ]);
        // A setting without influence must not change the label.
        match (settings.what, settings.space) {
            (What::Ave, _) => {}
            (_, Space::Shared) => entries.extend([entry("space", settings.space.name())]),
            (_, Space::Tower) => entries.extend([entry("pool", settings.pool.name())]),
        }
        if settings.what != What::Vision {
            entries.extend([entry("centred", &settings.centred.to_string())]);
        }
        Self(entries)
    }

    /// The label of one input's embeddings. In the shared space, which is for searching, they tell the input's name.
    #[must_use]
    pub fn of(&self, input: &Path) -> Self {
        let mut entries = self.0.clone();
        if entries.contains_key("space") {
            let name = input.file_name().unwrap_or_default().to_string_lossy();
            entries.insert("source".into(), name.into_owned());
        }
        Self(entries)
    }

    /// A value; `None`: the label does not have it.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The settings that it tells; `None` if they are not those of this version.
    pub fn settings(&self) -> Option<Settings> {
        if self.get("version")?.parse() != Ok(VERSION) {
            return None;
        }
        let default = Settings::default();
        Some(Settings {
            what: self.get("what")?.parse().ok()?,
            space: self.get("space").map_or(Ok(default.space), str::parse).ok()?,
            pool: self.get("pool").map_or(Ok(default.pool), str::parse).ok()?,
            hop: self.get("hop")?.parse().ok()?,
            centred: self.get("centred").map_or(Ok(default.centred), str::parse).ok()?,
        })
    }

    /// Names and values, by name.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// A label that was read; `None` if there are no entries.
    pub fn from_entries(entries: impl IntoIterator<Item = (String, String)>) -> Option<Self> {
        let entries = BTreeMap::from_iter(entries);
        (!entries.is_empty()).then_some(Self(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embed::Pool;

    #[test]
    fn only_what_matters_makes_a_difference() {
        let audio = Settings::default();
        let label = |settings: &Settings| Label::new("abc", "int", settings);
        let other = [
            Settings { pool: Pool::Global, ..audio },
            Settings { hop: 0.2, ..audio },
            Settings { centred: false, ..audio },
            Settings { what: What::Vision, ..audio },
            Settings { space: Space::Shared, ..audio },
        ];
        assert!(other.iter().all(|other| label(other) != label(&audio)));
        assert!(Label::new("abd", "int", &audio) != label(&audio));
        assert!(Label::new("abc", "flex", &audio) != label(&audio));

        let vision = Settings { what: What::Vision, ..audio };
        assert_eq!(label(&Settings { centred: false, ..vision }), label(&vision));
        let ave = Settings { what: What::Ave, ..audio };
        assert_eq!(label(&Settings { pool: Pool::Global, ..ave }), label(&ave));
        let shared = Settings { space: Space::Shared, ..vision };
        assert_eq!(label(&Settings { pool: Pool::Global, ..shared }), label(&shared));

        for settings in [audio, other[0], other[1], other[2], vision, ave, shared] {
            assert_eq!(label(&settings).settings(), Some(settings));
        }
        let old = [("version", "1"), ("what", "audio"), ("hop", "0.1")].map(|(a, b)| (a.into(), b.into()));
        assert_eq!(Label::from_entries(old).unwrap().settings(), None);
        let input = Path::new("in/dog.mp4");
        assert_eq!((label(&audio).of(input), label(&ave).of(input)), (label(&audio), label(&ave)));
        assert_eq!(label(&shared).of(input).get("source"), Some("dog.mp4"));
    }
}
