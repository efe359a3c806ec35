//! The commands of the `lookhear` program, one file each.

#[macro_use]
mod say;

mod calibrate;
mod check_config;
mod config;
mod demo;
mod devices;
mod doctor;
mod embed;
mod ending;
mod enroll;
mod history;
mod judge;
mod kiosk;
mod live;
mod shell;
mod watch;

pub(crate) use ending::{Unfinished, code};

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use clap::error::ErrorKind;
use clap::{ArgAction, Args, Parser, Subcommand};
use lookhear::built;
use lookhear::console::Answers;
use lookhear::diagnostics;
use lookhear::engine::int::kernel::Choice;
use lookhear::engine::{Backend, Setup};
use lookhear::judge::Judge;
use lookhear::media::allow_network;
use lookhear::model::{Bundle, BundleError};
use lookhear::output::{self, Existing};
use lookhear::pipeline::{Controls, Settings};
use lookhear::profile::Model;

/// Says whether what the camera sees is what the microphone hears, and where in the picture the
/// sound comes from.
#[derive(Parser)]
#[command(version)]
pub(crate) struct Arguments {
    /// Follow playlists, and names in lists, wherever they lead: to other files and addresses.
    #[arg(long, global = true)]
    allow_network: bool,
    /// Tell more of what happens, on standard error; -vv: also what the libraries tell. RUST_LOG says it finer.
    #[arg(short, long, action = ArgAction::Count, global = true)]
    verbose: u8,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Watch recorded files or a stream.
    Watch(watch::Watch),
    /// Watch through a camera and listen through a microphone.
    Live(live::Live),
    /// Show visitors what is making a sound: full screen, unattended.
    Kiosk(kiosk::Kiosk),
    /// List cameras and microphones.
    Devices(devices::Devices),
    /// Check camera, microphone, model and speed, and say what to do about what is wrong.
    Doctor(doctor::Doctor),
    /// Check settings files, and tell what would run.
    CheckConfig(check_config::CheckConfig),
    /// Measure how far picture and sound of two devices lie apart.
    Calibrate(calibrate::Calibrate),
    /// Give a thing a name: LookHear then says it when it sees and hears the thing again.
    Enroll(enroll::Enroll),
    /// Show, export and prune what happened: the history that a run kept.
    History(history::History),
    /// Judge one picture with one sound, or a list of pairs.
    Judge(judge::JudgeArguments),
    /// Turn sounds, pictures or videos into embeddings for other tasks: NPZ or Parquet files.
    Embed(embed::Embed),
    /// Show what LookHear does, without camera, microphone or files.
    Demo(demo::Demo),
    /// Print what a shell needs to complete commands and options.
    Completions(shell::Completions),
    /// Print the manual page.
    Man(shell::ManPages),
}

/// Which network, on which engine.
#[derive(Args)]
pub(crate) struct ModelArguments {
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

impl Arguments {
    /// Reads the command line. What is no command, and what is asked of the program itself, ends here.
    pub(crate) fn read() -> Self {
        Self::try_parse().unwrap_or_else(|error| match error.kind() {
            ErrorKind::DisplayVersion => {
                say!("{}", built::describe("lookhear"));
                std::process::exit(0)
            }
            _ => error.exit(),
        })
    }
}

impl ModelArguments {
    /// What was not given is taken from a settings file.
    fn or(mut self, model: &Model) -> Self {
        self.model = self.model.or_else(|| model.file.clone());
        self.engine = self.engine.or(Some(model.engine));
        self.threads = self.threads.or(model.threads);
        self
    }

    fn engine(&self) -> Backend {
        self.engine.unwrap_or_default()
    }

    fn load(&self) -> Result<Judge, BundleError> {
        self.judge(self.bundle()?)
    }

    fn bundle(&self) -> Result<Bundle, BundleError> {
        match &self.model {
            Some(path) => Bundle::load(path),
            None => Bundle::built_in(),
        }
    }

    fn judge(&self, bundle: Bundle) -> Result<Judge, BundleError> {
        let threads = self.threads.map(usize::from);
        Judge::open(bundle, Setup { backend: self.engine(), threads, kernel: self.kernel.clone() })
    }
}

/// What every run of the pipeline can be asked.
#[derive(Args)]
pub(crate) struct RunArguments {
    /// One JSON line per decision instead of words.
    #[arg(long)]
    json: bool,
    /// Add the localization map to the JSON lines.
    #[arg(long, requires = "json")]
    map: bool,
    /// Write an annotated picture whenever something is seen to sound.
    #[arg(long, value_name = "FOLDER")]
    snapshots: Option<PathBuf>,
    /// Let what is saved replace files that are there already.
    #[arg(long)]
    force: bool,
    /// Seconds between decisions; 0.08 if left out.
    #[arg(long, value_name = "SECONDS")]
    hop: Option<f64>,
    /// Say what it is that sounds, if it is one of the things in this gallery: see `lookhear enroll`.
    #[arg(long, value_name = "FILE")]
    gallery: Option<PathBuf>,
}

impl RunArguments {
    fn settings(&self) -> Result<Settings, Failure> {
        let hop = self.hop.unwrap_or(Settings::default().hop);
        if !(0.01..=10.0).contains(&hop) {
            return Err(format!("--hop {hop}: give 0.01 to 10 seconds").into());
        }
        Ok(Settings { hop, map: self.map, ..Settings::default() })
    }

    fn existing(&self) -> Existing {
        existing(self.force)
    }
}

/// Standard output for the lines of a run. Once nobody reads them, a run that has nothing else to do ends.
fn answers(controls: &Arc<Controls>, alone: bool) -> Answers {
    let controls = controls.clone();
    Answers::new(move || {
        if alone {
            controls.stop.store(true, Ordering::Relaxed);
        }
    })
}

/// What becomes of files that are there already.
fn existing(force: bool) -> Existing {
    if force { Existing::Replace } else { Existing::Keep }
}

/// Any error that ends the program, in one sentence.
pub(crate) type Failure = Box<dyn std::error::Error>;

/// Runs what was asked for.
///
/// # Errors
/// One sentence that names the thing and the way out.
pub(crate) fn run(arguments: Arguments) -> Result<(), Failure> {
    diagnostics::start("lookhear", arguments.verbose);
    if arguments.allow_network {
        allow_network();
    }
    match arguments.command {
        Command::Watch(watch) => watch.run(),
        Command::Live(live) => live.run(),
        Command::Kiosk(kiosk) => kiosk.run(),
        Command::Devices(devices) => devices.run(),
        Command::Doctor(doctor) => doctor.run(),
        Command::CheckConfig(check) => check.run(),
        Command::Calibrate(calibrate) => calibrate.run(),
        Command::Enroll(enroll) => enroll.run(),
        Command::History(history) => history.run(),
        Command::Judge(judge) => judge.run(),
        Command::Embed(embed) => embed.run(),
        Command::Demo(demo) => demo.run(),
        Command::Completions(completions) => completions.run(),
        Command::Man(pages) => pages.run(),
    }
}

/// Controls that Ctrl-C, SIGTERM and SIGHUP stop: the run ends after the decision it is at, outputs
/// complete. Asked a second time, the program ends at once, and what is not complete is removed.
fn controls() -> Result<Arc<Controls>, Failure> {
    let controls = Arc::new(Controls::default());
    let asked = controls.clone();
    ctrlc::set_handler(move || {
        asked.stop.store(true, Ordering::Relaxed);
        if asked.interrupted.swap(true, Ordering::Relaxed) {
            output::abandon();
            std::process::exit(130);
        }
    })?;
    Ok(controls)
}
