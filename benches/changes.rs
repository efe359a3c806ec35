//! How long the built-in model's vision tower takes, with its heads, by how much of the picture changed since the one
//! before: `cargo bench --no-default-features --bench changes`.
//!
//! All shares are measured in turn, round by round, so that whatever else the machine does disturbs all of them alike.

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use lookhear::engine::{Engine, ImageEncoding, Setup};
use lookhear::model::Bundle;

/// Shares of the picture that change, in percent: a square in its middle.
const SHARES: [u32; 7] = [0, 1, 10, 25, 50, 90, 100];
const ROUNDS: usize = 60;

/// Values of a picture that are as good as random, in the steps that a camera's pictures have.
fn noise(seed: u32) -> impl Iterator<Item = f32> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as f32 / 127.5 - 1.0
    })
}

/// A picture `[channels, height, width]` of which this share, in percent, depends on the seed.
fn picture([channels, height, width]: [usize; 3], share: u32, seed: u32) -> Vec<f32> {
    let inside = |at: usize, all: usize| {
        let margin = all as f64 * (1.0 - (f64::from(share) / 100.0).sqrt()) / 2.0;
        (margin..all as f64 - margin).contains(&(at as f64 + 0.5))
    };
    let values = noise(1).zip(noise(seed)).take(channels * height * width).enumerate();
    let new = |at: usize| inside(at % width, width) && inside(at / width % height, height);
    values.map(|(at, (before, now))| if new(at) { now } else { before }).collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let bundle = Bundle::load(Path::new("models/lookhear-edge.safetensors"))?;
    let size = bundle.manifest.spec.vision.input;
    for threads in [1, 2] {
        let setup = Setup { threads: Some(threads), ..Setup::default() };
        let mut engine = bundle.clone().into_int_engine(&setup)?;
        let mut pictures = SHARES.map(|share| [2, 3].map(|seed| picture(size, share, seed)));
        let mut times = SHARES.map(|_| Vec::new());
        let mut seen = ImageEncoding::default();
        for _ in 0..ROUNDS {
            for ([before, now], times) in pictures.iter_mut().zip(&mut times) {
                engine.encode_image(before, &mut seen);
                let begin = Instant::now();
                engine.encode_image(now, &mut seen);
                times.push(begin.elapsed().as_secs_f64() * 1e3);
                std::mem::swap(before, now);
            }
        }
        let medians = times.map(|mut times| {
            times.sort_by(f64::total_cmp);
            times[ROUNDS / 2]
        });
        println!("{} thread(s), kernel {}, medians of {ROUNDS}:", threads, engine.hardware().0);
        for (share, ms) in SHARES.iter().zip(medians) {
            println!("{share:>4} % changed: {ms:6.2} ms, {:.2} x", ms / medians[SHARES.len() - 1]);
        }
    }
    Ok(())
}
