//! The commands.

mod data;
mod device;
mod distill;
mod eval;
mod export;
mod fit;
mod pack;
mod prepare;
mod preset;
mod signals;
mod throughput;

use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{ArgAction, Parser, Subcommand};
use lookhear::built;
use lookhear::diagnostics;
use lookhear::model::Bundle;
use lookhear::studio;
use lookhear_train::{Error, card, stamps};

/// Trains and evaluates the networks of LookHear.
#[derive(Parser)]
#[command(version)]
pub(crate) struct Arguments {
    /// Tell more of what happens, on standard error; -vv: also what the libraries tell. RUST_LOG says it finer.
    #[arg(short, long, action = ArgAction::Count, global = true)]
    verbose: u8,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Train a network; goes on where an earlier run of the same recipe and folder stopped.
    Fit(fit::Fit),
    /// Teach one tower what a larger network makes of the same pictures or sounds; fit --from begins with what comes out.
    Distill(distill::Distill),
    /// Make a bundle of a run: fold batch norm, calibrate the threshold, write. Or an ONNX model of a bundle.
    Export(export::Export),
    /// Make a bundle of weights that were learned elsewhere, and measure activation ranges and thresholds.
    Import(export::Import),
    /// Measure activation ranges and threshold of a bundle anew, on the training side of a corpus.
    Calibrate(export::Calibrate),
    /// Print a model card: Markdown of what the bundle says of itself and of the figures that `eval --out` wrote.
    Card {
        /// The bundle.
        model: PathBuf,
        /// What else is to be said of it, in Markdown: it comes first.
        #[arg(long, value_name = "FILE")]
        about: PathBuf,
        /// `report.md` of the folder that `eval --out` wrote.
        #[arg(long, value_name = "FILE")]
        figures: PathBuf,
    },
    /// Cut videos into clips and put them into tar shards, to train and evaluate on.
    Prepare(prepare::Prepare),
    /// Make a corpus of Debian's stamps, photos and sounds that anyone can have; then: fit --corpus.
    Stamps {
        /// Folder of the package tuxpaint-stamps-default.
        #[arg(default_value = studio::STAMPS)]
        stamps: PathBuf,
        /// Folder for the corpus.
        #[arg(long)]
        out: PathBuf,
    },
    /// Write batches as `fit` would see them, for a learner elsewhere (safetensors).
    Pack(pack::Pack),
    /// Measure how many pairs a second a device trains on, and how many the loader hands out.
    Throughput(throughput::Throughput),
    /// Measure a model: one experiment, or all that the given folders allow.
    Eval(eval::Eval),
}

impl Arguments {
    /// Reads the command line. What is no command, and what is asked of the program itself, ends here.
    pub(crate) fn read() -> Self {
        Self::try_parse().unwrap_or_else(|error| match error.kind() {
            ErrorKind::DisplayVersion => {
                println!("{}", built::describe("lookhear-train"));
                std::process::exit(0)
            }
            _ => error.exit(),
        })
    }

    pub(crate) fn run(self) -> Result<(), Error> {
        diagnostics::start("lookhear-train", self.verbose);
        match self.command {
            Command::Fit(fit) => fit.run(),
            Command::Distill(distill) => distill.run(),
            Command::Export(export) => export.run(),
            Command::Import(import) => import.run(),
            Command::Calibrate(calibrate) => calibrate.run(),
            Command::Card { model, about, figures } => {
                let read = |file: &Path| std::fs::read_to_string(file).map_err(|e| Error::file(file, e));
                let name = model.file_name().unwrap_or(model.as_os_str()).to_string_lossy();
                let card = card::card(&name, &Bundle::load(&model)?, &read(&about)?, &read(&figures)?)?;
                println!("{}", card.trim_end());
                Ok(())
            }
            Command::Prepare(prepare) => prepare.run(),
            Command::Stamps { stamps: folder, out } => {
                println!("{}: {} objects", out.display(), stamps::corpus(&folder, &out)?);
                Ok(())
            }
            Command::Pack(pack) => pack.run(),
            Command::Throughput(throughput) => throughput.run(),
            Command::Eval(eval) => eval.run(),
        }
    }
}
