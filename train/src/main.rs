//! `lookhear-train`: trains and evaluates networks.

mod cli;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use burn::tensor::Device;
use clap::{Parser, Subcommand, ValueEnum};
use lookhear::engine::Backend;
use lookhear::judge::Judge;
use lookhear::model::Bundle;
use lookhear_train::config::{Config, Data};
use lookhear_train::corpus::{Corpus, Split};
use lookhear_train::eval::{self, Report, Scored, Setting};
use lookhear_train::learner::Learner;
use lookhear_train::loader::Source;
use lookhear_train::shards::{Shards, Side};
use lookhear_train::{Error, export};

/// Trains and evaluates the networks of LookHear.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Train a network; goes on where an earlier run of the same recipe and folder stopped.
    Fit {
        /// The recipe, a TOML file.
        config: PathBuf,
        /// Folder with photos/<class>/ and sounds/<class>/.
        #[arg(long, conflicts_with = "videos")]
        corpus: Option<PathBuf>,
        /// Folder of video files.
        #[arg(long, conflicts_with = "shards")]
        videos: Option<PathBuf>,
        /// Folder that `prepare` made of videos.
        #[arg(long, conflicts_with = "corpus")]
        shards: Option<PathBuf>,
        /// Folder for checkpoints and metrics.
        #[arg(long)]
        out: PathBuf,
        /// flex, wgpu or libtorch.
        #[arg(long, default_value = "flex")]
        device: String,
    },
    /// Make a bundle of a run: fold batch norm, calibrate the threshold, write.
    Export {
        /// Folder of the run.
        run: PathBuf,
        /// The bundle.
        #[arg(long)]
        out: PathBuf,
        /// What it learned from, in words: kept in the bundle.
        #[arg(long)]
        data: String,
    },
    /// Measure activation ranges and threshold of a bundle anew, on the training side of a corpus.
    Calibrate {
        /// The bundle.
        model: PathBuf,
        /// Folder with photos/<class>/ and sounds/<class>/.
        #[arg(long)]
        corpus: PathBuf,
        /// The bundle with what was measured.
        #[arg(long)]
        out: PathBuf,
    },
    /// Cut videos into clips and put them into tar shards, to train and evaluate on.
    Prepare(cli::prepare::Prepare),
    /// Measure a model.
    Eval(Evaluation),
}

#[derive(clap::Args)]
struct Evaluation {
    /// What to measure.
    experiment: Experiment,
    /// Folder with photos/ and sounds/; only its held-out files are used.
    #[arg(long, required_if_eq_any = [("experiment", "avc"), ("experiment", "photo"), ("experiment", "localize"), ("experiment", "negatives"), ("experiment", "quantization"), ("experiment", "all")])]
    corpus: Option<PathBuf>,
    /// Folder of video clips.
    #[arg(long, required_if_eq("experiment", "clips"))]
    clips: Option<PathBuf>,
    /// Folder that `prepare` made of videos; only its test side is used.
    #[arg(long, required_if_eq("experiment", "shards"))]
    shards: Option<PathBuf>,
    /// The bundle.
    #[arg(long, default_value = "models/lookhear-edge.safetensors")]
    model: PathBuf,
    /// What runs the network: int, flex, wgpu or ndarray.
    #[arg(long, default_value = "int")]
    engine: Backend,
    /// Measure the same network with random weights instead.
    #[arg(long)]
    random_weights: bool,
    /// Number of cases.
    #[arg(long, default_value_t = 1000)]
    n: usize,
    /// Decides which cases.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// One JSON line per experiment.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Experiment {
    /// AVC on composed scenes of held-out photos and sounds.
    Avc,
    /// AVC on a held-out photo and a held-out sound.
    Photo,
    /// Localization in composed scenes with two objects.
    Localize,
    /// False alarms on silence, noise, and sounds of what is not in view.
    Negatives,
    /// AVC on real video clips.
    Clips,
    /// AVC on the test side of prepared video clips.
    Shards,
    /// What rounding costs: AVC and localization by the integer engine and in floating point.
    Quantization,
    /// Everything that the given folders allow.
    All,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Fit { config, corpus, videos, shards, out, device } => {
            let data = corpus.map(Data::Corpus).or(videos.map(Data::Videos)).or(shards.map(Data::Shards));
            fit(&config, data, &out, &device)
        }
        Command::Export { run, out, data } => export::bundle(&run, &data).and_then(|b| write(&b, &out)),
        Command::Calibrate { model, corpus, out } => {
            export::calibrate(&model, &corpus).and_then(|bundle| write(&bundle, &out))
        }
        Command::Prepare(prepare) => prepare.run(),
        Command::Eval(evaluation) => evaluation.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lookhear-train: {error}");
            ExitCode::FAILURE
        }
    }
}

fn device(name: &str) -> Result<Device, Error> {
    match name {
        #[cfg(feature = "libtorch")]
        #[expect(deprecated, reason = "until a Burn backend trains as fast on a CPU")]
        "libtorch" => Ok(Device::libtorch()),
        #[cfg(not(feature = "libtorch"))]
        "libtorch" => {
            Err(Error::Other("device libtorch is not built in; build with `--features libtorch`".into()))
        }
        name => name.parse::<Backend>().and_then(|backend| backend.device()).map_err(Error::Other),
    }
}

fn fit(config: &Path, data: Option<Data>, out: &Path, device_name: &str) -> Result<(), Error> {
    let config = Config::load(config, data)?;
    std::fs::create_dir_all(out).map_err(|e| Error::file(out, e))?;
    let source = Arc::new(Source::open(&config)?);
    let mut learner = Learner::new(config, device(device_name)?)?.resume(out)?;
    let stop = Arc::new(AtomicBool::new(false));
    let asked = stop.clone();
    ctrlc::set_handler(move || asked.store(true, Ordering::Relaxed))
        .map_err(|e| Error::Other(e.to_string()))?;
    learner.fit(source, out, &stop)?;
    let progress = learner.progress;
    println!("{} steps, {} pairs; the checkpoint is in {}", progress.steps, progress.pairs, out.display());
    Ok(())
}

fn write(bundle: &Bundle, out: &Path) -> Result<(), Error> {
    export::write(bundle, out)?;
    let thresholds = bundle.manifest.thresholds;
    println!("{}: sha256 {}, match from {:.3}", out.display(), bundle.hash, thresholds.on);
    Ok(())
}

impl Evaluation {
    fn run(self) -> Result<(), Error> {
        let mut bundle = Bundle::load(&self.model)?;
        if self.random_weights {
            bundle = export::random(&bundle.manifest.spec.name, self.seed, self.corpus.as_deref())?;
        }
        let mut judge = Judge::new(&bundle, self.engine)?;
        let even = bundle.manifest.thresholds.even;
        let wanted = |one| self.experiment == one || self.experiment == Experiment::All;
        let show = |experiment: &str, note: &str, split: &str, figures| -> Result<(), Error> {
            let report = Report {
                experiment: experiment.into(),
                note: note.into(),
                model: bundle.hash.clone(),
                split: split.into(),
                seed: self.seed,
                figures,
            };
            match self.json {
                true => {
                    println!("{}", serde_json::to_string(&report).map_err(|e| Error::Other(e.to_string()))?)
                }
                false => print!("{report}"),
            }
            Ok(())
        };
        if let Some(corpus) = &self.corpus {
            let corpus = Corpus::open(corpus, Split::HeldOut)?;
            let split = corpus.split.clone();
            let mut setting = Setting { judge: &mut judge, corpus: &corpus, n: self.n, seed: self.seed };
            if wanted(Experiment::Avc) {
                let figures = Scored::figures(&eval::composed(&mut setting)?, even);
                let note = "Weak pairs: photo and sound share a class, not a moment. No figure of the papers compares.";
                show("AVC, composed scenes of held-out photos and sounds", note, &split, figures)?;
            }
            if wanted(Experiment::Photo) {
                let figures = Scored::figures(&eval::photo_and_sound(&mut setting)?, even);
                let note = "Weak pairs, no composition.";
                show("AVC, held-out photo and held-out sound", note, &split, figures)?;
            }
            if wanted(Experiment::Localize) {
                let figures = eval::localize(&mut setting)?;
                let note = "Two objects in view, one sounds; boxes are known. Groups are scenes.";
                show("Localization, composed scenes with two objects", note, &split, figures)?;
            }
            if wanted(Experiment::Negatives) {
                let figures = eval::negatives(&mut setting)?;
                let note = "One object in view; the decision that events carry, at the model's thresholds.";
                show("False alarms, composed scenes", note, &split, figures)?;
            }
            if wanted(Experiment::Quantization) {
                let figures = eval::quantization(&bundle, &corpus, self.n, self.seed)?;
                let note = "The same cases on engine int and on engine flex; differences in points.";
                show("What rounding costs", note, &split, figures)?;
            }
        }
        if let Some(clips) = self.clips.as_ref().filter(|_| wanted(Experiment::Clips)) {
            let figures = eval::clips(&mut judge, clips)?;
            let note =
                "Real moments; most of the clips show classes that were never taught. Groups are clips.";
            show("AVC, real video clips", note, "-", figures)?;
        }
        if let Some(folder) = self.shards.as_ref().filter(|_| wanted(Experiment::Shards)) {
            let shards = Shards::open(folder, Side::Test)?;
            let figures = eval::shards(&mut judge, &shards, self.n, self.seed)?;
            show(
                "AVC, prepared video clips",
                "Real moments. Groups are source videos.",
                shards.split(),
                figures,
            )?;
        }
        Ok(())
    }
}
