//! `kill -9` and SIGTERM at any moment: no file with a final name is partial, no child is left, and the same command
//! again completes. `LOOKHEAR_KILLS=200 cargo test --test kills` tries so often.

mod killing;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use killing::{Blow, complete, files, struck, times};
use lookhear::media::probe;

const LOOKHEAR: &str = env!("CARGO_BIN_EXE_lookhear");

fn lookhear(folder: &Path, arguments: &[&str]) -> Command {
    killing::command(LOOKHEAR, folder, arguments)
}

fn clip(folder: &Path, name: &str, seconds: &str) {
    let picture = ["-f", "lavfi", "-t", seconds, "-i", "testsrc2=size=320x240:rate=25"];
    let sound = ["-f", "lavfi", "-t", seconds, "-i", "aevalsrc='0.5*sin(2*PI*(300+100*t)*t)':s=48000"];
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-nostdin"]).args(picture).args(sound).args(["-preset", "ultrafast"]);
    assert!(command.arg(folder.join(name)).status().unwrap().success());
}

/// Runs a command undisturbed, and says how long it took.
fn undisturbed(folder: &Path, arguments: &[&str]) -> Duration {
    let begun = Instant::now();
    complete(lookhear(folder, arguments));
    begun.elapsed()
}

#[test]
fn what_is_saved_is_whole_or_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let (at, saved) = (folder.path(), folder.path().join("saved.mp4"));
    clip(at, "clip.mkv", "3");
    let arguments = ["watch", "clip.mkv", "--save", "saved.mp4"];
    let takes = undisturbed(at, &arguments);
    let whole = probe(saved.to_str().unwrap()).unwrap().seconds;
    for number in 0..times() {
        _ = fs::remove_file(&saved);
        let (blow, output) = struck(lookhear(at, &arguments), at, takes, number);
        let said = String::from_utf8_lossy(&output.stderr);
        if saved.exists() {
            // Asked to end, it completes what it has read, and says that this is not all (130).
            let found = probe(saved.to_str().unwrap()).unwrap().seconds;
            let asked = matches!(blow, Blow::Asked) && output.status.code() == Some(130);
            assert!((found - whole).abs() < 0.1 || asked, "{number} {blow:?}: {found} s, {said}");
            fs::remove_file(&saved).unwrap();
        } else {
            assert!(!output.status.success(), "{number} {blow:?}: nothing is there, and it says {said}");
        }
        // Nobody is in its way, whatever is left.
        if number % 5 == 0 {
            complete(lookhear(at, &arguments));
            assert_eq!(files(at), [at.join("clip.mkv"), saved.clone()]);
        }
    }
}

#[test]
fn what_is_recorded_is_whole_or_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let studio = ["live", "--headless", "--camera", "studio", "--microphone", "studio", "--seconds", "1.5"];
    let arguments = [&studio[..], &["--record", "kept"]].concat();
    let takes = undisturbed(at, &arguments);
    for number in 0..times() {
        _ = fs::remove_dir_all(at.join("kept"));
        let (blow, output) = struck(lookhear(at, &arguments), at, takes, number);
        for file in files(&at.join("kept")) {
            let said = complete({
                let mut command = Command::new("ffmpeg");
                command.args(["-v", "error", "-nostdin", "-i"]).arg(&file).args(["-f", "null", "-"]);
                command
            });
            assert!(said.is_empty(), "{number} {blow:?}: {said}");
            let program_ended = output.status.code().is_some();
            assert!(
                program_ended,
                "{number} {blow:?}: a program that was killed has completed {}",
                file.display()
            );
        }
    }
}

#[test]
fn what_is_embedded_is_whole_or_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    fs::create_dir(at.join("in")).unwrap();
    for number in 0..4 {
        clip(&at.join("in"), &format!("{number}.mp4"), "2");
    }
    let arguments = ["embed", "in", "--out", "out", "--pool", "global"];
    let takes = undisturbed(at, &arguments);
    let bytes = |folder: &Path| files(folder).into_iter().map(|file| (file.clone(), fs::read(file).unwrap()));
    let whole: Vec<_> = bytes(&at.join("out")).collect();
    assert!(whole.len() >= 4);
    for number in 0..times() {
        _ = fs::remove_dir_all(at.join("out"));
        let (blow, output) = struck(lookhear(at, &arguments), at, takes, number);
        for file in bytes(&at.join("out")) {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(
                whole.contains(&file),
                "{number} {blow:?}: {} is not as it is to be: {said}",
                file.0.display()
            );
        }
        complete(lookhear(at, &arguments));
        assert!(
            bytes(&at.join("out")).eq(whole.iter().cloned()),
            "{number} {blow:?}: the same as undisturbed"
        );
    }
}
