//! What a student gets: pictures or seconds of sound, each with what its teacher makes of it.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use image::{RgbImage, imageops};
use lookhear::media::{self, endings};
use lookhear::preprocess::{Fit, SAMPLE_RATE, picture, spectrogram};
use lookhear::studio::compose::{Scene, jitter};
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

use super::recipe::{Recipe, Sense};
use super::teacher::{Grid, Teacher};
use crate::Error;
use crate::compose::SIDE;
use crate::corpus::fingerprint;
use crate::example::{mask, random_gain};
use crate::export;

/// Share of the files on the validation side: 13 of 256.
const VALIDATION: u8 = 13;
/// Most examples of a look at the validation side.
const LOOK: usize = 512;
/// By how much brightness, contrast and saturation change: so little that the teacher would say nearly the same.
const JITTER: f32 = 0.2;
/// Share of the sounds of which bands or moments are taken out.
const MASKED: f64 = 0.3;
/// Least deviation of a value, as a share of the mean deviation: one that never changes must not count for much.
const LEAST: f64 = 1e-3;

/// Examples side by side.
#[derive(Default)]
pub struct Batch {
    /// Number of examples.
    pub size: usize,
    /// `[size, 3, 224, 224]` or `[size, 1, 257, 199]`.
    pub inputs: Vec<f32>,
    /// `[size, dims]`, z-scored.
    pub vectors: Vec<f32>,
    /// `[size, channels, side, side]`, of mean 0 by channel; empty if the teacher has none. The deviations stay: they tell
    /// which channels matter, of principal components for one.
    pub maps: Vec<f32>,
}

/// A folder with its teacher's vectors, in two sides.
pub struct Lessons {
    sense: Sense,
    fit: Fit,
    folder: PathBuf,
    teacher: Teacher,
    training: Vec<usize>,
    /// In a random order, always the same.
    validation: Vec<usize>,
    /// Names the validation side.
    split: String,
    vectors: Scale,
    maps: Option<Scale>,
    batch: usize,
    seed: u64,
}

impl Lessons {
    /// Reads the teacher's file, and looks whether all of its files are there. What is too much for memory waits in
    /// the folder `scratch`.
    ///
    /// # Errors
    /// The teacher's file is none, a file that it names is not in the folder, or there is too little to learn from.
    pub fn open(recipe: &Recipe, scratch: &Path) -> Result<Self, Error> {
        let (sense, folder, path) = (recipe.tower, recipe.data()?, recipe.teacher()?);
        let with_maps = sense == Sense::Vision && recipe.places > 0.0;
        let teacher = Teacher::open(path, with_maps, scratch)?;
        let missing: Vec<&String> =
            teacher.files.iter().filter(|file| !folder.join(file).is_file()).collect();
        if let Some(first) = missing.first() {
            let (missing, all, there) = (missing.len(), teacher.files.len(), folder.display());
            let why = format!("of its {all} files, {missing} are not in {there}, {first} for one");
            return Err(Error::file(path, why));
        }
        if sense == Sense::Audio && teacher.rows.iter().any(|row| row.time.is_none()) {
            return Err(Error::file(path, "it lacks `time`, the second at which a row's sound begins"));
        }
        let (mut validation, training): (Vec<usize>, Vec<usize>) = (0..teacher.rows.len())
            .partition(|&row| recipe.validate > 0 && is_for_validation(teacher.file(row)));
        let too_few = |side: &str| {
            let files = teacher.files.len();
            let why = format!("none of its {files} files is on the {side} side; give more, or validate = 0");
            Error::file(path, why)
        };
        if training.is_empty() {
            return Err(too_few("training"));
        }
        if recipe.validate > 0 && validation.is_empty() {
            return Err(too_few("validation"));
        }
        let split =
            fingerprint(teacher.files.iter().filter(|file| recipe.validate > 0 && is_for_validation(file)));
        validation.shuffle(&mut ChaCha8Rng::seed_from_u64(0));
        let unreadable = |e| Error::file(path, e);
        let mut vectors = Sums::new(teacher.dims);
        let mut maps = teacher.grid.map(|grid| Sums::new(grid.channels));
        for &row in &training {
            let (vector, map) = teacher.values(row).map_err(unreadable)?;
            vectors.add(&vector);
            maps.iter_mut().for_each(|maps| maps.add(&map));
        }
        let vectors = vectors.scale().ok_or_else(|| Error::file(path, "all its vectors are the same"))?;
        let maps = maps.map(|maps| Scale { deviation: vec![1.0; maps.values.len()], mean: maps.mean() });
        Ok(Self {
            sense,
            fit: export::fit(&recipe.preset),
            folder: folder.into(),
            training,
            validation,
            split,
            vectors,
            maps,
            batch: recipe.batch,
            seed: recipe.seed,
            teacher,
        })
    }

    /// The teacher.
    pub fn teacher(&self) -> &Teacher {
        &self.teacher
    }

    /// Number of pictures or seconds that are learned from.
    pub fn count(&self) -> usize {
        self.training.len()
    }

    /// Names the choice of files that are not learned from.
    pub fn split(&self) -> &str {
        &self.split
    }

    /// The batch of a step: rows at random, in any light and at any level. It depends on the recipe's seed and the step
    /// alone, so a resumed run sees what an uninterrupted one would have seen.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn batch(&self, step: u64) -> Result<Batch, Error> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(step);
        let mut batch = Batch::default();
        for _ in 0..self.batch {
            let row = self.training[rng.random_range(0..self.training.len())];
            self.add(row, Some(&mut rng), &mut batch)?;
        }
        Ok(batch)
    }

    /// A batch of the validation side, always the same, as the files are; `None` behind the last.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn validation(&self, number: usize) -> Result<Option<Batch>, Error> {
        let rows = &self.validation[..self.validation.len().min(LOOK)];
        let Some(rows) = rows.chunks(self.batch).nth(number) else { return Ok(None) };
        let mut batch = Batch::default();
        for &row in rows {
            self.add(row, None, &mut batch)?;
        }
        Ok(Some(batch))
    }

    /// Appends a row; with random numbers, as it looks or sounds at another time.
    fn add(&self, row: usize, mut rng: Option<&mut ChaCha8Rng>, batch: &mut Batch) -> Result<(), Error> {
        let (path, time) = (self.folder.join(self.teacher.file(row)), self.teacher.rows[row].time);
        let mirrored = self.sense == Sense::Vision && rng.as_mut().is_some_and(|rng| rng.random_bool(0.5));
        batch.inputs.extend(match self.sense {
            Sense::Vision => {
                let photo = match time {
                    Some(time) => media::frame_at(&path, time)?,
                    None => media::picture(&path)?,
                };
                picture::normalize(&seen(picture::square(&photo, self.fit, SIDE), mirrored, rng))
            }
            Sense::Audio => heard(second(&path, time.unwrap_or(0.0))?, rng),
        });
        let (mut vector, mut map) = self.teacher.values(row).map_err(|e| Error::file(&path, e))?;
        self.vectors.apply(&mut vector);
        batch.vectors.extend(vector);
        if let (Some(scale), Some(grid)) = (&self.maps, self.teacher.grid) {
            scale.apply(&mut map);
            batch.maps.extend(planes(&map, grid, mirrored));
        }
        batch.size += 1;
        Ok(())
    }
}

/// A stable choice by the name alone, whatever other files there are.
fn is_for_validation(file: &str) -> bool {
    Sha256::digest(file)[0] < VALIDATION
}

fn seen(mut picture: RgbImage, mirrored: bool, rng: Option<&mut ChaCha8Rng>) -> RgbImage {
    if mirrored {
        imageops::flip_horizontal_in_place(&mut picture);
    }
    let mut scene = Scene { picture, boxes: vec![] };
    if let Some(rng) = rng {
        jitter(&mut scene, JITTER, false, rng);
    }
    scene.picture
}

fn heard(mut second: Vec<f32>, rng: Option<&mut ChaCha8Rng>) -> Vec<f32> {
    let Some(rng) = rng else { return spectrogram::second(&second) };
    random_gain(&mut second, rng);
    let mut spectrogram = spectrogram::second(&second);
    if rng.random_bool(MASKED) {
        mask(&mut spectrogram, rng);
    }
    spectrogram
}

/// The second of a file's sound that begins at `start` (s), with silence where the sound ends. Videos are searched, of
/// sounds is read what comes before.
fn second(path: &Path, start: f64) -> Result<Vec<f32>, Error> {
    if endings::has_ending(path, &endings::VIDEOS) {
        // `sound_at` takes the middle of the second.
        return Ok(media::sound_at(path, start + 0.5)?);
    }
    let mut before = (start * SAMPLE_RATE as f64).round() as usize;
    let mut second = Vec::with_capacity(SAMPLE_RATE);
    media::sound_in_parts(path, &mut |part| {
        let skipped = before.min(part.len());
        before -= skipped;
        second.extend(part[skipped..].iter().take(SAMPLE_RATE - second.len()));
        if second.len() == SAMPLE_RATE { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    if second.is_empty() {
        return Err(Error::file(
            path,
            format!("it is over before {start} s, where the teacher heard a second"),
        ));
    }
    second.resize(SAMPLE_RATE, 0.0);
    Ok(second)
}

/// `[side, side, channels]` to `[channels, side, side]`, mirrored like the picture.
fn planes(map: &[f32], Grid { side, channels }: Grid, mirrored: bool) -> Vec<f32> {
    let value = |channel: usize, place: usize| {
        let (y, x) = (place / side, place % side);
        let x = if mirrored { side - 1 - x } else { x };
        map[(y * side + x) * channels + channel]
    };
    (0..channels * side * side).map(|n| value(n / (side * side), n % (side * side))).collect()
}

/// Sums over rows of values, for their mean and deviation.
struct Sums {
    values: Vec<[f64; 2]>,
    count: usize,
}

impl Sums {
    fn new(length: usize) -> Self {
        Self { values: vec![[0.0; 2]; length], count: 0 }
    }

    /// Adds one row, or several behind each other.
    fn add(&mut self, rows: &[f32]) {
        for row in rows.chunks_exact(self.values.len()) {
            for ([sum, squares], value) in self.values.iter_mut().zip(row) {
                *sum += f64::from(*value);
                *squares += f64::from(*value).powi(2);
            }
            self.count += 1;
        }
    }

    fn mean(&self) -> Vec<f32> {
        self.values.iter().map(|[sum, _]| (sum / self.count as f64) as f32).collect()
    }

    /// `None`: no value ever changes.
    fn scale(&self) -> Option<Scale> {
        let n = self.count as f64;
        let variance = self.values.iter().map(|[sum, squares]| squares / n - (sum / n).powi(2));
        let deviations: Vec<f64> = variance.map(|variance| variance.max(0.0).sqrt()).collect();
        let least = LEAST * deviations.iter().sum::<f64>() / deviations.len() as f64;
        let deviation = deviations.iter().map(|deviation| deviation.max(least) as f32).collect();
        (least > 0.0).then(|| Scale { mean: self.mean(), deviation })
    }
}

/// Mean and deviation of the training side, by which values are made comparable.
struct Scale {
    mean: Vec<f32>,
    deviation: Vec<f32>,
}

impl Scale {
    /// One row, or several behind each other.
    fn apply(&self, rows: &mut [f32]) {
        for row in rows.chunks_exact_mut(self.mean.len()) {
            for ((value, mean), deviation) in row.iter_mut().zip(&self.mean).zip(&self.deviation) {
                *value = (*value - mean) / deviation;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn about_one_in_twenty_files_is_for_validation_always_the_same() {
        let names: Vec<String> = (0..4000).map(|n| format!("dogs/{n}.jpg")).collect();
        let count = names.iter().filter(|name| is_for_validation(name)).count();
        assert!((160..260).contains(&count), "{count}");
        assert!(is_for_validation("dogs/4.jpg") == is_for_validation("dogs/4.jpg"));
    }

    #[test]
    fn maps_are_turned_into_planes_and_mirrored() {
        // Two rows of two places with three values each: row, column, channel.
        let map = [0., 1., 2., 10., 11., 12., 100., 101., 102., 110., 111., 112.];
        let grid = Grid { side: 2, channels: 3 };
        let plain = planes(&map, grid, false);
        assert_eq!(plain, [0., 10., 100., 110., 1., 11., 101., 111., 2., 12., 102., 112.]);
        let mirrored = planes(&map, grid, true);
        assert_eq!(mirrored, [10., 0., 110., 100., 11., 1., 111., 101., 12., 2., 112., 102.]);
    }

    #[test]
    fn values_are_scaled_to_mean_0_and_deviation_1_and_constant_ones_count_little() {
        let mut sums = Sums::new(3);
        sums.add(&[1.0, -2.0, 7.0, 3.0, 2.0, 7.0]);
        let scale = sums.scale().unwrap();
        let mut row = [1.0, 2.0, 7.0];
        scale.apply(&mut row);
        assert_eq!(row, [-1.0, 1.0, 0.0]);
        let mut off = [2.0, 0.0, 7.0005];
        scale.apply(&mut off);
        assert!(off[2] > 0.0 && off[2] < 1.0, "{off:?}");
        let mut same = Sums::new(1);
        same.add(&[4.0, 4.0]);
        assert!(same.scale().is_none());
    }

    #[test]
    fn a_second_begins_where_it_should_and_ends_in_silence() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("steps.wav");
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 48_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(&file, spec).unwrap();
        (0..120_000).for_each(|n| writer.write_sample((n / 12_000 * 1000) as i16).unwrap());
        writer.finalize().unwrap();
        let found = second(&file, 0.75).unwrap();
        assert_eq!(found.len(), SAMPLE_RATE);
        for (at, step) in [(0, 3.0), (11_999, 3.0), (12_000, 4.0), (47_999, 6.0)] {
            assert!((found[at] - step * 1000.0 / 32_768.0).abs() < 1e-4, "{at}: {}", found[at]);
        }
        let last = second(&file, 2.0).unwrap();
        assert!(last[23_999] > 0.2 && last[24_000..].iter().all(|s| *s == 0.0));
        assert!(second(&file, 2.5).unwrap_err().to_string().contains("it is over before 2.5 s"));
    }
}
