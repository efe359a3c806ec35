//! How long an update of a decision takes on this machine.

use std::time::{Duration, Instant};

use lookhear::judge::Judge;
use lookhear::preprocess::spectrogram::{BINS, COLUMNS};

/// Columns of the spectrogram that are new with each decision.
pub(super) fn fresh_columns(hop: f64) -> usize {
    ((hop * 200.0).round() as usize).min(COLUMNS)
}

/// Milliseconds of an update, over a second.
pub(super) fn time_updates(judge: &mut Judge, hop: f64) -> f64 {
    let side = judge.manifest().spec.vision.input[1] as u32;
    // Two in turn: the engine keeps what it computed of a picture that stays.
    let scene = |blue| image::RgbImage::from_fn(side, side, |x, y| image::Rgb([x as u8, y as u8, blue]));
    let mut pictures = [scene(90), scene(180)];
    let columns = vec![vec![0.7; BINS]; COLUMNS];
    let fresh = fresh_columns(hop);
    let mut update = || {
        pictures.rotate_left(1);
        let seen = judge.encode_image(&pictures[0]);
        let heard = judge.encode_stream(&columns, fresh);
        judge.judge(&seen, &heard);
    };
    (0..3).for_each(|_| update());
    let begin = Instant::now();
    let mut count = 0;
    while begin.elapsed() < Duration::from_secs(1) {
        update();
        count += 1;
    }
    begin.elapsed().as_secs_f64() * 1e3 / f64::from(count)
}
