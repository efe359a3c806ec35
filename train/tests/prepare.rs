//! Videos to shards: what goes in, what is left out, and that nothing is lost or doubled.

mod common;

use std::collections::{HashMap, HashSet};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::{blobs, ffmpeg, files, plain, samples, settings, switch};
use lookhear_train::prepare::{Format, Reason, Settings, Skipped, Summary, run};
use lookhear_train::sampling::Clips;
use lookhear_train::shards::{Shards, Side};

fn whole(settings: &Settings) -> Summary {
    run(settings, &AtomicBool::new(false)).unwrap().unwrap()
}

#[test]
fn an_interrupted_run_ends_where_an_uninterrupted_one_ends() {
    let folder = tempfile::tempdir().unwrap();
    let (videos, once, again) =
        (folder.path().join("videos"), folder.path().join("once"), folder.path().join("again"));
    std::fs::create_dir_all(&videos).unwrap();
    for (n, color) in ["red", "blue", "green"].into_iter().enumerate() {
        plain(&videos.join(format!("{n}.mp4")), color, 300 + 100 * n as u32, "7.5");
    }
    let summary = whole(&settings(&videos, &once));
    assert_eq!((summary.clips[&Side::Train], summary.shards, summary.groups), (12, 4, 3));
    let keys: HashSet<String> = samples(&once).into_iter().map(|sample| sample.key).collect();
    assert_eq!(keys.len(), 12, "2 + 2 + 2 + 1.5 s of each");

    // Stopped at once, then when the first shard is there, by another number of threads.
    let alone = Settings { jobs: 1, ..settings(&videos, &again) };
    assert_eq!(run(&alone, &AtomicBool::new(true)).unwrap(), None);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Not for ever, should the run fail.
            for _ in 0..60_000 {
                if !files(&again, ".tar").is_empty() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            stop.store(true, Ordering::Relaxed);
        });
        run(&alone, &stop).unwrap();
    });
    assert!(files(&again, ".part").is_empty());
    assert_eq!(whole(&settings(&videos, &again)), summary);
    assert!(files(&once, ".tar") == files(&again, ".tar"), "the very same bytes");

    // As after a crash: a shard without its line, a line without its shard, a torn line, half a shard.
    let journal = again.join("journal.jsonl");
    let text = std::fs::read_to_string(&journal).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    std::fs::write(&journal, format!("{}\n{}", lines[..4].join("\n"), &lines[4][..9])).unwrap();
    std::fs::remove_file(again.join("train-000001.tar")).unwrap();
    std::fs::write(again.join(".train-000001.tar.part"), "half").unwrap();
    assert_eq!(whole(&settings(&videos, &again)), summary);
    assert!(files(&once, ".tar") == files(&again, ".tar"));
    assert!(files(&again, ".part").is_empty());

    let other = Settings { fps: 10.0, ..settings(&videos, &again) };
    let error = run(&other, &AtomicBool::new(false)).unwrap_err().to_string();
    assert!(error.contains("other settings") && error.contains("--out"), "{error}");
}

#[test]
fn what_is_left_out_is_named_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let (videos, out) = (folder.path().join("videos"), folder.path().join("out"));
    std::fs::create_dir_all(videos.join("sub")).unwrap();
    plain(&videos.join("good.mp4"), "red", 300, "3.5");
    plain(&videos.join("short.mp4"), "blue", 300, "0.6");
    std::fs::copy(videos.join("good.mp4"), videos.join("sub/copy.mp4")).unwrap();
    std::fs::write(videos.join("garbage.mp4"), "no video").unwrap();
    let (black, tone, quiet) = ("color=c=black:s=64x64:r=25", "sine=f=300:r=48000", "anullsrc=r=48000");
    let input = ["-f", "lavfi", "-t", "3.5", "-i"];
    let make = |inputs: &[&str], name: &str| {
        let arguments: Vec<&str> =
            inputs.iter().flat_map(|source| input.iter().copied().chain([*source])).collect();
        ffmpeg(&arguments, &videos.join(name));
    };
    make(&[black], "mute.mp4");
    make(&[tone], "blind.mp4");
    make(&[black, quiet], "silent.mp4");
    let summary = whole(&settings(&videos, &out));
    assert_eq!(summary.clips[&Side::Train], 2);
    let report = std::fs::read_to_string(out.join("report.jsonl")).unwrap();
    let report: Vec<Skipped> = report.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let reasons: HashMap<&str, Reason> =
        report.iter().map(|line| (line.video.as_str(), line.reason)).collect();
    let expected = [
        ("short", Reason::TooShort),
        ("sub/copy", Reason::Duplicate),
        ("garbage", Reason::Unreadable),
        ("mute", Reason::NoSound),
        ("blind", Reason::NoPicture),
        ("silent", Reason::Silent),
    ];
    assert_eq!(reasons, HashMap::from(expected));
    assert!(summary.to_string().contains("left out, silent: "), "{summary}");
}

#[test]
fn sound_and_frames_are_on_one_clock_wherever_the_span_lies() {
    let folder = tempfile::tempdir().unwrap();
    let (videos, out, table) =
        (folder.path().join("videos"), folder.path().join("out"), folder.path().join("t.csv"));
    std::fs::create_dir_all(&videos).unwrap();
    switch(&videos.join("aaaaaaaaaaa.mkv"), 7.6, 14.0);
    switch(&videos.join("bbbbbbbbbbb_000030.mkv"), 2.6, 6.0);
    std::fs::write(
        &table,
        "aaaaaaaaaaa, 5, 11, \"/m/x\"\nbbbbbbbbbbb, 30, 36, \"/m/x\"\nccccccccccc, 0, 6, \"/m/x\"\n",
    )
    .unwrap();
    let settings = Settings {
        tables: Some((vec![table], Format::Audioset)),
        clip_seconds: 10.0,
        ..settings(&videos, &out)
    };
    let summary = whole(&settings);
    assert_eq!((summary.clips[&Side::Train], summary.skipped[&Reason::Missing]), (2, 1));
    for sample in samples(&out) {
        let start = if sample.video.starts_with('a') { 5.0 } else { 30.0 };
        assert_eq!((sample.start, sample.frames.len()), (start, 30));
        // A container may count the last frame out.
        assert!((sample.duration - 6.0).abs() <= 0.04 + 1e-9, "{}", sample.duration);
        assert!((sample.frames[13] - 2.6).abs() < 1e-9);
    }
    let shards = Shards::open(&out, Side::Train).unwrap();
    for clip in 0..2 {
        // 2.6 s are 65 steps: in both files picture and sound switch there.
        let bright = |step| shards.frame(clip, step).unwrap().get_pixel(30, 30)[0] > 128;
        assert!(!bright(60) && bright(65), "clip {clip}");
        let second = shards.second(clip, 50).unwrap();
        let onset = second.iter().position(|s| s.abs() > 0.05).unwrap();
        assert!(
            onset.abs_diff(48_000 * 6 / 10) < 240,
            "sample {onset} of the second from 2 s on, within 5 ms"
        );
    }
}

#[test]
fn near_duplicates_do_not_straddle_the_split() {
    let folder = tempfile::tempdir().unwrap();
    let (videos, out) = (folder.path().join("videos"), folder.path().join("out"));
    std::fs::create_dir_all(&videos).unwrap();
    for seed in 0..6 {
        blobs(&videos.join(format!("{seed}-first.mp4")), seed, "320x240", "2");
        blobs(&videos.join(format!("{seed}-copy.webm")), seed, "176x144", "2");
    }
    let summary = whole(&Settings { held_out: 0.5, ..settings(&videos, &out) });
    assert_eq!((summary.clips.values().sum::<usize>(), summary.groups), (12, 6));
    let mut sides: HashMap<char, HashSet<(Side, String)>> = HashMap::new();
    for sample in samples(&out) {
        let picture = sample.video.chars().next().unwrap();
        sides.entry(picture).or_default().insert((sample.split, sample.group));
    }
    assert!(sides.len() == 6 && sides.values().all(|places| places.len() == 1), "{sides:?}");
}

#[test]
fn another_tool_sees_the_files_of_a_clip_side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    let (videos, out) = (folder.path().join("videos"), folder.path().join("out"));
    std::fs::create_dir_all(videos.join("dog.s")).unwrap();
    plain(&videos.join("dog.s/a b.c.mp4"), "red", 300, "5.5");
    whole(&settings(&videos, &out));
    let listed = Command::new("tar").arg("-tf").arg(out.join("train-000000.tar")).output().unwrap();
    assert!(listed.status.success());
    let listed = String::from_utf8(listed.stdout).unwrap();
    let names: Vec<(&str, &str)> = listed.lines().map(|name| name.split_once('.').unwrap()).collect();
    let mut keys: Vec<&str> = names.iter().map(|(key, _)| *key).collect();
    keys.dedup();
    assert_eq!(keys.len(), 3, "2 + 2 + 1.5 s, each key in one place: {keys:?}");
    for key in keys {
        let endings: Vec<&str> = names.iter().filter(|(k, _)| *k == key).map(|(_, ending)| *ending).collect();
        let (frames, rest) = endings.split_at(endings.len() - 2);
        assert_eq!(rest, ["wav", "json"]);
        let expected: Vec<String> = (0..frames.len()).map(|n| format!("{n:03}.jpg")).collect();
        assert_eq!(frames, expected);
        assert!(frames.len() == 10 || frames.len() == 8);
    }
    assert!(samples(&out).iter().all(|sample| sample.labels == ["dog.s"] && sample.video == "dog.s/a b.c"));
}
