//! Names: whether a thing that was enrolled is known again, and another thing is not.

use image::RgbImage;
use lookhear::gallery::{self, Example, Gallery, Recording, Signature};
use lookhear::judge::Judge;
use lookhear::preprocess::{SAMPLE_RATE, level, spectrogram};
use lookhear::studio::compose::webcam;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::negatives::matches;
use super::{Case, Content, Figure, Findings, Matrix, Picture, Setting};
use crate::Error;
use crate::compose::{alone, pick};
use crate::corpus::{Corpus, Item};
use crate::example::{random_gain, random_second, second_at};

/// Things that are enrolled together, if there are so many classes and one more.
const NAMES: usize = 3;
/// Moments of an enrolment: `lookhear enroll` takes five times as many from its ten seconds.
const MOMENTS: usize = 25;
/// So many of them must fit: the same share.
const FEWEST: usize = gallery::FEWEST / 5;
/// Samples of a recording of which the first two thirds can be enrolled and the last third is met again.
const LEAST: usize = 3 * SAMPLE_RATE;

/// What is met after things were enrolled.
const MET: [&str; 3] =
    ["an enrolled thing", "a thing of another class", "another thing of an enrolled one's class"];
/// What can be said of it.
const ANSWERS: [&str; 4] = ["its name", "another's name", "a match without a name", "no match"];

/// One thing: a photo, and a recording of its class.
#[derive(Clone, Copy)]
struct Thing<'a> {
    photo: &'a Item<RgbImage>,
    sound: &'a Item<Vec<i16>>,
}

/// A class of the corpus, with those of its recordings that are long enough.
struct Voice<'a> {
    photos: &'a [Item<RgbImage>],
    sounds: Vec<&'a Item<Vec<i16>>>,
}

impl<'a> Voice<'a> {
    fn thing(&self, rng: &mut ChaCha8Rng) -> Thing<'a> {
        Thing { photo: pick(self.photos, rng), sound: pick::<&Item<_>>(&self.sounds, rng) }
    }

    /// Another thing than that: another photo and another recording; `None` if there is hardly any.
    fn other_thing(&self, than: Thing, rng: &mut ChaCha8Rng) -> Option<Thing<'a>> {
        let other = |thing: &Thing| {
            thing.photo.source != than.photo.source && thing.sound.source != than.sound.source
        };
        (0..10).map(|_| self.thing(rng)).find(other)
    }
}

/// Classes without a recording that is long enough are left out.
fn voices(corpus: &Corpus) -> Result<Vec<Voice<'_>>, Error> {
    let mut voices = Vec::new();
    for class in &corpus.taught {
        let mut voice = Voice { photos: &class.photos, sounds: Vec::new() };
        for item in &class.sounds {
            if item.sound()?.len() >= LEAST {
                voice.sounds.push(item);
            }
        }
        if !voice.sounds.is_empty() && !voice.photos.is_empty() {
            voices.push(voice);
        }
    }
    match voices.len() {
        0 | 1 => {
            Err(Error::Missing("eval names needs recordings of at least 3 seconds of two classes".into()))
        }
        _ => Ok(voices),
    }
}

/// A picture and a second of sound, as a gallery is asked about them.
struct Glance {
    score: f32,
    level: f32,
    signature: Signature,
}

impl Glance {
    fn new(judge: &mut Judge, picture: &RgbImage, second: &[f32]) -> Self {
        let (seen, heard) = (judge.encode_image(picture), judge.encode_audio(&spectrogram::second(second)));
        let judgement = judge.judge(&seen, &heard);
        let signature = Signature::new(&seen, &heard, &judgement.map);
        Self { score: judge.score(&judgement), level: level(second), signature }
    }
}

/// What `lookhear enroll` keeps of a thing in one place; `None` if too little of it fits.
fn enroll(setting: &mut Setting, thing: Thing, rng: &mut ChaCha8Rng) -> Result<Option<Recording>, Error> {
    let (photo, sound) = (thing.photo.picture()?, thing.sound.sound()?);
    let picture = alone(setting.corpus, &photo, rng)?;
    let thresholds = &setting.judge.manifest().thresholds;
    let (silence, even) = (thresholds.silence, thresholds.even);
    let mut recording = Recording { examples: Vec::new(), quiet: Vec::new() };
    for moment in 0..MOMENTS {
        let start = moment * (sound.len() * 2 / 3 - SAMPLE_RATE) / (MOMENTS - 1);
        let mut frame = picture.clone();
        webcam(&mut frame, rng);
        let Glance { score, level, signature } =
            Glance::new(setting.judge, &frame, &second_at(&sound, start));
        if level < silence {
            recording.quiet.push(signature);
        } else if score >= even {
            recording.examples.push(Example { t: start as f64 / SAMPLE_RATE as f64, signature });
        }
    }
    Ok((recording.examples.len() >= FEWEST).then_some(recording))
}

/// What is said of a thing that lasts, elsewhere and with another second of its recording: whether it is a match, and
/// then its name.
fn meet(
    setting: &mut Setting,
    thing: Thing,
    gallery: &Gallery,
    rng: &mut ChaCha8Rng,
) -> Result<(bool, Option<String>), Error> {
    let (photo, sound) = (thing.photo.picture()?, thing.sound.sound()?);
    let mut picture = alone(setting.corpus, &photo, rng)?;
    webcam(&mut picture, rng);
    let mut second = random_second(&sound[sound.len() * 2 / 3..], rng);
    random_gain(&mut second, rng);
    let Glance { score, level, signature } = Glance::new(setting.judge, &picture, &second);
    let found = matches(setting.judge, score, level);
    let name = gallery.name(&signature).filter(|_| found).map(|named| named.name.to_string());
    Ok((found, name))
}

/// Rooms in which a few things are enrolled, each of another class. Then they are met again before another background,
/// at another place, size and level, with a part of the recording that was not enrolled; and two things are met that
/// have no name, one of another class and one of the first thing's class. A thing that could not be enrolled counts,
/// too: it has no name, and neither has the other one of its class.
///
/// # Errors
/// A file of the corpus cannot be read; [`Error::Missing`] without recordings that are long enough.
pub fn names(setting: &mut Setting) -> Result<Findings, Error> {
    let corpus = setting.corpus;
    let mut rng = setting.rng(7);
    let mut voices = voices(corpus)?;
    let known = NAMES.min(voices.len() - 1);
    let [mut enrolled, mut found, mut own, mut not_wrong, mut stranger, mut sibling] =
        [const { Vec::new() }; 6];
    let mut answers = Matrix {
        rows: MET.map(String::from).into(),
        columns: ANSWERS.map(String::from).into(),
        counts: vec![vec![0; ANSWERS.len()]; MET.len()],
    };
    let mut count = |met: usize, found: bool, name: Option<&str>, own: Option<&str>| {
        let answer = match (found, name) {
            (false, _) => 3,
            (true, None) => 2,
            (true, name) => usize::from(name != own),
        };
        answers.counts[met][answer] += 1;
    };
    for room in 0..setting.n.div_ceil(known) {
        voices.shuffle(&mut rng);
        let things: Vec<Thing> = voices[..=known].iter().map(|voice| voice.thing(&mut rng)).collect();
        let case = |right: bool| Case { right, group: room.to_string() };
        let mut gallery = Gallery::new(setting.judge.model());
        for (number, thing) in things[..known].iter().enumerate() {
            let recording = enroll(setting, *thing, &mut rng)?;
            enrolled.push(case(recording.is_some()));
            if let Some(recording) = recording {
                gallery.enroll(&number.to_string(), recording, false)?;
            }
        }
        for (number, thing) in things[..known].iter().enumerate() {
            let (matched, name) = meet(setting, *thing, &gallery, &mut rng)?;
            let right = name.as_ref() == Some(&number.to_string());
            count(0, matched, name.as_deref(), Some(&number.to_string()));
            found.push(case(matched));
            own.push(case(right));
            not_wrong.push(case(right || name.is_none()));
        }
        let (matched, name) = meet(setting, things[known], &gallery, &mut rng)?;
        count(1, matched, name.as_deref(), None);
        stranger.push(case(name.is_none()));
        if let Some(other) = voices[0].other_thing(things[0], &mut rng) {
            let (matched, name) = meet(setting, other, &gallery, &mut rng)?;
            count(2, matched, name.as_deref(), None);
            sibling.push(case(name.is_none()));
        }
    }
    let guess = 100.0 / (known + 1) as f64;
    let figures = [
        ("A thing can be enrolled (enough moments fit)", 0.0, enrolled),
        ("Met again, elsewhere: a match", 50.0, found),
        ("Met again, elsewhere: its name", guess, own),
        ("Met again, elsewhere: no other name", 2.0 * guess, not_wrong),
        ("A thing of another class: no name", guess, stranger),
        ("Another thing of an enrolled one's class: no name", guess, sibling),
    ];
    let counted = figures.into_iter().filter(|(.., cases)| !cases.is_empty());
    let figures = counted.map(|(name, chance, cases)| Figure::new(name, chance, &cases)).collect();
    let picture = Picture {
        title: "What things were called".into(),
        caption: "A row is what was met, a column what was said of it; numbers are cases.".into(),
        content: Content::Matrix(answers),
    };
    Ok(Findings { figures, pictures: vec![picture] })
}
