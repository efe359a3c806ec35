//! How long a decision takes, part by part: `cargo bench`.

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use lookhear::engine::int::kernel::{Epilogue, LANES, POSITIONS, all};
use lookhear::engine::{AudioEncoding, Backend, ImageEncoding, Judgement, Setup};
use lookhear::judge::Judge;
use lookhear::model::Bundle;
use lookhear::preprocess::spectrogram::{BINS, COLUMNS};
use lookhear::preprocess::{Fit, SAMPLE_RATE, Spectrogram, picture, spectrogram};

fn model() -> Bundle {
    Bundle::load(Path::new("models/lookhear-edge.safetensors")).expect("the built-in model")
}

fn frame() -> image::RgbImage {
    image::RgbImage::from_fn(640, 360, |x, y| image::Rgb([x as u8, y as u8, (x ^ y) as u8]))
}

fn inverted(mut frame: image::RgbImage) -> image::RgbImage {
    image::imageops::invert(&mut frame);
    frame
}

fn second() -> Vec<f32> {
    (0..SAMPLE_RATE).map(|n| (n as f32 * 0.05).sin() * 0.3).collect()
}

fn preprocessing(c: &mut Criterion) {
    let (frame, second) = (frame(), second());
    c.bench_function("spectrogram, 80 ms of new sound", |b| {
        let mut stream = Spectrogram::new();
        b.iter(|| stream.push(black_box(&second[..3840]), |column| _ = black_box(column[0])));
    });
    c.bench_function("picture, 640x360 to 224x224", |b| {
        b.iter(|| picture::normalize(&picture::square(black_box(&frame), Fit::Stretch, 224)));
    });
}

/// One chunk of tiles of a layer with 64 channels in and 16 out.
fn kernels(c: &mut Criterion) {
    let (tiles, depth) = (28, 64);
    let rows = vec![7u8; 6 * depth];
    let (mut v, panel) = (vec![1i16; POSITIONS * tiles * depth], vec![1i16; depth * LANES]);
    let mut m = vec![0i32; POSITIONS * tiles * LANES];
    let (scales, bias) = (vec![1e-3; POSITIONS * LANES], vec![1.0; LANES]);
    let mut out = vec![0u8; LANES * LANES];
    for kernel in all() {
        let name = kernel.name();
        c.bench_function(&format!("{name}: input transform, a tile"), |b| {
            b.iter(|| kernel.transform([&rows; 6], depth, black_box(&mut v), tiles * depth, tiles * LANES));
        });
        c.bench_function(&format!("{name}: products, a position of 28 tiles"), |b| {
            b.iter(|| kernel.multiply(black_box(&v), tiles, depth, &panel, &mut m, 0));
        });
        let epilogue = Epilogue { scales: &scales, bias: &bias };
        c.bench_function(&format!("{name}: output transform with pool, a tile"), |b| {
            b.iter(|| kernel.epilogue(black_box(&m), tiles * LANES, epilogue, true, &mut out, LANES));
        });
    }
}

fn engines(c: &mut Criterion) {
    let bundle = model();
    // Two in turn: an engine may keep what it computed of a picture that stays.
    let mut pictures = [frame(), inverted(frame())]
        .map(|frame| picture::normalize(&picture::square(&frame, Fit::Stretch, 224)));
    let window = spectrogram::second(&second());
    let columns: Vec<Vec<f32>> = (0..COLUMNS).map(|n| vec![n as f32 / 99.0; BINS]).collect();
    let (mut seen, mut heard, mut judgement) =
        (ImageEncoding::default(), AudioEncoding::default(), Judgement::default());
    for backend in [Backend::Int, Backend::Flex] {
        let mut engine = bundle.engine(&Setup::from(backend)).expect("the engine");
        let name = backend.name();
        c.bench_function(&format!("edge on {name}: vision tower"), |b| {
            b.iter(|| {
                pictures.rotate_left(1);
                engine.encode_image(black_box(&pictures[0]), &mut seen);
            });
        });
        c.bench_function(&format!("edge on {name}: audio tower"), |b| {
            b.iter(|| engine.encode_audio(black_box(&window), &mut heard));
        });
        c.bench_function(&format!("edge on {name}: audio tower, 80 ms of new sound"), |b| {
            b.iter(|| engine.encode_stream(black_box(&columns), 16, &mut heard));
        });
        c.bench_function(&format!("edge on {name}: both heads"), |b| {
            b.iter(|| engine.judge(black_box(&seen), &heard, &mut judgement));
        });
    }
}

fn decision(c: &mut Criterion) {
    let mut judge = Judge::new(&model(), Setup::default()).expect("the engine");
    let (mut frames, columns) = ([frame(), inverted(frame())], vec![vec![0.5; BINS]; COLUMNS]);
    let mut bench = |name: &str, pictures: usize| {
        c.bench_function(&format!("a decision: {name} and 80 ms of new sound to a map"), |b| {
            b.iter(|| {
                frames[..pictures].rotate_left(1);
                let seen = judge.encode_image(black_box(&frames[0]));
                let heard = judge.encode_stream(&columns, 16);
                judge.judge(&seen, &heard)
            });
        });
    };
    bench("640x360, all of it new,", 2);
    bench("640x360 that stays", 1);
}

criterion_group!(benches, preprocessing, kernels, engines, decision);
criterion_main!(benches);
