//! `lookhear doctor`: what works, what does not, and what to do.

mod bench;
mod updates;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use clap::Args;
use lookhear::capture::camera::open_camera;
use lookhear::capture::device::DeviceError;
use lookhear::capture::microphone::MicrophoneOpener;
use lookhear::judge::{Judge, is_dark};
use lookhear::preprocess::level;
use serde::Serialize;

use self::updates::{fresh_columns, time_updates};
use super::arguments::ModelArguments;
use super::config::ConfigArgument;
use super::devices::DeviceArguments;
use super::ending::Failure;

#[derive(Args)]
pub(super) struct Doctor {
    #[command(flatten)]
    config: ConfigArgument,
    #[command(flatten)]
    devices: DeviceArguments,
    #[command(flatten)]
    model: ModelArguments,
    /// Measure nothing but speed: updates a second, and how long each layer takes.
    #[arg(long)]
    bench: bool,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// The result of one check.
#[derive(Serialize)]
struct Finding {
    what: &'static str,
    ok: bool,
    found: String,
    /// What to do, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

impl Finding {
    fn good(what: &'static str, found: String) -> Self {
        Self { what, ok: true, found, remedy: None }
    }

    fn bad(what: &'static str, found: impl ToString, remedy: &str) -> Self {
        Self { what, ok: false, found: found.to_string(), remedy: Some(remedy.into()) }
    }
}

impl Doctor {
    pub(super) fn run(mut self) -> Result<(), Failure> {
        let profile = self.config.load()?.profile;
        self.devices = self.devices.or(&profile);
        self.model = self.model.or(&profile.model);
        if self.bench {
            return bench::run(&self.model, profile.decisions.hop, self.json);
        }
        let mut findings = vec![self.camera(), self.microphone()];
        match self.model.load() {
            Ok(judge) => findings.extend([model(&judge), speed(judge, profile.decisions.hop)]),
            Err(error) => {
                findings.push(Finding::bad("model", error, "give another --model, or none: one is built in"))
            }
        }
        findings.push(ffmpeg());
        let wrong = findings.iter().filter(|finding| !finding.ok).count();
        if self.json {
            say!("{}", serde_json::to_string_pretty(&findings)?);
        } else {
            for Finding { what, ok, found, remedy } in &findings {
                say!("{} {what}: {found}", if *ok { "ok     " } else { "PROBLEM" });
                if let Some(remedy) = remedy {
                    say!("        -> {remedy}");
                }
            }
        }
        match wrong {
            0 => Ok(()),
            1 => Err("one thing is not as it should be".into()),
            n => Err(format!("{n} things are not as they should be").into()),
        }
    }

    fn camera(&self) -> Finding {
        let look = || -> Result<Finding, DeviceError> {
            let mut camera = open_camera(&self.devices.request())?;
            camera.frame()?; // The first may be long in coming.
            let begin = Instant::now();
            let (mut frames, mut dark) = (0, true);
            while begin.elapsed() < Duration::from_secs(2) {
                dark &= is_dark(&camera.frame()?.picture);
                frames += 1;
            }
            let rate = f64::from(frames) / begin.elapsed().as_secs_f64();
            let found = format!("{}; {rate:.1} frames a second came", camera.format());
            Ok(match (dark, rate) {
                (true, _) => {
                    Finding::bad("camera", format!("{found}, all black"), "take the cover off the lens")
                }
                (_, ..10.0) => {
                    Finding::bad("camera", found, "more light, a smaller --size or another USB port")
                }
                _ => Finding::good("camera", found),
            })
        };
        let remedy = "`lookhear devices` lists what there is; choose with --camera";
        look().unwrap_or_else(|error| Finding::bad("camera", error, remedy))
    }

    fn microphone(&self) -> Finding {
        let listen = || -> Result<Finding, DeviceError> {
            let mut microphone = MicrophoneOpener::new(&self.devices.microphone).open()?;
            let begin = Instant::now();
            let mut samples = Vec::new();
            while begin.elapsed() < Duration::from_secs(2) {
                samples.extend(microphone.chunk()?.interleaved);
            }
            let loud = level(&samples);
            let found = format!("{}, level {loud:.0} dB", microphone.format());
            Ok(match samples.iter().all(|sample| *sample == 0.0) {
                true => Finding::bad(
                    "microphone",
                    format!("{found}: digital silence"),
                    "unmute it, or choose another with --microphone",
                ),
                false => Finding::good("microphone", found),
            })
        };
        let remedy = "`lookhear devices` lists what there is; choose with --microphone";
        listen().unwrap_or_else(|error| Finding::bad("microphone", error, remedy))
    }
}

/// Loading has compared the golden output already.
fn model(judge: &Judge) -> Finding {
    let manifest = judge.manifest();
    let found = format!("preset {}, answers its golden input as it should", manifest.spec.name);
    Finding::good("model", found)
}

fn speed(mut judge: Judge, hop: f64) -> Finding {
    let ms = time_updates(&mut judge, hop);
    let due = hop * 1e3;
    let found = format!("{ms:.1} ms an update, one is due every {due:.0} ms{}", reuse(&judge, hop));
    match ms < 0.8 * due {
        true => Finding::good("speed", found),
        false => Finding::bad("speed", found, "a larger --hop, more --threads, or a smaller model"),
    }
}

/// What of the audio tower is computed with this hop, if that is more than what is new.
fn reuse(judge: &Judge, hop: f64) -> String {
    let stride = judge.manifest().spec.audio.stride();
    if fresh_columns(hop).is_multiple_of(stride) {
        return String::new();
    }
    format!(
        "; of the sound everything is computed each time, only what is new at multiples of {} ms",
        5 * stride
    )
}

fn ffmpeg() -> Finding {
    let run = Command::new("ffmpeg").arg("-version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    match run {
        Ok(status) if status.success() => {
            Finding::good("ffmpeg", "there, for files, recording and clips".into())
        }
        _ => Finding::bad(
            "ffmpeg",
            "missing: no files, no recording",
            "apt install ffmpeg, or brew install ffmpeg",
        ),
    }
}
