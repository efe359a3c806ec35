//! `lookhear-train`: trains and evaluates networks.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use burn::tensor::Device;
use clap::{Parser, Subcommand};
use lookhear_train::config::Config;
use lookhear_train::learner::Learner;
use lookhear_train::loader::Source;
use lookhear_train::Error;

/// Trains and evaluates the networks of LookHear.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Train a network; goes on where an earlier run of the same config and folder stopped.
    Fit {
        /// The recipe, a TOML file.
        config: PathBuf,
        /// Folder for checkpoints and metrics.
        #[arg(long)]
        out: PathBuf,
        /// flex, wgpu or libtorch.
        #[arg(long, default_value = "flex")]
        device: String,
    },
}

fn device(name: &str) -> Result<Device, Error> {
    match name {
        #[cfg(feature = "libtorch")]
        "libtorch" => Ok(Device::libtorch()),
        #[cfg(not(feature = "libtorch"))]
        "libtorch" => Err(Error::Other("device libtorch is not built in; build with `--features libtorch`".into())),
        name => name
            .parse::<lookhear::engine::Backend>()
            .and_then(|backend| backend.device())
            .map_err(Error::Other),
    }
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lookhear-train: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<(), Error> {
    match command {
        Command::Fit { config, out, device: name } => {
            let config = Config::load(&config)?;
            std::fs::create_dir_all(&out).map_err(|e| Error::file(&out, e))?;
            let source = Arc::new(Source::open(&config)?);
            let mut learner = Learner::new(config, device(&name)?)?.resume(&out)?;
            let stop = Arc::new(AtomicBool::new(false));
            let asked = stop.clone();
            ctrlc::set_handler(move || asked.store(true, Ordering::Relaxed))
                .map_err(|e| Error::Other(e.to_string()))?;
            learner.fit(source, &out, &stop)?;
            println!("{} steps, {} pairs; checkpoint in {}", learner.progress.steps, learner.progress.pairs, out.display());
            Ok(())
        }
    }
}
