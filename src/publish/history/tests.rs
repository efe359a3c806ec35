use std::path::Path;
use std::sync::Arc;

use image::{Rgb, RgbImage};

use crate::event::{Event, State};
use crate::history::{Episode, Filter, Store};
use crate::media::{FRAME_RATE, probe};
use crate::pipeline::{DecisionContext, Sink};
use crate::preprocess::SAMPLE_RATE;
use crate::publish::settings::{self, Settings};
use crate::publish::testing::{event, start, with_context};
use crate::publish::{PublishError, Publisher, testing};
use crate::ring::VideoFrame;

fn settings(folder: &Path) -> Settings {
    let history = settings::History {
        folder: folder.into(),
        least: 0.2,
        gap: 0.5,
        clips: true,
        before: 1.0,
        after: 0.5,
        days: 0,
        free_megabytes: 0,
        ..settings::History::default()
    };
    Settings { history: Some(history), ..Settings::default() }
}

/// A decision every tenth of a second: `M`atch, or nothing.
fn play(publisher: &mut Publisher, states: &str) {
    let rate = f64::from(FRAME_RATE);
    for (n, state) in states.chars().enumerate() {
        let (begin, end) = (n as f64 / 10.0, (n + 1) as f64 / 10.0);
        let state = if state == 'M' { State::Match } else { State::Silent };
        let time = Some(format!("2026-11-30T12:00:{end:06.3}Z"));
        let event = Event { time, ..event(end, state) };
        let frame = |n: u64| VideoFrame {
            t: n as f64 / rate,
            captured: 0.0,
            picture: Arc::new(RgbImage::from_pixel(64, 48, Rgb([n as u8, 40, 40]))),
        };
        let frames: Vec<VideoFrame> =
            ((begin * rate).ceil() as u64..(end * rate).ceil() as u64).map(frame).collect();
        let sound = vec![0.1; SAMPLE_RATE / 10];
        with_context(&event, |context| {
            publisher.take(&DecisionContext { frames: &frames, sound: &sound, ..*context }).unwrap();
        });
    }
}

fn episodes(folder: &Path) -> Vec<Episode> {
    Store::open(folder).unwrap().list(&Filter::default()).unwrap()
}

#[test]
fn an_episode_is_kept_with_its_picture_and_a_clip_from_before_to_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut publisher = start(&settings(folder.path()));
    play(&mut publisher, &format!("{}{}{}", ".".repeat(20), "M".repeat(10), ".".repeat(20)));
    publisher.finish().unwrap();
    let [episode] = &episodes(folder.path())[..] else { panic!("not one episode") };
    assert!(episode.over && episode.source == "lookhear" && episode.state == State::Match);
    assert_eq!(
        (episode.start.as_str(), episode.end.as_str()),
        ("2026-11-30T12:00:02.100Z", "2026-11-30T12:00:03.000Z")
    );
    let snapshot = folder.path().join(episode.snapshot.as_ref().unwrap());
    assert_eq!(image::open(snapshot).unwrap().to_rgb8().dimensions(), (64, 48));
    let clip = folder.path().join(episode.clip.as_ref().unwrap());
    let seconds = probe(clip.to_str().unwrap()).unwrap().seconds;
    // A second before 2.1, to half a second after 3.0, and as long as it may still go on.
    assert!((2.3..2.8).contains(&seconds), "{seconds}");
}

#[test]
fn a_run_that_ends_in_an_episode_completes_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut publisher = start(&settings(folder.path()));
    play(&mut publisher, "MMMMMMMMMM");
    publisher.finish().unwrap();
    let [episode] = &episodes(folder.path())[..] else { panic!("not one episode") };
    assert!(episode.over && episode.clip.is_some() && episode.snapshot.is_some(), "{episode:?}");
}

#[test]
fn episodes_that_follow_each_other_have_a_clip_each() {
    let folder = tempfile::tempdir().unwrap();
    let mut publisher = start(&settings(folder.path()));
    // The second begins while the clip of the first is still going on.
    play(&mut publisher, "MMMMMMM.......MMMMMM..........");
    publisher.finish().unwrap();
    let all = episodes(folder.path());
    assert_eq!(all.len(), 2);
    for episode in &all {
        let clip = folder.path().join(episode.clip.as_ref().unwrap());
        assert!(probe(clip.to_str().unwrap()).unwrap().seconds > 0.8);
    }
}

#[test]
fn what_cannot_be_a_history_is_an_error_with_its_key() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("history.db"), "my diary, which is no database at all").unwrap();
    let error = Publisher::start(&settings(folder.path()), &testing::about()).err().unwrap();
    assert!(matches!(error, PublishError::History(_)));
    assert!(
        error.to_string().starts_with("history.folder: ") && error.to_string().contains("history.db"),
        "{error}"
    );
}

#[test]
fn a_history_that_cannot_be_written_any_more_is_told_and_the_run_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut publisher = start(&settings(folder.path()));
    // Another program has taken the tables away.
    let other = rusqlite::Connection::open(folder.path().join("history.db")).unwrap();
    other.execute_batch("DROP TABLE episodes").unwrap();
    play(&mut publisher, "MMMMMM..............");
    let told = testing::eventually("fault", || publisher.fault("history"));
    assert!(told.contains("the history is not kept") && told.contains("history.db"), "{told}");
    publisher.finish().unwrap();
}
