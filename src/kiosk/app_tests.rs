use std::thread;

use image::{Rgb, RgbImage};

use super::*;
use crate::event::{Event, Map, State};
use crate::kiosk::snapshot::Snapshot;
use crate::ring::VideoFrame;

/// An app whose live pipeline is `live`.
fn app(settings: &Settings, live: Live) -> App {
    let judge: LoadJudge = Box::new(|| Err("nothing is to play in this test".into()));
    let parts = Parts { live, judge, controls: Arc::default(), recording: false };
    App::new(settings, parts).unwrap()
}

/// A pipeline that runs until it is stopped.
fn patient() -> Live {
    Box::new(|_, controls| {
        while !controls.stop.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(1));
        }
        Ok(Summary { events: 7, ..Summary::default() })
    })
}

/// Rounds until one says something else than to go on, however slow the machine is.
fn last_round(app: &mut App) -> Result<bool, KioskError> {
    let begun = Instant::now();
    loop {
        match app.round() {
            Ok(true) => assert!(begun.elapsed() < Duration::from_secs(120), "it goes on and on"),
            other => return other,
        }
        thread::sleep(Duration::from_millis(1));
    }
}

fn decision(shade: u8) -> Snapshot {
    let event = Event { t: 0.08, ..Event::example(State::NoVisibleSource) };
    let picture = Arc::new(RgbImage::from_pixel(64, 48, Rgb([shade; 3])));
    Snapshot { frames: vec![VideoFrame { t: 0.0, captured: 0.0, picture }], map: Map::default(), event }
}

#[test]
fn the_end_of_the_pipeline_is_the_end_of_the_kiosk() {
    let ending: Live = Box::new(|_, _| Ok(Summary { events: 5, ..Summary::default() }));
    let mut app = app(&Settings::default(), ending);
    assert!(!last_round(&mut app).unwrap());
    assert_eq!(app.finish().unwrap().summary.events, 5);
}

#[test]
fn a_pipeline_that_fails_or_panics_ends_the_kiosk_with_an_error() {
    let failing: Live = Box::new(|_, _| Err("the model does not fit".into()));
    let told = last_round(&mut app(&Settings::default(), failing)).unwrap_err().to_string();
    assert_eq!(told, "the pipeline: the model does not fit");
    let panicking: Live = Box::new(|_, _| panic!("out of bounds"));
    let told = last_round(&mut app(&Settings::default(), panicking)).unwrap_err().to_string();
    assert!(told.contains("the pipeline broke down: out of bounds"), "{told}");
}

#[test]
fn keys_end_it_if_they_may() {
    let mut locked = app(&Settings { quit: false, ..Settings::default() }, patient());
    locked.quit();
    assert!(locked.round().unwrap());
    assert_eq!(locked.finish().unwrap().summary.events, 7, "the pipeline is asked to end, and waited for");
    let mut open = app(&Settings::default(), patient());
    open.quit();
    assert!(!open.round().unwrap());
    open.finish().unwrap();
}

#[test]
fn wrong_settings_start_nothing() {
    let settings = Settings { fps: 0, ..Settings::default() };
    let judge: LoadJudge = Box::new(|| unreachable!());
    let parts =
        Parts { live: Box::new(|_, _| unreachable!()), judge, controls: Arc::default(), recording: false };
    assert!(App::new(&settings, parts).is_err_and(|error| error.to_string().starts_with("fps: ")));
}

#[test]
fn a_touch_turns_the_page() {
    let mut app = app(&Settings::default(), patient());
    assert!(app.picture().is_none(), "it has no size yet");
    app.resize((640, 360)).unwrap();
    app.slot.put(decision(200), Vec::new());
    assert!(app.round().unwrap());
    let live = app.picture().unwrap().to_vec();
    assert_eq!(live.len(), 640 * 360);
    app.shown(Instant::now());
    app.touched();
    assert!(app.round().unwrap());
    assert_eq!(app.page, Page::About);
    assert_ne!(app.picture().unwrap(), live);
    app.shown(Instant::now());
    let report = app.finish().unwrap();
    assert_eq!((report.pictures, report.decisions), (1, 0), "counted from the first picture with a decision");
}
