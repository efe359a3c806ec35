//! An hour of a station with three sources, played fast: what sounds where and when, the run that hears it, and what is
//! left of it.

// Each test binary has this module as its own.
#![allow(unreachable_pub)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use image::{Rgb, RgbImage};
use jiff::{SignedDuration, Timestamp};
use lookhear::event::{Details, Event, Map, State, Verdict};
use lookhear::gallery::Signature;
use lookhear::history::{Change, Episode, Filter, Notice, Store};
use lookhear::pipeline::{DecisionContext, Sink};
use lookhear::preprocess::SAMPLE_RATE;
use lookhear::publish::{About, Publisher, Settings};
use lookhear::ring::VideoFrame;
use lookhear::timing::Timings;

pub const SOURCES: [&str; 3] = ["barn", "hall", "yard"];
/// Seconds of the hour, and decisions: one a second.
pub const HOUR: u32 = 3600;
/// Seconds after the beginning of a sound at which the hour rests, until all of it is written and told.
pub const REST: u32 = 20;
/// Seconds that a sound lasts.
pub const LASTS: u32 = 5;
/// What the page must be asked with.
const TOKEN: &str = "0123456789abcdef";
/// Frames a second.
const RATE: u32 = 25;
/// Megabytes that pictures and clips may take, more than all of the hour, and days for which episodes are kept.
pub const MEGABYTES: u64 = 12;
const DAYS: u32 = 2;
/// Longer than anything takes that is waited for.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// Whether something sounds at a source: 5 seconds in every 300, at each source at another time.
fn sounds(source: usize, second: u32) -> bool {
    (second + 300 - 100 * source as u32) % 300 < LASTS
}

/// Every sound of the hour: its source, and when it begins.
pub fn script() -> Vec<(usize, u32)> {
    let begins = |source, second| sounds(source, second) && (second == 0 || !sounds(source, second - 1));
    let all = (0..HOUR).flat_map(|second| (0..SOURCES.len()).map(move |source| (source, second)));
    all.filter(|(source, second)| begins(*source, *second)).collect()
}

/// An hour in a folder.
pub struct Hour {
    folder: PathBuf,
    began: Timestamp,
    /// The port of a broker, if there is one.
    broker: Option<u16>,
}

impl Hour {
    /// One that is over now, so that nothing of it is too old to be kept.
    pub fn new(folder: &Path, broker: Option<u16>) -> Self {
        let began = Timestamp::now() - SignedDuration::from_secs(i64::from(HOUR));
        Self { folder: folder.into(), began, broker }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The time of day of a second of it.
    pub fn time(&self, second: i64) -> String {
        format!("{:.3}", self.began + SignedDuration::from_secs(second))
    }

    fn settings(&self) -> Settings {
        let broker = self.broker.map(|port| {
            format!(
                "[mqtt]\nhost = '127.0.0.1'\nport = {port}\nevents = 'episodes'\n[rules.all]\nmqtt = true"
            )
        });
        let text = format!(
            r#"
            [history]
            folder = {:?}
            clips = true
            before = 1.0
            after = 1.0
            days = {DAYS}
            free_megabytes = 0
            megabytes = {MEGABYTES}
            [file]
            path = {:?}
            events = "episodes"
            [web]
            address = "127.0.0.1:0"
            token = {TOKEN:?}
            view = true
            history = true
            {}
            cool_down = 0.0
            command = ["sh", "-c", 'echo "$1" >> "$0"', {:?}, "{{id}}"]
            "#,
            self.path("history"),
            self.path("episodes.jsonl"),
            broker.unwrap_or("[rules.all]".into()),
            self.path("told"),
        );
        toml::from_str(&text).unwrap()
    }

    /// A run of the station that hears nothing yet.
    pub fn publisher(&self) -> Publisher {
        let sources = SOURCES.map(String::from).to_vec();
        let about = About { version: "1".into(), preset: "edge".into(), model: "0".into(), sources };
        Publisher::start(&self.settings(), &about).unwrap()
    }

    /// Plays from a second on, and writes down how far it has come. After `kill` it waits for its end.
    fn play(&self, from: u32, kill: u32) {
        let mut publisher = self.publisher();
        fs::write(self.path("address"), publisher.address().unwrap().to_string()).unwrap();
        let picture = Arc::new(RgbImage::from_pixel(64, 48, Rgb([200, 40, 40])));
        let sound = vec![0.1; SAMPLE_RATE];
        let mut progress = append(&self.path("progress"));
        let script = script();
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
                let verdict =
                    Verdict { t: t + 1.0, score: 0.8, state, peak: [0.5; 2], bounds, confidence: 0.8 };
                let time = Some(self.time(second.into()));
                let mut event = Event::new(verdict, Details { time, ..Details::default() });
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
            if second == kill {
                // Until then, or until nobody is there any more who could do it.
                let _ = io::copy(&mut io::stdin(), &mut io::sink());
                return;
            }
            // Faster than anything is encoded: it rests until everybody has caught up with it.
            let rests = |(_, begin): &&(usize, u32)| *begin >= from && begin + REST == second;
            for (source, begin) in script.iter().filter(rests) {
                wait_for(&format!("all of {source} at {begin}"), || self.is_everywhere(*source, *begin));
            }
        }
        // Whatever is not taken in time is missed below.
        let _ = publisher.finish();
    }

    /// Whether a sound is written and told wherever it belongs.
    fn is_everywhere(&self, source: usize, begin: u32) -> bool {
        let start = self.time(begin.into());
        let kept = self.kept();
        let found = kept.iter().find(|episode| episode.source == SOURCES[source] && episode.start == start);
        let Some(Episode { id, over: true, snapshot: Some(_), clip: Some(_), .. }) = found else {
            return false;
        };
        let ended = |name: &str| {
            let notices = self.notices(name);
            notices.get(id).and_then(|all| all.last()).is_some_and(|notice| notice.change == Change::End)
        };
        let sent = || ended("mqtt.jsonl") && self.alerts().contains(id);
        ended("episodes.jsonl") && self.commands().contains(id) && (self.broker.is_none() || sent())
    }

    /// Plays in a process of its own, from a second on, and up to the one at which it is to be killed.
    pub fn start(&self, from: u32, kill: u32) -> Child {
        // A page of the run before is not that of this one.
        let _ = fs::remove_file(self.path("address"));
        let broker = self.broker.map_or(String::new(), |port| port.to_string());
        Command::new(std::env::current_exe().unwrap())
            .args(["part", "--exact", "--ignored"])
            .env("STATION", format!("{from} {kill} {} {broker}", self.began))
            .current_dir(&self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// Plays in the process that [`start`](Self::start) has started; nothing in any other.
    pub fn play_if_asked() {
        let Ok(asked) = std::env::var("STATION") else { return };
        let mut words = asked.split(' ');
        let mut word = || words.next().unwrap();
        let (from, kill) = (word().parse().unwrap(), word().parse().unwrap());
        let (began, broker) = (word().parse().unwrap(), word().parse().ok());
        Self { folder: std::env::current_dir().unwrap(), began, broker }.play(from, kill);
    }

    /// The second that was played last.
    pub fn progress(&self) -> Option<u32> {
        lines(&self.path("progress")).last()?.parse().ok()
    }

    /// Everything in the history, the latest first.
    pub fn kept(&self) -> Vec<Episode> {
        Store::open(&self.path("history")).unwrap().list(&Filter::default()).unwrap()
    }

    /// What a file of messages tells of each episode, in order.
    pub fn notices(&self, name: &str) -> BTreeMap<String, Vec<Notice>> {
        let mut found: BTreeMap<String, Vec<Notice>> = BTreeMap::new();
        for notice in parsed::<Notice>(&self.path(name)) {
            found.entry(notice.episode.id.clone()).or_default().push(notice);
        }
        found
    }

    /// The episodes for which the rule has run its command, in order.
    pub fn commands(&self) -> Vec<String> {
        lines(&self.path("told"))
    }

    /// And for which it has sent a message.
    pub fn alerts(&self) -> Vec<String> {
        let alerts = parsed::<serde_json::Value>(&self.path("alerts.jsonl"));
        alerts.iter().map(|alert| alert["episode"]["id"].as_str().unwrap().into()).collect()
    }

    /// All files of pictures and clips, hidden ones, too.
    pub fn files(&self) -> BTreeSet<PathBuf> {
        let list = |folder: PathBuf| fs::read_dir(folder).into_iter().flatten().flatten();
        let kinds = ["snapshots", "clips"].map(|kind| self.path("history").join(kind));
        let days = kinds.into_iter().flat_map(list);
        days.flat_map(|day| list(day.path())).map(|file| file.path()).collect()
    }

    /// Where the page of the run is, once it is there.
    pub fn address(&self) -> Option<SocketAddr> {
        fs::read_to_string(self.path("address")).ok()?.parse().ok()
    }
}

/// What the page answers.
pub fn ask(address: SocketAddr, path: &str) -> Vec<u8> {
    let request = ureq::get(format!("http://{address}{path}"));
    let mut answer = request.header("Authorization", format!("Bearer {TOKEN}")).call().expect(path);
    answer.body_mut().read_to_vec().unwrap()
}

/// The episodes that the page tells programs of.
pub fn told_by_the_page(address: SocketAddr) -> Vec<Episode> {
    let answer = ask(address, "/api/v1/events?limit=1000");
    let mut answer: serde_json::Value = serde_json::from_slice(&answer).unwrap();
    serde_json::from_value(answer["events"].take()).unwrap()
}

/// Asks until it is so.
pub fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// A file that only grows.
pub fn append(path: &Path) -> File {
    OpenOptions::new().append(true).create(true).open(path).unwrap()
}

/// The lines of a file that are complete.
fn lines(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.rsplit_once('\n').map_or(Vec::new(), |(whole, _)| whole.lines().map(String::from).collect())
}

/// Lines of JSON; one that a kill cut off counts for nothing.
fn parsed<T: serde::de::DeserializeOwned>(path: &Path) -> Vec<T> {
    lines(path).iter().filter_map(|line| serde_json::from_str(line).ok()).collect()
}
