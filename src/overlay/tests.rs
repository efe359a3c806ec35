//! Tests of [`super::draw`]: what the whole picture shows in each state.

use super::*;
use image::Rgb;

/// Everything that a [`View`] borrows.
struct Scene {
    frame: RgbImage,
    map: Map,
    event: Event,
    sound: Vec<f32>,
    spectrogram: Vec<Vec<f32>>,
    scores: Vec<f32>,
}

impl Scene {
    /// A grey frame with a hot spot in the right lower quarter.
    fn new(width: u32, height: u32, state: State) -> Self {
        let value = |i: usize| {
            let (row, column) = ((i / 14) as f32, (i % 14) as f32);
            (-((row - 10.0).powi(2) + (column - 10.0).powi(2)) / 6.0).exp()
        };
        let found = state == State::Match;
        Self {
            frame: RgbImage::from_fn(width, height, |x, y| {
                Rgb([90, 100 + (x % 16) as u8, 110 + (y % 16) as u8])
            }),
            map: Map { rows: 14, columns: 14, values: (0..196).map(value).collect() },
            event: Event {
                t: 12.3,
                score: 0.87,
                peak: [0.75, 0.75],
                bounds: found.then_some([0.6, 0.6, 0.9, 0.9]),
                confidence: 0.9,
                ..Event::example(state)
            },
            sound: (0..48_000).map(|i| (i as f32 * 0.05).sin() * 0.3).collect(),
            spectrogram: vec![vec![1.0; 257]; 40],
            scores: vec![0.2, 0.4, 0.8, 0.87],
        }
    }

    fn draw(&self) -> RgbImage {
        draw(&View {
            frame: &self.frame,
            map: &self.map,
            event: &self.event,
            sound: &self.sound,
            spectrogram: &self.spectrogram,
            scores: &self.scores,
        })
    }
}

/// How far two colours are apart.
fn change(a: &Rgb<u8>, b: &Rgb<u8>) -> u32 {
    a.0.iter().zip(b.0).map(|(a, b)| u32::from(a.abs_diff(b))).sum()
}

#[test]
fn a_match_warms_the_hot_spot_and_leaves_the_cold_picture_alone() {
    let scene = Scene::new(320, 240, State::Match);
    let picture = scene.draw();
    // Beside the peak marker, but inside the hot spot.
    let hot = picture.get_pixel(254, 180);
    assert!(hot.0[0] > 170 && hot.0[0] > hot.0[2] + 40, "{hot:?}");
    for y in 0..120 {
        for x in 0..160 {
            assert_eq!(picture.get_pixel(x, y), scene.frame.get_pixel(x, y), "at {x}, {y}");
        }
    }
}

#[test]
fn without_a_visible_source_the_map_is_faint_and_nearly_grey() {
    let found = Scene::new(320, 240, State::Match);
    let missed = Scene::new(320, 240, State::NoVisibleSource);
    let at = |scene: &Scene| change(scene.draw().get_pixel(254, 180), scene.frame.get_pixel(254, 180));
    assert!(at(&missed) > 10 && at(&missed) < at(&found), "{} {}", at(&missed), at(&found));
    let pixel = *missed.draw().get_pixel(254, 180);
    assert!(pixel.0[0].abs_diff(pixel.0[2]) < 40, "{pixel:?}");
}

#[test]
fn silence_leaves_the_picture_untouched() {
    let scene = Scene::new(320, 240, State::Silent);
    let picture = scene.draw();
    assert!(scene.frame.enumerate_pixels().all(|(x, y, pixel)| picture.get_pixel(x, y) == pixel));
}

#[test]
fn both_sides_are_even_and_the_panel_is_below() {
    for (width, height) in [(64, 64), (65, 67), (320, 240), (641, 359), (90, 700), (1280, 720)] {
        let scene = Scene::new(width, height, State::NoVisibleSource);
        let picture = scene.draw();
        assert_eq!((picture.width() % 2, picture.height() % 2), (0, 0));
        assert!(picture.width() - width <= 1);
        let panel = picture.height() - height;
        assert!(panel >= 48 && panel.abs_diff((height as f32 * 0.22) as u32) < 3 || panel <= 49);
        let ground = picture.get_pixel(0, picture.height() - 1);
        assert!(ground.0.iter().all(|v| *v < 40));
    }
}

#[test]
fn an_odd_frame_repeats_its_last_column() {
    let picture = Scene::new(65, 64, State::Match).draw();
    assert!((0..64).all(|y| picture.get_pixel(64, y) == picture.get_pixel(65, y)));
}

#[test]
fn nothing_in_the_panel_touches_its_edges() {
    for (width, height) in [(64, 64), (100, 100), (160, 120), (320, 240), (360, 640), (640, 360), (1280, 720)]
    {
        for state in [State::Silent, State::Match, State::NoVisibleSource] {
            let mut scene = Scene::new(width, height, state);
            scene.event.t = 3723.4;
            let picture = scene.draw();
            let ground = *picture.get_pixel(0, picture.height() - 1);
            for y in height + 10..picture.height() {
                for x in [0, 1, width - 2, width - 1] {
                    assert_eq!(*picture.get_pixel(x, y), ground, "{width}x{height} {state:?} at {x}, {y}");
                }
            }
            for x in 0..width {
                for y in [picture.height() - 1, picture.height() - 2] {
                    assert_eq!(*picture.get_pixel(x, y), ground, "{width}x{height} {state:?} at {x}, {y}");
                }
            }
        }
    }
}

#[test]
fn the_bar_follows_the_score() {
    let colored = |score: f32| {
        let mut scene = Scene::new(640, 360, State::Match);
        scene.event.score = score;
        scene.scores.clear();
        scene.draw().pixels().filter(|p| p.0 == state_color(State::Match)).count()
    };
    assert!(colored(0.9) > colored(0.5) + 100);
    assert!(colored(0.5) > colored(0.0) + 100);
}

#[test]
fn strange_input_is_drawn_without_panic() {
    for (width, height) in [(0, 0), (1, 1), (1, 300), (300, 1), (7, 5), (2000, 3)] {
        for state in [State::Silent, State::Match, State::NoVisibleSource] {
            let mut scene = Scene::new(width, height, state);
            scene.event.score = f32::NAN;
            scene.event.t = f64::NAN;
            scene.event.peak = [f32::NAN, f32::INFINITY];
            scene.event.bounds = Some([-1.0, 0.9, 2.0, 0.1]);
            scene.map.values[0] = f32::NAN;
            scene.sound = vec![f32::NAN, 3.0, f32::NEG_INFINITY];
            scene.scores = vec![f32::NAN, 0.3, 7.0];
            scene.spectrogram = vec![vec![], vec![f32::NAN; 3], vec![9.0; 257]];
            scene.draw();
            scene.event.peak = [0.5, 0.5];
            scene.map = Map::default();
            scene.sound.clear();
            scene.scores.clear();
            scene.spectrogram.clear();
            let picture = scene.draw();
            assert_eq!((picture.width() % 2, picture.height() % 2), (0, 0));
        }
    }
}

#[test]
fn time_reads_like_a_clock() {
    assert_eq!(clock(0.0), "0:00.0");
    assert_eq!(clock(72.39), "1:12.3");
    assert_eq!(clock(3723.4), "1:02:03.4");
    assert_eq!(clock(f64::NAN), "0:00.0");
    assert_eq!(clock(-1.0), "0:00.0");
}
