//! `lookhear live`: camera and microphone through the pipeline.

use std::io::{self, BufWriter, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use lookhear::pipeline::{self, Controls, Settings, Sink, Summary};
use lookhear::sinks::{DeviceLog, Json, Lines, Recorder, Screen, Snapshots, Video};
use lookhear::timing::Stage;

use super::devices::DeviceArguments;
use super::{Failure, ModelArguments, controls};

#[derive(Args)]
pub(super) struct Live {
    #[command(flatten)]
    devices: DeviceArguments,
    /// Milliseconds to add to the camera's times, so that they agree with the microphone's.
    #[arg(long, value_name = "MS", allow_negative_numbers = true)]
    offset: Option<f64>,
    /// Nothing but lines on standard output.
    #[arg(long)]
    headless: bool,
    /// One JSON line per decision.
    #[arg(long)]
    json: bool,
    /// Add the localization map to the JSON lines.
    #[arg(long, requires = "json")]
    map: bool,
    /// Keep the session as it was judged: `lookhear watch` gives the same decisions again.
    #[arg(long, value_name = "FOLDER")]
    record: Option<PathBuf>,
    /// Write the annotated video (MP4).
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Write an annotated picture whenever something is seen to sound.
    #[arg(long, value_name = "FOLDER")]
    snapshots: Option<PathBuf>,
    /// Seconds between decisions.
    #[arg(long, default_value_t = Settings::default().hop, value_name = "SECONDS")]
    hop: f64,
    /// Seconds between two audio-swap self-checks; 0: none.
    #[arg(long, default_value_t = 5.0, value_name = "SECONDS")]
    swap: f64,
    /// Stop after so many seconds.
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<f64>,
    /// Tell at the end, on standard error, how long the stages took and what was lost.
    #[arg(long)]
    stats: bool,
    #[command(flatten)]
    model: ModelArguments,
}

impl Live {
    pub(super) fn run(self) -> Result<(), Failure> {
        if !(0.01..=10.0).contains(&self.hop) {
            return Err(format!("--hop {}: give 0.01 to 10 seconds", self.hop).into());
        }
        let controls = controls()?;
        let mut judge = self.model.load()?;
        let mut sinks = self.sinks(&controls)?;
        let settings = Settings { hop: self.hop, map: self.map, swap: self.swap, end: self.seconds };
        let source = self.devices.open(self.offset.map(|ms| ms / 1e3));
        let summary = pipeline::run(source, &mut judge, &mut sinks, settings, &controls)?;
        drop(sinks); // Gives the terminal back.
        if self.stats {
            report(&summary);
        }
        Ok(())
    }

    fn sinks(&self, controls: &Arc<Controls>) -> Result<Vec<Box<dyn Sink>>, Failure> {
        let stdout = io::stdout();
        let mut sinks: Vec<Box<dyn Sink>> = Vec::new();
        let screen = !self.json && !self.headless && stdout.is_terminal();
        if !screen {
            sinks.push(Box::new(DeviceLog::new(io::stderr())));
        }
        sinks.push(match (self.json, screen) {
            (true, _) => Box::new(Json(BufWriter::new(stdout))),
            (false, true) => Box::new(Screen::new(controls.clone(), PathBuf::from("."))?),
            (false, false) => Box::new(Lines(BufWriter::new(stdout))),
        });
        if let Some(folder) = &self.record {
            let recorder = Recorder::new(folder)?;
            eprintln!("Recording picture and sound to {}", recorder.target().display());
            sinks.push(Box::new(recorder));
        }
        if let Some(target) = &self.save {
            sinks.push(Box::new(Video::new(target.clone())?));
        }
        if let Some(folder) = &self.snapshots {
            sinks.push(Box::new(Snapshots::new(folder.clone())?));
        }
        Ok(sinks)
    }
}

fn report(summary: &Summary) {
    let rate = summary.events as f64 / summary.seconds.max(1e-9);
    eprintln!(
        "{} decisions in {:.1} s ({rate:.1} a second), {} left out to keep up",
        summary.events, summary.seconds, summary.skipped
    );
    for stage in Stage::ALL {
        let at = |percent| summary.timings.percentile(stage, percent);
        if let (Some(half), Some(most)) = (at(50.0), at(95.0)) {
            eprintln!(
                "{:>20}: {half:6.1} ms half of the time, {most:6.1} ms at most 95 % of the time",
                stage.name()
            );
        }
    }
    if let Some(health) = &summary.health {
        eprintln!(
            "{} frames, {} lost by the driver; {} overruns, {} xruns, {} gaps in the sound ({:.2} s); clock drift {:.0} ppm",
            health.frames,
            health.frames_lost,
            health.overruns,
            health.xruns,
            health.gaps,
            health.samples_lost as f64 / 48_000.0,
            health.drift
        );
    }
}
