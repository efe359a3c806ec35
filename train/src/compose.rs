//! Examples composed from a [`Corpus`]: objects in a picture, one of which sounds.
//!
//! Photo and sound share a class, nothing more: weak pairs, of kind and not of moment.

use image::RgbImage;
use lookhear::preprocess::{SAMPLE_RATE, picture, spectrogram};
use lookhear::studio::compose::{self, Scene};
use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::Error;
use crate::augment::{colour, room};
use crate::config::Config;
use crate::corpus::{Corpus, Item};
use crate::cutout::cut_out;
use crate::example::{Example, mask, random_gain, random_second, random_second_and_speed};

/// Side of the picture that the vision tower sees.
pub const SIDE: u32 = 224;

/// A random element; the list must not be empty.
pub fn pick<'a, T>(items: &'a [T], rng: &mut ChaCha8Rng) -> &'a T {
    &items[rng.random_range(0..items.len())]
}

/// The classes of a batch: every class as often as every other, up to one.
pub fn balanced_classes(corpus: &Corpus, count: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
    let mut classes = Vec::with_capacity(count);
    while classes.len() < count {
        let mut round: Vec<usize> = (0..corpus.taught.len()).collect();
        round.shuffle(rng);
        classes.extend(round);
    }
    classes.truncate(count);
    classes
}

/// An example in which `class` sounds, or, if `unpaired`, one in which nothing corresponds.
///
/// [`Config::disturb`] and [`Config::cut_out`] say how often examples are disturbed and objects cut out.
///
/// # Errors
/// A file of the corpus cannot be read.
pub fn example(
    corpus: &Corpus,
    class: usize,
    unpaired: bool,
    config: &Config,
    rng: &mut ChaCha8Rng,
) -> Result<Example, Error> {
    let augment = config.disturb;
    if unpaired {
        return Ok(Example {
            picture: picture::normalize(&distractor(corpus, rng)?),
            sound: spectrogram::second(&unseen_sound(corpus, rng)?),
            seen: vec![],
            heard: None,
        });
    }
    let other = match rng.random_bool(0.45) {
        true => None,
        false => Some(other_class(corpus, class, rng)),
    };
    let mut scene = scene(corpus, class, other, config.cut_out, rng)?;
    compose::jitter(&mut scene, 0.3, true, rng);
    if rng.random_bool(augment) {
        compose::webcam(&mut scene.picture, rng);
    }
    let mut spectrogram = spectrogram::second(&sound(corpus, class, augment, rng)?);
    if rng.random_bool(augment) {
        mask(&mut spectrogram, rng);
    }
    Ok(Example {
        picture: picture::normalize(&scene.picture),
        sound: spectrogram,
        seen: [Some(class), other].into_iter().flatten().map(|c| c as u32).collect(),
        heard: Some(class as u32),
    })
}

/// A class that is not `class`.
pub fn other_class(corpus: &Corpus, class: usize, rng: &mut ChaCha8Rng) -> usize {
    (class + rng.random_range(1..corpus.taught.len())) % corpus.taught.len()
}

/// A scene with one or two objects. The first box is that of `class`. A share `cut` (0..1) of the objects
/// that stand before a background is cut out along its outline, where the photo allows it.
///
/// # Errors
/// A file of the corpus cannot be read.
pub fn scene(
    corpus: &Corpus,
    class: usize,
    other: Option<usize>,
    cut: f64,
    rng: &mut ChaCha8Rng,
) -> Result<Scene, Error> {
    let photo = |class: usize, rng: &mut ChaCha8Rng| pick(&corpus.taught[class].photos, rng).picture();
    let mut photos = vec![photo(class, rng)?];
    if let Some(other) = other {
        photos.push(photo(other, rng)?);
        // Swapped half of the time, so that the sounding object is on either side equally often.
        if rng.random_bool(0.5) {
            photos.swap(0, 1);
            let mut scene = arrange(corpus, &[&photos[0], &photos[1]], cut, rng)?;
            scene.boxes.swap(0, 1);
            return Ok(scene);
        }
    }
    let photos: Vec<&RgbImage> = photos.iter().map(|p| &**p).collect();
    arrange(corpus, &photos, cut, rng)
}

/// A picture of one thing: its photo fills it, or stands before a background.
///
/// # Errors
/// A background of the corpus cannot be read.
pub fn alone(corpus: &Corpus, photo: &RgbImage, rng: &mut ChaCha8Rng) -> Result<RgbImage, Error> {
    Ok(arrange(corpus, &[photo], 0.0, rng)?.picture)
}

/// Photos filling the picture, or framed or cut out before a background.
fn arrange(corpus: &Corpus, photos: &[&RgbImage], cut: f64, rng: &mut ChaCha8Rng) -> Result<Scene, Error> {
    if corpus.backgrounds.is_empty() || rng.random_bool(0.5) {
        return Ok(compose::mosaic(photos, SIDE, rng));
    }
    let background = full(&*pick(&corpus.backgrounds, rng).picture()?, rng);
    let mut object = |photo: &RgbImage| {
        // Without cut-outs no random number is drawn, so that the scenes of an evaluation do not change.
        let cut = if cut > 0.0 && rng.random_bool(cut) { cut_out(photo) } else { None };
        cut.unwrap_or_else(|| compose::framed(photo, 160, rng))
    };
    let objects: Vec<_> = photos.iter().map(|photo| object(photo)).collect();
    Ok(compose::side_by_side(&background, &objects, rng))
}

fn full(photo: &RgbImage, rng: &mut ChaCha8Rng) -> RgbImage {
    picture::resize(photo, compose::random_area(photo, 1.0, 0.5, rng), SIDE, SIDE)
}

/// A picture in which nothing that is taught is seen.
fn distractor(corpus: &Corpus, rng: &mut ChaCha8Rng) -> Result<RgbImage, Error> {
    let pool: &[Item<RgbImage>] = match rng.random_bool(0.5) && !corpus.unheard.is_empty() {
        true => &corpus.unheard,
        false => &corpus.backgrounds,
    };
    if pool.is_empty() {
        return Ok(RgbImage::new(SIDE, SIDE));
    }
    Ok(full(&*pick(pool, rng).picture()?, rng))
}

fn recorded(corpus: &Corpus, class: usize, augment: f64, rng: &mut ChaCha8Rng) -> Result<Vec<f32>, Error> {
    let recording = pick(&corpus.taught[class].sounds, rng).sound()?;
    Ok(match rng.random_bool(augment) {
        true => random_second_and_speed(&recording, rng),
        false => random_second(&recording, rng),
    })
}

/// A second of a class: level changed, an `augment` share at another speed, through other microphones, some in a room
/// or mixed with another second of the class; sometimes with other noise under it.
///
/// # Errors
/// A file of the corpus cannot be read.
pub fn sound(corpus: &Corpus, class: usize, augment: f64, rng: &mut ChaCha8Rng) -> Result<Vec<f32>, Error> {
    let mut second = recorded(corpus, class, augment, rng)?;
    // Two sounds of a class are still of that class.
    if rng.random_bool(0.3 * augment) {
        let other = recorded(corpus, class, augment, rng)?;
        second.iter_mut().zip(&other).for_each(|(s, o)| *s = (*s + o) * 0.5);
    }
    if rng.random_bool(augment) {
        colour(&mut second, rng);
    }
    if rng.random_bool(0.3 * augment) {
        room(&mut second, rng);
    }
    random_gain(&mut second, rng);
    if rng.random_bool(0.3) {
        let noise = unseen_sound(corpus, rng)?;
        let power = |s: &[f32]| s.iter().map(|v| v * v).sum::<f32>() + 1e-6;
        let decibels: f32 = rng.random_range(-30.0..-6.0);
        let gain = (power(&second) / power(&noise)).sqrt() * 10f32.powf(decibels / 20.0);
        second.iter_mut().zip(&noise).for_each(|(s, n)| *s = (*s + gain * n).clamp(-1.0, 1.0));
    }
    Ok(second)
}

/// A second of something that is never seen: noise, silence, or a sound of no taught class.
fn unseen_sound(corpus: &Corpus, rng: &mut ChaCha8Rng) -> Result<Vec<f32>, Error> {
    let kind = rng.random_range(0.0..1.0);
    if kind < 0.15 {
        return Ok(vec![0.0; SAMPLE_RATE]);
    }
    if kind < 0.3 || corpus.unseen.is_empty() {
        let level = 10f32.powf(rng.random_range(-3.0..-0.5));
        return Ok((0..SAMPLE_RATE).map(|_| level * rng.random_range(-1.0..1.0)).collect());
    }
    let mut second = random_second(&pick(&corpus.unseen, rng).sound()?, rng);
    random_gain(&mut second, rng);
    Ok(second)
}
