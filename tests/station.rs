//! An hour of a station with three sources, a history with clips, a file of episodes and a rule, played fast and killed
//! five times: afterwards all of them tell the same, and nothing is half-written.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use image::{Rgb, RgbImage};
use lookhear::event::{Details, Event, Map, State, Verdict};
use lookhear::gallery::Signature;
use lookhear::history::{Change, Episode, Filter, Notice, Store};
use lookhear::media::probe;
use lookhear::pipeline::{DecisionContext, Sink};
use lookhear::preprocess::SAMPLE_RATE;
use lookhear::publish::{About, Publisher, Settings};
use lookhear::ring::VideoFrame;
use lookhear::timing::Timings;

const SOURCES: [&str; 3] = ["barn", "hall", "yard"];
/// Seconds of the hour, and decisions: one a second.
const HOUR: u32 = 3600;
/// Where it is killed.
const KILLS: [u32; 5] = [302, 905, 1407, 2110, 3004];
/// Frames a second.
const RATE: u32 = 25;
const PATIENCE: Duration = Duration::from_secs(300);

/// Whether something sounds at a source: 5 seconds in every 300, at each source at another time.
fn sounds(source: usize, second: u32) -> bool {
    (second + 300 - 100 * source as u32) % 300 < 5
}

/// Whether a sound begins.
fn begins(source: usize, second: u32) -> bool {
    sounds(source, second) && (second == 0 || !sounds(source, second - 1))
}

/// Seconds after the beginning of a sound at which the hour rests, until all of it is written.
const REST: u32 = 20;

fn time(second: u32) -> String {
    format!("2026-11-30T12:{:02}:{:02}.000Z", second / 60, second % 60)
}

fn settings(folder: &Path) -> Settings {
    let text = format!(
        r#"
        [history]
        folder = {:?}
        clips = true
        before = 1.0
        after = 1.0
        days = 0
        free_megabytes = 0
        megabytes = 1000
        [file]
        path = {:?}
        events = "episodes"
        [rules.all]
        cool_down = 0.0
        command = ["sh", "-c", 'echo "$1" >> "$0"', {:?}, "{{id}}"]
        "#,
        folder.join("history"),
        folder.join("episodes.jsonl"),
        folder.join("told"),
    );
    toml::from_str(&text).unwrap()
}

/// Plays from a second on, and writes down how far it has come.
fn play(folder: &Path, from: u32) {
    let sources = SOURCES.map(String::from).to_vec();
    let about = About { version: "1".into(), preset: "edge".into(), model: "0".into(), sources };
    let mut publisher = Publisher::start(&settings(folder), &about).unwrap();
    let picture = Arc::new(RgbImage::from_pixel(64, 48, Rgb([200, 40, 40])));
    let sound = vec![0.1; SAMPLE_RATE];
    let mut progress =
        fs::OpenOptions::new().append(true).create(true).open(folder.join("progress")).unwrap();
    for second in from..HOUR {
        let t = f64::from(second - from);
        let frame = |n| {
            let t = t + f64::from(n) / f64::from(RATE);
            VideoFrame { t, captured: t, picture: picture.clone() }
        };
        let frames: Vec<VideoFrame> = (0..RATE).map(frame).collect();
        for (number, source) in SOURCES.iter().enumerate() {
            let matches = sounds(number, second);
            let state = if matches { State::Match } else { State::Silent };
            let bounds = matches.then_some([0.25, 0.25, 0.75, 0.75]);
            let verdict = Verdict { t: t + 1.0, score: 0.8, state, peak: [0.5; 2], bounds, confidence: 0.8 };
            let mut event = Event::new(verdict, Details { time: Some(time(second)), ..Details::default() });
            event.source = Some((*source).into());
            let context = DecisionContext {
                event: &event,
                picture: &picture,
                map: &Map::default(),
                signature: &Signature::default(),
                frames: &frames,
                sound: &sound,
                second: &sound,
                columns: &[],
                scores: &[],
                timings: &Timings::default(),
                swapped: None,
                health: None,
            };
            publisher.take(&context).unwrap();
        }
        progress.write_all(format!("{second}\n").as_bytes()).unwrap();
        // Slower where something happens, or it would be over before it is encoded.
        if (0..3).any(|number| (0..4).any(|near| sounds(number, (second + 2).saturating_sub(near)))) {
            thread::sleep(Duration::from_millis(20));
        }
        if second >= REST && (0..3).any(|number| begins(number, second - REST)) {
            thread::sleep(Duration::from_millis(250));
        }
    }
    let _ = publisher.finish();
}

/// The part that this process plays when the test starts it anew.
#[test]
#[ignore = "a part of the test below"]
fn part() {
    let Some(folder) = std::env::var_os("STATION") else { return };
    let from = std::env::var("STATION_FROM").unwrap().parse().unwrap();
    play(Path::new(&folder), from);
}

fn start(folder: &Path, from: u32) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["part", "--exact", "--ignored"])
        .env("STATION", folder)
        .env("STATION_FROM", from.to_string())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// The second that was played last.
fn progress(folder: &Path) -> Option<u32> {
    let text = fs::read_to_string(folder.join("progress")).unwrap_or_default();
    // A line that is not ended yet may be cut off.
    text.rsplit_once('\n')?.0.lines().next_back()?.parse().ok()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let inside =
        |entry: fs::DirEntry| if entry.path().is_dir() { files(&entry.path()) } else { vec![entry.path()] };
    entries.flatten().flat_map(inside).collect()
}

/// The latest line of each episode in the file; a line that a kill cut off counts for nothing.
fn told(folder: &Path) -> BTreeMap<String, Notice> {
    let text = fs::read_to_string(folder.join("episodes.jsonl")).unwrap();
    let notices = text.lines().filter_map(|line| serde_json::from_str::<Notice>(line).ok());
    notices.map(|notice| (notice.episode.id.clone(), notice)).collect()
}

#[test]
fn an_hour_with_five_kills_is_told_the_same_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    let (at, begun, mut from) = (folder.path(), Instant::now(), 0);
    let mut cuts = Vec::new();
    for kill in KILLS {
        let mut child = start(at, from);
        while progress(at).is_none_or(|second| second < kill) {
            assert!(begun.elapsed() < PATIENCE && child.try_wait().unwrap().is_none(), "{:?}", progress(at));
            thread::sleep(Duration::from_millis(2));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        from = progress(at).unwrap() + 1;
        cuts.push(from);
    }
    assert!(start(at, from).wait().unwrap().success());

    let history = at.join("history");
    let kept = Store::open(&history).unwrap().list(&Filter::default()).unwrap();
    let kept: BTreeMap<String, Episode> =
        kept.into_iter().map(|episode| (episode.id.clone(), episode)).collect();
    // Every sound has its episode; one that a kill cut in two may have two, or lack the part before the kill.
    for (number, source) in SOURCES.iter().enumerate() {
        let all = (0..HOUR).filter(|second| begins(number, *second));
        for begin in all {
            let during: BTreeSet<String> = (begin..begin + 5).map(time).collect();
            let found: Vec<&Episode> = kept
                .values()
                .filter(|episode| episode.source == *source && during.contains(&episode.start))
                .collect();
            let cut = cuts.iter().any(|cut| (begin..=begin + REST + 1).contains(cut));
            assert!(found.iter().all(|episode| episode.over), "{source} {begin}: {found:?}");
            let whole = found.len() == 1 && found[0].start == time(begin) && found[0].end == time(begin + 4);
            assert!(whole || cut && !found.is_empty(), "{source} {begin}, cut at {cuts:?}: {found:?}");
        }
    }
    // The file has the same episodes; at each kill the database, which is written in the background, may be one behind.
    let told = told(at);
    let missing: Vec<_> = told.keys().filter(|id| !kept.contains_key(*id)).collect();
    assert!(missing.len() <= KILLS.len(), "{missing:?}");
    let untold: Vec<_> = kept.keys().filter(|id| !told.contains_key(*id)).collect();
    assert!(untold.len() <= KILLS.len(), "{untold:?}");
    let open = told.values().filter(|notice| notice.change != Change::End).count();
    assert!(open <= KILLS.len(), "{open} never ended");
    // The rule told each episode once.
    let rule = fs::read_to_string(at.join("told")).unwrap();
    let ids: Vec<&str> = rule.lines().collect();
    let once: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), once.len(), "{ids:?}");
    let silent = told.keys().filter(|id| !once.contains(id.as_str())).count();
    assert!(silent <= KILLS.len(), "{silent} were not told by the rule");
    // Pictures and clips are whole, and those that are named are there.
    let named: BTreeSet<PathBuf> = kept
        .values()
        .flat_map(|episode| [&episode.snapshot, &episode.clip])
        .flatten()
        .map(|name| history.join(name))
        .collect();
    let there: BTreeSet<PathBuf> =
        ["snapshots", "clips"].iter().flat_map(|kind| files(&history.join(kind))).collect();
    assert_eq!(named, there);
    for file in &there {
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("jpg") => drop(image::open(file).unwrap()),
            Some("mp4") => {
                assert!(probe(file.to_str().unwrap()).unwrap().seconds > 1.0, "{}", file.display())
            }
            _ => panic!("{} is left over", file.display()),
        }
    }
    assert!(there.iter().any(|file| file.extension().is_some_and(|extension| extension == "mp4")));
}
