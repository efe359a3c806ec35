//! `lookhear check-config`: what is wrong with settings files, or what would run.

use std::path::{Path, PathBuf};

use clap::Args;
use lookhear::profile::{Camera, Decisions, Microphone, Model, Names, Profile, Source};
use lookhear::publish::settings::Rule;
use lookhear::rules::Conditions;
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
            for rule in profile.rules_without_gallery() {
                say!(
                    "  note: the rule {rule} waits for a name, but nothing is named without a gallery (lookhear enroll)"
                );
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
    let devices = match sources.is_empty() {
        true => vec![("camera", camera_words(camera)), ("microphone", microphone_words(microphone))],
        false => sources.iter().map(|(name, source)| ("source", source_words(name, source))).collect(),
    };
    let rest = vec![
        ("model", model_words(model)),
        ("decisions", decision_words(decisions)),
        ("kiosk", kiosk_words(kiosk)),
        ("gallery", gallery_words(gallery)),
        ("publish", publish_words(publish)),
    ];
    let rules = publish.rules.iter().map(|(name, rule)| ("rule", rule_words(name, rule))).collect();
    [devices, rest, rules].concat()
}

/// Its devices, and what it has of its own.
fn source_words(name: &str, source: &Source) -> String {
    let Source { camera, microphone, decisions, gallery } = source;
    let devices = format!("camera {}; microphone {}", camera_words(camera), microphone_words(microphone));
    let decisions = decisions.as_ref().map(|own| format!("; {}", decision_words(own)));
    let gallery = gallery.as_ref().map(|own| format!("; {}", gallery_words(own)));
    format!("{name}: {devices}{}{}", decisions.unwrap_or_default(), gallery.unwrap_or_default())
}

fn gallery_words(gallery: &Names) -> String {
    gallery.file.as_ref().map_or("nothing is named".into(), |file| format!("names of {}", file.display()))
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
    let Decisions { hop, swap, sleep, noise_gate, on, off, hold, silence_db } = decisions;
    let swap = if *swap > 0.0 { format!("self-check every {swap} s") } else { "no self-check".into() };
    let own = [("on", on), ("off", off), ("hold", hold), ("silence_db", silence_db)];
    let own = own.into_iter().filter_map(|(key, value)| Some(format!(", {key} {}", (*value)?)));
    let sleep = if *sleep { ", rests while it is quiet" } else { "" };
    let noise = if *noise_gate > 0 { format!(", noise gate {noise_gate}") } else { String::new() };
    format!("every {:.0} ms, {swap}{sleep}{noise}{}", hop * 1e3, own.collect::<String>())
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
    let on: Vec<String> = on.into_iter().flatten().collect();
    match (on.is_empty(), rules.is_empty()) {
        (false, _) => on.join(", "),
        (true, false) => "by rules only".into(),
        (true, true) => "nothing leaves this program".into(),
    }
}

/// When it fires, and what it does: the program by its name, since arguments may hold secrets.
fn rule_words(name: &str, rule: &Rule) -> String {
    let Rule { when, cool_down, command, webhook, mqtt, .. } = rule;
    let Conditions { sources, states, names, score, seconds, size, zones, masks, days, between } = when;
    let list =
        |what: &str, items: &[String]| (!items.is_empty()).then(|| format!("{what} {}", items.join(" or ")));
    let states: Vec<String> = states.iter().map(|state| state.word().to_string()).collect();
    let days: Vec<String> = days.iter().map(|day| format!("{day:?}").to_lowercase()).collect();
    let conditions = [
        list("source", sources),
        list("state", &states),
        list("name", names),
        (*score > 0.0).then(|| format!("score from {score}")),
        (*seconds > 0.0).then(|| format!("lasts {seconds} s")),
        (*size > 0.0).then(|| format!("size from {size}")),
        (!zones.is_empty()).then(|| format!("zones: {}", zones.len())),
        (!masks.is_empty()).then(|| format!("masks: {}", masks.len())),
        list("on", &days),
        between.map(|hours| format!("at {hours}")),
    ];
    let conditions: Vec<String> = conditions.into_iter().flatten().collect();
    let actions = [
        command.first().map(|program| format!("runs {program}")),
        webhook.as_ref().map(|_| "a webhook".into()),
        mqtt.then(|| "MQTT".into()),
    ];
    let actions: Vec<String> = actions.into_iter().flatten().collect();
    let when = if conditions.is_empty() { "any episode".into() } else { conditions.join(", ") };
    format!("{name}: {when} -> {}; rests {cool_down} s", actions.join(", "))
}
