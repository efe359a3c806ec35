//! The screen as people see it, drawn on a terminal of text.

use image::{Rgb, RgbImage};
use ratatui::backend::TestBackend;
use ratatui::style::Color;

use super::*;
use crate::capture::monitor::{DeviceHealth, Health};
use crate::event::{DeviceState, Event, Map, State};
use crate::gallery::Signature;
use crate::preprocess::SAMPLE_RATE;
use crate::swap::Swapped;
use crate::timing::{Stage, Timings};

/// What a decision's context borrows.
struct Parts {
    event: Event,
    picture: RgbImage,
    map: Map,
    signature: Signature,
    second: Vec<f32>,
    columns: Vec<Vec<f32>>,
    timings: Timings,
    health: Health,
    swapped: Option<Swapped>,
}

impl Parts {
    /// A match on the left; the picture is red on its left half and blue on its right.
    fn new(state: State) -> Self {
        let mut timings = Timings::default();
        timings.add(Stage::Latency, Duration::from_millis(42));
        let live =
            |detail: &str| DeviceHealth { state: DeviceState::Live, detail: detail.into(), reopened: 0 };
        Self {
            event: Event {
                t: 3.2,
                score: 0.87,
                peak: [0.2, 0.5],
                bounds: (state == State::Match).then_some([0.1, 0.2, 0.4, 0.8]),
                confidence: 0.9,
                latency_ms: 42.0,
                ..Event::example(state)
            },
            picture: RgbImage::from_fn(
                160,
                120,
                |x, _| if x < 80 { Rgb([200, 0, 0]) } else { Rgb([0, 0, 200]) },
            ),
            map: Map { rows: 1, columns: 2, values: vec![0.1, 0.1] },
            signature: Signature::default(),
            second: vec![0.1; SAMPLE_RATE],
            columns: vec![vec![1.0; 257]; 199],
            timings,
            health: Health { camera: live("cam"), microphone: live("mic"), ..Health::default() },
            swapped: None,
        }
    }

    fn context(&self) -> DecisionContext<'_> {
        DecisionContext {
            event: &self.event,
            picture: &self.picture,
            map: &self.map,
            frames: &[],
            sound: &[],
            second: &self.second,
            columns: &self.columns,
            scores: &[0.2, 0.5, 0.87],
            signature: &self.signature,
            timings: &self.timings,
            swapped: self.swapped,
            health: Some(&self.health),
        }
    }
}

fn screen(parts: &Parts, desk: &Desk, (width, height): (u16, u16)) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    show(&mut terminal, &mut Graphics::default(), &parts.context(), desk).unwrap();
    terminal
}

fn text(terminal: &Terminal<TestBackend>) -> String {
    let buffer = terminal.backend().buffer();
    let rows = buffer.content().chunks(usize::from(buffer.area.width));
    rows.map(|row| row.iter().map(|cell| cell.symbol()).collect::<String>() + "\n").collect()
}

#[test]
fn everything_is_there_at_80_by_24() {
    let text = text(&screen(&Parts::new(State::Match), &Desk::default(), (80, 24)));
    for words in [
        "camera is on",
        "microphone is on",
        "I hear it. It is here.",
        "score 0.87",
        "dB",
        "in all 42/42",
        "lost: 0 frames",
        "swapped sound: not yet tried",
        "q quit",
    ] {
        assert!(text.contains(words), "{words} is missing in\n{text}");
    }
    assert_eq!(text.lines().count(), 24);
}

#[test]
fn what_is_known_is_called_by_its_name() {
    let mut parts = Parts::new(State::Match);
    parts.event.name = Some("Grandma's clock".into());
    let text = text(&screen(&parts, &Desk::default(), (80, 24)));
    assert!(text.contains("I hear Grandma's") && !text.contains("I hear it"), "{text}");
}

#[test]
fn silence_and_a_lost_camera_are_said_in_plain_words() {
    let mut parts = Parts::new(State::Silent);
    parts.second = vec![0.0; SAMPLE_RATE];
    assert!(text(&screen(&parts, &Desk::default(), (80, 24))).contains("It is quiet."));
    parts.health.camera.state = DeviceState::Gone;
    parts.health.microphone.state = DeviceState::Blank;
    let text = text(&screen(&parts, &Desk::default(), (110, 24)));
    assert!(
        text.contains("camera is unplugged") && text.contains("microphone gives only silence: muted?"),
        "{text}"
    );
}

#[test]
fn the_picture_is_shown_and_mirrored_with_its_marks() {
    let parts = Parts::new(State::NoVisibleSource);
    let colors = |mirrored| {
        let desk = Desk { mirrored, ..Desk::default() };
        let terminal = screen(&parts, &desk, (80, 24));
        let at = |x, y| terminal.backend().buffer().cell((x, y)).unwrap().fg;
        [at(6, 12), at(42, 12)]
    };
    let [red, blue] = [Color::Rgb(200, 0, 0), Color::Rgb(0, 0, 200)];
    assert_eq!(colors(false), [red, blue]);
    assert_eq!(colors(true), [blue, red]);
}

#[test]
fn any_size_can_be_drawn() {
    let parts = Parts::new(State::Match);
    for size in [(1, 1), (2, 40), (20, 5), (40, 10), (79, 23), (200, 60), (300, 3)] {
        screen(&parts, &Desk::default(), size);
    }
}

#[test]
fn the_self_check_tells_whether_the_sound_matters() {
    let mut parts = Parts::new(State::Match);
    parts.swapped = Some(Swapped { score: 0.12 });
    let mut desk = Desk::default();
    desk.update(&parts.context());
    let text = text(&screen(&parts, &desk, (80, 24)));
    assert!(text.contains("0.87 -> 0.12: it listens"), "{text}");
}

#[test]
fn frames_a_second_are_counted_from_the_devices() {
    let mut parts = Parts::new(State::Match);
    let mut desk = Desk::default();
    for n in 0..50 {
        (parts.event.t, parts.health.frames) = (f64::from(n) * 0.08, n as u64 * 2);
        desk.update(&parts.context());
    }
    assert!((desk.frame_rate() - 25.0).abs() < 0.5, "{}", desk.frame_rate());
}

#[test]
fn terminals_with_graphics_get_pixels_and_keep_one_picture() {
    use ratatui_image::FontSize;
    use ratatui_image::picker::ProtocolType;
    let parts = Parts::new(State::Match);
    for (protocol, begin) in [
        (ProtocolType::Kitty, "\x1b_G"),
        (ProtocolType::Iterm2, "\x1b]1337;File="),
        (ProtocolType::Sixel, "\x1bP"),
    ] {
        let mut graphics = Graphics::with(protocol, FontSize::new(10, 20));
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        let mut shown = || {
            show(&mut terminal, &mut graphics, &parts.context(), &Desk::default()).unwrap();
            let text = text(&terminal);
            let at = text.find(begin).unwrap_or_else(|| panic!("{protocol:?}: no picture"));
            assert!(text.contains("I hear it. It is here.") && text.contains("q quit"), "{protocol:?}");
            text[at..].chars().take(40).collect::<String>()
        };
        let first = shown();
        assert_eq!(first, shown(), "{protocol:?}: the same picture is replaced, not added");
        for size in [(1, 1), (20, 5), (300, 3)] {
            let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
            show(&mut terminal, &mut graphics, &parts.context(), &Desk::default()).unwrap();
        }
    }
}
