//! Live capture: the virtual studio through the real program, and devices that misbehave.

use std::collections::VecDeque;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use image::{Rgb, RgbImage};
use lookhear::capture::device::{Camera, CameraFrame, Chunk, DeviceError, ErrorKind, Microphone};
use lookhear::capture::live::{self, Opener};
use lookhear::capture::monitor::Health;
use lookhear::event::{DeviceState, Event, State};
use lookhear::judge::Judge;
use lookhear::model::Bundle;
use lookhear::pipeline::{self, Controls, DecisionContext, PipelineSettings, Sink, SinkError};
use lookhear::preprocess::level;

fn lookhear(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lookhear")).args(arguments).output().unwrap()
}

fn events(output: &Output) -> Vec<Event> {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_recorded_session_gives_the_same_decisions_again() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().to_str().unwrap();
    // A hop of 0.2 s leaves a slow or busy machine time, so that no decision is left out.
    let studio = ["live", "--camera", "studio", "--microphone", "studio", "--json", "--map", "--hop", "0.2"];
    let live = events(&lookhear(&[&studio[..], &["--seconds", "9", "--record", record]].concat()));
    let session = folder.path().join("session.mkv");
    let file = events(&lookhear(&["watch", session.to_str().unwrap(), "--json", "--map", "--hop", "0.2"]));
    assert!((40..=45).contains(&live.len()), "{} decisions", live.len());
    assert!(live.len().abs_diff(file.len()) <= 1, "{} and {}", live.len(), file.len());
    for (live, file) in live.iter().zip(&file) {
        let plain = Event { time: None, latency_ms: 0.0, swapped_score: None, devices: None, ..live.clone() };
        assert_eq!(plain, *file);
    }
    assert!(live.iter().any(|event| event.state != State::Silent), "something sounds");
    assert!(live.iter().all(|event| event.latency_ms > 0.0 && event.devices.is_some()));
    let times: Vec<jiff::Timestamp> =
        live.iter().map(|event| event.time.as_ref().unwrap().parse().unwrap()).collect();
    let (first, last) = (&live[0], &live[live.len() - 1]);
    let passed = (times[times.len() - 1] - times[0]).as_secs_f64();
    assert!((passed - (last.t - first.t)).abs() < 0.05, "the time of day goes with t: {passed}");
    assert!(file.iter().all(|event| event.time.is_none()));
    assert!(live.iter().any(|event| event.swapped_score.is_some()), "the self-check ran");
}

#[test]
fn without_devices_it_says_so_and_ends_when_asked() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_lookhear"))
        .args(["live", "--json", "--camera", "no such camera", "--microphone", "no such microphone"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    thread::sleep(Duration::from_secs(6));
    let asked = Instant::now();
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    let status = child.wait().unwrap();
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    assert!(status.success());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("no such camera: not found. `lookhear devices` lists what there is"), "{said}");
    let text = String::from_utf8(output.stdout).unwrap();
    let events: Vec<Event> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let last = events.last().unwrap();
    assert_eq!((last.state, last.devices.unwrap().camera), (State::Silent, DeviceState::Missing));
    assert!(last.t > 1.0, "time goes on: {}", last.t);
}

#[test]
fn a_file_may_stand_in_for_both_devices() {
    let folder = tempfile::tempdir().unwrap();
    let clip = folder.path().join("clip.mp4");
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=25:duration=3"])
        .args(["-f", "lavfi", "-i", "sine=frequency=600:duration=3"])
        .arg(&clip)
        .status();
    assert!(made.unwrap().success());
    let clip = clip.to_str().unwrap();
    let arguments =
        ["live", "--camera", clip, "--microphone", clip, "--json", "--hop", "0.2", "--seconds", "5"];
    let mut child =
        Command::new(env!("CARGO_BIN_EXE_lookhear")).args(arguments).stdout(Stdio::piped()).spawn().unwrap();
    // Two would begin at moments of their own, and picture and sound would lie apart.
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        most = most.max(readers(clip).saturating_sub(1));
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(most, 1, "one ffmpeg plays it for both");
    let events = events(&child.wait_with_output().unwrap());
    let live = |event: &&Event| {
        event.devices.is_some_and(|d| d.camera == DeviceState::Live && d.microphone == DeviceState::Live)
    };
    assert!(events.iter().filter(live).count() > 15, "it goes on beyond the clip's end");
    assert_ne!(events.last().unwrap().state, State::Silent);
}

/// Processes whose command line names a file; the first is the program itself.
fn readers(file: &str) -> usize {
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(|entry| Some(entry.ok()?.path()));
    processes
        .filter_map(|process| std::fs::read(process.join("cmdline")).ok())
        .filter(|line| !line.starts_with(b"ffprobe") && String::from_utf8_lossy(line).contains(file))
        .count()
}

/// What a fake device does next.
#[derive(Clone, Copy)]
enum Act {
    /// Delivers for so many seconds.
    Give(f64),
    /// Says nothing for so many calls.
    Stall(u32),
    /// Fails, and has to be opened again.
    Fail(ErrorKind),
}

/// Plays acts over all openings; when they are over, it delivers for ever.
struct Script(Arc<Mutex<VecDeque<Act>>>);

impl Script {
    fn new(acts: &[Act]) -> Self {
        Self(Arc::new(Mutex::new(acts.iter().copied().collect())))
    }

    fn handle(&self) -> Self {
        Self(self.0.clone())
    }

    /// `Ok`: deliver something of this length.
    fn step(&self, length: f64) -> Result<(), DeviceError> {
        let mut acts = self.0.lock().unwrap();
        let (result, rest) = match acts.pop_front() {
            None => (Ok(()), None),
            Some(Act::Give(left)) => (Ok(()), (left > length).then_some(Act::Give(left - length))),
            Some(Act::Stall(left)) => (Err(ErrorKind::Stalled), (left > 1).then_some(Act::Stall(left - 1))),
            Some(Act::Fail(kind)) => (Err(kind), None),
        };
        if let Some(rest) = rest {
            acts.push_front(rest);
        }
        drop(acts);
        result.map_err(|kind| {
            thread::sleep(Duration::from_millis(if kind == ErrorKind::Stalled { 500 } else { 0 }));
            DeviceError::new(kind, "fake", "")
        })
    }
}

struct FakeCamera(Script);

impl Camera for FakeCamera {
    fn frame(&mut self) -> Result<CameraFrame, DeviceError> {
        self.0.step(0.03)?;
        thread::sleep(Duration::from_millis(30));
        let picture = RgbImage::from_fn(64, 48, |x, y| Rgb([x as u8 * 4, y as u8 * 5, 90]));
        Ok(CameraFrame { captured: Instant::now(), picture, lost: 1 })
    }

    fn format(&self) -> String {
        "fake".into()
    }
}

/// A tone at 44.1 kHz in two channels, paced by the clock.
struct FakeMicrophone {
    script: Script,
    next: Instant,
    position: usize,
    lost: u64,
}

const RATE: usize = 44_100;
const CHUNK: usize = 441;

impl Microphone for FakeMicrophone {
    fn chunk(&mut self) -> Result<Chunk, DeviceError> {
        self.script.step(0.01)?;
        let captured = self.next;
        self.next += Duration::from_millis(10);
        thread::sleep(self.next.saturating_duration_since(Instant::now()));
        let tone = |n: usize| (n as f32 * std::f32::consts::TAU * 880.0 / RATE as f32).sin() * 0.5;
        let mut interleaved: Vec<f32> =
            (self.position..self.position + CHUNK).flat_map(|n| [tone(n); 2]).collect();
        self.position += CHUNK;
        let lost = std::mem::take(&mut self.lost);
        // What comes after a loss has two values that are no numbers, and says that it mended three more.
        let invalid = if lost > 0 { 3 } else { 0 };
        if lost > 0 {
            (interleaved[3], interleaved[8]) = (f32::NAN, f32::INFINITY);
        }
        Ok(Chunk { captured, interleaved, lost, xruns: 0, invalid })
    }

    fn rate(&self) -> u32 {
        RATE as u32
    }

    fn channels(&self) -> usize {
        2
    }
}

/// Keeps what every decision said.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<(Event, Health, f32)>>>);

impl Sink for Notes {
    fn take(&mut self, context: &DecisionContext) -> Result<(), SinkError> {
        let health = context.health.cloned().unwrap_or_default();
        self.0.lock().unwrap().push((context.event.clone(), health, level(context.second)));
        Ok(())
    }
}

/// Runs fake devices for some seconds.
fn run(camera: &[Act], microphone: &[Act], lost: u64, seconds: f64) -> Vec<(Event, Health, f32)> {
    let (camera, microphone) = (Script::new(camera), Script::new(microphone));
    let open_camera: Opener<dyn Camera> = Box::new(move || Ok(Box::new(FakeCamera(camera.handle()))));
    let open_microphone: Opener<dyn Microphone> = Box::new(move || {
        let script = microphone.handle();
        Ok(Box::new(FakeMicrophone { script, next: Instant::now(), position: 0, lost }))
    });
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/lookhear-edge.safetensors");
    let mut judge = Judge::new(&Bundle::load(&path).unwrap(), lookhear::engine::Backend::Int).unwrap();
    let notes = Notes::default();
    let mut sinks: Vec<Box<dyn Sink>> = vec![Box::new(notes.clone())];
    let settings = PipelineSettings { hop: 0.2, end: Some(seconds), ..PipelineSettings::default() };
    let source = live::open(open_camera, open_microphone, 0.0);
    pipeline::run(source, &mut judge, &mut sinks, settings, &Controls::default()).unwrap();
    let notes = notes.0.lock().unwrap();
    notes.clone()
}

/// The states in the order in which they came, each once in a row.
fn states(notes: &[(Event, Health, f32)], of: impl Fn(&Health) -> DeviceState) -> Vec<DeviceState> {
    let mut states: Vec<DeviceState> = notes.iter().map(|(_, health, _)| of(health)).collect();
    states.dedup();
    states
}

#[test]
fn a_camera_that_stalls_and_goes_is_followed_and_the_sound_goes_on() {
    let acts = [
        Act::Give(1.5),
        Act::Stall(2),
        Act::Give(1.0),
        Act::Fail(ErrorKind::Gone),
        Act::Fail(ErrorKind::Missing),
    ];
    let begin = Instant::now();
    let notes = run(&acts, &[], 0, 8.0);
    assert!(begin.elapsed() < Duration::from_secs(13), "in real time: {:?}", begin.elapsed());
    use DeviceState::{Gone, Live, Missing, Stalled};
    let seen = states(&notes, |health| health.camera.state);
    // A state shorter than a hop may be missed.
    let seen: Vec<_> = seen.into_iter().filter(|state| ![Gone, Missing].contains(state)).collect();
    assert_eq!(seen[..3], [Live, Stalled, Live]);
    assert_eq!(notes.last().unwrap().1.camera.state, Live);
    assert_eq!(notes.last().unwrap().1.camera.reopened, 2);
    assert!(notes.iter().all(|(_, health, _)| health.microphone.state == Live));
    for (event, _, level) in notes.iter().filter(|(event, ..)| event.t > 1.2) {
        assert!((-10.5..=-8.0).contains(level), "the tone goes on at {}: {level} dB", event.t);
        assert_ne!(event.state, State::Silent);
    }
    assert!(
        notes.windows(2).all(|pair| (pair[1].0.t - pair[0].0.t - 0.2).abs() < 1e-6),
        "no decision is missing"
    );
    assert!(notes.last().unwrap().1.frames_lost > 50, "the driver's losses are counted");
}

#[test]
fn without_a_camera_nothing_is_seen_whatever_sounds() {
    let acts = [Act::Give(1.0), Act::Stall(9)];
    let notes = run(&acts, &[], 0, 5.0);
    for (event, ..) in notes.iter().filter(|(event, ..)| event.t > 3.2) {
        assert_eq!((event.state, event.score), (State::NoVisibleSource, 0.0), "at {}", event.t);
    }
}

#[test]
fn a_microphone_that_goes_leaves_silence_and_comes_back() {
    let acts = [Act::Give(2.0), Act::Fail(ErrorKind::Gone), Act::Stall(5)];
    let notes = run(&[], &acts, 0, 9.0);
    let seen = states(&notes, |health| health.microphone.state);
    assert_eq!(seen.last(), Some(&DeviceState::Live), "{seen:?}");
    assert!(seen.contains(&DeviceState::Stalled), "{seen:?}");
    let quiet: Vec<f64> =
        notes.iter().filter(|(event, ..)| event.state == State::Silent).map(|(event, ..)| event.t).collect();
    assert!(!quiet.is_empty() && quiet.iter().all(|t| (2.5..7.5).contains(t)), "{quiet:?}");
    let (event, health, level) = notes.last().unwrap();
    assert!((-10.5..=-8.0).contains(level), "the tone is back: {level} dB");
    assert_ne!(event.state, State::Silent);
    assert!(health.samples_lost > 48_000 && health.gaps >= 1, "{health:?}");
    assert_eq!(health.camera.state, DeviceState::Live);
}

#[test]
fn sound_that_was_lost_or_no_number_is_counted_and_its_place_kept() {
    let notes = run(&[], &[], 22_050, 3.0);
    let (_, health, _) = notes.last().unwrap();
    assert_eq!((health.overruns, health.gaps, health.invalid), (1, 1, 5), "{health:?}");
    assert!((23_500..=24_500).contains(&health.samples_lost), "half a second: {}", health.samples_lost);
}

/// A limit on the size of files stands for a full disk: ffmpeg can write no more.
#[test]
fn a_full_disk_is_told_and_what_was_recorded_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_lookhear");
    let line = format!(
        "ulimit -f 1500; exec {program} live --camera studio --microphone studio --json --hop 0.2 \
         --seconds 16 --record {}",
        folder.path().display()
    );
    let output = Command::new("bash").args(["-c", &line]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.lines().count() >= 60, "the run goes on to its end:\n{said}");
    assert!(said.contains("not saved: ") && said.contains("session.mkv"), "{said}");
    assert!(said.contains("what was recorded before is kept"), "{said}");
    assert!(folder.path().join("session-2.mkv").exists(), "it was tried again:\n{said}");
    let session = folder.path().join("session.mkv");
    let again = lookhear(&["watch", session.to_str().unwrap(), "--json", "--hop", "0.2"]);
    let watched = String::from_utf8_lossy(&again.stdout).lines().count();
    assert!(watched >= 10, "what was kept can be watched: {watched} decisions");
}
