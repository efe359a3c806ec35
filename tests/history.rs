//! What a run keeps of what happened, by the program itself: settings, kills, and `lookhear history`.

#[allow(dead_code, reason = "of this module, not everything is needed here")]
mod killing;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use killing::{command, struck, times};
use lookhear::history::Episode;
use lookhear::media::probe;

const LOOKHEAR: &str = env!("CARGO_BIN_EXE_lookhear");

/// Settings by which every decision is a match, so that a run is one episode.
fn settings(folder: &Path) -> PathBuf {
    let config = folder.join("settings.toml");
    let text = "camera.name = 'studio'\nmicrophone.name = 'studio'\n\
                [decisions]\nhop = 0.2\non = 0\noff = 0\nhold = 0\nsilence_db = -120\n\
                [publish.history]\nfolder = 'kept'\nsource = 'barn'\nclips = true\nleast = 0.2\nfree_megabytes = 0\n";
    fs::write(&config, text).unwrap();
    config
}

fn live(folder: &Path, seconds: &str) -> Command {
    command(LOOKHEAR, folder, &["live", "--config", "settings.toml", "--headless", "--seconds", seconds])
}

fn history(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(LOOKHEAR).arg("history").args(arguments).current_dir(folder).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn episodes(folder: &Path) -> Vec<Episode> {
    let output = history(folder, &["list", "kept", "--json", "--limit", "1000"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// All files in a folder's folders, hidden ones too.
fn files(folder: &Path) -> Vec<PathBuf> {
    let list = |folder: &Path| fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    list(folder).flat_map(|day| list(&day).collect::<Vec<_>>()).collect()
}

#[test]
fn a_run_is_kept_and_shown_exported_and_pruned() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    settings(at);
    let output = live(at, "3").output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));

    let [episode] = &episodes(at)[..] else { panic!("not one episode") };
    assert!(episode.over && episode.source == "barn" && episode.decisions > 5, "{episode:?}");
    let snapshot = at.join("kept").join(episode.snapshot.as_ref().unwrap());
    assert!(image::open(snapshot).is_ok());
    let clip = at.join("kept").join(episode.clip.as_ref().unwrap());
    let seconds = probe(clip.to_str().unwrap()).unwrap().seconds;
    assert!((1.0..3.5).contains(&seconds), "{seconds} s, of a run of 3");

    let shown = text(&history(at, &["list", "kept", "--since", "1h"]).stdout);
    assert!(shown.contains("barn") && shown.contains("something in view"), "{shown}");
    let none = history(at, &["list", "kept", "--name", "Rex"]);
    assert!(none.status.success() && text(&none.stderr).contains("nothing of that kind"));

    let exported = history(at, &["export", "kept", "--out", "table.csv"]);
    assert!(exported.status.success(), "{}", text(&exported.stderr));
    let table = fs::read_to_string(at.join("table.csv")).unwrap();
    assert!(table.lines().count() == 2 && table.contains(&episode.id), "{table}");
    let again = history(at, &["export", "kept", "--out", "table.csv"]);
    assert!(!again.status.success() && text(&again.stderr).contains("--force"), "{}", text(&again.stderr));

    let pruned = history(at, &["prune", "kept", "--megabytes", "0"]);
    assert!(text(&pruned.stdout).contains("1 more without their pictures"), "{}", text(&pruned.stdout));
    assert!(!clip.exists() && episodes(at).len() == 1);
    history(at, &["prune", "kept", "--days", "0"]);
    assert!(episodes(at).is_empty());
}

#[test]
fn after_a_kill_nothing_is_half_and_the_next_run_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    settings(at);
    for number in 0..times() {
        struck(live(at, "5"), at, Duration::from_secs(4), number);
    }
    let output = live(at, "2").output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let all = episodes(at);
    assert!(!all.is_empty() && all.iter().all(|episode| episode.over), "{all:?}");
    let mut named: Vec<PathBuf> = Vec::new();
    for name in all.iter().flat_map(|episode| [&episode.clip, &episode.snapshot]).flatten() {
        let path = at.join("kept").join(name);
        let whole = match name.ends_with(".mp4") {
            true => probe(path.to_str().unwrap()).is_ok_and(|found| found.seconds > 0.2),
            false => image::open(&path).is_ok(),
        };
        assert!(whole, "{name}");
        named.push(path);
    }
    let mut there = [files(&at.join("kept/clips")), files(&at.join("kept/snapshots"))].concat();
    named.sort();
    there.sort();
    assert_eq!(there, named, "each file belongs to an episode, and none is hidden");
}

#[test]
fn what_is_no_history_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let output = history(folder.path(), &["list", "."]);
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("holds no history"), "{}", text(&output.stderr));
    let output = history(folder.path(), &["list", ".", "--since", "yesterday"]);
    assert!(text(&output.stderr).contains("is no time"), "{}", text(&output.stderr));
}
