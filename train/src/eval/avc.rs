//! AVC on weak pairs: composed scenes, and plain photos with plain sounds.

use lookhear::engine::{AudioEncoding, ImageEncoding, Judgement};
use lookhear::judge::Judge;
use lookhear::preprocess::spectrogram;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::scores::{Outcome, scores};
use super::{Case, Figure, Findings, Setting};
use crate::Error;
use crate::compose::{balanced_classes, other_class, pick, scene};
use crate::example::random_second;

/// A judgement with what is true of it.
pub struct Scored {
    /// What the network said.
    pub judgement: Judgement,
    /// The AVC score that the bundle makes of it.
    pub score: f32,
    /// The towers' outputs for picture and sound, pooled.
    pub embeddings: [Vec<f32>; 2],
    /// Whether picture and sound share a class.
    pub corresponds: bool,
    /// The recording that is heard.
    pub group: String,
}

/// A random second of a class, as it was recorded, and the name of its source.
pub(super) fn sound(
    setting: &Setting,
    class: usize,
    rng: &mut ChaCha8Rng,
) -> Result<(Vec<f32>, String), Error> {
    let item = pick(&setting.corpus.taught[class].sounds, rng);
    Ok((random_second(&item.sound()?, rng), item.source.clone()))
}

/// Composed scenes with one or two objects; in half of them one of them sounds, in the other half
/// something of a class that is not in view.
///
/// # Errors
/// A file of the corpus cannot be read.
pub fn composed(setting: &mut Setting) -> Result<Vec<Scored>, Error> {
    let mut rng = setting.rng(1);
    let classes = balanced_classes(setting.corpus, setting.n, &mut rng);
    let mut scored = Vec::with_capacity(setting.n);
    for (i, class) in classes.into_iter().enumerate() {
        let other = rng.random_bool(0.5).then(|| other_class(setting.corpus, class, &mut rng));
        let picture = scene(setting.corpus, class, other, 0.0, &mut rng)?.picture;
        let corresponds = i % 2 == 0;
        let mut heard = class;
        while !corresponds && (heard == class || Some(heard) == other) {
            heard = rng.random_range(0..setting.corpus.taught.len());
        }
        let (second, group) = sound(setting, heard, &mut rng)?;
        let seen = setting.judge.encode_image(&picture);
        let heard = setting.judge.encode_audio(&spectrogram::second(&second));
        scored.push(Scored::new(setting.judge, seen, heard, corresponds, group));
    }
    Ok(scored)
}

/// A photo as it is and a second of sound as it is; half of the pairs share a class.
///
/// # Errors
/// A file of the corpus cannot be read.
pub fn photo_and_sound(setting: &mut Setting) -> Result<Vec<Scored>, Error> {
    let mut rng = setting.rng(2);
    let classes = balanced_classes(setting.corpus, setting.n, &mut rng);
    let mut scored = Vec::with_capacity(setting.n);
    for (i, class) in classes.into_iter().enumerate() {
        let photo = pick(&setting.corpus.taught[class].photos, &mut rng).picture()?;
        let corresponds = i % 2 == 0;
        let heard = if corresponds { class } else { other_class(setting.corpus, class, &mut rng) };
        let (second, group) = sound(setting, heard, &mut rng)?;
        let seen = setting.judge.encode_image(&photo);
        let heard = setting.judge.encode_audio(&spectrogram::second(&second));
        scored.push(Scored::new(setting.judge, seen, heard, corresponds, group));
    }
    Ok(scored)
}

impl Scored {
    fn new(
        judge: &mut Judge,
        seen: ImageEncoding,
        heard: AudioEncoding,
        corresponds: bool,
        group: String,
    ) -> Self {
        let judgement = judge.judge(&seen, &heard);
        let score = judge.score(&judgement);
        Self { judgement, score, embeddings: [seen.embedding, heard.embedding], corresponds, group }
    }

    /// The accuracies of the score and of each head, each against its own threshold: the score's is
    /// `even`, a head's is one half.
    pub fn figures(scored: &[Self], even: f32) -> Vec<Figure> {
        let figure = |name: &str, threshold: f32, value: &dyn Fn(&Self) -> Option<f32>| {
            let case = |s: &Self| {
                let right = (value(s)? >= threshold) == s.corresponds;
                Some(Case { right, group: s.group.clone() })
            };
            let cases: Option<Vec<Case>> = scored.iter().map(case).collect();
            cases.map(|cases| Figure::new(name, 50.0, &cases))
        };
        let all = [
            figure(&format!("AVC accuracy, score at the threshold {even:.2}"), even, &|s| Some(s.score)),
            figure("AVC accuracy, fusion head alone", 0.5, &|s| s.judgement.fusion),
            figure("AVC accuracy, localization head alone", 0.5, &|s| s.judgement.localization),
        ];
        all.into_iter().flatten().collect()
    }

    /// [`Scored::figures`], and what the score is worth.
    pub(super) fn findings(scored: &[Self], even: f32) -> Findings {
        let outcome =
            |s: &Self| Outcome { score: s.score, corresponds: s.corresponds, group: s.group.clone() };
        let outcomes: Vec<Outcome> = scored.iter().map(outcome).collect();
        let (error, pictures) = scores(&outcomes, &[("yes", even.into())]).unzip();
        let figures = Self::figures(scored, even).into_iter().chain(error).collect();
        Findings { figures, pictures: pictures.unwrap_or_default() }
    }

    /// The lowest threshold at which at most a share `alarms` (0..1) of the negatives counts as a match.
    pub fn threshold_for(scored: &[Self], alarms: f64) -> f32 {
        let mut scores: Vec<f32> = scored.iter().filter(|s| !s.corresponds).map(|s| s.score).collect();
        scores.sort_by(|a, b| b.total_cmp(a));
        let allowed = (alarms * scores.len() as f64) as usize;
        // Just above the first score that would exceed the share.
        scores.get(allowed).map_or(0.0, |score| score.next_up())
    }

    /// Recomputes the scores of all cases with another share of the fusion head.
    #[must_use]
    pub fn weighed(scored: Vec<Self>, fusion_share: f32) -> Vec<Self> {
        let weighed = |s: Self| Self { score: s.judgement.score(fusion_share), ..s };
        scored.into_iter().map(weighed).collect()
    }

    /// How many answers are right at a threshold of the score.
    pub fn right_at(scored: &[Self], threshold: f32) -> usize {
        scored.iter().filter(|s| (s.score >= threshold) == s.corresponds).count()
    }

    /// The threshold of the score at which right yeses and right noes together are most.
    pub fn best_threshold(scored: &[Self]) -> f32 {
        let mut scores: Vec<(f32, bool)> = scored.iter().map(|s| (s.score, s.corresponds)).collect();
        scores.sort_by(|a, b| a.0.total_cmp(&b.0));
        // At the lowest threshold every answer is yes; each step up turns one answer into no.
        let mut right = scores.iter().filter(|(_, yes)| *yes).count();
        let (mut best, mut threshold) = (right, 0.0);
        for pair in scores.windows(2) {
            right = if pair[0].1 { right - 1 } else { right + 1 };
            if right > best {
                (best, threshold) = (right, (pair[0].0 + pair[1].0) / 2.0);
            }
        }
        threshold
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lookhear::event::Map;

    fn scored(score: f32, corresponds: bool) -> Scored {
        let judgement = Judgement { fusion: Some(score), localization: Some(score), map: Map::default() };
        Scored { judgement, score, embeddings: Default::default(), corresponds, group: format!("{score}") }
    }

    #[test]
    fn the_threshold_lies_between_the_classes() {
        let no = [0.1, 0.3, 0.35];
        let yes = [0.2, 0.6, 0.9].map(|score| scored(score, true));
        let cases: Vec<Scored> = no.map(|score| scored(score, false)).into_iter().chain(yes).collect();
        assert!((Scored::best_threshold(&cases) - 0.475).abs() < 1e-6);
        let figures = Scored::figures(&cases, 0.475);
        assert!((figures[0].percent - 100.0 * 5.0 / 6.0).abs() < 1e-6);
        assert_eq!(figures.len(), 3);
        let alarms = |threshold: f32| no.iter().filter(|score| **score >= threshold).count();
        assert_eq!([0.0, 0.34, 1.0].map(|share| alarms(Scored::threshold_for(&cases, share))), [0, 1, 3]);
    }
}
