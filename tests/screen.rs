//! `lookhear live` in a real terminal: tmux shows what people see.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// A terminal of 80 x 24 that runs `lookhear live`.
struct Pane(String);

impl Pane {
    fn open(name: &str, arguments: &str) -> Self {
        let program = env!("CARGO_BIN_EXE_lookhear");
        Self::run(name, &format!("{program} live {arguments}; echo ended with $?; sleep 60"))
    }

    fn run(name: &str, command: &str) -> Self {
        let pane = Self(format!("lookhear-{name}-{}", std::process::id()));
        pane.tmux(&["-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", command]);
        pane
    }

    fn tmux(&self, arguments: &[&str]) -> String {
        let output = Command::new("tmux").args(["-L", &self.0]).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn text(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// Waits until the screen shows all of these.
    fn wait_for(&self, words: &[&str]) -> String {
        let begin = Instant::now();
        loop {
            let text = self.text();
            if words.iter().all(|word| text.contains(word)) {
                return text;
            }
            assert!(begin.elapsed() < Duration::from_secs(30), "{words:?} did not come:\n{text}");
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn keys(&self, keys: &str) {
        self.tmux(&["send-keys", keys]);
    }
}

impl Drop for Pane {
    fn drop(&mut self) {
        let _ = Command::new("tmux").args(["-L", &self.0, "kill-server"]).output();
    }
}

#[test]
fn the_studio_is_seen_and_heard() {
    let pane = Pane::open("live", "--camera studio --microphone studio");
    let text = pane.wait_for(&["camera is on", "microphone is on", "score", "dB", "frames/s", "q quit"]);
    assert!(text.matches('▀').count() > 600, "picture and spectrogram:\n{text}");
    let text = pane.wait_for(&["30 frames/s"]);
    assert!(text.contains("I hear") || text.contains("It is quiet."), "{text}");
    pane.keys("p");
    pane.wait_for(&["PAUSED"]);
    pane.keys("p");
    pane.wait_for(&["p pause"]);
    pane.keys("q");
    let text = pane.wait_for(&["ended with 0"]);
    assert!(!text.contains('▀'), "the terminal is given back:\n{text}");
}

#[test]
fn a_larger_window_is_filled() {
    let pane = Pane::open("resized", "--camera studio --microphone studio");
    pane.wait_for(&["camera is on"]);
    pane.tmux(&["resize-window", "-x", "120", "-y", "40"]);
    let begin = Instant::now();
    while pane.text().lines().filter(|line| line.contains('▀')).count() < 30 {
        assert!(begin.elapsed() < Duration::from_secs(10), "it fills the larger window:\n{}", pane.text());
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_terminal_that_is_closed_ends_the_program() {
    let program = env!("CARGO_BIN_EXE_lookhear");
    let pane = Pane::run("closed", &format!("exec {program} live --camera studio --microphone studio"));
    pane.wait_for(&["camera is on"]);
    let id = pane.tmux(&["display-message", "-p", "#{pane_pid}"]).trim().to_string();
    let runs = || Command::new("kill").args(["-0", &id]).output().unwrap().status.success();
    assert!(runs());
    drop(pane);
    let begin = Instant::now();
    while runs() {
        assert!(begin.elapsed() < Duration::from_secs(10), "process {id} goes on without a terminal");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn silence_is_quiet() {
    let pane = Pane::open("silent", "--camera studio --microphone nothing-of-that-name");
    pane.wait_for(&["camera is on", "no microphone found", "I hear nothing: no", "microphone."]);
}

#[test]
fn a_missing_camera_is_said() {
    let pane = Pane::open("gone", "--camera nothing-of-that-name --microphone studio");
    pane.wait_for(&["no camera found", "microphone is on", "I hear something, but I do not", "see it."]);
}

/// A minute of a moving picture with a tone.
fn clip(folder: &std::path::Path) -> String {
    let path = folder.join("clip.mp4");
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=25:duration=60"])
        .args(["-f", "lavfi", "-i", "sine=frequency=600:duration=60", "-preset", "ultrafast"])
        .arg(&path)
        .status();
    assert!(made.unwrap().success());
    path.to_str().unwrap().into()
}

#[test]
fn a_file_that_is_shown_ends_by_q_and_is_interrupted_by_control_c() {
    let folder = tempfile::tempdir().unwrap();
    let (program, clip) = (env!("CARGO_BIN_EXE_lookhear"), clip(folder.path()));
    for (name, key, end) in [("show-q", "q", "ended with 0"), ("show-c", "C-c", "ended with 130")] {
        let pane = Pane::run(name, &format!("{program} watch {clip} --show; echo ended with $?; sleep 60"));
        pane.wait_for(&["▀", "0:0"]);
        pane.keys(key);
        pane.wait_for(&[end]);
        // The terminal is given back: what is typed stands on a line of its own.
        let text = pane.text();
        assert!(text.lines().any(|line| line.starts_with(end)), "{text}");
    }
}
