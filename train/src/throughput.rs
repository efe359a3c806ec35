//! How many pairs a second a device trains on, and how many the loader hands out: the slower one decides.

use std::sync::Arc;
use std::time::Instant;

use burn::tensor::Device;
use lookhear::model::Spec;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::Error;
use crate::config::Config;
use crate::example::Batch;
use crate::learner::Learner;
use crate::loader::{Loader, Source};

/// Steps before the clock starts.
const WARM_UP: u64 = 2;

/// Pairs a second of optimizer steps on noise: no file is read.
///
/// # Errors
/// The config names no preset, or its batch cannot be divided among the devices.
pub fn of_devices(config: &Config, devices: Vec<Device>, steps: u64) -> Result<f64, Error> {
    let mut learner = Learner::on_devices(config.clone(), devices)?;
    // Always the same: a fast device would wait for new noise.
    let batch = noise(learner.spec(), config.batch);
    let mut begin = Instant::now();
    for step in 0..WARM_UP + steps {
        if step == WARM_UP {
            begin = Instant::now();
        }
        learner.step(batch.clone());
    }
    Ok((steps * config.batch as u64) as f64 / begin.elapsed().as_secs_f64())
}

fn noise(spec: &Spec, size: usize) -> Batch {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut values = |input: [usize; 3]| -> Vec<f32> {
        (0..size * input.iter().product::<usize>()).map(|_| rng.random_range(-1.0..1.0)).collect()
    };
    let (pictures, sounds) = (values(spec.vision.input), values(spec.audio.input));
    let targets = (0..size * size).map(|i| f32::from(u8::from(i / size == i % size))).collect();
    Batch { size, pictures, sounds, targets }
}

/// Pairs a second of the loader alone, with as many threads as training gives it. Files that are kept in
/// memory once decoded make the first batches slower than the rest: the clock starts after `warm_up` batches.
///
/// # Errors
/// The config names no data, or a file cannot be read.
pub fn of_loader(config: &Config, threads: usize, warm_up: u64, steps: u64) -> Result<f64, Error> {
    let config = Config { steps: warm_up + steps, ..config.clone() };
    let mut loader = Loader::start(Arc::new(Source::open(&config)?), &config, 0, threads);
    for _ in 0..warm_up {
        loader.next_batch()?;
    }
    let begin = Instant::now();
    for _ in 0..steps {
        loader.next_batch()?;
    }
    Ok((steps * config.batch as u64) as f64 / begin.elapsed().as_secs_f64())
}
