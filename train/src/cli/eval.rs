//! `lookhear-train eval`.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use clap::Args;
use clap::builder::PossibleValue;
use clap::{ValueEnum, builder};
use lookhear::engine::Backend;
use lookhear::model::Bundle;
use lookhear_train::corpus::Split;
use lookhear_train::eval::{Bars, Cache, Experiment, Fold, Inputs, Missing, Report, Run, markdown, page};
use lookhear_train::{Error, EvalError, export};

use super::device::device;
use super::preset::preset;

#[derive(Args)]
pub(super) struct Eval {
    /// What to measure.
    experiment: Choice,
    /// Folder with photos/<class>/ and sounds/<class>/; its training side serves to fit classifiers, and nothing else.
    #[arg(long)]
    corpus: Option<PathBuf>,
    /// Which side of the corpus scenes, photos and sounds are taken from: train tells what was learned by heart.
    #[arg(long, default_value = "held-out")]
    side: Split,
    /// Folder of video clips; a table index.tsv in it (file, source, original path, kind) tells sources and kinds.
    #[arg(long)]
    clips: Option<PathBuf>,
    /// Only a part of the clips' sources, such as 0/4: for a model that did not learn from them.
    #[arg(long, requires = "clips", value_name = "PART/PARTS")]
    fold: Option<Fold>,
    /// Words, with commas in between, in the file names of those clips that show what the model was taught: figures for
    /// them, and for the others, come besides.
    #[arg(long, requires = "clips", value_delimiter = ',')]
    taught: Vec<String>,
    /// Folder that `prepare` made of videos; only its test side is used.
    #[arg(long)]
    shards: Option<PathBuf>,
    /// Boxes on frames of the clips: VGG-SS' JSON file, or Flickr-SoundNet's folder of XML files. By default boxes.json
    /// in the folder of clips.
    #[arg(long, requires = "clips")]
    boxes: Option<PathBuf>,
    /// Folder in the layout of ESC-50 or ESC-10.
    #[arg(long)]
    esc: Option<PathBuf>,
    /// Folder in the layout of DCASE's acoustic scenes.
    #[arg(long)]
    dcase: Option<PathBuf>,
    /// Folder in the layout of ImageNet.
    #[arg(long)]
    imagenet: Option<PathBuf>,
    /// Folder of a run of `fit`, whose learning curves the report shows.
    #[arg(long, value_name = "FOLDER")]
    run: Option<PathBuf>,
    /// A bundle; without it, the built-in model is measured.
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Measure random weights of a preset instead of a bundle.
    #[arg(long, value_name = "PRESET", value_parser = preset())]
    random_weights: Option<String>,
    /// Leave out the same network with random weights, which is measured beside every figure.
    #[arg(long)]
    no_control: bool,
    /// What runs the network: int, flex, wgpu or ndarray.
    #[arg(long, default_value = "int")]
    engine: Backend,
    /// Number of cases [default: 600; of clips, all].
    #[arg(long)]
    n: Option<usize>,
    /// Decides which cases.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Steps for which the supervised baselines learn.
    #[arg(long, default_value_t = 600)]
    steps: u64,
    /// What the supervised baselines learn on: flex, wgpu, cuda, libtorch (CPU) or libtorch:0.
    #[arg(long, default_value = "flex")]
    device: String,
    /// One JSON line per experiment.
    #[arg(long)]
    json: bool,
    /// Folder for report.html (tables and pictures, one file), report.md and report.json (tables).
    #[arg(long)]
    out: Option<PathBuf>,
}

/// One experiment or all.
#[derive(Clone, Copy)]
enum Choice {
    One(Experiment),
    All,
}

impl ValueEnum for Choice {
    fn value_variants<'a>() -> &'a [Self] {
        static ALL: LazyLock<Vec<Choice>> = LazyLock::new(|| {
            let experiments = Experiment::all().iter().map(|experiment| Choice::One(*experiment));
            experiments.chain([Choice::All]).collect()
        });
        &ALL
    }

    fn to_possible_value(&self) -> Option<builder::PossibleValue> {
        match self {
            Self::One(experiment) => experiment.to_possible_value(),
            Self::All => Some(PossibleValue::new("all").help("Everything that the given folders allow")),
        }
    }
}

impl Eval {
    pub(super) fn run(self) -> Result<(), Error> {
        let bundle = match (&self.random_weights, &self.model) {
            (Some(preset), _) => export::random(preset, self.seed, self.corpus.as_deref())?,
            (None, Some(model)) => Bundle::load(model)?,
            (None, None) => Bundle::built_in()?,
        };
        let control = match self.no_control || self.random_weights.is_some() {
            true => None,
            false => Some(export::random(&bundle.manifest.spec.name, self.seed, self.corpus.as_deref())?),
        };
        let boxes =
            self.boxes.or_else(|| self.clips.as_ref().map(|c| c.join("boxes.json")).filter(|p| p.is_file()));
        let run = Run {
            bundle,
            engine: self.engine,
            inputs: Inputs {
                corpus: self.corpus,
                boxes: boxes.zip(self.clips.clone()),
                clips: self.clips,
                fold: self.fold,
                taught: self.taught,
                shards: self.shards,
                esc: self.esc,
                dcase: self.dcase,
                imagenet: self.imagenet,
                run: self.run,
            },
            side: self.side,
            n: self.n,
            seed: self.seed,
            control,
            steps: self.steps,
            device: device(&self.device)?,
            cache: Cache::default(),
            bars: Bars::default(),
        };
        if let Some(out) = &self.out {
            std::fs::create_dir_all(out).map_err(|e| Error::file(out, e))?;
        }
        let (chosen, all) = match self.experiment {
            Choice::One(experiment) => (vec![experiment], false),
            Choice::All => (Experiment::all().to_vec(), true),
        };
        let (mut reports, mut missing, mut failed) = (Vec::new(), Vec::new(), Vec::new());
        for experiment in chosen {
            match run.measure(experiment) {
                Ok(found) => {
                    for report in found {
                        match self.json {
                            true => println!("{}", json(&report)?),
                            false => print!("{report}"),
                        }
                        reports.push(report);
                    }
                }
                // One that cannot be run does not cost the others.
                Err(error) if all => {
                    if !matches!(error, Error::Missing(_)) {
                        failed.push(experiment.to_string());
                    }
                    missing.push(Missing { experiment: experiment.to_string(), why: error.to_string() });
                }
                Err(error) => return Err(error),
            }
            // After each, so that a long run leaves what it has.
            if let Some(out) = &self.out {
                write(out, &reports, &missing)?;
            }
        }
        for Missing { experiment, why } in &missing {
            log::warn!("not run: {experiment}: {why}");
        }
        if !failed.is_empty() {
            return Err(EvalError::Failed(failed).into());
        }
        if reports.is_empty() {
            let why = "nothing was measured: give folders, such as --corpus; see --help";
            return Err(Error::Missing(why.into()));
        }
        Ok(())
    }
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, Error> {
    Ok(serde_json::to_string(value).map_err(EvalError::Json)?)
}

fn write(out: &Path, reports: &[Report], missing: &[Missing]) -> Result<(), Error> {
    let put = |name: &str, text: String| {
        let path = out.join(name);
        std::fs::write(&path, text).map_err(|e| Error::file(&path, e))
    };
    put("report.json", json(&reports)?)?;
    put("report.md", markdown(reports))?;
    put("report.html", page(reports, missing))
}
