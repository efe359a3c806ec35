//! `lookhear-train fit`.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use clap::Args;
use lookhear::model::Bundle;
use lookhear_train::Error;
use lookhear_train::checkpoint::Progress;
use lookhear_train::config::Config;
use lookhear_train::learner::Learner;
use lookhear_train::loader::Source;

use super::data::DataArguments;
use super::device::device;
use super::signals::stopped_by_signals;

#[derive(Args)]
pub(super) struct Fit {
    /// The recipe, a TOML file.
    config: PathBuf,
    #[command(flatten)]
    data: DataArguments,
    /// Optimizer steps, instead of the recipe's.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    steps: Option<u64>,
    /// A bundle to train on from, instead of random weights.
    #[arg(long)]
    from: Option<PathBuf>,
    /// Folder for checkpoints and metrics.
    #[arg(long)]
    out: PathBuf,
    /// flex, wgpu, cuda, cuda:1, ..., libtorch (CPU) or libtorch:0, ... (GPU); several, with commas in between, share
    /// the work on every batch.
    #[arg(long, default_value = "flex", value_delimiter = ',')]
    device: Vec<String>,
}

impl Fit {
    pub(super) fn run(self) -> Result<(), Error> {
        let mut config = Config::load(&self.config, self.data.given())?;
        config.from = self.from.or(config.from);
        config.steps = self.steps.unwrap_or(config.steps);
        let steps = config.steps;
        let out = &self.out;
        std::fs::create_dir_all(out).map_err(|e| Error::file(out, e))?;
        let source = Arc::new(Source::open(&config)?);
        let from = config.from.clone();
        let devices = self.device.iter().map(|name| device(name)).collect::<Result<Vec<_>, Error>>()?;
        let mut learner = Learner::on_devices(config, devices)?.resume(out)?;
        if let Some(from) = from.filter(|_| learner.progress().steps == 0) {
            learner = learner.begin_with(&Bundle::load(&from)?, &source)?;
        }
        let stop = stopped_by_signals()?;
        learner.fit(source, out, &stop)?;
        let (Progress { steps: done, pairs, .. }, out) = (learner.progress(), out.display());
        if stop.load(Ordering::Relaxed) && done < steps {
            println!(
                "stopped after step {done} of {steps}; the checkpoint is in {out}, and the same command goes on"
            );
        } else {
            println!("{done} steps, {pairs} pairs; the checkpoint is in {out}");
        }
        Ok(())
    }
}
