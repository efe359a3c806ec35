//! `lookhear kiosk`: what is making this sound? On a screen of its own, for visitors.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use lookhear::kiosk::screen::Theme;
use lookhear::kiosk::{Display, Fault, Parts, Report, Settings};
use lookhear::pipeline::{self, Sink};
use lookhear::sinks::DeviceLog;

use super::arguments::{ModelArguments, noise_gate};
use super::config::{ConfigArgument, judge, publishers};
use super::devices::{DeviceArguments, size};
use super::ending::{Failure, controls_of_run};
use super::live;

#[derive(Args)]
pub(super) struct Kiosk {
    #[command(flatten)]
    config: ConfigArgument,
    #[command(flatten)]
    devices: DeviceArguments,
    /// A window of this size instead of the whole screen.
    #[arg(long, value_parser = size, value_name = "WxH")]
    window: Option<(u32, u32)>,
    /// What visitors read: en, de, zh, or a language file (.toml).
    #[arg(long, value_name = "LANGUAGE")]
    language: Option<String>,
    /// Colours: dark or light.
    #[arg(long, value_parser = theme, value_name = "NAME")]
    theme: Option<Theme>,
    /// Keep the session as it was judged; visitors see a sign while it is kept.
    #[arg(long, value_name = "FOLDER")]
    record: Option<PathBuf>,
    /// Keep the camera's noise out of the network's input: a value of a pixel (0 to 255) moves only when it differs by
    /// more than N from the one that is kept.
    #[arg(long, value_name = "N", value_parser = noise_gate())]
    noise_gate: Option<u8>,
    /// Stop after so many seconds.
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<f64>,
    /// Tell at the end, on standard error, how fast it was and how much memory it took.
    #[arg(long)]
    stats: bool,
    #[command(flatten)]
    model: ModelArguments,
}

fn theme(name: &str) -> Result<Theme, String> {
    Theme::built_in(name).ok_or_else(|| format!("give one of {}", Theme::BUILT_IN.join(", ")))
}

impl Kiosk {
    pub(super) fn run(self) -> Result<(), Failure> {
        let config = self.config.load()?;
        // From here on it says what counts, whether the file or the command line says so.
        let mut profile = config.profile.clone();
        if !profile.sources.is_empty() {
            return Err(
                "the kiosk shows one camera: put it under [camera] and [microphone] instead of [sources]"
                    .into(),
            );
        }
        let settings = self.settings(&profile.kiosk);
        settings.validate()?;
        // Everything that can fail early is done before anything is shown.
        let display = Display::open()?;
        let controls = controls_of_run(self.config.is_read_again())?;
        let Self { devices, record, noise_gate, seconds, stats, model, .. } = self;
        let (devices, model) = (devices.or(&profile), model.or(&profile.model));
        devices.put(&mut profile);
        profile.model = model.settings();
        profile.kiosk = settings.clone();
        let decisions = &mut profile.decisions;
        decisions.noise_gate = noise_gate.unwrap_or(decisions.noise_gate);
        // What is recorded is judged whole: it gives the same answers again.
        if record.is_some() {
            (decisions.sleep, decisions.noise_gate) = (false, 0);
        }
        let stage = pipeline::PipelineSettings {
            hop: profile.decisions.hop,
            swap: profile.decisions.swap,
            sleep: profile.decisions.sleep,
            noise_gate: profile.decisions.noise_gate,
            end: seconds,
            ..pipeline::PipelineSettings::default()
        };
        let model = Arc::new(model);
        let own = model.clone();
        let load = Arc::new(move || Ok::<_, Fault>((judge(&own, &profile)?, profile.clone())));
        let example = load.clone();
        let parts = Parts {
            recording: record.is_some(),
            live: Box::new(move |screen, controls| {
                let (mut judge, profile) = load()?;
                let log = DeviceLog::new(controls.clone());
                let mut sinks: Vec<Box<dyn Sink>> = vec![Box::new(log), Box::new(screen)];
                if let Some(folder) = record {
                    sinks.push(live::recording(folder, false, controls)?);
                }
                sinks.extend(publishers(&config, &profile, &judge, controls, &model, None)?);
                let source = devices.open(profile.camera.offset_ms.map(|ms| ms / 1e3));
                Ok(pipeline::run(source, &mut judge, &mut sinks, stage, controls)?)
            }),
            judge: Box::new(move || Ok(example()?.0)),
            controls,
        };
        let report = display.run(&settings, parts)?;
        if stats {
            tell(&report);
        }
        Ok(())
    }

    /// Those of the file, where nothing else was given.
    fn settings(&self, file: &Settings) -> Settings {
        let Self { window, language, theme, .. } = self;
        let file = file.clone();
        Settings {
            window: window.map(|(width, height)| [width, height]).or(file.window),
            language: language.clone().unwrap_or(file.language),
            theme: theme.clone().unwrap_or(file.theme),
            ..file
        }
    }
}

fn tell(report: &Report) {
    let Report { seconds, pictures, decisions, drawing, memory, summary } = report;
    live::report(summary);
    let rate = |count: &u64| *count as f64 / seconds.max(1e-9);
    eprintln!(
        "{:.1} pictures and {:.1} decisions a second for {seconds:.1} s",
        rate(pictures),
        rate(decisions)
    );
    if let Some([half, most, all]) = drawing {
        eprintln!(
            "{:>20}: {half:6.1} ms half of the time, {most:6.1} ms at most 95 % of the time, {all:.1} ms at most",
            "drawing"
        );
    }
    if let Some(bytes) = memory {
        eprintln!("{:.1} MB of memory at most", *bytes as f64 / 1e6);
    }
}
