//! `lookhear-train distill`.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use lookhear::model::Bundle;
use lookhear_train::Error;
use lookhear_train::checkpoint::Progress;
use lookhear_train::distill::{Distillation, Given, Lessons, RESULT, Recipe};

use super::device::device;
use super::signals::stopped_by_signals;

#[derive(Args)]
pub(super) struct Distill {
    /// The recipe, a TOML file.
    recipe: PathBuf,
    /// Folder of pictures, sounds or videos, instead of the recipe's.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// What the teacher makes of them, a Parquet file, instead of the recipe's.
    #[arg(long, value_name = "FILE")]
    teacher: Option<PathBuf>,
    /// A bundle to begin with, whose other tower and heads the result keeps, instead of random weights.
    #[arg(long, value_name = "BUNDLE")]
    from: Option<PathBuf>,
    /// Optimizer steps, instead of the recipe's.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    steps: Option<u64>,
    /// Folder for checkpoints, metrics, and the result, tower.safetensors.
    #[arg(long, value_name = "RUN")]
    out: PathBuf,
    /// flex, wgpu, cuda, cuda:1, ..., libtorch (CPU) or libtorch:0, ... (GPU).
    #[arg(long, default_value = "flex")]
    device: String,
}

impl Distill {
    pub(super) fn run(self) -> Result<(), Error> {
        let Self { data, teacher, from, steps, .. } = self;
        let recipe = Recipe::load(&self.recipe, Given { data, teacher, from, steps })?;
        let (out, device) = (&self.out, device(&self.device)?);
        let from = recipe.from.as_deref().map(Bundle::load).transpose()?;
        std::fs::create_dir_all(out).map_err(|e| Error::file(out, e))?;
        let lessons = Arc::new(Lessons::open(&recipe, out)?);
        let (steps, examples) = (recipe.steps, recipe.tower.examples());
        let mut run = Distillation::new(recipe, lessons, device)?.resume(out)?;
        if let Some(from) = from.as_ref().filter(|_| run.progress().steps == 0) {
            run = run.begin_with(from)?;
        }
        run.learn(out, &*stopped_by_signals()?)?;
        let (Progress { steps: done, pairs, .. }, shown) = (run.progress(), out.display());
        if run.is_done() {
            run.finish(out, from.as_ref())?;
            println!("{done} steps, {pairs} {examples}; fit --from {shown}/{RESULT} begins with the tower");
        } else {
            println!(
                "stopped after step {done} of {steps}; the checkpoint is in {shown}, and the same command goes on"
            );
        }
        Ok(())
    }
}
