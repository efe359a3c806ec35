//! The label in an output: how its embeddings were made.

use std::collections::BTreeMap;

use super::{Settings, What};

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
        if settings.what != What::Ave {
            entries.extend([entry("pool", settings.pool.name())]);
        }
        if settings.what != What::Vision {
            entries.extend([entry("centred", &settings.centred.to_string())]);
        }
        Self(entries)
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
        ];
        assert!(other.iter().all(|other| label(other) != label(&audio)));
        assert!(Label::new("abd", "int", &audio) != label(&audio));
        assert!(Label::new("abc", "flex", &audio) != label(&audio));

        let vision = Settings { what: What::Vision, ..audio };
        assert_eq!(label(&Settings { centred: false, ..vision }), label(&vision));
        let ave = Settings { what: What::Ave, ..audio };
        assert_eq!(label(&Settings { pool: Pool::Global, ..ave }), label(&ave));
    }
}
