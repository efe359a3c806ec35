//! `lookhear-train export`, `import` and `calibrate`: what makes bundles, and models of bundles.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use lookhear::model::{Bundle, Training};
use lookhear::output::Existing;
use lookhear_train::{Error, export, onnx};

use super::preset::preset;

#[derive(Args)]
pub(super) struct Export {
    /// Folder of the run; for --format onnx a bundle.
    source: PathBuf,
    /// The bundle, or the ONNX model.
    #[arg(long)]
    out: PathBuf,
    /// What to make.
    #[arg(long, default_value = "bundle")]
    format: Format,
    /// What the run learned from, in words: kept in the bundle.
    #[arg(long, required_unless_present = "format", required_if_eq("format", "bundle"))]
    data: Option<String>,
    /// Let an ONNX model replace a file that is there already.
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A bundle of a run: batch norm folded, activation ranges and thresholds measured.
    Bundle,
    /// An ONNX model of a bundle, for other programs: towers and heads in 32-bit floating point.
    Onnx,
}

impl Export {
    pub(super) fn run(self) -> Result<(), Error> {
        match self.format {
            Format::Bundle => {
                write(&export::bundle(&self.source, &self.data.unwrap_or_default())?, &self.out)
            }
            Format::Onnx if self.source.is_dir() => {
                let reason = "is a folder; export makes a bundle of a run first, and --format onnx a model of the bundle";
                Err(Error::file(&self.source, reason))
            }
            Format::Onnx => {
                let existing = if self.force { Existing::Replace } else { Existing::Keep };
                let bundle = Bundle::load(&self.source)?;
                onnx::write(&bundle, &self.out, existing)?;
                println!("{}: opset {}, of the bundle {}", self.out.display(), onnx::OPSET, bundle.hash);
                Ok(())
            }
        }
    }
}

#[derive(Args)]
pub(super) struct Import {
    /// A safetensors file with a bundle's names and shapes, batch norm folded.
    weights: PathBuf,
    /// Whose layer table they are of.
    #[arg(long, value_parser = preset())]
    preset: String,
    /// Folder with photos/<class>/ and sounds/<class>/.
    #[arg(long)]
    corpus: PathBuf,
    /// What they were learned from, in words: kept in the bundle.
    #[arg(long)]
    data: String,
    /// Hours of training, kept in the bundle.
    #[arg(long, default_value_t = 0.0)]
    hours: f64,
    /// The bundle.
    #[arg(long)]
    out: PathBuf,
}

impl Import {
    pub(super) fn run(self) -> Result<(), Error> {
        let training = Training { data: self.data, hours: self.hours, ..Training::default() };
        write(&export::import(&self.weights, &self.preset, training, &self.corpus)?, &self.out)
    }
}

#[derive(Args)]
pub(super) struct Calibrate {
    /// The bundle.
    model: PathBuf,
    /// Folder with photos/<class>/ and sounds/<class>/.
    #[arg(long)]
    corpus: PathBuf,
    /// The bundle with what was measured.
    #[arg(long)]
    out: PathBuf,
}

impl Calibrate {
    pub(super) fn run(self) -> Result<(), Error> {
        write(&export::calibrate(&self.model, &self.corpus)?, &self.out)
    }
}

fn write(bundle: &Bundle, out: &Path) -> Result<(), Error> {
    export::write(bundle, out)?;
    let thresholds = bundle.manifest.thresholds;
    println!("{}: sha256 {}, match from {:.3}", out.display(), bundle.hash, thresholds.on);
    Ok(())
}
