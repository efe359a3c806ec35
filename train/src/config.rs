//! The recipe of a training run, as a TOML file.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use lookhear::model::Spec;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::checks::{at_least_one, below_one, not_negative, positive, shares};
use crate::{ConfigError, Error};

/// Everything that decides what a run does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// One of [`Spec::PRESETS`].
    pub preset: String,
    /// Folder with `photos/<class>/` and `sounds/<class>/`: scenes are composed. Or else `videos` or `shards`, or with
    /// [`Config::mixture`] both. The command line may give them, so that a recipe fits any data.
    pub corpus: Option<PathBuf>,
    /// Folder of video files: the paper's sampling.
    pub videos: Option<PathBuf>,
    /// A bundle whose weights the run begins with; otherwise they are random.
    pub from: Option<PathBuf>,
    /// Folder that `lookhear-train prepare` made of videos: the paper's sampling, without decoding anew.
    pub shards: Option<PathBuf>,
    /// Learn from composed scenes and from real clips: from `corpus` and from `videos` or `shards`.
    pub mixture: Option<Mixture>,
    /// Decides every random choice.
    pub seed: u64,
    /// Optimizer steps.
    pub steps: u64,
    /// Pictures a step, each with one sound.
    pub batch: usize,
    /// Parts of a batch that are worked on one after the other, so that it need not fit into memory at once.
    /// Batch norm, and the pairs of `negatives = "batch"`, see a part at a time.
    pub accumulate: usize,
    /// `sampled`: half of the pairs are negative (the paper). `batch`: every picture of a batch is
    /// judged with every sound of it.
    pub negatives: Negatives,
    /// Share of the sampled negatives whose second comes from the very clip that is seen, at another time (0 to 1):
    /// hard negatives ("Cooperative Learning of Audio and Video Models from Self-Supervised Synchronization", 2018).
    /// `videos` and `shards` with `negatives = "sampled"` only.
    pub hard_negatives: f64,
    /// Adam's learning rate at its highest.
    pub learning_rate: f64,
    /// Steps over which the learning rate rises from 0.
    pub warmup: u64,
    /// Learning rate at which the steps at full resolution begin, if there were others before them:
    /// the towers have to get used to finer detail.
    pub full_resolution_rate: f64,
    /// The learning rate falls to 0 along half a cosine, in each of the two resolutions; otherwise it stays.
    pub cosine: bool,
    /// Adam's weight decay.
    pub weight_decay: f64,
    /// Largest norm of a parameter's gradient.
    pub clip: f32,
    /// First share of the steps in which both inputs are halved in each direction (0 to 1).
    pub half_resolution: f64,
    /// Share of the steps over which pooling sharpens from 1 to the spec's sharpness (0 to 1).
    pub sharpen: f64,
    /// Share of pairs that belong to no class: distractors, noise, silence (0 to 1). `corpus` only.
    pub unpaired: f64,
    /// Share of examples that a webcam's effects, another speed, and masks disturb, each by itself (0 to 1).
    /// `corpus` only.
    pub disturb: f64,
    /// Share of objects before a background that are cut out along their outline, where their photo has a plain
    /// background (0 to 1). `corpus` only.
    pub cut_out: f64,
    /// Decay of the running mean of the parameters, which is what gets exported (0 to 1, 1 excluded); 0: the
    /// last step's parameters.
    pub average: f64,
    /// Weight of the fusion head's loss; the localization head's is 1.
    pub fusion_weight: f64,
    /// Steps between checkpoints.
    pub checkpoint: u64,
    /// Steps between looks at the validation side; the best network so far is kept in the folder `best` of the run.
    /// 0: never, and a corpus' validation side is learned from, too.
    pub validate: u64,
    /// Looks in a row without a better loss after which training ends; 0: it goes on to the last step.
    pub patience: u64,
}

/// What to learn from, when the recipe does not say it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Data {
    /// See [`Config::corpus`].
    pub corpus: Option<PathBuf>,
    /// See [`Config::videos`].
    pub videos: Option<PathBuf>,
    /// See [`Config::shards`].
    pub shards: Option<PathBuf>,
}

/// How many batches of either kind come in turn: with `scenes = 2, clips = 1` every third one is of clips. A batch is of
/// one kind as a whole. Where both were in one, a dog that is seen in a clip would be a negative of a dog that is heard in
/// a scene, for nobody knows what clips show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mixture {
    /// Batches of composed scenes.
    pub scenes: u32,
    /// Batches of real clips.
    pub clips: u32,
}

impl Mixture {
    /// As many of either: what is measured on examples, and not learned from them.
    pub const EVEN: Self = Self { scenes: 1, clips: 1 };

    /// Whether a step's batch is of clips: every so many steps, whatever the seed.
    pub fn is_of_clips(self, step: u64) -> bool {
        let (clips, all) = (u64::from(self.clips), u64::from(self.scenes) + u64::from(self.clips));
        (step % all + 1) * clips / all > (step % all) * clips / all
    }
}

/// Where negatives come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Negatives {
    /// Half of the pairs are made of two different sources.
    Sampled,
    /// All pairs of a batch.
    Batch,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            preset: "edge".into(),
            corpus: None,
            videos: None,
            from: None,
            shards: None,
            mixture: None,
            seed: 1,
            steps: 8000,
            batch: 32,
            accumulate: 1,
            negatives: Negatives::Batch,
            hard_negatives: 0.0,
            learning_rate: 5e-4,
            warmup: 200,
            full_resolution_rate: 2e-4,
            cosine: true,
            weight_decay: 1e-5,
            clip: 1.0,
            half_resolution: 0.7,
            sharpen: 0.5,
            unpaired: 0.1,
            disturb: 0.3,
            cut_out: 0.5,
            average: 0.999,
            fusion_weight: 1.0,
            checkpoint: 250,
            validate: 0,
            patience: 0,
        }
    }
}

impl Config {
    /// Reads and checks a file. Relative paths in it count from the file's folder; `data` replaces the
    /// folder to learn from.
    ///
    /// # Errors
    /// Names the file and, for a typo, the line and the key.
    pub fn load(path: &Path, data: Option<Data>) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|e| Error::file(path, e))?;
        let mut config: Self = toml::from_str(&text).map_err(|e| Error::file(path, e))?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let paths = [&mut config.corpus, &mut config.videos, &mut config.shards, &mut config.from];
        for data in paths.into_iter().flatten() {
            *data = folder.join(&*data);
        }
        if let Some(data) = data {
            (config.corpus, config.videos, config.shards) = (data.corpus, data.videos, data.shards);
        }
        let named = |source| Error::Recipe { path: path.display().to_string(), source };
        config.validate().map_err(named)?;
        Ok(config)
    }

    /// Checks the values.
    ///
    /// # Errors
    /// [`ConfigError`] tells key, value, and what would be right.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let wrong = |key, value: &dyn Display, expected| Err(ConfigError::value(key, value, expected));
        self.spec()?;
        let clips = [&self.videos, &self.shards].into_iter().flatten().count();
        match (self.mixture, &self.corpus) {
            (None, corpus) if clips + usize::from(corpus.is_some()) != 1 => return Err(ConfigError::Data),
            (Some(_), corpus) if clips != 1 || corpus.is_none() => return Err(ConfigError::Mixture),
            (Some(Mixture { scenes: 0, .. } | Mixture { clips: 0, .. }), _) => {
                return wrong(
                    "mixture",
                    &"0",
                    "at least 1 of scenes and of clips; leave out mixture for one of them",
                );
            }
            _ => {}
        }
        if self.accumulate == 0 {
            return wrong("accumulate", &0, "at least 1, which is the whole batch at once");
        }
        if self.batch < 2 {
            return wrong("batch", &self.batch, "at least 2");
        }
        at_least_one([("steps", self.steps), ("checkpoint", self.checkpoint)])?;
        if self.patience > 0 && self.validate == 0 {
            return wrong("patience", &self.patience, "needs validate, the steps between two looks");
        }
        if self.validate > 0 && self.videos.is_some() {
            return Err(ConfigError::NoValidation);
        }
        shares([
            ("hard_negatives", self.hard_negatives),
            ("half_resolution", self.half_resolution),
            ("sharpen", self.sharpen),
            ("unpaired", self.unpaired),
            ("disturb", self.disturb),
            ("cut_out", self.cut_out),
            ("average", self.average),
        ])?;
        if self.hard_negatives > 0.0 && (clips == 0 || self.negatives == Negatives::Batch) {
            return wrong(
                "hard_negatives",
                &self.hard_negatives,
                "only with negatives = \"sampled\" and from videos or shards, which have another time",
            );
        }
        below_one(self.average)?;
        positive([
            ("learning_rate", self.learning_rate),
            ("full_resolution_rate", self.full_resolution_rate),
            ("clip", f64::from(self.clip)),
        ])?;
        not_negative([("weight_decay", self.weight_decay), ("fusion_weight", self.fusion_weight)])
    }

    /// The configs of its scenes and of its clips, if it mixes them.
    pub(crate) fn parts(&self) -> Option<(Mixture, [Self; 2])> {
        let alone = Self { mixture: None, ..self.clone() };
        let scenes = Self { videos: None, shards: None, ..alone.clone() };
        Some((self.mixture?, [scenes, Self { corpus: None, ..alone }]))
    }

    /// The layer table of its preset.
    ///
    /// # Errors
    /// [`ConfigError::Preset`]: there is none of that name.
    pub fn spec(&self) -> Result<Spec, ConfigError> {
        Spec::preset(&self.preset).ok_or_else(|| ConfigError::Preset(self.preset.clone()))
    }

    /// Learning rate of a step, counted from 0.
    pub fn rate_at(&self, step: u64) -> f64 {
        let halved = self.half_resolution * self.steps as f64;
        let (highest, begin, end) = match self.at_half_resolution(step) {
            true => (self.learning_rate, 0.0, halved),
            false if halved > 0.0 => (self.full_resolution_rate, halved, self.steps as f64),
            false => (self.learning_rate, 0.0, self.steps as f64),
        };
        let done = (step as f64 - begin) / (end - begin);
        highest * rise(step, self.warmup) * if self.cosine { half_cosine(done) } else { 1.0 }
    }

    /// Whether both inputs are halved in a step.
    pub fn at_half_resolution(&self, step: u64) -> bool {
        (step as f64) < self.half_resolution * self.steps as f64
    }

    /// Sharpness of pooling in a step, between 1 and `full`.
    pub fn sharpness_at(&self, step: u64, full: f64) -> f64 {
        let span = self.sharpen * self.steps as f64;
        let done = if span > 0.0 { (step as f64 / span).min(1.0) } else { 1.0 };
        1.0 + (full - 1.0) * done
    }
}

/// Share of the highest learning rate in a step, counted from 0, while it rises.
pub(crate) fn rise(step: u64, warmup: u64) -> f64 {
    if warmup == 0 { 1.0 } else { ((step + 1) as f64 / warmup as f64).min(1.0) }
}

/// From 1 to 0 along half a cosine, as `done` goes from 0 to 1.
pub(crate) fn half_cosine(done: f64) -> f64 {
    0.5 + 0.5 * (std::f64::consts::PI * done.clamp(0.0, 1.0)).cos()
}

/// The keys in which two recipes differ, with both values: `seed is 1 there, 99 here`.
pub(crate) fn differences(there: &impl Serialize, here: &impl Serialize) -> String {
    // Its JSON form has every key; a recipe can always be written.
    let [there, here] =
        [serde_json::to_value(there), serde_json::to_value(here)].map(Result::unwrap_or_default);
    let mut told = Vec::new();
    compare(&there, &here, &mut told);
    told.join("; ")
}

/// Looks into tables within tables.
fn compare(there: &Value, here: &Value, told: &mut Vec<String>) {
    for (key, value) in there.as_object().into_iter().flatten().filter(|(key, value)| here[*key] != **value) {
        match value.is_object() {
            true => compare(value, &here[key], told),
            false => told.push(format!("{key} is {value} there, {} here", here[key])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recipe_is_valid() {
        let recipes: Vec<PathBuf> = std::fs::read_dir("recipes")
            .unwrap()
            .map(|e| e.unwrap().path())
            .filter(|p| p.is_file())
            .collect();
        assert!(recipes.len() > 5);
        for recipe in recipes {
            let corpus = Data { corpus: Some("corpus".into()), ..Data::default() };
            Config::load(&recipe, Some(corpus)).unwrap();
        }
    }

    #[test]
    fn what_is_wrong_is_told_by_its_kind() {
        let good = Config { corpus: Some("corpus".into()), ..Config::default() };
        assert_eq!(good.validate(), Ok(()));
        let wrong = Config { preset: "l4".into(), ..good.clone() };
        assert_eq!(wrong.validate(), Err(ConfigError::Preset("l4".into())));
        let wrong = Config { videos: Some("videos".into()), ..good.clone() };
        assert_eq!(wrong.validate(), Err(ConfigError::Data));
        let wrong = Config { steps: 0, ..good };
        assert_eq!(wrong.validate(), Err(ConfigError::value("steps", 0, "at least 1")));
        assert_eq!(wrong.validate().unwrap_err().to_string(), "steps = 0: at least 1");
    }

    #[test]
    fn a_mixture_is_of_two_things_and_in_turn() {
        let mixture = Some(Mixture { scenes: 2, clips: 1 });
        let corpus = Config { corpus: Some("corpus".into()), mixture, ..Config::default() };
        assert_eq!(corpus.validate(), Err(ConfigError::Mixture));
        let both = Config { shards: Some("shards".into()), ..corpus };
        assert_eq!(both.validate(), Ok(()));
        let (_, [scenes, clips]) = both.parts().unwrap();
        assert_eq!([scenes.validate(), clips.validate()], [Ok(()), Ok(())]);
        let hard = Config { hard_negatives: 0.5, negatives: Negatives::Sampled, ..both.clone() };
        assert_eq!(hard.validate(), Ok(()), "of the clips");
        let none = Config { mixture: Some(Mixture { scenes: 1, clips: 0 }), ..both.clone() };
        assert!(none.validate().unwrap_err().to_string().starts_with("mixture = 0: at least 1 of scenes"));
        assert_eq!(Config { mixture: None, ..both }.validate(), Err(ConfigError::Data));

        let turns = |scenes, clips| {
            let mixture = Mixture { scenes, clips };
            (0..6).map(|step| if mixture.is_of_clips(step) { 'c' } else { 's' }).collect::<String>()
        };
        assert_eq!(
            [turns(2, 1), turns(1, 1), turns(1, 2), turns(5, 1)],
            ["sscssc", "scscsc", "sccscc", "sssssc"]
        );
        let written: Config = toml::from_str("mixture = { scenes = 2, clips = 1 }").unwrap();
        assert_eq!(written.mixture, mixture);
    }

    #[test]
    fn what_differs_is_named_with_both_values() {
        let (one, other) =
            (Config::default(), Config { seed: 99, corpus: Some("x".into()), ..Config::default() });
        assert_eq!(differences(&one, &one), "");
        assert_eq!(differences(&one, &other), "corpus is null there, \"x\" here; seed is 1 there, 99 here");
        for (key, value) in [("half_resolution", 0.123), ("steps", 77.0), ("average", 0.5)] {
            let text = format!("{key} = {value}");
            let changed: Config = toml::from_str(&text).unwrap();
            assert!(differences(&one, &changed).starts_with(key), "{text}");
        }
    }

    #[test]
    fn the_rate_falls_to_zero_in_each_resolution() {
        let config = Config { steps: 100, half_resolution: 0.8, warmup: 10, ..Config::default() };
        assert!((config.rate_at(0) - config.learning_rate / 10.0).abs() < 1e-5);
        assert!(config.rate_at(79) < 0.01 * config.learning_rate);
        assert_eq!(config.rate_at(80), config.full_resolution_rate);
        assert!(config.rate_at(99) < 0.01 * config.learning_rate);
        let constant = Config { cosine: false, half_resolution: 0.0, ..config };
        assert_eq!(constant.rate_at(99), constant.learning_rate);
    }
}
