//! `lookhear live` with several sources: each decides by itself, and all of it is told together.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use lookhear::history::{Filter, Store};

fn live(config: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lookhear"));
    command.args(["live", "--headless", "--config"]).arg(config).args(more).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Two virtual studios, one of which never says that something matches; both are told to one file and one history.
fn station(folder: &Path) -> std::path::PathBuf {
    let config = folder.join("station.toml");
    let settings = format!(
        r#"
        [sources.barn]
        camera = {{ name = "studio" }}
        microphone = {{ name = "studio" }}
        [sources.yard]
        camera = {{ name = "studio", size = [320, 240] }}
        microphone = {{ name = "studio" }}
        decisions = {{ hop = 0.16, on = 1.0, off = 1.0 }}
        [publish.file]
        path = {:?}
        [publish.history]
        folder = {:?}
        states = ["match", "no_visible_source"]
        least = 0.2
        "#,
        folder.join("events.jsonl"),
        folder.join("history"),
    );
    std::fs::write(&config, settings).unwrap();
    config
}

#[test]
fn each_source_decides_by_itself_and_all_is_told_together() {
    let folder = tempfile::tempdir().unwrap();
    let config = station(folder.path());
    let output = live(&config, &["--json", "--seconds", "6", "--stats"]);
    let told = text(&output.stderr);
    assert!(output.status.success(), "{told}");
    let mut said: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for line in text(&output.stdout).lines() {
        let event: serde_json::Value = serde_json::from_str(line).expect(line);
        let source = event["source"].as_str().unwrap();
        assert!(source != "yard" || event["state"] != "match", "its threshold is its own");
        said.entry(source.into()).or_default().push(event["t"].as_f64().unwrap());
    }
    assert_eq!(said.keys().collect::<Vec<_>>(), ["barn", "yard"]);
    for (source, hop) in [("barn", 0.08), ("yard", 0.16)] {
        let times = &said[source];
        // On a busy machine decisions are left out, but each lies on the grid of its own hop.
        assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{source}: {times:?}");
        let off_grid = |t: &f64| ((t / hop).round() * hop - t).abs() > 1e-3;
        assert!(times.len() >= 3 && !times.iter().any(off_grid), "{source}: {times:?}");
        assert!(told.contains(&format!("{source}: camera is on")), "{told}");
    }
    let file = std::fs::read_to_string(folder.path().join("events.jsonl")).unwrap();
    assert_eq!(file.lines().count(), said.values().map(Vec::len).sum::<usize>());
    let kept = Store::open(&folder.path().join("history")).unwrap().list(&Filter::default()).unwrap();
    assert!(kept.iter().all(|episode| said.contains_key(&episode.source) && episode.over), "{kept:?}");
    assert!(kept.iter().any(|episode| episode.source == "yard"), "{kept:?}");
}

#[test]
fn what_can_only_be_asked_of_one_camera_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let config = station(folder.path());
    for option in [["--camera", "studio"], ["--save", "all.mp4"], ["--stream", "udp://127.0.0.1:9"]] {
        let output = live(&config, &option);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains(option[0]) && told.contains("[sources.NAME]"), "{told}");
    }
    let kiosk = Command::new(env!("CARGO_BIN_EXE_lookhear"))
        .args(["kiosk", "--config"])
        .arg(&config)
        .output()
        .unwrap();
    let told = text(&kiosk.stderr);
    assert!(!kiosk.status.success() && told.contains("the kiosk shows one camera"), "{told}");
}

#[test]
fn the_devices_of_one_and_of_several_exclude_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let config = station(folder.path());
    let settings = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("camera.name = \"studio\"\n{settings}")).unwrap();
    let told = text(&live(&config, &[]).stderr);
    assert!(told.contains("camera: is of no use beside [sources]"), "{told}");
}
