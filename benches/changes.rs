//! How long the built-in model's vision tower takes, by how much of the picture changed since the one before:
//! `cargo bench --no-default-features --bench changes`.

use std::hint::black_box;
use std::path::Path;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use lookhear::engine::{Engine, ImageEncoding, Setup};
use lookhear::model::Bundle;

/// Shares of the picture that change, in percent: a square in its middle.
const SHARES: [u32; 6] = [0, 1, 10, 50, 90, 100];

/// Values of a picture that are as good as random, in the steps that a camera's pictures have.
fn noise(seed: u32) -> impl Iterator<Item = f32> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as f32 / 127.5 - 1.0
    })
}

fn changes(c: &mut Criterion) {
    let bundle = Bundle::load(Path::new("models/lookhear-edge.safetensors")).expect("the built-in model");
    let [channels, height, width] = bundle.manifest.spec.vision.input;
    let mut group = c.benchmark_group("vision tower and its heads, percent of the picture changed");
    for (threads, share) in [1, 2].into_iter().flat_map(|threads| SHARES.map(|share| (threads, share))) {
        let setup = Setup { threads: Some(threads), ..Setup::default() };
        let mut engine: Box<dyn Engine> = bundle.engine(&setup).expect("the engine");
        let side = (f64::from(share) / 100.0).sqrt();
        let inside = |at: usize, all: usize| {
            let margin = all as f64 * (1.0 - side) / 2.0;
            (margin..all as f64 - margin).contains(&(at as f64 + 0.5))
        };
        let picture = |seed| -> Vec<f32> {
            let new = |at: usize| inside(at % width, width) && inside(at / width % height, height);
            let values = noise(1).zip(noise(seed)).take(channels * height * width).enumerate();
            values.map(|(at, (before, now))| if new(at) { now } else { before }).collect()
        };
        let mut pictures = [picture(2), picture(3)];
        let mut seen = ImageEncoding::default();
        group.bench_function(BenchmarkId::new(format!("{threads} threads"), share), |b| {
            b.iter(|| {
                pictures.rotate_left(1);
                engine.encode_image(black_box(&pictures[0]), &mut seen);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, changes);
criterion_main!(benches);
