//! How long a decision takes, part by part: `cargo bench`.

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use lookhear::engine::Backend;
use lookhear::judge::Judge;
use lookhear::model::Bundle;
use lookhear::preprocess::{Fit, SAMPLE_RATE, Spectrogram, picture, spectrogram};

fn decision(c: &mut Criterion) {
    let bundle = Bundle::load(Path::new("models/lookhear-edge.safetensors")).expect("the built-in model");
    let mut judge = Judge::new(&bundle, Backend::Flex).expect("the flex backend");
    let frame = image::RgbImage::from_fn(640, 360, |x, y| image::Rgb([x as u8, y as u8, (x ^ y) as u8]));
    let second: Vec<f32> = (0..SAMPLE_RATE).map(|n| (n as f32 * 0.05).sin() * 0.3).collect();
    let window = spectrogram::second(&second);
    let (seen, heard) = (judge.see(&frame), judge.hear(&window));

    c.bench_function("spectrogram, 80 ms of new sound", |b| {
        let mut stream = Spectrogram::new();
        b.iter(|| stream.push(black_box(&second[..3840]), |column| _ = black_box(column[0])));
    });
    c.bench_function("picture, 640x360 to 224x224", |b| {
        b.iter(|| picture::normalize(&picture::square(black_box(&frame), Fit::Stretch, 224)));
    });
    c.bench_function("edge, vision tower", |b| b.iter(|| judge.see(black_box(&frame))));
    c.bench_function("edge, audio tower", |b| b.iter(|| judge.hear(black_box(&window))));
    c.bench_function("edge, both heads", |b| b.iter(|| judge.judge(black_box(&seen), black_box(&heard))));
}

criterion_group!(benches, decision);
criterion_main!(benches);
