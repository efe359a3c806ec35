//! Measures the offset between a camera and a microphone from simultaneous flashes and beeps.

use image::RgbImage;

use crate::preprocess::{SAMPLE_RATE, level};

/// Blocks of a picture along each side; a flash need not fill the picture.
const BLOCKS: u32 = 8;
/// Rise of a block's brightness (0..255) from one frame to the next that is a flash.
const FLASH: f32 = 40.0;
/// Seconds after a flash or beep in which no other one counts.
const REFRACTORY: f64 = 0.4;
/// Seconds of sound whose level is one value.
const STEP: f64 = 0.005;
/// Decibels by which a beep rises above what was before.
const BEEP: f32 = 15.0;
/// Decibels below full scale that a beep reaches at least.
const AUDIBLE: f32 = -50.0;
/// A flash and a beep further apart than this (seconds) do not belong together.
const TOGETHER: f64 = 0.5;

/// The result of a calibration.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Measured {
    /// Milliseconds to add to the camera's times.
    pub offset_ms: f64,
    /// Standard deviation over the pairs, in milliseconds.
    pub sd_ms: f64,
    /// Number of flashes with a matching beep.
    pub pairs: usize,
}

/// Collects frames and sound.
#[derive(Clone, Debug, Default)]
pub struct Calibration {
    blocks: Option<Vec<f32>>,
    flashes: Vec<f64>,
    sound: Vec<f32>,
}

impl Calibration {
    /// Takes a frame that was taken at this moment (seconds).
    pub fn frame(&mut self, captured: f64, picture: &RgbImage) {
        let blocks = brightness(picture);
        if let Some(before) = &self.blocks {
            let rise = blocks.iter().zip(before).map(|(now, before)| now - before).fold(0.0, f32::max);
            if rise > FLASH && self.flashes.last().is_none_or(|last| captured - last > REFRACTORY) {
                self.flashes.push(captured);
            }
        }
        self.blocks = Some(blocks);
    }

    /// Takes the next sound, 48 kHz mono, from time 0 on without a gap.
    pub fn sound(&mut self, samples: &[f32]) {
        self.sound.extend_from_slice(samples);
    }

    /// Flashes seen and beeps heard so far.
    pub fn counts(&self) -> (usize, usize) {
        (self.flashes.len(), beeps(&self.sound).len())
    }

    /// The offset; `None` with fewer than three pairs.
    pub fn measure(&self) -> Option<Measured> {
        let beeps = beeps(&self.sound);
        let nearest = |flash: &f64| {
            let apart = beeps.iter().map(|beep| beep - flash).min_by(|a, b| a.abs().total_cmp(&b.abs()))?;
            (apart.abs() < TOGETHER).then_some(apart * 1e3)
        };
        let mut apart: Vec<f64> = self.flashes.iter().filter_map(nearest).collect();
        if apart.len() < 3 {
            return None;
        }
        apart.sort_by(f64::total_cmp);
        let n = apart.len() as f64;
        let mean = apart.iter().sum::<f64>() / n;
        let variance = apart.iter().map(|a| (a - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let round = |value: f64| (value * 10.0).round() / 10.0;
        // The median, so that a missed flash does not shift the result.
        Some(Measured {
            offset_ms: round(apart[apart.len() / 2]),
            sd_ms: round(variance.sqrt()),
            pairs: apart.len(),
        })
    }
}

/// Mean brightness of each block.
fn brightness(picture: &RgbImage) -> Vec<f32> {
    let (width, height) = picture.dimensions();
    let mut sums = vec![(0u64, 0u64); (BLOCKS * BLOCKS) as usize];
    // Every fourth row and pixel is enough.
    for y in (0..height).step_by(4) {
        for x in (0..width).step_by(4) {
            let (sum, count) = &mut sums[(y * BLOCKS / height * BLOCKS + x * BLOCKS / width) as usize];
            *sum += picture.get_pixel(x, y).0.iter().map(|v| u64::from(*v)).sum::<u64>();
            *count += 3;
        }
    }
    sums.iter().map(|(sum, count)| *sum as f32 / (*count).max(1) as f32).collect()
}

/// The moments at which something begins to sound.
fn beeps(sound: &[f32]) -> Vec<f64> {
    let levels: Vec<f32> = sound.chunks((STEP * SAMPLE_RATE as f64) as usize).map(level).collect();
    let mut beeps: Vec<f64> = Vec::new();
    for (n, now) in levels.iter().enumerate().skip(20) {
        let before = levels[n - 20..n - 2].iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let t = n as f64 * STEP;
        let fresh = beeps.last().is_none_or(|last| t - last > REFRACTORY);
        if fresh && *now > AUDIBLE && *now > before + BEEP {
            beeps.push(t);
        }
    }
    beeps
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    /// Flashes in a corner once a second from 0.5 s on, beeps `late` seconds after them.
    fn collect(late: f64, rate: f64, noise: f32) -> Calibration {
        let mut calibration = Calibration::default();
        for n in 0..(10.0 * rate) as u32 {
            let t = f64::from(n) / rate;
            let lit = (0.5..0.65).contains(&t.fract());
            let picture = RgbImage::from_fn(160, 120, |x, y| {
                if lit && x < 50 && y < 40 { Rgb([230; 3]) } else { Rgb([60; 3]) }
            });
            calibration.frame(t, &picture);
        }
        let sample = |n: usize| {
            let t = n as f64 / SAMPLE_RATE as f64;
            let hiss = noise * ((n * 7919 % 199) as f32 / 100.0 - 1.0);
            let sounds = (0.5..0.65).contains(&(t - late).rem_euclid(1.0));
            if sounds { (t * 6000.0).sin() as f32 * 0.3 + hiss } else { hiss }
        };
        let sound: Vec<f32> = (0..10 * SAMPLE_RATE).map(sample).collect();
        calibration.sound(&sound);
        calibration
    }

    #[test]
    fn the_offset_is_found_in_quiet_and_in_noise() {
        for (late, noise) in [(0.0, 0.0), (0.12, 0.001), (-0.21, 0.01)] {
            let measured = collect(late, 30.0, noise).measure().unwrap();
            assert!((measured.offset_ms - late * 1e3).abs() < 20.0, "{late}: {measured:?}");
            assert!(measured.sd_ms < 20.0 && measured.pairs >= 8, "{measured:?}");
        }
    }

    #[test]
    fn nothing_is_measured_where_nothing_happens() {
        let mut calibration = Calibration::default();
        (0..100).for_each(|n| calibration.frame(f64::from(n) * 0.04, &RgbImage::new(64, 48)));
        calibration.sound(&vec![0.0; 4 * SAMPLE_RATE]);
        assert_eq!(calibration.measure(), None);
        assert_eq!(calibration.counts(), (0, 0));
    }
}
