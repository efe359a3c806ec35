//! `lookhear watch`, `judge` and `demo` as their users call them, on media made by ffmpeg.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use lookhear::event::{Event, State};
use tempfile::TempDir;

const TONE: &str = "sine=frequency=600:sample_rate=44100";

fn lookhear(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lookhear")).args(arguments).output().unwrap()
}

/// Makes a media file: lavfi picture, lavfi sound, seconds, further options.
fn media(
    folder: &Path,
    name: &str,
    picture: Option<&str>,
    sound: Option<&str>,
    seconds: &str,
    more: &[&str],
) -> PathBuf {
    let path = folder.join(name);
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-y"]);
    for input in [picture, sound].into_iter().flatten() {
        command.args(["-f", "lavfi", "-t", seconds, "-i", input]);
    }
    assert!(command.args(more).arg(&path).status().unwrap().success(), "{name}");
    path
}

fn events(output: &Output) -> Vec<Event> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn watch(path: &Path, more: &[&str]) -> Output {
    lookhear(&[&["watch", path.to_str().unwrap(), "--json"], more].concat())
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn times_fit_the_clip_and_a_replay_is_the_same() {
    let folder = folder();
    let clip = media(folder.path(), "clip.mp4", Some("testsrc=size=320x240:rate=30"), Some(TONE), "2.5", &[]);
    let first = watch(&clip, &["--map"]);
    let decisions = events(&first);
    let last = decisions.last().unwrap();
    assert!((2.4..=2.6).contains(&last.t), "{}", last.t);
    for pair in decisions.windows(2) {
        assert!((pair[1].t - pair[0].t - 0.08).abs() < 1e-3);
    }
    for event in &decisions {
        assert_eq!(event.schema, 1);
        assert!((0.0..=1.0).contains(&event.score) && (0.0..=1.0).contains(&event.confidence));
        assert!(event.peak.iter().all(|p| (0.0..=1.0).contains(p)));
        assert_eq!(event.bounds.is_some(), event.state == State::Match);
        let map = event.map.as_ref().unwrap();
        assert_eq!((map.len(), map[0].len()), (14, 14));
        assert!(map.iter().flatten().all(|v| (0.0..=1.0).contains(v)));
    }
    assert_eq!(first.stdout, watch(&clip, &["--map"]).stdout, "byte for byte");
}

#[test]
fn silence_is_silent() {
    let folder = folder();
    let clip =
        media(folder.path(), "c.mp4", Some("testsrc=size=320x240"), Some("anullsrc=r=48000"), "2", &[]);
    for event in events(&watch(&clip, &[])) {
        assert_eq!((event.state, event.bounds), (State::Silent, None));
    }
}

#[test]
fn unusual_but_good_input_is_watched() {
    let folder = folder();
    let at = folder.path();
    let picture = "testsrc=size=320x240:rate=25";
    let cases = [
        media(at, "1fps.mp4", Some("testsrc=size=320x240:rate=1"), Some(TONE), "2", &[]),
        media(at, "120fps.mp4", Some("testsrc=size=320x240:rate=120"), Some(TONE), "2", &[]),
        media(at, "8k.mkv", Some(picture), Some(TONE), "2", &["-ar", "8000", "-c:a", "pcm_s16le"]),
        media(
            at,
            "96k51.mkv",
            Some(picture),
            Some(TONE),
            "2",
            &["-ar", "96000", "-ac", "6", "-c:a", "pcm_s16le"],
        ),
        media(at, "odd.mkv", Some("testsrc=size=123x77:rate=25"), Some(TONE), "2", &["-c:v", "ffv1"]),
    ];
    for clip in cases {
        let last = events(&watch(&clip, &[])).last().unwrap().t;
        assert!((1.84..=2.16).contains(&last), "{}: {last}", clip.display());
    }
    let short = media(at, "short.mp4", Some(picture), Some(TONE), "0.4", &[]);
    let decisions = events(&watch(&short, &[]));
    assert!(decisions.len() >= 4 && decisions.last().unwrap().t <= 0.56, "{decisions:?}");
}

#[test]
fn variable_frame_rate_and_rotation_are_understood() {
    let folder = folder();
    let filter = "select='not(mod(n\\,7))+lt(n\\,20)'";
    let picture = Some("testsrc=size=320x240:rate=25");
    let vfr = media(folder.path(), "vfr.mp4", picture, Some(TONE), "3", &["-vf", filter, "-fps_mode", "vfr"]);
    let last = events(&watch(&vfr, &[])).last().unwrap().t;
    assert!((2.8..=3.1).contains(&last), "{last}");

    let plain = media(folder.path(), "plain.mp4", picture, Some(TONE), "1", &[]);
    let phone = folder.path().join("phone.mp4");
    let turn = |before: &[&str], after: &[&str]| {
        let mut command = Command::new("ffmpeg");
        command.args(["-v", "error", "-y"]).args(before).arg("-i").arg(&plain);
        command.args(["-c", "copy"]).args(after).arg(&phone).status().unwrap().success()
    };
    // An ffmpeg before 6.0 cannot mark a rotation so; its metadata form does the same.
    assert!(turn(&["-display_rotation", "90"], &[]) || turn(&[], &["-metadata:s:v:0", "rotate=90"]));
    let shots = folder.path().join("upright.mp4");
    assert!(watch(&phone, &["--save", shots.to_str().unwrap()]).status.success());
    let frame = lookhear::media::frame_at(&shots, 0.5).unwrap();
    assert!(frame.height() > frame.width(), "{:?}", frame.dimensions());
}

#[test]
fn the_saved_video_has_all_frames_and_the_sound() {
    let folder = folder();
    let clip = media(folder.path(), "clip.mp4", Some("testsrc=size=320x240:rate=25"), Some(TONE), "2", &[]);
    let saved = folder.path().join("out.mp4");
    let shots = folder.path().join("shots");
    let more = ["--save", saved.to_str().unwrap(), "--snapshots", shots.to_str().unwrap()];
    events(&watch(&clip, &more));
    let probe = lookhear::media::probe(saved.to_str().unwrap()).unwrap();
    assert!((1.9..2.15).contains(&probe.seconds), "{probe:?}");
    let sound = lookhear::media::sound(&saved).unwrap();
    let power = sound.iter().map(|s| s * s).sum::<f32>() / sound.len() as f32;
    assert!(power > 1e-4, "the sound is kept: {power}");
    let frame = lookhear::media::frame_at(&saved, 1.0).unwrap();
    assert!(frame.width() == 320 && frame.height() > 240, "a panel below the picture");
    assert_eq!(names(folder.path()), ["clip.mp4", "out.mp4", "shots"], "nothing else is left");
}

#[test]
fn bad_input_gets_one_error_that_names_it() {
    let folder = folder();
    let at = folder.path();
    let picture = Some("testsrc=size=320x240:rate=25");
    let mute = media(at, "mute.mp4", picture, None, "1", &[]);
    let blind = media(at, "blind.wav", None, Some(TONE), "1", &[]);
    let whole = media(at, "whole.mp4", picture, Some(TONE), "2", &[]);
    let (cut, text) = (at.join("cut.mp4"), at.join("text.mp4"));
    let bytes = std::fs::read(&whole).unwrap();
    std::fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    std::fs::write(&text, "this is no video").unwrap();
    let absent = at.join("absent.mp4");
    let before = names(at);
    let cases = [
        (&mute, "has no sound"),
        (&blind, "has no picture"),
        (&cut, "cannot be read"),
        (&text, "cannot be read"),
        (&absent, "No such file"),
    ];
    for (path, expected) in cases {
        let out = at.join("out.mp4");
        let output = watch(path, &["--save", out.to_str().unwrap()]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{}", path.display());
        assert!(error.contains(expected) && error.contains(path.to_str().unwrap()), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
        assert_eq!(names(at), before, "nothing half-written");
    }
}

#[test]
fn a_damaged_end_is_reported_and_what_comes_before_it_is_saved() {
    let folder = folder();
    let at = folder.path();
    // Matroska has no index at its end, so its beginning can be watched.
    let whole =
        media(at, "whole.mkv", Some("testsrc=size=320x240:rate=25"), Some(TONE), "4", &["-c:a", "pcm_s16le"]);
    let bytes = std::fs::read(&whole).unwrap();
    let cut = at.join("cut.mkv");
    std::fs::write(&cut, &bytes[..bytes.len() * 2 / 3]).unwrap();
    let out = at.join("out.mp4");
    let output = watch(&cut, &["--save", out.to_str().unwrap()]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cut.mkv"));
    let last: Event = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert!((2.0..3.5).contains(&last.t), "what can be watched is watched: {}", last.t);
    let saved = lookhear::media::probe(out.to_str().unwrap()).unwrap().seconds;
    assert!((saved - last.t).abs() < 0.15, "what was watched is saved: {saved} of {}", last.t);
    assert_eq!(names(at), ["cut.mkv", "out.mp4", "whole.mkv"], "nothing half-written");
}

#[test]
fn unwritable_output_is_named_before_work_begins() {
    let folder = folder();
    let clip = media(folder.path(), "c.mp4", Some("testsrc=size=320x240"), Some(TONE), "1", &[]);
    for target in ["/nonexistent/out.mp4", folder.path().to_str().unwrap()] {
        let output = watch(&clip, &["--save", target]);
        assert!(!output.status.success() && output.stdout.is_empty());
        assert!(String::from_utf8_lossy(&output.stderr).contains(target));
    }
    let output = watch(&clip, &["--model", "/nonexistent/model"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("/nonexistent/model"));
}

#[test]
fn a_folder_and_standard_input_are_watched() {
    let folder = folder();
    let clip = media(folder.path(), "a.mkv", Some("testsrc=size=320x240"), Some(TONE), "1", &[]);
    media(folder.path(), "b.mkv", Some("testsrc=size=320x240"), Some(TONE), "1", &[]);
    std::fs::write(folder.path().join("notes.txt"), "no video").unwrap();
    let single = events(&watch(&clip, &[]));
    assert_eq!(events(&watch(folder.path(), &[])).len(), 2 * single.len());

    let piped = Command::new(env!("CARGO_BIN_EXE_lookhear"))
        .args(["watch", "-", "--json"])
        .stdin(std::fs::File::open(&clip).unwrap())
        .output()
        .unwrap();
    assert_eq!(events(&piped), single);
}

#[test]
fn judge_agrees_with_itself_one_by_one_and_in_a_list() {
    let folder = folder();
    let at = folder.path();
    let clip = media(at, "c.mp4", Some("testsrc=size=320x240"), Some(TONE), "2", &[]);
    let moment = format!("{}@1.0", clip.display());
    let one = lookhear(&["judge", &moment, &moment, "--map"]);
    let answer: serde_json::Value = serde_json::from_slice(&one.stdout).unwrap();
    assert_eq!(answer["picture"], moment.as_str());
    assert_eq!(answer["map"].as_array().unwrap().len(), 14);

    let list = at.join("pairs.tsv");
    std::fs::write(&list, format!("{moment}\t{moment}\n/nonexistent.png\t{moment}\n{moment}\t{moment}\n"))
        .unwrap();
    let many = lookhear(&["judge", "--pairs", list.to_str().unwrap(), "--map"]);
    assert_eq!(String::from_utf8(many.stdout).unwrap(), String::from_utf8(one.stdout).unwrap().repeat(2));
    assert!(!many.status.success(), "one line could not be judged");
    assert!(String::from_utf8_lossy(&many.stderr).contains("/nonexistent.png"));

    std::fs::write(&list, "no tab here\n").unwrap();
    let bad = lookhear(&["judge", "--pairs", list.to_str().unwrap()]);
    assert!(String::from_utf8_lossy(&bad.stderr).contains("line 1"));
}

#[test]
fn the_demo_plays_without_any_files() {
    let folder = folder();
    let saved = folder.path().join("demo.mp4");
    let arguments =
        ["demo", "--scenes", "1", "--json", "--stamps", "/nonexistent", "--save", saved.to_str().unwrap()];
    let output = lookhear(&arguments);
    let decisions = events(&output);
    assert_eq!(decisions.len(), 100, "8 seconds");
    assert!(decisions.iter().any(|e| e.state == State::Silent), "there are pauses");
    let probe = lookhear::media::probe(saved.to_str().unwrap()).unwrap();
    assert!((7.8..8.2).contains(&probe.seconds), "{probe:?}");
}

#[test]
fn an_interrupted_run_ends_quickly_with_complete_output() {
    let folder = folder();
    let clip = media(
        folder.path(),
        "c.mp4",
        Some("testsrc=size=320x240"),
        Some(TONE),
        "60",
        &["-preset", "ultrafast"],
    );
    let saved = folder.path().join("out.mp4");
    let mut child = Command::new(env!("CARGO_BIN_EXE_lookhear"))
        .args(["watch", clip.to_str().unwrap(), "--json", "--save", saved.to_str().unwrap()])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // The first decision has been made when its line arrives.
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    assert!(lines.next().unwrap().unwrap().starts_with('{'));
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupt.unwrap().success());
    let decisions = 1 + lines.count();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(decisions < 700, "it did not go on to the end: {decisions}");
    assert!(lookhear::media::probe(saved.to_str().unwrap()).is_ok(), "the video is complete");
}
