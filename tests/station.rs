//! An hour of a station with three sources, a history with clips, a file of episodes, a rule and a page, played fast and
//! killed five times: afterwards all of them tell the same, and nothing is half-written. Once more with a real broker,
//! which needs Debian's package `mosquitto`; run by `.ci/broker`.

mod hour;
mod kept;
mod mosquitto;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;
use std::thread;

use hour::{HOUR, Hour, LASTS, MEGABYTES, REST, SOURCES, append, ask, script, told_by_the_page, wait_for};
use lookhear::history::{Change, Episode};
use lookhear::media::probe;
use lookhear::pipeline::Sink;
use mosquitto::{Broker, subscriber};
use rumqttc::Publish;

/// The seconds after which it is killed: within a sound, when it has just ended, while its clip goes on.
const KILLS: [u32; 5] = [302, 905, 1407, 2110, 3004];

/// The part that this process plays when a test starts it anew.
#[test]
#[ignore = "a part of the tests below"]
fn part() {
    Hour::play_if_asked();
}

#[test]
fn an_hour_with_five_kills_is_told_the_same_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    let hour = Hour::new(folder.path(), None);
    play(&hour);
    let agreed = check(&hour);
    is_whole(&hour, agreed.iter().collect());
}

#[test]
#[ignore = "needs mosquitto: run .ci/broker"]
fn a_broker_is_told_the_same_as_all_others() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start();
    let messages = subscriber(&broker, "witness");
    let hour = Hour::new(folder.path(), Some(broker.address.port()));
    let (episodes, alerts) = (hour.path("mqtt.jsonl"), hour.path("alerts.jsonl"));
    thread::spawn(move || write_down(&messages, &episodes, &alerts));
    play(&hour);
    let agreed = check(&hour);
    let (written, sent) = (hour.notices("episodes.jsonl"), hour.notices("mqtt.jsonl"));
    let alerts = hour.alerts();
    for id in &agreed {
        assert_eq!(sent[id], written[id], "the broker is told what the file is told");
        assert!(alerts.contains(id), "{id}");
    }
    println!("{} episodes agree, {} are told to the broker", agreed.len(), sent.len());
    is_whole(&hour, agreed.iter().collect());
}

/// Writes down what the broker tells of episodes, and of what the rule says of them.
fn write_down(messages: &Receiver<Publish>, episodes: &Path, alerts: &Path) {
    let (mut episodes, mut alerts) = (append(episodes), append(alerts));
    for Publish { topic, payload, .. } in messages {
        let line = [&payload[..], b"\n"].concat();
        match topic.rsplit('/').next() {
            Some("episode") => episodes.write_all(&line).unwrap(),
            Some("alert") => alerts.write_all(&line).unwrap(),
            _ => {}
        }
    }
}

/// What the history already holds: an episode that is too old, and three whose pictures take more than there is room for.
fn begin(hour: &Hour) -> [Episode; 4] {
    const DAY: i64 = 24 * 3600;
    let folder = hour.path("history");
    [-5 * DAY, -DAY, -DAY + 60, -DAY + 120].map(|second| {
        let times = [second, second + 2].map(|second| hour.time(second));
        let episode = kept::keep(&folder, kept::episode(second.to_string(), times));
        // What follows the end of a picture is no part of it.
        let mut picture = append(&folder.join(episode.snapshot.as_ref().unwrap()));
        picture.write_all(&vec![0; MEGABYTES as usize * 450_000]).unwrap();
        episode
    })
}

/// Plays the hour, kills it, and lets it go on.
fn play(hour: &Hour) {
    let [forgotten, crowd @ ..] = begin(hour);
    let mut from = 0;
    let mut shown = BTreeSet::new();
    for kill in KILLS {
        let mut child = hour.start(from, kill);
        let mut alive = |what: &str, is_so: &dyn Fn() -> bool| {
            wait_for(what, || {
                assert!(child.try_wait().unwrap().is_none(), "it ended by itself: {what}");
                is_so()
            });
        };
        alive("a first decision", &|| hour.progress().is_some_and(|second| second >= from));
        // While it goes on, its page is there.
        let address = hour.address().unwrap();
        shown.extend(told_by_the_page(address).into_iter().map(|episode| episode.id));
        assert!(String::from_utf8(ask(address, "/history")).unwrap().contains("<html"));
        alive("the second of the kill", &|| hour.progress() == Some(kill));
        child.kill().unwrap();
        child.wait().unwrap();
        from = kill + 1;
    }
    assert!(hour.start(from, HOUR).wait().unwrap().success());

    // Another run tidies up, and its page tells what there is.
    let mut publisher = hour.publisher();
    let address = publisher.address().unwrap();
    let kept = hour.kept();
    assert_eq!(told_by_the_page(address), kept);
    for Episode { id, snapshot, clip, .. } in &kept {
        for (kind, name) in [("snapshot", snapshot), ("clip", clip)] {
            let Some(name) = name else { continue };
            let file = fs::read(hour.path("history").join(name)).unwrap();
            assert!(ask(address, &format!("/api/v1/events/{id}/{kind}")) == file, "{name}");
        }
    }
    publisher.finish().unwrap();

    // Too old, it is forgotten; without room, the oldest goes on without its picture.
    assert!(kept.iter().all(|episode| episode.id != forgotten.id), "{kept:?}");
    let oldest = kept.iter().find(|episode| episode.id == crowd[0].id).unwrap();
    assert_eq!(oldest, &Episode { snapshot: None, ..crowd[0].clone() });
    let bytes: u64 = hour.files().iter().map(|file| fs::metadata(file).unwrap().len()).sum();
    assert!(bytes <= MEGABYTES * 1_000_000, "{bytes}");
    // What was once shown is still there.
    let ids: BTreeSet<String> = kept.into_iter().map(|episode| episode.id).collect();
    assert!(shown.is_subset(&ids), "{shown:?} {ids:?}");
}

/// Whether a sound is one that a kill has cut: it was not yet told everywhere.
fn is_cut(begin: u32) -> bool {
    KILLS.iter().any(|kill| (begin..begin + REST).contains(kill))
}

/// The sound of which an episode tells: its id begins with the digits of its time, and no two sounds are at once.
fn sound_of(hour: &Hour, id: &str) -> (usize, u32) {
    let digits = |second: u32| hour.time(second.into()).replace(|c: char| !c.is_ascii_digit(), "");
    let is_of =
        |(_, begin): &(usize, u32)| (*begin..begin + LASTS).any(|second| id.starts_with(&digits(second)));
    script().into_iter().find(is_of).unwrap_or_else(|| panic!("{id} belongs to no sound"))
}

/// Every sound that no kill has cut is one episode of history, file, broker and rule; of one that was cut, each may have
/// what it was told before and after. Returns the episodes of the former.
fn check(hour: &Hour) -> Vec<String> {
    let (written, sent) = (hour.notices("episodes.jsonl"), hour.notices("mqtt.jsonl"));
    let (commands, alerts) = (hour.commands(), hour.alerts());
    let kept: Vec<Episode> =
        hour.kept().into_iter().filter(|episode| episode.start >= hour.time(0)).collect();
    assert!(kept.iter().all(|episode| episode.over), "{kept:?}");
    let mut ids: BTreeMap<(usize, u32), BTreeSet<&String>> = BTreeMap::new();
    let told = written.keys().chain(sent.keys()).chain(&commands).chain(&alerts);
    for id in kept.iter().map(|episode| &episode.id).chain(told) {
        ids.entry(sound_of(hour, id)).or_default().insert(id);
    }
    let mut agreed = Vec::new();
    for (source, begin) in script() {
        let ids: Vec<&String> = ids.remove(&(source, begin)).into_iter().flatten().collect();
        if is_cut(begin) {
            // The part before the kill and the part after it.
            assert!(ids.len() <= 2, "{ids:?}");
            continue;
        }
        let [id] = ids[..] else { panic!("{source} at {begin}: {ids:?}") };
        let episode = kept.iter().find(|episode| episode.id == *id).unwrap();
        assert_eq!(episode.source, SOURCES[source]);
        let times = [begin, begin + LASTS - 1].map(|second| hour.time(second.into()));
        assert_eq!([&episode.start, &episode.end], [&times[0], &times[1]]);
        assert!(episode.snapshot.is_some() && episode.clip.is_some(), "{episode:?}");
        let changes: Vec<Change> = written[id].iter().map(|notice| notice.change).collect();
        assert_eq!(changes, [Change::New, Change::End]);
        // Where its files are, the history alone tells.
        assert_eq!(written[id][1].episode, Episode { snapshot: None, clip: None, ..episode.clone() });
        assert!(commands.contains(id));
        agreed.push(id.clone());
    }
    for told in [&commands, &alerts] {
        let once: BTreeSet<&String> = told.iter().collect();
        assert_eq!(once.len(), told.len(), "a rule tells of each episode once");
    }
    assert_eq!(agreed.len(), script().len() - KILLS.len());
    agreed
}

/// Every file belongs to an episode, is named there, and is complete.
fn is_whole(hour: &Hour, agreed: BTreeSet<&String>) {
    let kept = hour.kept();
    let path = |name: &String| hour.path("history").join(name);
    let named = kept.iter().flat_map(|episode| [&episode.snapshot, &episode.clip]).flatten().map(path);
    let named: BTreeSet<PathBuf> = named.collect();
    assert_eq!(named, hour.files());
    for episode in &kept {
        episode.snapshot.iter().for_each(|name| drop(image::open(path(name)).unwrap()));
        let Some(clip) = &episode.clip else { continue };
        let seconds = probe(path(clip).to_str().unwrap()).unwrap().seconds;
        // From a second before it to its end at least.
        let least = if agreed.contains(&episode.id) { f64::from(LASTS) } else { 1.0 };
        assert!(seconds > least, "{clip}: {seconds} s");
    }
    let database = rusqlite::Connection::open(hour.path("history/history.db")).unwrap();
    let sound: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
}
