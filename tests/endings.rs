//! Decoders that die, sources that stall, and programs that are killed: nothing partial, nothing left behind.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// What must come to pass in the end; no test takes so long unless it fails.
const AT_LAST: Duration = Duration::from_secs(60);

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// A clip that can be read from a pipe.
fn clip(folder: &Path, seconds: &str) -> PathBuf {
    let path = folder.join("clip.mkv");
    let made = Command::new("ffmpeg")
        .args([
            "-v",
            "error",
            "-nostdin",
            "-f",
            "lavfi",
            "-t",
            seconds,
            "-i",
            "testsrc2=size=320x240:rate=25",
        ])
        .args(["-f", "lavfi", "-t", seconds, "-i", "sine=frequency=600", "-preset", "ultrafast"])
        .arg(&path)
        .status();
    assert!(made.unwrap().success());
    path
}

fn start(arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lookhear"));
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn signal(name: &str, process: u32) {
    let killed = Command::new("kill").args([name, &process.to_string()]).status();
    assert!(killed.unwrap().success(), "{name} {process}");
}

/// Asks until there is an answer.
fn at_last<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + AT_LAST;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < until, "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// The child of a process whose command line has this word.
fn child_of(parent: u32, word: &str) -> Option<u32> {
    let processes =
        fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    processes.into_iter().find(|process: &u32| {
        let read = |file: &str| fs::read_to_string(format!("/proc/{process}/{file}")).unwrap_or_default();
        // After the name, which may hold anything: state and parent.
        let stat = read("stat");
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        fields.split_whitespace().nth(1) == Some(&parent.to_string()) && read("cmdline").contains(word)
    })
}

/// Whether a process is there and no zombie.
fn runs(process: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, fields)| !fields.starts_with('Z'))
}

fn ended(mut child: Child, what: &str) -> Output {
    at_last(what, || child.try_wait().unwrap());
    child.wait_with_output().unwrap()
}

/// `watch` of a clip that comes through standard input, which stays open: the number of its decoder after the first
/// decision, and what holds the input open.
fn watching(
    clip: &Path,
    more: &[&str],
) -> (Child, u32, thread::JoinHandle<Option<std::process::ChildStdin>>) {
    let mut child = start(&[&["watch", "-", "--json"], more].concat());
    let bytes = fs::read(clip).unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // Fails when nobody reads any more.
    let feeder = thread::spawn(move || stdin.write_all(&bytes).ok().map(|()| stdin));
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().starts_with('{'));
    // What it says from now on nobody waits for; it must not wait either.
    thread::spawn(move || lines.count());
    let decoder = at_last("a decoder", || child_of(child.id(), "allow_raw_vfw"));
    (child, decoder, feeder)
}

#[test]
fn a_decoder_that_is_killed_is_no_success() {
    let folder = folder();
    let clip = clip(folder.path(), "4");
    let saved = folder.path().join("saved.mp4");
    let (child, decoder, feeder) = watching(&clip, &["--save", saved.to_str().unwrap()]);
    signal("-KILL", decoder);
    let output = ended(child, "watch ends");
    drop(feeder.join());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("was not read to its end"), "{said}");
    assert!(said.contains("signal 9"), "{said}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing but the clip");
}

#[test]
fn what_is_embedded_in_part_is_embedded_again() {
    let folder = folder();
    let (sound, out) = (folder.path().join("a.mka"), folder.path().join("out"));
    let made = Command::new("ffmpeg")
        .args([
            "-v",
            "error",
            "-nostdin",
            "-f",
            "lavfi",
            "-t",
            "600",
            "-i",
            "sine=frequency=600",
            "-c:a",
            "pcm_s16le",
        ])
        .arg(&sound)
        .status();
    assert!(made.unwrap().success());
    let arguments = [
        "embed",
        sound.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
        "--pool",
        "global",
        "--hop",
        "0.1",
    ];
    let child = start(&arguments);
    // Ten minutes do not fit into the pipe, so it is there until nearly all is embedded.
    let decoder = at_last("a decoder", || child_of(child.id(), "pcm_f32le"));
    signal("-KILL", decoder);
    let output = ended(child, "embed ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("signal 9"), "{said}");
    assert_eq!(fs::read_dir(&out).unwrap().count(), 0, "nothing that looks complete");
}

#[test]
fn a_source_that_stalls_is_left_when_asked_and_given_up_in_the_end() {
    let folder = folder();
    let clip = clip(folder.path(), "4");
    let (child, decoder, feeder) = watching(&clip, &[]);
    let stdin = feeder.join().unwrap();
    signal("-TERM", child.id());
    ended(child, "watch ends when asked");
    at_last("its decoder ends", || (!runs(decoder)).then_some(()));
    drop(stdin);

    let (child, decoder, feeder) = watching(&clip, &["--stall", "1"]);
    let output = ended(child, "watch gives up");
    drop(feeder.join());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("gave nothing for 1 s"), "{said}");
    assert!(!runs(decoder));
}

#[test]
fn nothing_is_left_of_a_program_that_is_killed() {
    let folder = folder();
    let clip = clip(folder.path(), "4");
    let (mut child, decoder, feeder) = watching(&clip, &[]);
    let stdin = feeder.join().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    at_last("its decoder ends", || (!runs(decoder)).then_some(()));
    drop(stdin);
}

#[test]
fn a_pipe_with_a_name_is_watched_to_its_end() {
    let folder = folder();
    let clip = clip(folder.path(), "2");
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let child = start(&["watch", pipe.to_str().unwrap(), "--json"]);
    let (from, to) = (clip.clone(), pipe.clone());
    let writer = thread::spawn(move || fs::write(to, fs::read(from).unwrap()));
    let output = ended(child, "watch comes to the end of the pipe");
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let file =
        Command::new(env!("CARGO_BIN_EXE_lookhear")).args(["watch", "--json"]).arg(&clip).output().unwrap();
    assert_eq!(output.stdout, file.stdout, "a pipe gives what the file gives");
}
