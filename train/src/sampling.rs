//! How pairs are drawn from real video, the one rule for every kind of storage (the paper, section 2.2 and 3).
//!
//! A positive is a frame and a second of sound of one clip that overlaps it; a negative takes the second from a
//! clip of another source. Both draw their moments by [`moment`], on one grid.

use std::borrow::Cow;
use std::collections::HashSet;

use image::RgbImage;
use lookhear::preprocess::{SAMPLE_RATE, picture, spectrogram};
use lookhear::studio::compose::{self, Scene};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::Error;
use crate::compose::SIDE;
use crate::config::{Config, Negatives};
use crate::example::Example;

/// Steps of the grid in a second. Frames and seconds of sound start on it, for both classes alike: if only
/// positives did, the grid itself would tell them from negatives.
pub const STEPS: u32 = 25;

/// Audio samples from one step of the grid to the next (48 kHz).
pub const SAMPLES_A_STEP: usize = SAMPLE_RATE / STEPS as usize;

/// A moment of a clip: a frame and a second of sound that overlaps it. In steps of the grid, never in samples
/// or seconds, so that the two cannot be mixed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// When the frame is shown.
    pub frame: u32,
    /// When the second of sound begins.
    pub sound: u32,
}

/// A random moment of a clip of `length` seconds (at least 1) with frames at the given steps, in rising order.
/// The second lies within the clip, the frame within the second. `None`: no frame lies in the second drawn,
/// which cannot be with a frame in every second.
pub fn moment(length: f64, frames: &[u32], rng: &mut impl Rng) -> Option<Moment> {
    // A hair more, because 1.2 - 1.0 is a little less than five steps.
    let last = ((length - 1.0).max(0.0) * f64::from(STEPS) + 1e-6) as u64;
    let sound = rng.random_range(0..=last) as u32;
    let begin = frames.partition_point(|frame| *frame < sound);
    let end = frames.partition_point(|frame| *frame < sound + STEPS);
    if begin == end {
        return None;
    }
    let within = rng.random_range(0..(end - begin) as u64) as usize;
    Some(Moment { frame: frames[begin + within], sound })
}

/// Clips with picture and sound, however they are stored.
pub trait Clips {
    /// Number of clips.
    fn count(&self) -> usize;
    /// The source of a clip, below [`Clips::sources`]. Clips of one source are never a negative pair.
    fn source(&self, clip: usize) -> u32;
    /// Number of sources, at least 2.
    fn sources(&self) -> usize;
    /// Length of a clip in seconds, at least 1.
    fn length(&self, clip: usize) -> f64;
    /// Steps of the grid that have a frame, in rising order.
    fn frames(&self, clip: usize) -> Cow<'_, [u32]>;
    /// The frame at a step of the grid.
    ///
    /// # Errors
    /// The clip cannot be read.
    fn frame(&self, clip: usize, step: u32) -> Result<RgbImage, Error>;
    /// The second of sound that begins at a step of the grid: 48 kHz mono, -1..1.
    ///
    /// # Errors
    /// The clip cannot be read.
    fn second(&self, clip: usize, step: u32) -> Result<Vec<f32>, Error>;
}

/// The examples of a batch: pictures, each with one sound. With [`Negatives::Sampled`] every other one is negative,
/// and [`Config::hard_negatives`] of those are of one clip. No source comes twice as long as there are others,
/// because the sounds of two clips of one source count as corresponding though they do not overlap.
///
/// # Errors
/// A clip cannot be read.
pub fn examples(clips: &impl Clips, config: &Config, rng: &mut ChaCha8Rng) -> Result<Vec<Example>, Error> {
    let first = rng.random_range(0..clips.count());
    let mut used = HashSet::new();
    let mut one = |slot: usize| {
        // A large prime step, so that neighbours, which tend to be alike, are not in one batch.
        let mut seen = (first + slot * 7919) % clips.count();
        while used.len() < clips.sources() && !used.insert(clips.source(seen)) {
            seen = (seen + 1) % clips.count();
        }
        let here = moment_of(clips, seen, rng)?;
        if config.negatives == Negatives::Batch || slot.is_multiple_of(2) {
            return example(clips, (seen, here.frame), (seen, here.sound), true, rng);
        }
        if config.hard_negatives > 0.0
            && rng.random_bool(config.hard_negatives)
            && let Some(sound) = elsewhere(clips, seen, here.frame, rng)?
        {
            return example(clips, (seen, here.frame), (seen, sound), false, rng);
        }
        let mut heard = seen;
        while clips.source(heard) == clips.source(seen) {
            heard = (seen + rng.random_range(1..clips.count())) % clips.count();
        }
        let there = moment_of(clips, heard, rng)?;
        example(clips, (seen, here.frame), (heard, there.sound), false, rng)
    };
    (0..config.batch).map(&mut one).collect()
}

/// Begin of a second of the clip that is at least a second away from the frame; drawn like any other. `None`: the
/// clip seems to be too short.
fn elsewhere(
    clips: &impl Clips,
    clip: usize,
    frame: u32,
    rng: &mut ChaCha8Rng,
) -> Result<Option<u32>, Error> {
    const TRIES: usize = 20;
    for _ in 0..TRIES {
        let sound = moment_of(clips, clip, rng)?.sound;
        if sound >= frame + STEPS || sound + 2 * STEPS <= frame {
            return Ok(Some(sound));
        }
    }
    Ok(None)
}

/// A frame of a clip, `(clip, step)`, with a second of sound, also `(clip, step)`, augmented as in the paper: random
/// crop, mirror, brightness and saturation; sound 10 % louder or softer. `corresponds`: whether they overlap.
fn example(
    clips: &impl Clips,
    (seen, frame): (usize, u32),
    (heard, sound): (usize, u32),
    corresponds: bool,
    rng: &mut ChaCha8Rng,
) -> Result<Example, Error> {
    let photo = clips.frame(seen, frame)?;
    let area = compose::random_area(&photo, 1.0, 0.85, rng);
    let mut scene = Scene { picture: picture::resize(&photo, area, SIDE, SIDE), boxes: vec![] };
    compose::jitter(&mut scene, 0.2, true, rng);
    let mut second = clips.second(heard, sound)?;
    let gain: f32 = rng.random_range(0.9..1.1);
    second.iter_mut().for_each(|s| *s *= gain);
    let source = clips.source(heard);
    Ok(Example {
        picture: picture::normalize(&scene.picture),
        sound: spectrogram::second(&second),
        seen: vec![clips.source(seen)],
        // Another time of the same source is like no source that is seen.
        heard: (corresponds || source != clips.source(seen)).then_some(source),
    })
}

fn moment_of(clips: &impl Clips, clip: usize, rng: &mut ChaCha8Rng) -> Result<Moment, Error> {
    moment(clips.length(clip), &clips.frames(clip), rng).ok_or(Error::NoFrame { clip })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    /// Frames at so many a second, as they are prepared.
    fn frames(length: f64, fps: f64) -> Vec<u32> {
        let step = |k: u32| (f64::from(k) * f64::from(STEPS) / fps).round() as u32;
        (0..).map(step).take_while(|step| f64::from(*step) < length * f64::from(STEPS)).collect()
    }

    #[test]
    fn frame_and_second_overlap_within_the_clip() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for n in 0..5000 {
            let length = rng.random_range(1.0..12.0);
            let frames = frames(length, [25.0, 5.0, 10.0, 1.0][n % 4]);
            let Moment { frame, sound } = moment(length, &frames, &mut rng).unwrap();
            assert!(f64::from(sound + STEPS) <= length * f64::from(STEPS) + 1e-5, "{sound} of {length} s");
            assert!((sound..sound + STEPS).contains(&frame), "the second overlaps the frame");
            assert!(frames.contains(&frame));
        }
    }

    #[test]
    fn the_last_second_of_a_clip_is_drawn_too() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let drawn: HashSet<u32> =
            (0..200).filter_map(|_| Some(moment(1.2, &frames(1.2, 5.0), &mut rng)?.sound)).collect();
        assert_eq!(drawn, (0..=5).collect());
        assert_eq!(moment(3.0, &[], &mut rng), None);
    }

    /// Ten clips of five sources; what is asked of them is noted.
    struct Noted(std::cell::RefCell<Vec<(usize, u32, bool)>>);

    impl Clips for Noted {
        fn count(&self) -> usize {
            10
        }
        fn source(&self, clip: usize) -> u32 {
            clip as u32 / 2
        }
        fn sources(&self) -> usize {
            5
        }
        fn length(&self, _: usize) -> f64 {
            6.0
        }
        fn frames(&self, _: usize) -> Cow<'_, [u32]> {
            frames(6.0, 5.0).into()
        }
        fn frame(&self, clip: usize, step: u32) -> Result<RgbImage, Error> {
            self.0.borrow_mut().push((clip, step, true));
            Ok(RgbImage::new(32, 32))
        }
        fn second(&self, clip: usize, step: u32) -> Result<Vec<f32>, Error> {
            self.0.borrow_mut().push((clip, step, false));
            Ok(vec![0.0; SAMPLE_RATE])
        }
    }

    #[test]
    fn positives_overlap_negatives_are_of_other_sources_and_both_lie_alike() {
        let clips = Noted(Vec::new().into());
        let config = Config { batch: 4, negatives: Negatives::Sampled, ..Config::default() };
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        for _ in 0..60 {
            let made = examples(&clips, &config, &mut rng).unwrap();
            let sources: HashSet<u32> = made.iter().map(|example| example.seen[0]).collect();
            assert_eq!(sources.len(), 4, "no source twice");
        }
        let noted = clips.0.into_inner();
        let mut places = [(0u32, 0u32); 2];
        for (slot, asked) in noted.chunks(2).enumerate() {
            let [(seen, frame, true), (heard, sound, false)] = asked else { panic!("{asked:?}") };
            let negative = slot % 2 == 1;
            assert_eq!(seen / 2 != heard / 2, negative, "slot {slot}");
            assert!(negative || (*sound..sound + STEPS).contains(frame));
            let place = &mut places[usize::from(negative)];
            *place = (place.0 + sound, place.1 + 1);
        }
        // The mean start is the same for both classes within noise: 62.5 steps, deviation 36 / sqrt(120).
        let [positive, negative] = places.map(|(sum, n)| f64::from(sum) / f64::from(n));
        assert!((positive - negative).abs() < 18.0, "{positive} and {negative}");
    }

    #[test]
    fn hard_negatives_are_of_the_same_clip_at_another_time() {
        let clips = Noted(Vec::new().into());
        let sampled = Negatives::Sampled;
        let config = Config { batch: 4, negatives: sampled, hard_negatives: 1.0, ..Config::default() };
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        for _ in 0..40 {
            let made = examples(&clips, &config, &mut rng).unwrap();
            let corresponds = made.iter().map(|e| e.heard.is_some_and(|heard| e.seen.contains(&heard)));
            assert_eq!(corresponds.collect::<Vec<_>>(), [true, false, true, false]);
        }
        for asked in clips.0.into_inner().chunks(4) {
            let [_, _, (seen, frame, true), (heard, sound, false)] = asked else { panic!("{asked:?}") };
            assert_eq!(seen, heard);
            assert!(*sound >= frame + STEPS || sound + 2 * STEPS <= *frame, "{frame} {sound}");
        }
    }
}
