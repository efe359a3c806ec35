//! Errors of training and evaluation, each with the thing it is about.

use std::fmt::Display;
use std::path::Path;

use lookhear::model::Spec;
use thiserror::Error;

/// An error that ends a command.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder, and what is wrong with it.
    #[error("{path}: {reason}")]
    File {
        /// The path.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Pictures or sounds could not be read.
    #[error(transparent)]
    Media(#[from] lookhear::media::MediaError),
    /// A model could not be read.
    #[error(transparent)]
    Bundle(#[from] lookhear::model::BundleError),
    /// A file that cannot be written, or must not.
    #[error(transparent)]
    Output(#[from] lookhear::output::OutputError),
    /// A gallery.
    #[error(transparent)]
    Gallery(#[from] lookhear::gallery::GalleryError),
    /// A recipe that was read from a file and cannot be followed.
    #[error("{path}: {source}")]
    Recipe {
        /// The file.
        path: String,
        /// What is wrong with it.
        source: ConfigError,
    },
    /// A recipe that cannot be followed.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// An experiment that cannot be done.
    #[error(transparent)]
    Eval(#[from] EvalError),
    /// An option with a value that cannot be.
    #[error("{option} {value}: {reason}")]
    Argument {
        /// The option, e.g. `--device`.
        option: &'static str,
        /// What was given.
        value: String,
        /// Why it cannot be, or what would be right.
        reason: String,
    },
    /// An option that was not given, in a sentence.
    #[error("{0}")]
    Missing(String),
    /// A bundle to begin with that is of another layer table than the recipe's.
    #[error("the bundle has the layers of {found}; the recipe wants {wanted}. Give a bundle of that preset")]
    OtherLayers {
        /// The bundle's layer table.
        found: String,
        /// The recipe's.
        wanted: String,
    },
    /// Parameters that do not fit the network that was to get them.
    #[error("the weights cannot be taken over, are they of another layer table? {reason}")]
    Weights {
        /// Burn's reason.
        reason: String,
    },
    /// A loss that is no number any more.
    #[error("the loss is {loss} in step {step}; the last checkpoint is kept. Lower learning_rate or clip")]
    Diverged {
        /// The loss.
        loss: f32,
        /// Steps before it.
        step: u64,
    },
    /// A second of a clip in which no frame was kept.
    #[error("clip {clip} has a second without a frame; prepare it with --fps 1 or more")]
    NoFrame {
        /// The clip, counted from 0.
        clip: usize,
    },
    /// Figures for a model card that were measured of another model.
    #[error(
        "these figures are not those of {model} ({hash}): {reason}. Measure it by `lookhear-train eval all --out \
         FOLDER`, and give FOLDER/report.md"
    )]
    OtherFigures {
        /// The model of the card.
        model: String,
        /// The beginning of its hash.
        hash: String,
        /// The line that shows it, or that there is none.
        reason: String,
    },
    /// A thread that ended without a result.
    #[error("a thread of {0} died; start the same command again")]
    ThreadDied(&'static str),
    /// The system lets nobody listen for signals.
    #[error("signals cannot be handled: {0}")]
    Signals(#[source] std::io::Error),
    /// By Ctrl-C or another signal: what is done is kept, and the sentence says what goes on. Exit code 130, as
    /// shells have it.
    #[error("stopped; {0}")]
    Interrupted(String),
}

impl Error {
    /// Puts a path before a reason.
    pub fn file(path: &Path, reason: impl Display) -> Self {
        Self::File { path: path.display().to_string(), reason: reason.to_string() }
    }

    /// Puts an option and its value before a reason.
    pub fn argument(option: &'static str, value: impl Display, reason: impl Display) -> Self {
        Self::Argument { option, value: value.to_string(), reason: reason.to_string() }
    }
}

/// Why a recipe cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// No preset has this name.
    #[error("there is no preset {:?}: there are {}", .0, Spec::PRESETS.join(", "))]
    Preset(String),
    /// Nothing to learn from was named, or more than one thing.
    #[error(
        "give one of --corpus, --videos and --shards, or one of them in the recipe: where to learn from (scenes and clips \
         take a mixture in the recipe)"
    )]
    Data,
    /// A mixture of something else than a corpus and clips.
    #[error(
        "mixture: give --corpus, and --videos or --shards, or two of them in the recipe: it mixes scenes and clips"
    )]
    Mixture,
    /// Something that a distillation needs was not named.
    #[error("give --{key} {value}, or {key} in the recipe: {what}")]
    NotGiven {
        /// The key, and the option.
        key: &'static str,
        /// What is to be given: `FOLDER` or `FILE`.
        value: &'static str,
        /// What it is.
        what: &'static str,
    },
    /// Validation on a folder of videos.
    #[error("validate: a folder of videos has no validation side; make shards of it with prepare")]
    NoValidation,
    /// A value that cannot be.
    #[error("{key} = {value}: {expected}")]
    Value {
        /// The key.
        key: &'static str,
        /// Its value.
        value: String,
        /// What would be right.
        expected: &'static str,
    },
    /// A batch that does not give every device equal parts of at least two pairs.
    #[error(
        "batch = {batch} cannot be divided among {devices} device(s) and accumulate = {accumulate}: give a multiple of \
         {}, at least {}", .devices * .accumulate, 2 * .devices * .accumulate
    )]
    Batch {
        /// Pairs a step.
        batch: usize,
        /// Devices that share it.
        devices: usize,
        /// Parts that each device works on in turn.
        accumulate: usize,
    },
}

impl ConfigError {
    /// Names a key, its value, and what would be right.
    pub(crate) fn value(key: &'static str, value: impl Display, expected: &'static str) -> Self {
        Self::Value { key, value: value.to_string(), expected }
    }
}

/// Why an experiment cannot be done.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EvalError {
    /// The model lacks the head that is measured.
    #[error("the model has no {0} head, and this experiment needs one")]
    NoHead(&'static str),
    /// There is too little to measure on.
    #[error("{purpose} needs at least {needed} {what}, not {found}")]
    TooFew {
        /// What it is needed for.
        purpose: String,
        /// What it is that there is too little of, in the plural.
        what: &'static str,
        /// How many it takes.
        needed: usize,
        /// How many there are.
        found: usize,
    },
    /// A part of the clips that is none.
    #[error("{0}: a part and the number of parts, such as 0/4, 1/4, 2/4 or 3/4")]
    Fold(String),
    /// A library computes or draws something else than it was asked for.
    #[error("{task}: {reason}")]
    Library {
        /// What was to be done.
        task: &'static str,
        /// The library's reason.
        reason: String,
    },
    /// A report that cannot be written as JSON.
    #[error("the report: {0}")]
    Json(#[from] serde_json::Error),
    /// Some of several experiments failed; what they failed of was told before.
    #[error("failed, for the reasons above: {}", .0.join(", "))]
    Failed(Vec<String>),
}

impl EvalError {
    /// Puts what was to be done before a library's reason.
    pub(crate) fn library(task: &'static str, reason: impl Display) -> Self {
        Self::Library { task, reason: reason.to_string() }
    }
}
