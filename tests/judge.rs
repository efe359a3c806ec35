//! `lookhear judge` as its users call it: one pair, lists of pairs, all against all.

use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use lookhear::event::{Event, State};
use lookhear::media::{picture, sound_at};
use lookhear::studio::STAMPS;
use tempfile::TempDir;
use zip::ZipArchive;

fn judge(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lookhear")).arg("judge").args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn events(output: &Output) -> Vec<Event> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The answer to one pair.
fn event(picture: &str, sound: &str) -> Event {
    let output = judge(&[picture, sound]);
    assert!(output.status.success() && output.stderr.is_empty(), "{}", said(&output));
    let [event] = events(&output).try_into().unwrap();
    event
}

fn refused(arguments: &[&str]) -> String {
    let output = judge(arguments);
    assert!(output.status.code() == Some(1) && output.stdout.is_empty(), "{}", said(&output));
    let said = said(&output);
    assert_eq!(said.lines().count(), 1, "{said}");
    said
}

/// A photo or a sound that everybody has: see the Makefile.
fn stamp(file: &str) -> String {
    format!("{STAMPS}/{file}")
}

/// Makes a media file from lavfi sources.
fn media(folder: &Path, name: &str, sources: &[&str], more: &[&str]) -> PathBuf {
    let path = folder.join(name);
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-y"]);
    for source in sources {
        command.args(["-f", "lavfi", "-i", source]);
    }
    assert!(command.args(more).arg(&path).status().unwrap().success(), "{name}");
    path
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

const PICTURE: &str = "testsrc=size=320x240:rate=25:duration=10";
const TONE: &str = "sine=frequency=600:duration=10";

#[test]
fn a_dog_and_its_bark_match_and_a_dog_and_a_violin_do_not() {
    let (dog, violin) = ("animals/mammals/dogs/dog", "hobbies/music/string/violin");
    let pair = |picture: &str, sound: &str| {
        event(&stamp(&format!("{picture}.png")), &stamp(&format!("{sound}.ogg")))
    };
    for own in [dog, violin] {
        let found = pair(own, own);
        assert_eq!(found.state, State::Match, "{found:?}");
        let [left, top, right, bottom] = found.bounds.unwrap();
        let [x, y] = found.peak;
        assert!(left <= x && x <= right && top <= y && y <= bottom, "{found:?}");
        assert_eq!(found.confidence, found.score);
    }
    for (sight, sound) in [(dog, violin), (violin, dog)] {
        let found = pair(sight, sound);
        assert_eq!((found.state, found.bounds), (State::NoVisibleSource, None), "{found:?}");
        assert!((found.confidence - (1.0 - found.score)).abs() < 1e-3);
    }
    let folder = folder();
    let quiet = media(folder.path(), "quiet.wav", &["anullsrc=duration=2"], &[]);
    assert_eq!(event(&stamp(&format!("{dog}.png")), text(&quiet)).state, State::Silent);
}

#[test]
fn lists_and_tables_say_what_single_pairs_say() {
    let folder = folder();
    let clip = media(folder.path(), "c.mp4", &[PICTURE, TONE], &["-shortest"]);
    let hen = |ending: &str| stamp(&format!("animals/birds/hen.{ending}"));
    let moment = |t: &str| format!("{}@{t}", clip.display());
    let pictures = [hen("png"), moment("2.5"), moment("8")];
    let sounds = [moment("2.5"), hen("ogg"), text(&clip).to_string()];
    let pairs: Vec<(&String, &String)> =
        pictures.iter().flat_map(|picture| sounds.iter().map(move |sound| (picture, sound))).collect();
    let single: Vec<Event> = pairs.iter().map(|(picture, sound)| event(picture, sound)).collect();

    let list = folder.path().join("pairs.tsv");
    let lines: String = pairs.iter().map(|(picture, sound)| format!("{picture}\t{sound}\n")).collect();
    std::fs::write(&list, lines).unwrap();
    let many = judge(&["--pairs", text(&list), "--json"]);
    assert!(many.status.success() && many.stderr.is_empty(), "{}", said(&many));
    assert_eq!(events(&many), single);
    let first: serde_json::Value =
        serde_json::from_slice(many.stdout.split(|b| *b == b'\n').next().unwrap()).unwrap();
    assert_eq!(
        (&first["picture"], &first["sound"]),
        (&pictures[0].clone().into(), &sounds[0].clone().into())
    );

    let [names, others] = ["pictures.txt", "sounds.txt"].map(|name| folder.path().join(name));
    std::fs::write(&names, pictures.join("\n")).unwrap();
    std::fs::write(&others, sounds.join("\r\n")).unwrap();
    let table = judge(&["--matrix", text(&names), text(&others)]);
    assert!(table.status.success(), "{}", said(&table));
    let shown = String::from_utf8(table.stdout).unwrap();
    let rows: Vec<Vec<&str>> = shown.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows[0], [&["picture"], &sounds.each_ref().map(String::as_str)[..]].concat());
    let scores: Vec<f32> =
        rows[1..].iter().flat_map(|row| &row[1..]).map(|score| score.parse().unwrap()).collect();
    let expected: Vec<f32> = single.iter().map(|event| event.score).collect();
    assert_eq!(scores, expected);
    assert_eq!(rows[1..].iter().map(|row| row[0]).collect::<Vec<_>>(), pictures);

    let out = folder.path().join("table.npz");
    let written = judge(&["--matrix", text(&names), text(&others), "--out", text(&out)]);
    assert!(written.status.success() && written.stdout.is_empty(), "{}", said(&written));
    let mut archive = ZipArchive::new(File::open(&out).unwrap()).unwrap();
    let scores = npyz::NpyFile::new(archive.by_name("score.npy").unwrap()).unwrap();
    assert_eq!(scores.shape(), [3, 3]);
    assert_eq!(scores.into_vec::<f32>().unwrap(), expected);
    let error = refused(&["--matrix", text(&names), text(&others), "--out", text(&out)]);
    assert!(error.contains("table.npz is there already") && error.contains("--force"), "{error}");
    let folder_error = refused(&["--matrix", text(&names), text(&others), "--out", "table.png"]);
    assert!(folder_error.contains(".tsv or .npz"), "{folder_error}");
}

#[test]
fn each_file_is_read_once_and_neighbours_in_one_run() {
    let folder = folder();
    let at = folder.path();
    let clips = ["a.mp4", "b.mp4"].map(|name| media(at, name, &[PICTURE, TONE], &["-shortest"]));
    // Counts how often it is started, then becomes the real one.
    let counter = at.join("ffmpeg");
    let runs = at.join("runs");
    let real = std::env::var("PATH").unwrap();
    let script = format!("#!/bin/sh\necho run >> '{}'\nPATH='{real}' exec ffmpeg \"$@\"\n", runs.display());
    std::fs::write(&counter, script).unwrap();
    std::fs::set_permissions(&counter, PermissionsExt::from_mode(0o755)).unwrap();
    let list = at.join("pairs.tsv");
    let [a, b] = clips.each_ref().map(|clip| text(clip));
    let lines: String = (0..40)
        .map(|n| format!("{a}@{}\t{b}@{}\n{b}@{}\t{a}@{}\n", n % 9, n % 8 + 1, n % 8 + 1, n % 7))
        .collect();
    std::fs::write(&list, lines).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_lookhear"))
        .args(["judge", "--pairs", text(&list)])
        .env("PATH", format!("{}:{real}", at.display()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(events(&output).len(), 80);
    assert_eq!(std::fs::read_to_string(&runs).unwrap().lines().count(), 2, "one run a file");
}

#[test]
fn a_bad_line_costs_its_pair_and_a_bad_name_is_told_once() {
    let folder = folder();
    let at = folder.path();
    let tone = media(at, "tone.wav", &["sine=duration=1"], &[]);
    let still = media(at, "still.png", &[PICTURE], &["-frames:v", "1"]);
    let (still, tone) = (text(&still), text(&tone));
    let list = at.join("pairs.tsv");
    let lines = [
        format!("\u{feff}{still}\t{tone}"),
        "no tab here".into(),
        format!("{still}\ttwo\ttabs.wav"),
        format!("/nonexistent.png\t{tone}"),
        format!("/nonexistent.png\t{tone}"),
        String::new(),
        format!("{still}\t{tone}"),
    ];
    std::fs::write(&list, lines.join("\r\n")).unwrap();
    let output = judge(&["--pairs", text(&list)]);
    assert_eq!((events(&output).len(), output.status.code()), (2, Some(1)));
    let words = said(&output);
    assert!(words.contains("pairs.tsv, line 2") && words.contains("pairs.tsv, line 3"), "{words}");
    assert_eq!(words.matches("/nonexistent.png").count(), 1, "{words}");
    assert!(words.ends_with("4 of 6 pairs could not be judged\n"), "{words}");

    std::fs::write(&list, "\u{feff}\r\n").unwrap();
    assert!(refused(&["--pairs", text(&list)]).contains("holds no pairs"));
}

#[test]
fn a_moment_outside_of_the_sound_is_silent_and_beyond_the_end_there_is_one_clear_error() {
    let folder = folder();
    let at = folder.path();
    let late = media(at, "late.mkv", &[PICTURE, TONE], &["-af", "atrim=2:6", "-c:a", "pcm_s16le"]);
    let still = stamp("animals/birds/hen.png");
    let states = ["1", "4", "9"].map(|t| event(&still, &format!("{}@{t}", late.display())).state);
    assert_eq!(states.map(|state| state == State::Silent), [true, false, true], "{states:?}");

    let beyond = format!("{}@350", late.display());
    for pair in [[&*still, &*beyond], [&*beyond, &*still]] {
        let error = refused(&pair);
        assert!(error.contains("350 s lies beyond the end") && error.contains("10.0 s long"), "{error}");
    }
    let bark = stamp("animals/birds/hen.ogg");
    let swapped = refused(&[&bark, &still]);
    assert!(swapped.contains("the picture comes first"), "{swapped}");
}

#[test]
fn pictures_that_look_alike_are_judged_alike() {
    let folder = folder();
    let at = folder.path();
    let (hen, cluck) = (stamp("animals/birds/hen.png"), stamp("animals/birds/hen.ogg"));
    let seen = picture(Path::new(&hen)).unwrap();
    let plain = at.join("plain.png");
    seen.save(&plain).unwrap();
    let expected = event(&hen, &cluck);
    assert_eq!(event(text(&plain), &cluck), expected, "transparent parts are white");
    // Other formats, called as if they were JPEG.
    for (format, more) in [
        ("png", &[][..]),
        ("png", &["-pix_fmt", "rgb48be"]),
        ("libwebp", &["-lossless", "1"]),
        ("tiff", &[]),
        ("bmp", &[]),
    ] {
        let path = at.join("other.jpg");
        let mut command = Command::new("ffmpeg");
        command.args(["-v", "error", "-y", "-i", text(&plain), "-c:v", format]).args(more);
        let container = if format == "libwebp" { "webp" } else { "image2" };
        assert!(command.args(["-f", container]).arg(&path).status().unwrap().success(), "{format}");
        let found = event(text(&path), &cluck);
        match more {
            // ffmpeg's own way to 16 bits rounds.
            ["-pix_fmt", ..] => {
                assert!(
                    found.state == expected.state && (found.score - expected.score).abs() < 0.01,
                    "{found:?}"
                );
            }
            _ => assert_eq!(found, expected, "{format} {more:?}"),
        }
    }
}

#[test]
fn sounds_are_judged_by_what_is_heard() {
    let folder = folder();
    let at = folder.path();
    let hen = stamp("animals/birds/hen.png");
    let sound = |name: &str, source: &str, more: &[&str]| media(at, name, &[source], more);
    let state = |path: &Path| event(&hen, text(path)).state;
    let noise = "0.4*random(0)";
    let loud = [
        sound("opposite.wav", "aevalsrc='0.4*random(0)|0.4*random(0)':d=2,pan=stereo|c0=c0|c1=-1*c0", &[]),
        sound("left.wav", &format!("aevalsrc='{noise}|0':d=2"), &["-c:a", "pcm_u8"]),
        sound("wide.wav", &format!("aevalsrc='{noise}':d=2"), &["-c:a", "pcm_f64le"]),
        sound("opposite.m4a", "sine=1000:duration=2,pan=stereo|c0=c0|c1=-1*c0", &[]),
    ];
    for path in &loud {
        assert_ne!(state(path), State::Silent, "{}", path.display());
    }
    let offset = sound("offset.wav", "aevalsrc=0.00126:d=2", &[]);
    assert_eq!(state(&offset), State::Silent, "a constant offset");

    let broken = sound("broken.wav", "aevalsrc=0:d=2:s=48000", &["-c:a", "pcm_f32le"]);
    let mut bytes = std::fs::read(&broken).unwrap();
    let end = bytes.len();
    bytes[end - 400..end - 396].copy_from_slice(&f32::NAN.to_le_bytes());
    std::fs::write(&broken, &bytes).unwrap();
    let output = judge(&[&hen, text(&broken)]);
    assert_eq!((events(&output)[0].state, output.status.code()), (State::Silent, Some(3)));
    assert!(said(&output).contains("1 value of the sound is no number"), "{}", said(&output));
    // In the same place as a moment.
    let output = judge(&[&hen, &format!("{}@1.5", text(&broken))]);
    assert_eq!((events(&output)[0].state, output.status.code()), (State::Silent, Some(3)));
    assert!(sound_at(&broken, 1.5).unwrap().iter().all(|sample| *sample == 0.0));
}

#[test]
fn of_a_damaged_sound_the_rest_is_judged_and_the_loss_is_told() {
    let folder = folder();
    let path = media(folder.path(), "a.mp3", &["sine=500:duration=4"], &["-b:a", "128k"]);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    let frame = middle + bytes[middle..].windows(2).position(|b| b == [0xff, 0xfb]).unwrap();
    bytes[frame + 4..frame + 300].fill(0xff);
    std::fs::write(&path, &bytes).unwrap();
    let output = judge(&[&stamp("animals/birds/hen.png"), text(&path)]);
    assert_eq!((events(&output).len(), output.status.code()), (1, Some(3)));
    assert!(said(&output).contains("could not be decoded; the rest was used"), "{}", said(&output));
}

#[test]
fn a_table_never_takes_the_place_of_what_is_read() {
    let folder = folder();
    let at = folder.path();
    let sound = media(at, "a.wav", &["sine=500:duration=1"], &[]);
    let picture = media(at, "a.png", &["testsrc=size=64x48"], &["-frames:v", "1"]);
    let (list, table) = (at.join("list.txt"), at.join("table.tsv"));
    std::fs::write(&list, text(&picture)).unwrap();
    let lists = at.join("lists.tsv");
    std::os::unix::fs::symlink(&list, &lists).unwrap();
    let named = at.join("named.npz");
    std::fs::hard_link(&sound, &named).unwrap();
    for target in [&lists, &named] {
        let arguments = ["--matrix", text(&list), text(&sound), "--force", "--out", text(target)];
        assert!(refused(&arguments).contains("is what is read"), "{}", target.display());
    }
    assert_eq!(std::fs::read_to_string(&list).unwrap(), text(&picture));

    // Through a link, the file is replaced and not the link.
    let link = at.join("link.tsv");
    std::fs::write(&table, "old").unwrap();
    std::os::unix::fs::symlink(&table, &link).unwrap();
    let output = judge(&["--matrix", text(&list), text(&sound), "--force", "--out", text(&link)]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(link.is_symlink() && std::fs::read_to_string(&table).unwrap().contains("a.png"));
}

#[test]
fn one_signal_ends_what_waits_for_a_pipe() {
    let folder = folder();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let hen = stamp("animals/birds/hen.png");
    let mut judging = Command::new(env!("CARGO_BIN_EXE_lookhear"))
        .args(["judge", &hen, text(&pipe)])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // Whoever opens the pipe to write waits for a reader: now it reads.
    let writer = File::options().write(true).open(&pipe).unwrap();
    Command::new("kill").args(["-TERM", &judging.id().to_string()]).status().unwrap();
    let status = judging.wait().unwrap();
    drop(writer);
    assert_eq!(status.code(), Some(130));
}

#[test]
fn a_picture_may_come_through_a_pipe() {
    let (hen, sound) = (stamp("animals/birds/hen.png"), stamp("animals/birds/hen.ogg"));
    let expected = event(&hen, &sound);
    let output = Command::new(env!("CARGO_BIN_EXE_lookhear"))
        .args(["judge", "-", &sound])
        .stdin(File::open(&hen).unwrap())
        .output()
        .unwrap();
    assert_eq!(events(&output), std::slice::from_ref(&expected), "{}", said(&output));
    let piped = Command::new("sh")
        .args([
            "-c",
            "cat \"$1\" | \"$0\" judge /dev/stdin \"$2\"",
            env!("CARGO_BIN_EXE_lookhear"),
            &hen,
            &sound,
        ])
        .output()
        .unwrap();
    assert_eq!(events(&piped), [expected], "{}", said(&piped));
}

#[test]
fn what_was_probably_meant_is_said() {
    let folder = folder();
    let clip = media(folder.path(), "a.mp4", &[PICTURE, TONE], &["-t", "1"]);
    let clip = text(&clip);
    let error = refused(&[&format!("{clip}@1:30"), clip]);
    assert!(error.contains("\"1:30\" is no moment") && error.contains("@90"), "{error}");
    let error = refused(&[&format!("'{clip}'"), clip]);
    assert!(error.contains("in quotes"), "{error}");
}
