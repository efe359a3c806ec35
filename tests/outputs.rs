//! What `lookhear` writes, and what it never writes over; and readers that go before the end.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use lookhear::media::probe;
use tempfile::TempDir;

fn lookhear() -> Command {
    Command::new(env!("CARGO_BIN_EXE_lookhear"))
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    lookhear().args(arguments).current_dir(folder).output().unwrap()
}

fn start(folder: &Path, arguments: &[&str]) -> Child {
    let mut command = lookhear();
    command.args(arguments).current_dir(folder).stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A moving picture and a tone; its name tells the container.
fn clip(folder: &Path, name: &str, seconds: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-y", "-t", seconds, "-f", "lavfi", "-i", "testsrc=size=320x240:rate=25"]);
    command.args(["-t", seconds, "-f", "lavfi", "-i", "sine=frequency=600:sample_rate=44100"]);
    command.args(["-preset", "ultrafast", "-c:a", "aac"]);
    assert!(command.arg(&path).status().unwrap().success(), "{name}");
    path
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn seconds(path: &Path) -> f64 {
    probe(path.to_str().unwrap()).unwrap().seconds
}

/// Waits until something is so; longer than anything takes on a busy machine.
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "never: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn interrupt(child: &Child) {
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
}

#[test]
fn nothing_is_written_over_that_was_not_given_up() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    clip(at, "clip.mp4", "1");
    clip(at, "in/a.mp4", "1");
    std::fs::create_dir(at.join("out")).unwrap();
    for name in ["there.mp4", "out/a.mp4"] {
        std::fs::write(at.join(name), "precious").unwrap();
    }
    std::os::unix::fs::symlink("clip.mp4", at.join("link.mp4")).unwrap();
    assert!(Command::new("mkfifo").arg(at.join("pipe")).status().unwrap().success());
    let before = names(at);
    let original = std::fs::read(at.join("clip.mp4")).unwrap();
    let refused = [
        ("clip.mp4", "clip.mp4", "it is what is watched", true),
        ("clip.mp4", "link.mp4", "it is what is watched", true),
        ("clip.mp4", "pipe", "a named pipe", true),
        ("clip.mp4", "in", "a folder", true),
        ("in", "in", "give another folder", true),
        ("clip.mp4", "there.mp4", "--force", false),
        ("in", "out", "--force", false),
    ];
    for (input, save, why, even_so) in refused {
        for force in [&[][..], &["--force"]] {
            if !force.is_empty() && !even_so {
                continue;
            }
            let output = run(at, &[&["watch", input, "--save", save, "--json"], force].concat());
            let error = said(&output);
            assert_eq!(output.status.code(), Some(1), "{input} to {save}: {error}");
            assert!(error.contains(why) && error.lines().count() == 1, "{input} to {save}: {error}");
            assert!(output.stdout.is_empty(), "{input} to {save}: nothing is watched in vain");
        }
    }
    assert_eq!(names(at), before);
    assert_eq!(std::fs::read(at.join("clip.mp4")).unwrap(), original);
    for name in ["there.mp4", "out/a.mp4"] {
        assert_eq!(std::fs::read_to_string(at.join(name)).unwrap(), "precious");
    }
    let output = run(at, &["watch", "clip.mp4", "--save", "there.mp4", "--force"]);
    assert!(output.status.success(), "{}", said(&output));
    assert!((0.9..1.2).contains(&seconds(&at.join("there.mp4"))));
}

#[test]
fn inputs_of_one_stem_are_saved_beside_each_other() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    clip(at, "in/take.mkv", "2");
    clip(at, "in/take.mp4", "1");
    let output = run(at, &["watch", "in", "--save", "out", "--json"]);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(names(&at.join("out")), ["take.mkv.mp4", "take.mp4"]);
    assert!((1.9..2.2).contains(&seconds(&at.join("out/take.mkv.mp4"))));
    assert!((0.9..1.2).contains(&seconds(&at.join("out/take.mp4"))));
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |file: &str| lines.iter().filter(|line| line["file"] == file).count();
    assert_eq!((of("in/take.mkv"), of("in/take.mp4")), (25, 12));
}

#[test]
fn a_second_run_does_not_write_what_a_first_one_is_writing() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    let clip = clip(at, "clip.mkv", "1");
    // It waits for its input, and has its output already.
    let mut first = start(at, &["watch", "-", "--save", "o.mp4", "--json"]);
    wait_until("the first run begins", || names(at).iter().any(|name| name.contains("o.mp4")));
    let second = run(at, &["watch", "clip.mkv", "--save", "o.mp4", "--force", "--json"]);
    assert_eq!(second.status.code(), Some(1));
    assert!(said(&second).contains("another run is writing it"), "{}", said(&second));
    let mut stdin = first.stdin.take().unwrap();
    let bytes = std::fs::read(clip).unwrap();
    let feeder = thread::spawn(move || stdin.write_all(&bytes));
    let first = first.wait_with_output().unwrap();
    assert!(first.status.success(), "{}", said(&first));
    let _ = feeder.join();
    assert!((0.9..1.2).contains(&seconds(&at.join("o.mp4"))));
    assert_eq!(names(at), ["clip.mkv", "o.mp4"]);
}

#[test]
fn the_demo_is_made_again_but_never_in_place_of_something_else() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    let demo = ["demo", "--scenes", "1", "--headless", "--stamps", "/nonexistent"];
    std::fs::write(at.join("demo.mp4"), "precious").unwrap();
    let output = run(at, &demo);
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("The annotated video is ./demo-2.mp4."), "{}", said(&output));
    assert_eq!(std::fs::read_to_string(at.join("demo.mp4")).unwrap(), "precious");
    std::fs::rename(at.join("demo-2.mp4"), at.join("demo.mp4")).unwrap();
    let explicit = run(at, &[&demo[..], &["--save", "demo.mp4"]].concat());
    assert!(!explicit.status.success() && said(&explicit).contains("--force"), "{}", said(&explicit));
    let made = || std::fs::metadata(at.join("demo.mp4")).unwrap().modified().unwrap();
    let before = made();
    let output = run(at, &demo);
    assert!(output.status.success(), "{}", said(&output));
    assert!(made() > before, "it is made again");
    assert_eq!(names(at), ["demo.mp4"]);
}

#[test]
fn an_interruption_ends_the_whole_folder() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    let long = clip(at, "in/1.mp4", "60");
    for name in ["in/2.mp4", "in/3.mp4"] {
        std::fs::hard_link(&long, at.join(name)).unwrap();
    }
    let mut child = start(at, &["watch", "in", "--json", "--save", "out"]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().starts_with("{\"file\":\"in/1.mp4\",\"schema\":1,"));
    interrupt(&child);
    let lines = lines.count();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", said(&output));
    assert!(lines < 740, "it did not go on to the end: {lines}");
    assert!(said(&output).contains("stopped at file 1 of 3"), "{}", said(&output));
    assert_eq!(names(&at.join("out")), ["1.mp4"], "complete for what was watched, and nothing of the others");
    assert!(seconds(&at.join("out/1.mp4")) < 59.0);
}

#[test]
fn a_reader_that_goes_is_no_error() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    clip(at, "clip.mkv", "20");
    clip(at, "in/a.mp4", "1");
    clip(at, "in/b.mp4", "1");
    let moments: String = (0..400).map(|n| format!("clip.mkv@{}\tclip.mkv@3\n", n % 15)).collect();
    std::fs::write(at.join("pairs.tsv"), moments).unwrap();
    let cases: [&[&str]; 5] = [
        &["watch", "clip.mkv", "--json"],
        &["watch", "clip.mkv", "--every"],
        &["watch", "in"],
        &["judge", "--pairs", "pairs.tsv"],
        &["watch", "in", "--json", "--hop", "0.2", "--save", "out"],
    ];
    for arguments in cases {
        let mut child = start(at, arguments);
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        assert!(!first.is_empty(), "{arguments:?}");
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", said(&output));
        assert!(!said(&output).contains("pipe") && !said(&output).contains("panic"), "{}", said(&output));
    }
    for name in ["a.mp4", "b.mp4"] {
        let seconds = seconds(&at.join("out").join(name));
        assert!((0.9..1.2).contains(&seconds), "what is written goes on to its end: {seconds}");
    }
    // Nobody reads standard error either.
    let mut child = start(at, &["watch", "in", "--json", "--hop", "0.2", "--stats"]);
    drop((child.stdout.take(), child.stderr.take()));
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn of_a_damaged_file_all_is_saved_that_can_be_read() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    let whole = clip(at, "whole.mp4", "6");
    let mut bytes = std::fs::read(whole).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 64].fill(0x55);
    std::fs::create_dir(at.join("in")).unwrap();
    std::fs::write(at.join("in/damaged.mp4"), bytes).unwrap();
    let output = run(at, &["watch", "in/damaged.mp4", "--save", "one.mp4", "--json", "--hop", "0.2"]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains("in/damaged.mp4"), "{}", said(&output));
    assert_eq!(said(&output).lines().count(), 1, "{}", said(&output));
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 30, "every decision is made");
    assert!((5.9..6.2).contains(&seconds(&at.join("one.mp4"))));
    clip(at, "in/good.mp4", "1");
    let output = run(at, &["watch", "in", "--save", "out", "--hop", "0.5"]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert_eq!(names(&at.join("out")), ["damaged.mp4", "good.mp4"]);
    let table = String::from_utf8(output.stdout).unwrap();
    let row = |name: &str| table.lines().rfind(|line| line.starts_with(name)).unwrap().to_string();
    assert!(row("damaged.mp4").contains("6.00") && row("good.mp4").contains("1.0"), "{table}");
}

#[test]
fn files_that_are_watched_for_people_have_a_line_for_each_change_and_a_row() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    clip(at, "in/a.mp4", "1");
    clip(at, "in/b.mkv", "2");
    std::fs::write(at.join("in/text.mp4"), "no video").unwrap();
    let output = run(at, &["watch", "in"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("1 of 3 files could not be watched"), "{}", said(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    let (lines, table) = text.split_once("\n\n").unwrap();
    assert!(lines.lines().count() < 20, "{lines}");
    assert!(lines.lines().all(|line| line.starts_with("a.mp4 ") || line.starts_with("b.mkv ")), "{lines}");
    let table: Vec<&str> = table.lines().collect();
    assert_eq!(table.len(), 4, "{table:?}");
    assert!(table[3].starts_with("text.mp4") && table[3].contains("cannot be read"), "{table:?}");
    let every = run(at, &["watch", "in/a.mp4", "--every"]);
    assert_eq!(String::from_utf8(every.stdout).unwrap().lines().count(), 12);
}

/// More pictures come with one decision than the encoder takes without sound.
#[test]
fn decisions_that_lie_far_apart_are_saved_and_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    clip(at, "clip.mp4", "7");
    let output = run(at, &["watch", "clip.mp4", "--save", "saved.mp4", "--hop", "3"]);
    assert!(output.status.success(), "{}", said(&output));
    assert!((seconds(&at.join("saved.mp4")) - 6.0).abs() < 0.2);
    let studio = ["live", "--camera", "studio", "--microphone", "studio", "--headless"];
    let output = run(at, &[&studio[..], &["--record", "kept", "--hop", "2.5", "--seconds", "5"]].concat());
    assert!(output.status.success(), "{}", said(&output));
    assert!((seconds(&at.join("kept/session.mkv")) - 5.0).abs() < 0.5);
}
