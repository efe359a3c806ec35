//! `lookhear-train export`, `import` and `calibrate`: what makes bundles, and models of bundles.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use lookhear::model::{Bundle, Training};
use lookhear::output::{Existing, Output};
use lookhear_train::{Error, export, onnx};

use super::preset::preset;

/// Where it goes.
#[derive(Args)]
struct Target {
    /// The file to write.
    #[arg(long)]
    out: PathBuf,
    /// Let it replace a file that is there already.
    #[arg(long)]
    force: bool,
}

impl Target {
    /// Takes the file's place, before anything is measured for minutes.
    fn open(&self) -> Result<Output, Error> {
        Ok(Output::new(&self.out, if self.force { Existing::Replace } else { Existing::Keep })?)
    }

    /// Writes the bundle that `make` makes, and says what it is.
    fn write(&self, make: impl FnOnce() -> Result<Bundle, Error>) -> Result<(), Error> {
        let output = self.open()?;
        let bundle = make()?;
        export::write(&bundle, output)?;
        let on = bundle.manifest.thresholds.on;
        println!("{}: sha256 {}, match from {on:.3}", self.out.display(), bundle.hash);
        Ok(())
    }
}

#[derive(Args)]
pub(super) struct Export {
    /// Folder of the run; for --format onnx a bundle.
    source: PathBuf,
    /// What to make.
    #[arg(long, default_value = "bundle")]
    format: Format,
    /// What the run learned from, in words: kept in the bundle.
    #[arg(long, required_unless_present = "format", required_if_eq("format", "bundle"))]
    data: Option<String>,
    #[command(flatten)]
    target: Target,
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
                self.target.write(|| export::bundle(&self.source, &self.data.unwrap_or_default()))
            }
            Format::Onnx if self.source.is_dir() => {
                let reason = "is a folder; export makes a bundle of a run first, and --format onnx a model of the bundle";
                Err(Error::file(&self.source, reason))
            }
            Format::Onnx => {
                let output = self.target.open()?;
                let bundle = Bundle::load(&self.source)?;
                onnx::write(&bundle, output)?;
                let out = self.target.out.display();
                println!("{out}: opset {}, of the bundle {}", onnx::OPSET, bundle.hash);
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
    #[command(flatten)]
    target: Target,
}

impl Import {
    pub(super) fn run(self) -> Result<(), Error> {
        let training = Training { data: self.data, hours: self.hours, ..Training::default() };
        self.target.write(|| export::import(&self.weights, &self.preset, training, &self.corpus))
    }
}

#[derive(Args)]
pub(super) struct Calibrate {
    /// The bundle.
    model: PathBuf,
    /// Folder with photos/<class>/ and sounds/<class>/.
    #[arg(long)]
    corpus: PathBuf,
    #[command(flatten)]
    target: Target,
}

impl Calibrate {
    pub(super) fn run(self) -> Result<(), Error> {
        self.target.write(|| export::calibrate(&self.model, &self.corpus))
    }
}
