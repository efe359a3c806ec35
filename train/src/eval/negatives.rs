//! False alarms: sounds of what is not in view must not be matched.

use image::RgbImage;
use lookhear::engine::Judgement;
use lookhear::event::State;
use lookhear::judge::{Judge, is_dark};
use lookhear::preprocess::{SAMPLE_RATE, level, spectrogram};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::avc::sound;
use super::boxes::{SIDE, pixels};
use super::metrics::{iou_at, pia};
use super::{Case, Figure, Setting};
use crate::Error;
use crate::annotations::{Boxes, Rule};
use crate::compose::{balanced_classes, other_class, pick, scene};
use crate::example::random_second;

/// What is heard while a scene is in view.
#[derive(Clone, Copy, PartialEq)]
enum Heard {
    Silence,
    /// White noise at a random level.
    Noise,
    /// A taught class that is not in view.
    OffScreen,
    /// A sound of no taught class.
    Unknown,
    /// What is in view: no negative, but what the others are worth knowing beside.
    InView,
}

impl Heard {
    /// In the order of declaration.
    const ALL: [(Self, &'static str); 5] = [
        (Self::Silence, "No match on silence"),
        (Self::Noise, "No match on white noise, -50 to -10 dB"),
        (Self::OffScreen, "No match on the sound of a class not in view"),
        (Self::Unknown, "No match on a sound of no taught class"),
        (Self::InView, "Match on the sound of what is in view"),
    ];

    fn second(
        self,
        setting: &Setting,
        class: usize,
        rng: &mut ChaCha8Rng,
    ) -> Result<(Vec<f32>, String), Error> {
        match self {
            Self::Silence => Ok((vec![0.0; SAMPLE_RATE], String::new())),
            Self::Noise => {
                // A uniform distribution's effective value is its limit over the root of 3.
                let limit = 10f32.powf(rng.random_range(-50.0..-10.0) / 20.0) * 3f32.sqrt();
                Ok(((0..SAMPLE_RATE).map(|_| rng.random_range(-limit..limit)).collect(), String::new()))
            }
            Self::OffScreen => sound(setting, other_class(setting.corpus, class, rng), rng),
            Self::InView => sound(setting, class, rng),
            Self::Unknown => {
                let item = pick(&setting.corpus.unseen, rng);
                Ok((random_second(&item.sound()?, rng), item.source.clone()))
            }
        }
    }
}

/// The negatives of the protocol, by which the map's threshold is chosen.
const NEGATIVES: [(Heard, &str); 3] =
    [(Heard::Silence, "silence"), (Heard::Noise, "white noise"), (Heard::OffScreen, "off-screen sound")];

/// One scene with one kind of sound.
struct Trial {
    kind: Heard,
    /// What both heads say.
    judgement: Judgement,
    picture: RgbImage,
    /// Box of the object, 0..1.
    bounds: [f32; 4],
    /// Level of the sound, in decibels.
    level: f32,
    /// The scene's number.
    scene: usize,
    /// The recording that is heard, if it is one.
    source: String,
}

/// Scenes with one object of a taught class, each with every kind of sound that the corpus has.
fn trials(
    setting: &mut Setting,
    rng: &mut ChaCha8Rng,
    mut take: impl FnMut(&Judge, Trial),
) -> Result<(), Error> {
    for (n, class) in balanced_classes(setting.corpus, setting.n, rng).into_iter().enumerate() {
        let shown = scene(setting.corpus, class, None, 0.0, rng)?;
        let seen = setting.judge.encode_image(&shown.picture);
        for (kind, _) in Heard::ALL {
            if kind == Heard::Unknown && setting.corpus.unseen.is_empty() {
                continue;
            }
            let (second, source) = kind.second(setting, class, rng)?;
            let heard = setting.judge.encode_audio(&spectrogram::second(&second));
            let trial = Trial {
                kind,
                judgement: setting.judge.judge(&seen, &heard),
                picture: shown.picture.clone(),
                bounds: shown.boxes[0],
                level: level(&second),
                scene: n,
                source,
            };
            take(setting.judge, trial);
        }
    }
    Ok(())
}

/// How often something is said to be seen that is not, answered by the very decision that events carry, for a scene
/// that lasts and without another before it. Then how much of the picture the map marks at the bundle's threshold
/// (pIA), and how that goes with finding the object when it does sound (F).
///
/// # Errors
/// A file of the corpus cannot be read.
pub fn negatives(setting: &mut Setting) -> Result<Vec<Figure>, Error> {
    let mut rng = setting.rng(5);
    let mut cases: Vec<Vec<Case>> = vec![Vec::new(); Heard::ALL.len()];
    let mut marked: Vec<Vec<f64>> = vec![Vec::new(); Heard::ALL.len()];
    let mut found = Vec::new();
    trials(setting, &mut rng, |judge, trial| {
        let Trial { kind, judgement, picture, bounds, level, scene, source } = trial;
        let score = if is_dark(&picture) { 0.0 } else { judge.score(&judgement) };
        let right = matches(judge, score, level) == (kind == Heard::InView);
        let group = if source.is_empty() { scene.to_string() } else { source };
        cases[kind as usize].push(Case { right, group });
        if judgement.map.values.is_empty() {
            return;
        }
        let place = judge.manifest().thresholds.place;
        marked[kind as usize].push(100.0 * pia(&judgement.map.values, place));
        if kind == Heard::InView {
            let bounds = Boxes {
                file: String::new(),
                class: None,
                boxes: vec![bounds.map(f64::from)],
                rule: Rule::Union,
            };
            let map = pixels(&judge.shown_map(&judgement.map, picture.dimensions()));
            found.push(100.0 * iou_at(&map, &bounds.truth(SIDE), place));
        }
    })?;
    let named = cases.into_iter().zip(Heard::ALL).filter(|(cases, _)| !cases.is_empty());
    let mut figures: Vec<Figure> = named.map(|(cases, (_, name))| Figure::new(name, 50.0, &cases)).collect();
    if found.is_empty() {
        return Ok(figures);
    }
    figures.push(Figure::of_values("cIoU at the map's threshold, sound of what is in view", 0.0, &found));
    for (kind, name) in NEGATIVES {
        let marked = &marked[kind as usize];
        figures.push(Figure::of_values(
            &format!("pIA, picture marked on {name} (less is better)"),
            0.0,
            marked,
        ));
        let both: Vec<(f64, f64)> = found.iter().zip(marked).map(|(a, b)| (*a, 100.0 - b)).collect();
        figures.push(Figure::of_both(&format!("  F of cIoU and 100 - pIA, {name}"), &both));
    }
    Ok(figures)
}

/// The third quartile of the highest values that maps reach while nothing in view sounds: the threshold above which
/// a place counts as sounding. 0.5 without a localization head.
///
/// # Errors
/// A file of the corpus cannot be read.
pub fn place_threshold(setting: &mut Setting) -> Result<f32, Error> {
    let mut rng = setting.rng(6);
    let mut maxima = Vec::new();
    trials(setting, &mut rng, |_, trial| {
        if NEGATIVES.iter().any(|(kind, _)| *kind == trial.kind) {
            maxima.extend(trial.judgement.map.values.iter().copied().max_by(f32::total_cmp));
        }
    })?;
    maxima.sort_by(f32::total_cmp);
    Ok(maxima.get(maxima.len() * 3 / 4).copied().unwrap_or(0.5))
}

/// The decision on a scene that lasts.
pub(super) fn matches(judge: &Judge, score: f32, level: f32) -> bool {
    judge.single_decision().update(0.0, score, level) == State::Match
}
