//! What the program tells of itself: its version, what shells complete, its manual pages.

use std::process::{Command, Stdio};

fn lookhear(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_lookhear")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_version_tells_commit_features_and_model() {
    for flag in ["--version", "-V"] {
        let told = lookhear(&[flag]);
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines[0], concat!("lookhear ", env!("CARGO_PKG_VERSION")));
        let value =
            |line: usize, key: &str| lines[line].strip_prefix(key).unwrap_or_else(|| panic!("{told}"));
        assert!(!value(1, "commit: ").is_empty(), "{told}");
        let features = value(2, "features: ");
        assert_eq!(features.contains("wgpu"), cfg!(feature = "wgpu"), "{told}");
        let hash = value(3, "model: edge-swift, SHA-256 ");
        assert!(hash.len() == 64 && hash.chars().all(|c| c.is_ascii_hexdigit()), "{told}");
        assert_eq!(lines.len(), 4, "{told}");
    }
}

#[test]
fn shells_complete_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = lookhear(&["completions", shell]);
        for command in ["watch", "live", "judge", "completions"] {
            assert!(script.contains(command), "{shell}: {command}");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("lookhear.bash");
    std::fs::write(&script, lookhear(&["completions", "bash"])).unwrap();
    // As bash itself would offer them.
    let ask = ". \"$0\"; COMP_WORDS=(lookhear wa); COMP_CWORD=1; _lookhear lookhear wa lookhear; echo \"${COMPREPLY[@]}\"";
    let offered = Command::new("bash").args(["-c", ask]).arg(&script).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&offered.stdout).trim(), "watch");
}

#[test]
fn every_command_has_a_manual_page() {
    assert!(lookhear(&["man"]).contains(".TH lookhear 1"));
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("man1");
    lookhear(&["man", "--out", out.to_str().unwrap()]);
    for page in ["lookhear.1", "lookhear-watch.1", "lookhear-live.1", "lookhear-check-config.1"] {
        assert!(std::fs::read_to_string(out.join(page)).unwrap().contains(".TH lookhear"), "{page}");
    }
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let refused = Command::new(env!("CARGO_BIN_EXE_lookhear")).args(["man", "--out"]).arg(&file).output();
    let refused = refused.unwrap();
    assert!(!refused.status.success());
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("file cannot be written"), "{said}");
}

#[test]
fn whoever_stops_reading_is_no_error() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_lookhear"))
        .args(["completions", "zsh"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn doctor_measures_updates_and_layers() {
    let told = lookhear(&["doctor", "--bench", "--json", "--threads", "1"]);
    let report: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&report["preset"], &report["engine"]), (&"edge-swift".into(), &"int".into()), "{told}");
    assert!(report["updates_per_second"].as_f64().unwrap() > 0.0, "{told}");
    let int = &report["int"];
    assert!(int["kernel"].is_string() && int["threads"] == 1, "{told}");
    let layers = int["layers"].as_array().unwrap();
    for tower in ["vision", "audio"] {
        let first = layers.iter().find(|layer| layer["tower"] == tower).unwrap();
        assert_eq!(first["name"], "conv1_1", "{told}");
    }
    let positive = |layer: &serde_json::Value, key: &str| layer[key].as_f64().unwrap() > 0.0;
    assert!(layers.len() >= 16 && layers.iter().all(|layer| positive(layer, "ms")), "{told}");
    assert!(int["peak_gmac"].as_f64().unwrap() > 0.0, "{told}");
}
