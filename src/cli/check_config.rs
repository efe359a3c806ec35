//! `lookhear check-config`: what is wrong with settings files, or what would run.

use std::path::{Path, PathBuf};

use clap::Args;
use lookhear::profile::{Camera, Decisions, Microphone, Model, Profile, Source};
use lookhear::{kiosk, publish};

use super::ending::Failure;

#[derive(Args)]
pub(super) struct CheckConfig {
    /// Settings files (TOML).
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl CheckConfig {
    pub(super) fn run(self) -> Result<(), Failure> {
        let wrong = self.files.iter().filter(|file| !check(file)).count();
        match (wrong, self.files.len()) {
            (0, _) => Ok(()),
            (1, 1) => Err("the settings cannot be used as they are".into()),
            (wrong, all) => Err(format!("{wrong} of {all} settings files cannot be used as they are").into()),
        }
    }
}

/// Tells what would run, or what is wrong.
fn check(file: &Path) -> bool {
    match Profile::load(file) {
        Ok(profile) => {
            say!("{}: ok", file.display());
            for (what, words) in summary(&profile) {
                say!("  {what:11} {words}");
            }
            true
        }
        Err(error) => {
            eprintln!("{error}");
            false
        }
    }
}

/// What would run, a line for each table.
fn summary(profile: &Profile) -> Vec<(&'static str, String)> {
    let Profile { camera, microphone, sources, model, decisions, kiosk, gallery, publish } = profile;
    let names = gallery.file.as_ref().map_or("nothing is named".into(), |file| file.display().to_string());
    let devices = match sources.is_empty() {
        true => vec![("camera", camera_words(camera)), ("microphone", microphone_words(microphone))],
        false => sources.iter().map(|(name, source)| ("source", source_words(name, source))).collect(),
    };
    let rest = vec![
        ("model", model_words(model)),
        ("decisions", decision_words(decisions)),
        ("kiosk", kiosk_words(kiosk)),
        ("gallery", names),
        ("publish", publish_words(publish)),
    ];
    [devices, rest].concat()
}

fn source_words(name: &str, Source { camera, microphone, .. }: &Source) -> String {
    format!("{name}: camera {}; microphone {}", camera_words(camera), microphone_words(microphone))
}

fn camera_words(Camera { name, size: [width, height], driver: _, offset_ms }: &Camera) -> String {
    let name = if name.is_empty() { "the first one" } else { name };
    let offset = match offset_ms {
        Some(offset) => format!("{offset:+} ms"),
        None => "as `lookhear calibrate` stored".into(),
    };
    format!("{name}, {width}x{height}, offset {offset}")
}

fn microphone_words(Microphone { name }: &Microphone) -> String {
    if name.is_empty() { "the default one".into() } else { name.clone() }
}

fn model_words(Model { file, engine, threads }: &Model) -> String {
    let file = file.as_ref().map_or("built in".into(), |file| file.display().to_string());
    let threads = threads.map_or("a thread per processor".into(), |threads| format!("threads: {threads}"));
    format!("{file}, engine {}, {threads}", engine.name())
}

fn decision_words(decisions: &Decisions) -> String {
    let Decisions { hop, swap, sleep, on, off, hold, silence_db } = decisions;
    let swap = if *swap > 0.0 { format!("self-check every {swap} s") } else { "no self-check".into() };
    let own = [("on", on), ("off", off), ("hold", hold), ("silence_db", silence_db)];
    let own = own.into_iter().filter_map(|(key, value)| Some(format!(", {key} {}", (*value)?)));
    let sleep = if *sleep { ", rests while it is quiet" } else { "" };
    format!("every {:.0} ms, {swap}{sleep}{}", hop * 1e3, own.collect::<String>())
}

fn kiosk_words(settings: &kiosk::Settings) -> String {
    let size = match settings.window {
        Some([width, height]) => format!("a window of {width}x{height}"),
        None => "the whole screen".into(),
    };
    format!("{size}, language {}", settings.language)
}

/// Names, never secrets.
fn publish_words(settings: &publish::Settings) -> String {
    let publish::Settings { file, socket, history, mqtt, webhook, web, rules } = settings;
    let on = [
        file.as_ref().map(|file| format!("file {}", file.path.display())),
        socket.as_ref().map(|socket| format!("socket {}", socket.path.display())),
        history.as_ref().map(|history| format!("history in {}", history.folder.display())),
        mqtt.as_ref().map(|mqtt| format!("MQTT broker {}", mqtt.host)),
        webhook.as_ref().map(|_| "a webhook".into()),
        web.as_ref().map(|web| format!("web at {}", web.address)),
    ];
    let rules = rules.keys().map(|name| format!("rule {name}"));
    let on: Vec<String> = on.into_iter().flatten().chain(rules).collect();
    if on.is_empty() { "nothing leaves this program".into() } else { on.join(", ") }
}
