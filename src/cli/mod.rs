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
mod enroll;
mod judge;
mod kiosk;
mod live;
mod watch;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use clap::{Args, Parser, Subcommand};
use lookhear::engine::int::kernel::Choice;
use lookhear::engine::{Backend, Setup};
use lookhear::judge::Judge;
use lookhear::model::{Bundle, BundleError};
use lookhear::pipeline::{Controls, Settings, Sink};
use lookhear::profile::Model;
use lookhear::sinks::Snapshots;

/// Says whether what the camera sees is what the microphone hears, and where in the picture the
/// sound comes from.
#[derive(Parser)]
#[command(version)]
pub(crate) struct Arguments {
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
    /// Judge one picture with one sound, or a list of pairs.
    Judge(judge::JudgeArguments),
    /// Turn sounds, pictures or videos into embeddings for other tasks: NPZ or Parquet files.
    Embed(embed::Embed),
    /// Show what LookHear does, without camera, microphone or files.
    Demo(demo::Demo),
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

    fn snapshots(&self) -> Result<Option<Box<dyn Sink>>, Failure> {
        Ok(match &self.snapshots {
            Some(folder) => Some(Box::new(Snapshots::new(folder.clone())?)),
            None => None,
        })
    }
}

/// Any error that ends the program, in one sentence.
pub(crate) type Failure = Box<dyn std::error::Error>;

/// Runs what was asked for.
///
/// # Errors
/// One sentence that names the thing and the way out.
pub(crate) fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.command {
        Command::Watch(watch) => watch.run(),
        Command::Live(live) => live.run(),
        Command::Kiosk(kiosk) => kiosk.run(),
        Command::Devices(devices) => devices.run(),
        Command::Doctor(doctor) => doctor.run(),
        Command::CheckConfig(check) => check.run(),
        Command::Calibrate(calibrate) => calibrate.run(),
        Command::Enroll(enroll) => enroll.run(),
        Command::Judge(judge) => judge.run(),
        Command::Embed(embed) => embed.run(),
        Command::Demo(demo) => demo.run(),
    }
}

/// Controls that Ctrl-C, SIGTERM and SIGHUP stop: the run ends after the decision it is at, outputs
/// complete. Asked a second time, the program ends at once.
fn controls() -> Result<Arc<Controls>, Failure> {
    let controls = Arc::new(Controls::default());
    let asked = controls.clone();
    ctrlc::set_handler(move || {
        if asked.stop.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    })?;
    Ok(controls)
}
