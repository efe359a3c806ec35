//! What the program tells besides its answers: its own lines, and those of libraries only when they are asked for.

#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::{Command, Output};

/// Runs for three seconds before a studio's camera, with a microphone that ALSA's settings name and that leads nowhere:
/// opening it, ALSA complains in its own words.
fn without_a_microphone(settings: &Path, arguments: &[&str], filter: Option<&str>) -> (String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lookhear"));
    command.args(["live", "--headless", "--camera", "studio", "--hop", "0.2", "--seconds", "3"]);
    command.args(arguments).env("ALSA_CONFIG_PATH", settings).env_remove("RUST_LOG");
    command.envs(filter.map(|filter| ("RUST_LOG", filter)));
    let Output { status, stdout, stderr } = command.output().unwrap();
    let said = String::from_utf8(stderr).unwrap();
    assert!(status.success(), "{said}");
    (String::from_utf8(stdout).unwrap(), said)
}

#[test]
fn a_microphone_that_is_not_there_is_told_in_one_line_of_ours() {
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("asound.conf");
    // A card that is not there, and a plugin that is not: of the latter ALSA complains.
    for (broken, sentence, complains) in [
        ("type hw\ncard 31", "I hear nothing: no microphone.", false),
        ("type nonesuch", "I hear nothing: microphone trouble.", true),
    ] {
        std::fs::write(&settings, format!("pcm.default {{\n{broken}\n}}\n")).unwrap();
        let (lines, said) = without_a_microphone(&settings, &[], None);
        assert!(!said.contains("ALSA lib"), "{said}");
        assert_eq!(said.lines().filter(|line| line.contains("microphone")).count(), 1, "{said}");
        assert!(said.contains("lookhear: ") && !said.contains("disconnected"), "{said}");
        assert_eq!(lines.matches(sentence).count(), 1, "{lines}\n{said}");
        assert!(!lines.contains("It is quiet."), "{lines}");

        let (_, said) = without_a_microphone(&settings, &["-v"], None);
        assert!(said.contains("[DEBUG lookhear::capture::live] "), "{said}");
        assert_eq!(said.contains("[DEBUG lookhear::capture::microphone::alsa] ALSA: "), complains, "{said}");
        let (_, said) = without_a_microphone(&settings, &[], Some("lookhear::capture=debug"));
        assert_eq!(said.contains("] ALSA: "), complains, "{said}");
        let (_, said) = without_a_microphone(&settings, &[], Some("off"));
        assert_eq!(said, "", "nothing is told if nothing is wanted");
    }
}
