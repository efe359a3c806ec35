//! How long a picture of the kiosk takes to draw: `cargo bench --bench kiosk`.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use image::{Rgb, RgbImage};
use lookhear::event::{Map, State};
use lookhear::kiosk::screen::{Language, Page, RIBBON_SECONDS, Scene, Screen, Theme};
use lookhear::preprocess::SAMPLE_RATE;
use lookhear::preprocess::spectrogram::{BINS, HOP};

fn frame(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| Rgb([x as u8, y as u8, (x ^ y) as u8]))
}

fn pages(c: &mut Criterion) {
    let language = Language::built_in("en").expect("English is built in");
    let mut screen =
        Screen::new((1920, 1080), &Theme::dark(), &language, &[]).unwrap_or_else(|error| panic!("{error}"));
    let map = Map { rows: 14, columns: 14, values: (0..196).map(|i| i as f32 / 196.0).collect() };
    let column = |i: usize| (0..BINS).map(|bin| (i * bin % 97) as f32 / 40.0).collect();
    let columns: Vec<Vec<f32>> = (0..RIBBON_SECONDS * SAMPLE_RATE / HOP).map(column).collect();
    for (page, name) in [(Page::Live, "live"), (Page::Attract, "attract"), (Page::About, "about")] {
        for (width, height) in [(640, 480), (1280, 720), (1920, 1080)] {
            let frame = frame(width, height);
            let mut picture = 0u32;
            c.bench_function(&format!("{name} page at 1920x1080, camera {width}x{height}"), |b| {
                b.iter(|| {
                    picture += 1;
                    let scene = Scene {
                        page,
                        frame: &frame,
                        mirror: true,
                        map: &map,
                        warmth: 0.9,
                        outline: Some([0.3, 0.3, 0.7, 0.8]),
                        state: State::Match,
                        name: None,
                        score: (picture % 100) as f32 / 100.0,
                        columns: &columns,
                        trouble: None,
                        deaf: false,
                        recording: true,
                        seconds: f64::from(picture) / 30.0,
                    };
                    black_box(screen.render(black_box(&scene))).len()
                });
            });
        }
    }
}

criterion_group!(benches, pages);
criterion_main!(benches);
