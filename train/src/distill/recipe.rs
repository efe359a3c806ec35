//! The recipe of a distillation, as a TOML file.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use lookhear::model::{self, Network, Spec, TowerNet};
use serde::{Deserialize, Serialize};

use crate::checks::{at_least_one, below_one, not_negative, positive, shares};
use crate::config::{half_cosine, rise};
use crate::{ConfigError, Error};

/// Everything that decides what a distillation does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Recipe {
    /// One of [`Spec::PRESETS`].
    pub preset: String,
    /// The tower that learns.
    pub tower: Sense,
    /// Folder of pictures, sounds or videos that the teacher's files are in. The command line may give it.
    pub data: Option<PathBuf>,
    /// What the teacher makes of them: a Parquet file, see [`super::Teacher`]. The command line may give it.
    pub teacher: Option<PathBuf>,
    /// A bundle whose weights the tower begins with, and whose other tower and heads the result has; otherwise all of
    /// them are random.
    pub from: Option<PathBuf>,
    /// Decides every random choice.
    pub seed: u64,
    /// Optimizer steps.
    pub steps: u64,
    /// Pictures or seconds of sound a step.
    pub batch: usize,
    /// Adam's learning rate at its highest.
    pub learning_rate: f64,
    /// Steps over which the learning rate rises from 0.
    pub warmup: u64,
    /// The learning rate falls to 0 along half a cosine; otherwise it stays.
    pub cosine: bool,
    /// First share of the steps in which the input is halved in each direction (0 to 1).
    pub half_resolution: f64,
    /// Adam's weight decay.
    pub weight_decay: f64,
    /// Largest norm of a parameter's gradient.
    pub clip: f32,
    /// Weight of the loss on the similarities within a batch; that of the vectors' direction is 1.
    pub similarity: f64,
    /// Weight of the loss place by place, of the vision tower and where the teacher has maps.
    pub places: f64,
    /// Decay of the running mean of the parameters, which is what comes out (0 to 1, 1 excluded); 0: the last step's
    /// parameters.
    pub average: f64,
    /// Steps between checkpoints.
    pub checkpoint: u64,
    /// Steps between looks at the validation side, about one in twenty files. 0: never, and those are learned from, too.
    pub validate: u64,
}

/// What a tower takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sense {
    /// Pictures, also of videos.
    Vision,
    /// Seconds of sound, also of videos.
    Audio,
}

impl Sense {
    /// Its name in recipes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Vision => "vision",
            Self::Audio => "audio",
        }
    }

    /// The layers of its tower.
    pub(super) fn layers(self, spec: &Spec) -> &model::Tower {
        match self {
            Self::Vision => &spec.vision,
            Self::Audio => &spec.audio,
        }
    }

    /// Its tower.
    pub(super) fn tower(self, network: &mut Network) -> &mut TowerNet {
        match self {
            Self::Vision => &mut network.vision,
            Self::Audio => &mut network.audio,
        }
    }
}

/// What a command line says instead of the recipe.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// See [`Recipe::data`].
    pub data: Option<PathBuf>,
    /// See [`Recipe::teacher`].
    pub teacher: Option<PathBuf>,
    /// See [`Recipe::from`].
    pub from: Option<PathBuf>,
    /// See [`Recipe::steps`].
    pub steps: Option<u64>,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            preset: "edge".into(),
            tower: Sense::Vision,
            data: None,
            teacher: None,
            from: None,
            seed: 1,
            steps: 8000,
            batch: 64,
            learning_rate: 2e-3,
            warmup: 300,
            cosine: true,
            half_resolution: 0.9,
            weight_decay: 1e-5,
            clip: 1.0,
            similarity: 0.3,
            places: 0.5,
            average: 0.999,
            checkpoint: 250,
            validate: 250,
        }
    }
}

impl Recipe {
    /// Reads and checks a file. Relative paths in it count from the file's folder; what is given takes the place of
    /// what the file says.
    ///
    /// # Errors
    /// Names the file and, for a typo, the line and the key.
    pub fn load(path: &Path, given: Given) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|e| Error::file(path, e))?;
        let mut recipe: Self = toml::from_str(&text).map_err(|e| Error::file(path, e))?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let Given { data, teacher, from, steps } = given;
        for (ours, given) in
            [(&mut recipe.data, data), (&mut recipe.teacher, teacher), (&mut recipe.from, from)]
        {
            *ours = given.or_else(|| ours.as_ref().map(|path| folder.join(path)));
        }
        recipe.steps = steps.unwrap_or(recipe.steps);
        let named = |source| Error::Recipe { path: path.display().to_string(), source };
        recipe.validate().map_err(named)?;
        Ok(recipe)
    }

    /// Checks the values.
    ///
    /// # Errors
    /// [`ConfigError`] tells key, value, and what would be right.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let wrong = |key, value: &dyn Display, expected| Err(ConfigError::value(key, value, expected));
        self.spec()?;
        self.data()?;
        self.teacher()?;
        if self.batch < 2 {
            return wrong("batch", &self.batch, "at least 2");
        }
        at_least_one([("steps", self.steps), ("checkpoint", self.checkpoint)])?;
        shares([("half_resolution", self.half_resolution), ("average", self.average)])?;
        below_one(self.average)?;
        positive([("learning_rate", self.learning_rate), ("clip", f64::from(self.clip))])?;
        not_negative([
            ("weight_decay", self.weight_decay),
            ("similarity", self.similarity),
            ("places", self.places),
        ])
    }

    /// The layer table of its preset.
    ///
    /// # Errors
    /// [`ConfigError::Preset`]: there is none of that name.
    pub fn spec(&self) -> Result<Spec, ConfigError> {
        Spec::preset(&self.preset).ok_or_else(|| ConfigError::Preset(self.preset.clone()))
    }

    /// The folder to learn from.
    ///
    /// # Errors
    /// None was named.
    pub fn data(&self) -> Result<&Path, ConfigError> {
        let what = "where the pictures, sounds or videos are";
        self.data.as_deref().ok_or(ConfigError::NotGiven { key: "data", value: "FOLDER", what })
    }

    /// The file of the teacher's vectors.
    ///
    /// # Errors
    /// None was named.
    pub fn teacher(&self) -> Result<&Path, ConfigError> {
        let what = "the Parquet file of the teacher's vectors";
        self.teacher.as_deref().ok_or(ConfigError::NotGiven { key: "teacher", value: "FILE", what })
    }

    /// Learning rate of a step, counted from 0. Unlike in [`crate::config::Config`] it falls once: at the higher
    /// resolution the tower goes on with what is left of it.
    pub fn rate_at(&self, step: u64) -> f64 {
        let fall = if self.cosine { half_cosine(step as f64 / self.steps as f64) } else { 1.0 };
        self.learning_rate * rise(step, self.warmup) * fall
    }

    /// Whether the input is halved in a step.
    pub fn at_half_resolution(&self, step: u64) -> bool {
        (step as f64) < self.half_resolution * self.steps as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recipe_is_valid() {
        let recipes: Vec<PathBuf> =
            std::fs::read_dir("recipes/distill").unwrap().map(|e| e.unwrap().path()).collect();
        assert!(recipes.len() > 1);
        for recipe in recipes {
            let (data, teacher) = (Some("photos".into()), Some("vectors.parquet".into()));
            Recipe::load(&recipe, Given { data, teacher, ..Given::default() }).unwrap();
        }
    }

    #[test]
    fn recipes_with_mistakes_are_refused_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("recipe.toml");
        let complaint = |text: &str| {
            std::fs::write(&file, format!("data = 'x'\nteacher = 'y'\n{text}")).unwrap();
            Recipe::load(&file, Given::default()).unwrap_err().to_string()
        };
        for (text, told) in [
            ("bach = 3", "bach"),
            ("tower = 'smell'", "smell"),
            ("preset = 'l4'", "there is no preset \"l4\""),
            ("batch = 1", "batch = 1: at least 2"),
            ("steps = 0", "steps = 0: at least 1"),
            ("checkpoint = 0", "checkpoint = 0: at least 1"),
            ("half_resolution = 1.5", "half_resolution = 1.5: a share between 0 and 1"),
            ("average = 1.0", "average = 1: the mean would never move"),
            ("learning_rate = 0.0", "learning_rate = 0: a number above 0"),
            ("clip = -1.0", "clip = -1: a number above 0"),
            ("similarity = -0.5", "similarity = -0.5: a number of at least 0"),
            ("places = nan", "places = NaN: a number of at least 0"),
        ] {
            let found = complaint(text);
            assert!(found.contains("recipe.toml") && found.contains(told), "{text}: {found}");
        }
        std::fs::write(&file, "data = 'x'").unwrap();
        let found = Recipe::load(&file, Given::default()).unwrap_err().to_string();
        assert!(found.contains("give --teacher FILE, or teacher in the recipe"), "{found}");
    }

    #[test]
    fn paths_count_from_the_recipe_unless_they_are_given() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("recipe.toml");
        std::fs::write(&file, "data = 'photos'\nteacher = 'vectors.parquet'\nsteps = 9").unwrap();
        let given = Given { data: Some("elsewhere".into()), steps: Some(3), ..Given::default() };
        let recipe = Recipe::load(&file, given).unwrap();
        assert_eq!(recipe.data().unwrap(), Path::new("elsewhere"));
        assert_eq!(recipe.teacher().unwrap(), folder.path().join("vectors.parquet"));
        assert_eq!((recipe.steps, recipe.from), (3, None));
    }

    #[test]
    fn the_rate_rises_and_falls_once() {
        let recipe = Recipe { steps: 100, half_resolution: 0.8, warmup: 10, ..Recipe::default() };
        assert!((recipe.rate_at(0) - recipe.learning_rate / 10.0).abs() < 1e-9);
        assert!(recipe.rate_at(80) < recipe.rate_at(79) && recipe.rate_at(99) < 0.01 * recipe.learning_rate);
        assert!(recipe.at_half_resolution(79) && !recipe.at_half_resolution(80));
        let constant = Recipe { cosine: false, ..recipe };
        assert_eq!(constant.rate_at(99), constant.learning_rate);
    }
}
