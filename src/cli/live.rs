//! `lookhear live`: camera and microphone through the pipeline.

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use lookhear::media::Push;
use lookhear::output::Output;
use lookhear::pipeline::{self, Controls, PipelineSettings, Sink, SinkError, Summary};
use lookhear::preprocess::SAMPLE_RATE;
use lookhear::sinks::{
    DeviceLog, Heartbeat, Json, Lines, Persistent, Recorder, Screen, Snapshots, Unheard, Video,
};
use lookhear::timing::Stage;

use super::arguments::{ModelArguments, RunArguments};
use super::config::{ConfigArgument, judge, publishers};
use super::devices::DeviceArguments;
use super::ending::{Failure, answers, controls_of_run};

#[derive(Args)]
pub(super) struct Live {
    #[command(flatten)]
    pub(super) config: ConfigArgument,
    #[command(flatten)]
    pub(super) devices: DeviceArguments,
    /// Milliseconds to add to the camera's times, so that they agree with the microphone's.
    #[arg(long, value_name = "MS", allow_negative_numbers = true)]
    pub(super) offset: Option<f64>,
    /// Nothing but lines on standard output.
    #[arg(long)]
    headless: bool,
    /// Show the picture in half blocks, even where the terminal shows pixels.
    #[arg(long)]
    blocks: bool,
    /// Keep the session as it was judged: `lookhear watch` gives the same decisions again.
    #[arg(long, value_name = "FOLDER")]
    pub(super) record: Option<PathBuf>,
    /// Write the annotated video (MP4).
    #[arg(long, value_name = "FILE")]
    pub(super) save: Option<PathBuf>,
    /// Send the annotated picture and the sound, live: rtsp://, rtmp://, rtmps://, srt://, udp:// or tcp://.
    #[arg(long, value_name = "URL")]
    pub(super) stream: Option<Push>,
    #[command(flatten)]
    pub(super) run: RunArguments,
    /// Seconds between two audio-swap self-checks, 0: none; 5 if left out.
    #[arg(long, value_name = "SECONDS")]
    pub(super) swap: Option<f64>,
    /// Stop after so many seconds.
    #[arg(long, value_name = "SECONDS")]
    pub(super) seconds: Option<f64>,
    /// Tell at the end, on standard error, how long the stages took and what was lost.
    #[arg(long)]
    pub(super) stats: bool,
    #[command(flatten)]
    pub(super) model: ModelArguments,
}

impl Live {
    pub(super) fn run(mut self) -> Result<(), Failure> {
        let config = self.config.load()?;
        if !config.profile.sources.is_empty() {
            return self.several(&config);
        }
        // From here on it says what counts, whether the file or the command line says so.
        let mut profile = config.profile.clone();
        self.devices = self.devices.or(&profile);
        self.model = self.model.or(&profile.model);
        self.offset = self.offset.or(profile.camera.offset_ms);
        let gallery = self.run.gallery.take();
        profile.gallery.file = gallery.clone().or(profile.gallery.file);
        self.run.hop = self.run.hop.or(Some(profile.decisions.hop));
        let swap = self.swap.unwrap_or(profile.decisions.swap);
        // What is recorded is judged whole: it gives the same answers again.
        let whole = self.record.is_some();
        let sleep = profile.decisions.sleep && !whole;
        let noise_gate = self.run.noise_gate.unwrap_or(profile.decisions.noise_gate);
        self.run.noise_gate = (!whole).then_some(noise_gate);
        let settings = PipelineSettings { swap, sleep, end: self.seconds, ..self.run.settings()? };
        self.devices.put(&mut profile);
        profile.model = self.model.settings();
        profile.camera.offset_ms = self.offset;
        let decisions = &mut profile.decisions;
        (decisions.hop, decisions.swap, decisions.sleep) = (settings.hop, settings.swap, settings.sleep);
        decisions.noise_gate = settings.noise_gate;
        let controls = controls_of_run(self.config.is_read_again())?;
        let mut judge = judge(&self.model, &profile).map_err(|error| -> Failure { error })?;
        let source = self.devices.open(self.offset.map(|ms| ms / 1e3));
        let publisher = publishers(&config, &profile, &judge, &controls, &self.model, gallery.as_deref());
        let publisher = publisher.map_err(|error| -> Failure { error })?;
        let mut sinks = self.sinks(publisher, profile.publish.is_off(), &controls)?;
        let summary = pipeline::run(source, &mut judge, &mut sinks, settings, &controls)?;
        drop(sinks); // Gives the terminal back.
        if self.stats {
            report(&summary);
        }
        Ok(())
    }

    fn sinks(
        &self,
        publisher: Vec<Box<dyn Sink>>,
        private: bool,
        controls: &Arc<Controls>,
    ) -> Result<Vec<Box<dyn Sink>>, Failure> {
        let screen = !self.run.json && !self.headless && io::stdout().is_terminal();
        let alone = self.record.is_none()
            && self.save.is_none()
            && self.stream.is_none()
            && self.run.snapshots.is_none()
            && private;
        let out = answers(controls, alone);
        let mut sinks: Vec<Box<dyn Sink>> = Vec::new();
        // Before the screen: what is said on it would spoil it.
        if let Some(folder) = &self.record {
            sinks.push(recording(folder.clone(), screen, controls)?);
        }
        if !screen {
            sinks.push(Box::new(DeviceLog::new(controls.clone())));
        }
        sinks.push(match (self.run.json, screen) {
            (true, _) => Box::new(Json(out)),
            (false, true) => Box::new(Screen::new(controls.clone(), PathBuf::from("."), self.blocks)?),
            (false, false) => Box::new(Unheard::new(Lines(out))),
        });
        if let Some(target) = &self.save {
            self.devices.keep(target)?;
            let (target, existing) = (target.clone(), self.run.existing());
            let open = move || Ok(Box::new(Video::new(Output::new(&target, existing)?)) as Box<dyn Sink>);
            sinks.push(Box::new(Persistent::new("video", open, controls.clone())?));
        }
        if let Some(push) = self.stream.clone() {
            let open = move || Ok(Box::new(Video::stream(push.clone())) as Box<dyn Sink>);
            sinks.push(Box::new(Persistent::new("stream", open, controls.clone())?.sending()));
        }
        if let Some(folder) = self.run.snapshots.clone() {
            let begin = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
            let (name, existing) = (OsString::from(format!("live-{begin}")), self.run.existing());
            let open =
                move || Ok(Box::new(Snapshots::new(folder.clone(), &name, existing)?) as Box<dyn Sink>);
            sinks.push(Box::new(Persistent::new("snapshots", open, controls.clone())?));
        }
        sinks.extend(publisher);
        // The heartbeat is the last sink, so that it stops if another output hangs.
        sinks.push(Box::new(Heartbeat::new()));
        Ok(sinks)
    }
}

/// Keeps the session, and says where: of each new file, or of the first alone if more would spoil a screen.
pub(super) fn recording(
    folder: PathBuf,
    screen: bool,
    controls: &Arc<Controls>,
) -> Result<Box<dyn Sink>, SinkError> {
    let mut told = false;
    let record = move || -> Result<Box<dyn Sink>, SinkError> {
        let recorder = Recorder::new(&folder)?;
        if !(told && screen) {
            log::info!("recording picture and sound to {}", recorder.target().display());
            told = true;
        }
        Ok(Box::new(recorder))
    };
    Ok(Box::new(Persistent::new("recording", record, controls.clone())?))
}

/// Tells how long the stages took and what was lost.
pub(super) fn report(summary: &Summary) {
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
            health.samples_lost as f64 / SAMPLE_RATE as f64,
            health.drift
        );
        if health.invalid > 0 {
            eprintln!("{} values of the sound were no numbers and counted as 0", health.invalid);
        }
    }
}
