//! Cameras and microphones through the drivers of a real Linux kernel, emulated: `tests/guest` says how.
//!
//! The guest is booted once; what the program printed in it is judged here.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::{env, fs};

use lookhear::event::DeviceState::{self, Blank, Busy, Failed, Gone, Live, Missing, Stalled};
use lookhear::event::{Event, State};

/// All scenarios have run; this folder holds what they left.
static OUT: LazyLock<PathBuf> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut guest = Command::new(root.join("tests/guest/run.sh"));
    let status = guest.arg(env!("CARGO_BIN_EXE_lookhear")).status().unwrap();
    assert!(status.success(), "the guest did not run: {status}");
    root.join("target/guest/out")
});

fn read(name: &str) -> String {
    let path = OUT.join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// One run of the program in the guest.
struct Run {
    events: Vec<Event>,
    /// What was done to it, and how many events it had given by then.
    marks: Vec<(String, usize)>,
    stderr: String,
}

impl Run {
    /// Reads a run, and asserts what holds for each: it was ended by a signal, and ended well and at once.
    fn of(name: &str) -> Self {
        let lines = read(&format!("{name}.jsonl"));
        let event =
            |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{name}: {error}: {line}"));
        let events: Vec<Event> = lines.lines().map(event).collect();
        let mark = |line: &str| {
            let words: Vec<_> = line.split(' ').collect();
            (words[0].to_string(), words[2].parse().unwrap())
        };
        let marks = read(&format!("{name}.marks")).lines().map(mark).collect();
        let stderr = read(&format!("{name}.err"));
        let end = read(&format!("{name}.end"));
        let (code, milliseconds) = end.trim().split_once(' ').unwrap();
        assert_eq!(code, "0", "{name}: {stderr}");
        assert!(
            milliseconds.parse::<u32>().unwrap() < 3000,
            "{name}: {milliseconds} ms from SIGTERM to the end"
        );
        assert!(!stderr.contains("panicked"), "{name}: {stderr}");
        Self { events, marks, stderr }
    }

    /// Numbers of the first event after a mark, and of the first after the next mark.
    fn span(&self, mark: &str) -> (usize, usize) {
        let place =
            self.marks.iter().position(|(word, _)| word == mark).unwrap_or_else(|| panic!("no mark {mark}"));
        (self.marks[place].1, self.marks.get(place + 1).map_or(self.events.len(), |(_, lines)| *lines))
    }

    /// The events from a mark until the next one.
    fn after(&self, mark: &str) -> &[Event] {
        let (from, until) = self.span(mark);
        &self.events[from..until]
    }

    /// Seconds of `t` from a mark to the first event after it whose devices are as wanted.
    #[track_caller]
    fn delay(&self, mark: &str, wanted: impl Fn(DeviceState, DeviceState) -> bool) -> f64 {
        let before = self.events[..self.span(mark).0].last().map_or(0.0, |event| event.t);
        let devices = |event: &Event| event.devices.unwrap();
        match self.after(mark).iter().find(|event| wanted(devices(event).camera, devices(event).microphone)) {
            Some(event) => event.t - before,
            None => {
                panic!("never after {mark}: {:?}", self.after(mark).iter().map(devices).collect::<Vec<_>>())
            }
        }
    }

    /// Decisions go on all the time, whatever happens to a device. The emulated machine is slow: it may leave some out.
    #[track_caller]
    fn goes_on(&self) {
        for pair in self.events.windows(2) {
            let step = pair[1].t - pair[0].t;
            assert!(step > 0.0 && step <= 4.0, "from {} to {}", pair[0].t, pair[1].t);
        }
    }

    /// What `--stats` says of the camera.
    fn frames(&self) -> usize {
        let line = self.stderr.lines().find(|line| line.contains(" frames, ")).unwrap();
        line.split(' ').next().unwrap().parse().unwrap()
    }
}

fn both_live(camera: DeviceState, microphone: DeviceState) -> bool {
    camera == Live && microphone == Live
}

/// A device that comes back is used again within so many seconds.
const BACK: f64 = 10.0;

#[test]
#[ignore = "needs QEMU: .ci/guest runs it"]
fn camera_and_microphone_deliver() {
    let run = Run::of("both");
    run.delay("begin", both_live);
    run.goes_on();
    assert!(run.frames() > 20, "{}", run.stderr);
    let last = &run.events[run.events.len() - 3..];
    assert!(last.iter().all(|event| event.state != State::Silent), "the sweep is not heard: {last:?}");
}

#[test]
#[ignore = "needs QEMU: .ci/guest runs it"]
fn nokhwa_delivers_and_a_camera_that_hangs_in_it_is_told() {
    let run = Run::of("nokhwa");
    run.delay("begin", both_live);
    assert!(run.frames() > 20, "{}", run.stderr);
    // And it was ended in this state.
    assert!(run.delay("stuck", |camera, _| camera == Stalled) < BACK);
}

#[test]
#[ignore = "needs QEMU: .ci/guest runs it"]
fn a_stalled_camera_is_told_and_comes_back() {
    let run = Run::of("stall");
    run.delay("begin", both_live);
    assert!(run.delay("stuck", |camera, microphone| camera == Stalled && microphone == Live) < BACK);
    let stuck = run.after("stuck");
    assert!(stuck.iter().all(|event| event.devices.unwrap().microphone == Live), "{stuck:?}");
    assert!(run.delay("free", both_live) < BACK);
    assert!(run.delay("stuck_again", |camera, _| camera == Stalled) < BACK);
    run.goes_on();
}

#[test]
#[ignore = "needs QEMU: .ci/guest runs it"]
fn a_busy_camera_is_used_as_soon_as_it_is_free() {
    let run = Run::of("busy");
    run.delay("begin", |camera, microphone| camera == Busy && microphone == Live);
    assert!(run.delay("free", both_live) < BACK);
    run.goes_on();
}

#[test]
#[ignore = "needs QEMU: .ci/guest runs it"]
fn a_camera_may_be_disconnected_and_connected_again() {
    let run = Run::of("camera_disconnected");
    run.delay("begin", both_live);
    let lost = |camera, microphone| [Gone, Missing, Failed].contains(&camera) && microphone == Live;
    assert!(run.delay("disconnected", lost) < BACK);
    assert!(run.delay("connected", both_live) < BACK);
    run.goes_on();
}

#[test]
#[ignore = "needs QEMU: .ci/guest runs it"]
fn a_camera_may_vanish_and_come_back() {
    let run = Run::of("camera_removed");
    run.delay("begin", both_live);
    assert!(run.delay("removed", |camera, microphone| camera == Gone && microphone == Live) < BACK);
    assert!(run.delay("added", both_live) < BACK);
    run.goes_on();
}

#[test]
#[ignore = "needs QEMU: .ci/guest runs it"]
fn a_microphone_may_vanish_and_come_back() {
    let run = Run::of("microphone_removed");
    run.delay("begin", both_live);
    let lost = |camera, microphone| camera == Live && [Gone, Missing, Failed].contains(&microphone);
    assert!(run.delay("removed", lost) < BACK);
    let silent = run.after("removed").last().unwrap();
    assert_eq!(silent.state, State::Silent, "nothing is heard meanwhile");
    assert!(
        run.delay("added", |camera, microphone| camera == Live && [Live, Blank].contains(&microphone)) < BACK
    );
    assert_ne!(run.events.last().unwrap().state, State::Silent, "the sweep is heard again");
    run.goes_on();
}

#[test]
#[ignore = "needs QEMU: .ci/guest runs it"]
fn flashes_and_beeps_of_a_clip_lie_together() {
    let line = read("calibrate.jsonl");
    let told = read("calibrate.err");
    let measured: serde_json::Value =
        serde_json::from_str(line.trim()).unwrap_or_else(|error| panic!("{error}: {line}{told}"));
    assert!(measured["pairs"].as_u64().unwrap() >= 5, "{line}");
    assert!(measured["sd_ms"].as_f64().unwrap() < 20.0, "{line}");
}
