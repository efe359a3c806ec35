use super::*;
use crate::event::{Event, Map};
use crate::kiosk::snapshot::Snapshot;
use crate::ring::VideoFrame;

const BOTH: Devices = Devices { camera: DeviceState::Live, microphone: DeviceState::Live };
/// Seconds between decisions.
const HOP: f64 = 0.08;

fn snapshot(state: State, devices: Option<Devices>) -> Snapshot {
    let event = Event {
        score: 0.9,
        bounds: (state == State::Match).then_some([0.1, 0.2, 0.3, 0.4]),
        devices,
        ..Event::example(state)
    };
    let map = Map { rows: 2, columns: 2, values: vec![0.5; 4] };
    let frame = VideoFrame { t: 0.0, captured: 0.0, picture: Arc::new(RgbImage::new(8, 6)) };
    Snapshot { frames: vec![frame], map, event }
}

fn columns(count: usize, value: f32) -> Vec<Vec<f32>> {
    vec![vec![value; BINS]; count]
}

const LOOK: Look = Look { page: Page::Live, mirror: true, trouble: None, recording: false, seconds: 1.0 };

#[test]
fn a_decision_becomes_a_scene() {
    let slot = Arc::<Slot>::default();
    let mut feed = Feed::new(slot.clone());
    assert_eq!(feed.update(0.0), None, "nothing has come");
    assert!(!feed.has_begun());
    assert_eq!(feed.scene(LOOK).frame.dimensions(), DARK);
    slot.put(snapshot(State::Match, Some(BOTH)), columns(16, 2.0));
    assert_eq!(feed.update(0.1), Some(News { sounds: true, devices: true }));
    assert_eq!(feed.update(0.2), None, "told once");
    assert!(feed.has_begun());
    let scene = feed.scene(LOOK);
    assert_eq!(scene.frame.dimensions(), (8, 6));
    assert_eq!((scene.state, scene.outline), (State::Match, Some([0.1, 0.2, 0.3, 0.4])));
    assert_eq!(scene.columns.len(), RIBBON);
    let loud = scene.columns.iter().position(|column| column[0] == 2.0);
    assert_eq!(loud, Some(RIBBON - 16), "the newest are the last");
    feed.clear();
    assert_eq!((feed.has_begun(), feed.scene(LOOK).state), (false, State::Silent));
    assert!(feed.scene(LOOK).columns.iter().all(|column| column[0] == 0.0));
}

#[test]
fn a_device_that_fails_for_long_is_trouble() {
    let slot = Arc::<Slot>::default();
    let mut feed = Feed::new(slot.clone());
    let mut at = |from: f64, seconds: f64, devices: Devices| {
        let mut news = None;
        for i in 0..(seconds / HOP) as usize {
            slot.put(snapshot(State::Silent, Some(devices)), Vec::new());
            news = feed.update(from + i as f64 * HOP);
        }
        (news.unwrap().devices, feed.trouble())
    };
    let gone = Devices { camera: DeviceState::Gone, ..BOTH };
    let muted = Devices { microphone: DeviceState::Blank, ..BOTH };
    let opening = Devices { microphone: DeviceState::Opening, ..BOTH };
    assert_eq!(at(0.0, 2.0, opening), (false, None), "it may take its time");
    assert_eq!(at(2.0, 2.0, BOTH), (true, None));
    assert_eq!(at(4.0, 0.5, gone), (false, None), "it may come back");
    assert_eq!(at(4.5, 2.0, gone), (false, Some(Device::Camera)));
    assert_eq!(at(6.5, 3.0, muted), (false, Some(Device::Microphone)));
    assert_eq!(at(9.5, 3.0, BOTH), (true, None));
}

#[test]
fn without_a_microphone_it_is_not_called_quiet() {
    let slot = Arc::<Slot>::default();
    let mut feed = Feed::new(slot.clone());
    let mut deaf = |from: f64, devices: Devices| {
        for i in 0..40 {
            slot.put(snapshot(State::Silent, Some(devices)), Vec::new());
            feed.update(from + f64::from(i) * HOP);
        }
        feed.scene(LOOK).deaf
    };
    assert!(!deaf(0.0, BOTH));
    assert!(!deaf(5.0, Devices { camera: DeviceState::Gone, ..BOTH }));
    assert!(deaf(10.0, Devices { microphone: DeviceState::Missing, ..BOTH }));
    let neither = Devices { camera: DeviceState::Missing, microphone: DeviceState::Missing };
    assert!(deaf(15.0, neither), "whichever is told as the trouble");
    assert!(!deaf(20.0, BOTH));
}

#[test]
fn recorded_input_has_no_devices_that_could_fail() {
    let slot = Arc::<Slot>::default();
    let mut feed = Feed::new(slot.clone());
    slot.put(snapshot(State::NoVisibleSource, None), Vec::new());
    assert_eq!(feed.update(0.0), Some(News { sounds: true, devices: true }));
}

#[test]
fn an_hour_takes_no_more_memory_than_a_minute() {
    let slot = Arc::<Slot>::default();
    let mut feed = Feed::new(slot.clone());
    let states = [State::Silent, State::Match, State::NoVisibleSource];
    // As a run gives decisions and a display takes pictures; the display hangs now and then.
    for i in 0..45_000usize {
        slot.put(snapshot(states[i / 25 % 3], Some(BOTH)), columns(16, 1.0));
        let now = i as f64 * HOP;
        if i % 1000 < 900 {
            feed.update(now);
            feed.update(now + 0.033);
        }
    }
    feed.update(45_000.0 * HOP);
    assert_eq!((feed.ribbon.len(), feed.scene(LOOK).columns.len()), (RIBBON, RIBBON));
    let most = feed.ribbon.capacity();
    assert!(most <= 4 * RIBBON, "room for {most} columns");
    let left = slot.take();
    assert!(left.newest.is_none() && left.columns.is_empty());
}
