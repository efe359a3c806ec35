//! What several commands can be asked.

use std::num::NonZero;
use std::path::PathBuf;
use std::thread;

use clap::Args;
use lookhear::engine::int::kernel::Choice;
use lookhear::engine::{Backend, Setup};
use lookhear::judge::Judge;
use lookhear::model::{Bundle, BundleError};
use lookhear::output::Existing;
use lookhear::pipeline::{NOISE_GATES, PipelineSettings};
use lookhear::profile::Model;

use super::ending::Failure;

/// Which network, on which engine.
#[derive(Args)]
pub(super) struct ModelArguments {
    /// A model bundle; without it, the built-in model is used.
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// What runs the network: int (CPU, if none is named), flex (CPU, floating point), wgpu (GPU) or ndarray
    /// (reference).
    #[arg(long)]
    engine: Option<Backend>,
    /// Threads of the engine int; one per processor if left out.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    threads: Option<u16>,
    /// Instructions of the engine int: best, portable, avx2, avx512, avx512vnni or neon.
    #[arg(long, default_value = "best", hide = true)]
    kernel: Choice,
}

impl ModelArguments {
    /// What was not given is taken from a settings file.
    pub(super) fn or(mut self, model: &Model) -> Self {
        self.model = self.model.or_else(|| model.file.clone());
        self.engine = self.engine.or(Some(model.engine));
        self.threads = self.threads.or(model.threads);
        self
    }

    /// What counts, as a settings file says it.
    pub(super) fn settings(&self) -> Model {
        Model { file: self.model.clone(), engine: self.engine(), threads: self.threads }
    }

    /// So many networks run side by side: where nothing else is asked for, they share the processors.
    pub(super) fn share(&mut self, networks: usize) {
        let processors = thread::available_parallelism().map_or(1, NonZero::get);
        let each = (processors / networks.max(1)).clamp(1, 64);
        self.threads = self.threads.or(u16::try_from(each).ok());
    }

    pub(super) fn engine(&self) -> Backend {
        self.engine.unwrap_or_default()
    }

    pub(super) fn load(&self) -> Result<Judge, BundleError> {
        self.judge(self.bundle()?)
    }

    pub(super) fn bundle(&self) -> Result<Bundle, BundleError> {
        match &self.model {
            Some(path) => Bundle::load(path),
            None => Bundle::built_in(),
        }
    }

    pub(super) fn judge(&self, bundle: Bundle) -> Result<Judge, BundleError> {
        Judge::open(bundle, self.setup())
    }

    pub(super) fn setup(&self) -> Setup {
        let threads = self.threads.map(usize::from);
        Setup { backend: self.engine(), threads, kernel: self.kernel.clone() }
    }
}

/// What every run of the pipeline can be asked.
#[derive(Args)]
pub(super) struct RunArguments {
    /// One JSON line per decision instead of words.
    #[arg(long)]
    pub(super) json: bool,
    /// Add the localization map to the JSON lines.
    #[arg(long, requires = "json")]
    pub(super) map: bool,
    /// Write an annotated picture whenever something is seen to sound.
    #[arg(long, value_name = "FOLDER")]
    pub(super) snapshots: Option<PathBuf>,
    /// Let what is saved replace files that are there already.
    #[arg(long)]
    force: bool,
    /// Seconds between decisions; 0.08 if left out.
    #[arg(long, value_name = "SECONDS", value_parser = hop)]
    pub(super) hop: Option<f64>,
    /// Keep the camera's noise out of the network's input: a value of a pixel (0 to 255) moves only when it differs by
    /// more than N from the one that is kept.
    #[arg(long, value_name = "N", value_parser = noise_gate())]
    pub(super) noise_gate: Option<u8>,
    /// Say what it is that sounds, if it is one of the things in this gallery: see `lookhear enroll`.
    #[arg(long, value_name = "FILE")]
    pub(super) gallery: Option<PathBuf>,
}

impl RunArguments {
    pub(super) fn settings(&self) -> Result<PipelineSettings, Failure> {
        let hop = self.hop.unwrap_or(PipelineSettings::default().hop);
        let noise_gate = self.noise_gate.unwrap_or_default();
        Ok(PipelineSettings { hop, map: self.map, noise_gate, ..PipelineSettings::default() })
    }

    pub(super) fn existing(&self) -> Existing {
        existing(self.force)
    }
}

/// Seconds between decisions, as the settings file takes them.
fn hop(text: &str) -> Result<f64, String> {
    let hop = text.parse().ok().filter(|hop| (0.01..=10.0).contains(hop));
    hop.ok_or_else(|| "give 0.01 to 10 seconds".into())
}

/// As the settings file takes them.
pub(super) fn noise_gate() -> clap::builder::RangedI64ValueParser<u8> {
    let (least, most) = NOISE_GATES.into_inner();
    clap::value_parser!(u8).range(i64::from(least)..=i64::from(most))
}

/// What becomes of files that are there already.
pub(super) fn existing(force: bool) -> Existing {
    if force { Existing::Replace } else { Existing::Keep }
}
