//! False alarms: what is not in view must not be seen to sound.

use lookhear::event::State;
use lookhear::judge::{Judge, is_dark, level};
use lookhear::preprocess::{SAMPLE_RATE, spectrogram};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::avc::sound;
use super::{Case, Figure, Setting};
use crate::Error;
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

/// Scenes with one object of a taught class, each with every kind of sound; answered by the very decision
/// that events carry, for a scene that lasts and without another before it.
///
/// # Errors
/// A file of the corpus cannot be read.
pub fn negatives(setting: &mut Setting) -> Result<Vec<Figure>, Error> {
    let mut rng = setting.rng(5);
    let mut cases: Vec<Vec<Case>> = vec![Vec::new(); Heard::ALL.len()];
    for (n, class) in balanced_classes(setting.corpus, setting.n, &mut rng).into_iter().enumerate() {
        let picture = scene(setting.corpus, class, None, 0.0, &mut rng)?.picture;
        let seen = setting.judge.see(&picture);
        for (cases, (kind, _)) in cases.iter_mut().zip(Heard::ALL) {
            if kind == Heard::Unknown && setting.corpus.unseen.is_empty() {
                continue;
            }
            let (second, source) = kind.second(setting, class, &mut rng)?;
            let heard = setting.judge.hear(&spectrogram::second(&second));
            let judgement = setting.judge.judge(&seen, &heard);
            let score = if is_dark(&picture) { 0.0 } else { setting.judge.score(&judgement) };
            let right = matches(setting.judge, score, level(&second)) == (kind == Heard::InView);
            let group = if source.is_empty() { n.to_string() } else { source };
            cases.push(Case { right, group });
        }
    }
    let named = cases.into_iter().zip(Heard::ALL).filter(|(cases, _)| !cases.is_empty());
    Ok(named.map(|(cases, (_, name))| Figure::new(name, 50.0, &cases)).collect())
}

/// The decision on a scene that lasts.
fn matches(judge: &Judge, score: f32, level: f32) -> bool {
    let mut decision = judge.decision();
    decision.update(0.0, score, level);
    let lasted = f64::from(judge.manifest().thresholds.hold) + 1.0;
    decision.update(lasted, score, level) == State::Match
}
