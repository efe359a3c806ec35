//! Settings: what is embedded, and how.

use std::ops::RangeInclusive;
use std::str::FromStr;

use super::EmbedError;
use crate::model::Spec;
use crate::preprocess::SAMPLE_RATE;
use crate::unknown_name::UnknownName;

/// Seconds that may lie between two embeddings: one column of the spectrogram to a minute.
const HOPS: RangeInclusive<f64> = 0.005..=60.0;

/// Which side of the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum What {
    /// Sound, by the audio tower.
    #[default]
    Audio,
    /// Pictures, by the vision tower.
    Vision,
    /// The common space of pictures and sounds.
    Ave,
}

impl What {
    /// The name that [`What::from_str`] knows.
    pub fn name(self) -> &'static str {
        match self {
            Self::Audio => "audio",
            Self::Vision => "vision",
            Self::Ave => "ave",
        }
    }
}

impl FromStr for What {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        UnknownName::find("embedding", [Self::Audio, Self::Vision, Self::Ave], Self::name, name)
    }
}

/// How the activation map is pooled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pool {
    /// Maxima over a coarse grid: 4 x 3 (audio) or 4 x 4 (vision).
    #[default]
    Grid,
    /// One maximum a channel: pool4.
    Global,
}

impl Pool {
    /// The name that [`Pool::from_str`] knows.
    pub fn name(self) -> &'static str {
        match self {
            Self::Grid => "grid",
            Self::Global => "global",
        }
    }
}

impl FromStr for Pool {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        UnknownName::find("pooling", [Self::Grid, Self::Global], Self::name, name)
    }
}

/// Which space the rows lie in. Of no meaning for [`What::Ave`], which is the shared one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Space {
    /// That of the tower: one for sounds, another for pictures.
    #[default]
    Tower,
    /// The common space of pictures and sounds.
    Shared,
}

impl Space {
    /// The name that [`Space::from_str`] knows.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tower => "tower",
            Self::Shared => "shared",
        }
    }
}

impl FromStr for Space {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        UnknownName::find("space", [Self::Tower, Self::Shared], Self::name, name)
    }
}

/// How files are embedded. The default is OpenL3's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Which side of the network.
    pub what: What,
    /// Which space.
    pub space: Space,
    /// How the activation map is pooled; not used in the shared space.
    pub pool: Pool,
    /// Seconds from one window or video frame to the next, 0.005 to 60; rounded to whole samples of 48 kHz.
    pub hop: f64,
    /// Whether timestamps mark the middle of a window; else its start. Of no meaning for [`What::Vision`].
    pub centred: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            what: What::default(),
            space: Space::default(),
            pool: Pool::default(),
            hop: 0.1,
            centred: true,
        }
    }
}

impl Settings {
    /// Checks the settings against each other and the network.
    ///
    /// # Errors
    /// [`EmbedError::Settings`]: the hop is out of range, or the network has no common space.
    pub fn validate(&self, spec: &Spec) -> Result<(), EmbedError> {
        if !HOPS.contains(&self.hop) {
            let (least, most) = (HOPS.start(), HOPS.end());
            return Err(EmbedError::Settings(format!("--hop {}: give {least} to {most} seconds", self.hop)));
        }
        if self.is_shared() && spec.common_dims().is_none() {
            let (asked, other) = match self.what {
                What::Ave => ("--what ave", "audio or vision"),
                _ => ("--space shared", "leave it out"),
            };
            return Err(EmbedError::Settings(format!(
                "{asked}: a model of preset {} has no space that sights and sounds share; take one \
                 that has (ave, avol, edge), or {other}",
                spec.name
            )));
        }
        Ok(())
    }

    /// Whether the rows lie in the space that pictures and sounds share.
    pub fn is_shared(&self) -> bool {
        self.what == What::Ave || self.space == Space::Shared
    }

    /// Whether each row of sound comes with its level. [`What::Ave`] is as it was before there were levels.
    pub fn has_levels(&self) -> bool {
        self.what == What::Audio && self.space == Space::Shared
    }

    /// Samples of 48 kHz from one window or frame to the next, at least one.
    pub fn hop_samples(&self) -> usize {
        ((self.hop * SAMPLE_RATE as f64).round() as usize).max(1)
    }

    /// `[rows, columns]` of the grid that the map is pooled to.
    pub fn grid(&self) -> [usize; 2] {
        match (self.what, self.pool) {
            _ if self.is_shared() => [1, 1],
            (What::Audio, Pool::Grid) => [4, 3],
            (What::Vision, Pool::Grid) => [4, 4],
            (What::Ave, _) | (_, Pool::Global) => [1, 1],
        }
    }

    /// What the names of outputs end with, before the format: as OpenL3 has it, `_audio` or `_image`, then whatever is not the
    /// default, so that outputs of other settings lie side by side.
    pub fn suffix(&self) -> String {
        let default = Self::default();
        let mut suffix = String::from(match self.what {
            What::Audio => "_audio",
            What::Vision => "_image",
            What::Ave => "_ave",
        });
        // A setting without influence must not change the name.
        if self.what != What::Ave && self.space != default.space {
            suffix += &format!("_{}", self.space.name());
        }
        if !self.is_shared() && self.pool != default.pool {
            suffix += &format!("_{}", self.pool.name());
        }
        if self.hop_samples() != default.hop_samples() {
            suffix += &format!("_hop{}", self.hop_samples() as f64 / SAMPLE_RATE as f64);
        }
        if self.what != What::Vision && !self.centred {
            suffix += "_uncentred";
        }
        suffix
    }

    /// Dimensions of an embedding.
    pub fn dims(&self, spec: &Spec) -> usize {
        let [rows, columns] = self.grid();
        rows * columns
            * match self.what {
                _ if self.is_shared() => spec.common_dims().unwrap_or(0),
                What::Audio => spec.audio.map_shape()[0],
                What::Vision => spec.vision.map_shape()[0],
                What::Ave => 0,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dims(preset: &str, what: What, pool: Pool) -> usize {
        Settings { what, pool, ..Settings::default() }.dims(&Spec::preset(preset).unwrap())
    }

    #[test]
    fn dimensions_are_those_of_the_paper_and_a_quarter_of_them() {
        for (preset, part) in [("l3", 1), ("avol", 1), ("edge", 4)] {
            assert_eq!(dims(preset, What::Audio, Pool::Grid), 6144 / part);
            assert_eq!(dims(preset, What::Vision, Pool::Grid), 8192 / part);
            assert_eq!(dims(preset, What::Audio, Pool::Global), 512 / part);
            assert_eq!(dims(preset, What::Vision, Pool::Global), 512 / part);
        }
        assert_eq!((dims("avol", What::Ave, Pool::Grid), dims("edge", What::Ave, Pool::Grid)), (128, 128));
    }

    #[test]
    fn only_what_matters_is_in_the_names() {
        let audio = Settings::default();
        assert_eq!(audio.suffix(), "_audio");
        let other = Settings { pool: Pool::Global, hop: 0.08, centred: false, ..audio };
        assert_eq!(other.suffix(), "_audio_global_hop0.08_uncentred");
        assert_eq!(Settings { what: What::Vision, ..other }.suffix(), "_image_global_hop0.08");
        assert_eq!(Settings { what: What::Ave, ..other }.suffix(), "_ave_hop0.08_uncentred");
        let shared = Settings { space: Space::Shared, ..other };
        assert_eq!(shared.suffix(), "_audio_shared_hop0.08_uncentred");
        assert_eq!(Settings { what: What::Vision, ..shared }.suffix(), "_image_shared_hop0.08");
        assert_eq!(Settings { what: What::Ave, ..shared }.suffix(), "_ave_hop0.08_uncentred");
        assert_eq!(Settings { hop: 0.100_001, ..audio }.suffix(), "_audio");
    }

    #[test]
    fn settings_out_of_range_are_named() {
        let edge = Spec::preset("edge").unwrap();
        for hop in [0.0, -1.0, 61.0, f64::NAN] {
            let error = Settings { hop, ..Settings::default() }.validate(&edge).unwrap_err().to_string();
            assert!(error.starts_with("--hop") && error.contains("0.005 to 60"), "{error}");
        }
        let ave = Settings { what: What::Ave, ..Settings::default() };
        assert!(ave.validate(&edge).is_ok());
        let shared = Settings { space: Space::Shared, ..Settings::default() };
        assert!(shared.validate(&edge).is_ok() && shared.dims(&edge) == 128);
        for (settings, option) in [(ave, "--what ave"), (shared, "--space shared")] {
            let error = settings.validate(&Spec::preset("l3").unwrap()).unwrap_err().to_string();
            assert!(error.starts_with(option) && error.contains("preset l3"), "{error}");
        }
        assert!("common".parse::<Space>().unwrap_err().to_string().contains("tower and shared"));
        assert!("mel".parse::<What>().unwrap_err().to_string().contains("mel"));
        assert!("mean".parse::<Pool>().unwrap_err().to_string().contains("mean"));
    }
}
