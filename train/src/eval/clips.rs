//! AVC on real video clips: does a clip's own sound fit its pictures better than the sounds of the other clips do?
//!
//! Of every clip as many moments are taken, spread over it: a frame and the second of sound around it. Every frame is
//! judged with its own second and with the seconds of all other clips; of two clips of one kind, where a table tells
//! kinds, neither is a negative of the other.

use std::collections::HashMap;
use std::path::Path;

use image::RgbImage;
use indicatif::ProgressBar;
use lookhear::engine::{AudioEncoding, ImageEncoding};
use lookhear::judge::Judge;
use lookhear::media::{Decoder, Input, Piece};
use lookhear::preprocess::{SAMPLE_RATE, spectrogram};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::clip_files::{Clip, MOMENTS, check, is_taught};
use super::figure::{drawn, middle};
use super::scores::{Outcome, scores};
use super::{Figure, Findings};
use crate::Error;

/// Audio samples from one frame that is looked at to the next: a tenth of a second.
const INTERVAL: usize = SAMPLE_RATE / 10;
/// Share of foreign sounds that may be called a match, for the figure that does not depend on the bundle's threshold.
const FALSE_ALARMS: f64 = 0.08;
/// How often clips are drawn anew for the interval of an AUC.
const DRAWS: usize = 400;

/// Scores of every clip's pictures with every clip's sounds.
struct Scores {
    /// `[picture's clip][sound's clip][moment]`; nothing where both are of one kind, or a clip is too short.
    of: Vec<Vec<Vec<f32>>>,
}

/// Judges every clip's moments with its own sound and with all others'. If there are words in `taught`, clips whose
/// file names hold one of them are also counted by themselves, and so are the others.
///
/// # Errors
/// A clip cannot be read, or no clip's name holds a word of `taught`.
pub(super) fn clips(
    judge: &mut Judge,
    clips: &[Clip],
    taught: &[String],
    bar: &ProgressBar,
) -> Result<Findings, Error> {
    check(clips, taught)?;
    let encoded = clips.iter().map(|clip| encode(judge, &clip.file)).inspect(|_| bar.inc(1));
    let towers: Vec<Vec<(ImageEncoding, AudioEncoding)>> = encoded.collect::<Result<_, _>>()?;
    let mut score = |i: usize, j: usize| -> Vec<f32> {
        let same_kind = i != j && clips[i].kind.is_some() && clips[i].kind == clips[j].kind;
        let pairs = towers[i].iter().zip(&towers[j]).filter(|_| !same_kind);
        pairs
            .map(|((seen, _), (_, heard))| {
                let judgement = judge.judge(seen, heard);
                judge.score(&judgement)
            })
            .collect()
    };
    let all = 0..clips.len();
    let of = all.clone().map(|i| all.clone().map(|j| score(i, j)).collect()).collect();
    let found = Scores { of };
    let on = judge.manifest().thresholds.on;
    let everyone: Vec<usize> = all.collect();
    let mut figures = found.figures(&everyone, on);
    if !taught.is_empty() {
        let (known, unknown): (Vec<usize>, Vec<usize>) =
            everyone.into_iter().partition(|i| is_taught(&clips[*i].file, taught));
        for (name, chosen) in [("of taught classes", known), ("of other classes", unknown)] {
            if !chosen.is_empty() {
                figures.push(found.auc(&format!("  AUC, clips {name}"), &chosen));
            }
        }
    }
    let (error, pictures) = scores(&found.outcomes(), &[("match", on.into())]).unzip();
    figures.extend(error);
    Ok(Findings { figures, pictures: pictures.unwrap_or_default() })
}

/// Both towers' view of the clip's moments; none of a clip shorter than a second.
fn encode(judge: &mut Judge, file: &Path) -> Result<Vec<(ImageEncoding, AudioEncoding)>, Error> {
    let (frames, sound) = (frames(file)?, sound(file)?);
    let length = frames.len().min(sound.len() / INTERVAL);
    let half = SAMPLE_RATE / INTERVAL / 2;
    if length < 2 * half {
        return Ok(Vec::new());
    }
    let at = |k: usize| half + (length - 2 * half) * (2 * k + 1) / (2 * MOMENTS);
    let moment = |k: usize| {
        let begin = (at(k) - half) * INTERVAL;
        let second = &sound[begin..(begin + SAMPLE_RATE).min(sound.len())];
        (judge.encode_image(&frames[at(k)]), judge.encode_audio(&spectrogram::second(second)))
    };
    Ok((0..MOMENTS).map(moment).collect())
}

/// Frames, one a tenth of a second.
fn frames(file: &Path) -> Result<Vec<RgbImage>, Error> {
    let mut decoder = Decoder::pictures_of(&Input::from(file), INTERVAL)?;
    let mut frames = Vec::new();
    while let Some(piece) = decoder.next_piece()? {
        if let Piece::Picture(frame) | Piece::Held(frame) = piece {
            frames.push((*frame.picture).clone());
        }
    }
    Ok(frames)
}

/// 48 kHz mono.
fn sound(file: &Path) -> Result<Vec<f32>, Error> {
    let mut decoder = Decoder::sound_of(&Input::from(file))?;
    let mut sound = Vec::new();
    while let Some(piece) = decoder.next_piece()? {
        match piece {
            Piece::Sound(samples) => sound.extend(samples),
            Piece::Silence(count) => sound.resize(sound.len() + count, 0.0),
            Piece::Picture(_) | Piece::Held(_) => {}
        }
    }
    Ok(sound)
}

impl Scores {
    fn own(&self, i: usize) -> &[f32] {
        &self.of[i][i]
    }

    fn foreign(&self, i: usize) -> impl Iterator<Item = f32> + '_ {
        let others = self.of[i].iter().enumerate().filter(move |(j, _)| *j != i);
        others.flat_map(|(_, scores)| scores.iter().copied())
    }

    /// Every score, by the picture's clip.
    fn outcomes(&self) -> Vec<Outcome> {
        let of_clip = |i: usize| {
            let own = self.own(i).iter().map(|score| (*score, true));
            let all = own.chain(self.foreign(i).map(|score| (score, false)));
            all.map(move |(score, corresponds)| Outcome { score, corresponds, group: i.to_string() })
        };
        (0..self.of.len()).flat_map(of_clip).collect()
    }

    fn figures(&self, chosen: &[usize], on: f32) -> Vec<Figure> {
        let by_picture = |i: usize, j: usize| (i, j);
        let by_sound = |i: usize, j: usize| (j, i);
        let mut foreign: Vec<f32> = chosen.iter().flat_map(|i| self.foreign(*i)).collect();
        foreign.sort_by(f32::total_cmp);
        let rank = ((1.0 - FALSE_ALARMS) * foreign.len() as f64) as usize;
        let few = foreign.get(rank).copied().unwrap_or(1.0);
        let own = |threshold: f32| move |i: usize| share(self.own(i).iter().copied(), threshold);
        vec![
            self.auc("AUC of a clip's own sounds against foreign ones", chosen),
            self.preferred("own sound preferred to another clip's", chosen, by_picture),
            self.preferred("own picture preferred to another clip's", chosen, by_sound),
            rate(&format!("own sound a match, at the threshold {on:.2}"), chosen, own(on)),
            rate("foreign sound a match, likewise", chosen, |i| share(self.foreign(i), on)),
            rate("own sound a match, where 8 % of foreign ones are", chosen, own(few)),
        ]
    }

    /// Share of pairs of clips in which the mean score with the own partner is higher than with the other clip's.
    fn preferred(
        &self,
        name: &str,
        chosen: &[usize],
        pair: impl Fn(usize, usize) -> (usize, usize),
    ) -> Figure {
        rate(name, chosen, |i| {
            let own = mean(self.own(i))?;
            let other = |j: &usize| {
                let (picture, sound) = pair(i, *j);
                mean(&self.of[picture][sound])
            };
            let others: Vec<f32> = (0..self.of.len()).filter(|j| *j != i).filter_map(|j| other(&j)).collect();
            let won: f64 = others.iter().map(|other| preference(own, *other)).sum();
            (!others.is_empty()).then(|| 100.0 * won / others.len() as f64)
        })
    }

    /// Area under the curve of own sounds' share over foreign sounds' share; its interval comes from drawing clips.
    fn auc(&self, name: &str, chosen: &[usize]) -> Figure {
        const BINS: usize = 4096;
        let bin = |score: f32| ((score * BINS as f32) as usize).min(BINS - 1);
        let count = |scores: &mut dyn Iterator<Item = f32>| {
            let mut bins: HashMap<usize, f64> = HashMap::new();
            scores.for_each(|score| *bins.entry(bin(score)).or_default() += 1.0);
            bins
        };
        let clips: Vec<_> = chosen
            .iter()
            .map(|i| (count(&mut self.own(*i).iter().copied()), count(&mut self.foreign(*i))))
            .collect();
        let area = |drawn: &[usize]| {
            let mut sums = vec![(0.0, 0.0); BINS];
            for clip in drawn {
                let (own, foreign) = &clips[*clip];
                own.iter().for_each(|(bin, n)| sums[*bin].0 += n);
                foreign.iter().for_each(|(bin, n)| sums[*bin].1 += n);
            }
            let (mut below, mut won, mut own_all) = (0.0, 0.0, 0.0);
            for (own, foreign) in sums {
                won += own * (below + foreign / 2.0);
                below += foreign;
                own_all += own;
            }
            if below * own_all > 0.0 { 100.0 * won / (below * own_all) } else { 50.0 }
        };
        let mut rng = ChaCha8Rng::seed_from_u64(95);
        let draws = drawn(clips.len(), DRAWS, &mut rng, area);
        let everyone: Vec<usize> = (0..clips.len()).collect();
        Figure {
            name: name.into(),
            percent: area(&everyone),
            interval: middle(&draws),
            chance: 50.0,
            n: chosen.iter().map(|i| self.own(*i).len()).sum(),
            groups: clips.len(),
            by_group: Default::default(),
        }
    }
}

/// 1, 0, or one half for equals.
fn preference(own: f32, other: f32) -> f64 {
    f64::from(u8::from(own > other)) + f64::from(u8::from(own == other)) / 2.0
}

fn mean(scores: &[f32]) -> Option<f32> {
    (!scores.is_empty()).then(|| scores.iter().sum::<f32>() / scores.len() as f32)
}

/// Percent of the scores that reach the threshold.
fn share(scores: impl Iterator<Item = f32>, threshold: f32) -> Option<f64> {
    let (reached, all) = scores.fold((0, 0), |(r, n), s| (r + u32::from(s >= threshold), n + 1));
    (all > 0).then(|| 100.0 * f64::from(reached) / f64::from(all))
}

/// The mean of a percentage of each clip that has one.
fn rate(name: &str, chosen: &[usize], percent: impl Fn(usize) -> Option<f64>) -> Figure {
    let percents: Vec<f64> = chosen.iter().filter_map(|i| percent(*i)).collect();
    let chance = if name.contains("preferred") { 50.0 } else { 0.0 };
    Figure::of_values(name, chance, &percents)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three clips of two moments: the own sound wins everywhere but for the last clip's picture with the first's sound.
    fn scores() -> Scores {
        let of = vec![
            vec![vec![0.9, 0.8], vec![0.1, 0.2], vec![0.2, 0.1]],
            vec![vec![0.1, 0.1], vec![0.7, 0.9], vec![0.3, 0.1]],
            vec![vec![0.8, 0.8], vec![0.1, 0.1], vec![0.6, 0.4]],
        ];
        Scores { of }
    }

    #[test]
    fn figures_of_a_case_by_hand() {
        let figures = scores().figures(&[0, 1, 2], 0.65);
        let percent: Vec<f64> = figures.iter().map(|figure| figure.percent).collect();
        // Own: .9 .8 .7 .9 .6 .4; foreign: two of .8 and ten of at most .3.
        let won = [12.0, 11.0, 10.0, 12.0, 10.0, 10.0].iter().sum::<f64>() / 72.0;
        assert!((percent[0] - 100.0 * won).abs() < 0.01, "{percent:?}");
        assert!((percent[1] - 100.0 * 5.0 / 6.0).abs() < 1e-6, "{percent:?}");
        assert!((percent[2] - 100.0).abs() < 1e-6, "{percent:?}");
        assert!((percent[3] - 100.0 * 2.0 / 3.0).abs() < 1e-6, "{percent:?}");
        assert!((percent[4] - 100.0 / 6.0).abs() < 1e-6, "{percent:?}");
        assert_eq!((figures[0].n, figures[0].groups, figures[0].chance), (6, 3, 50.0));
    }

    #[test]
    fn one_score_for_everything_is_chance() {
        let same = Scores { of: vec![vec![vec![0.5; 4]; 5]; 5] };
        let figures = same.figures(&[0, 1, 2, 3, 4], 0.9);
        assert!(figures[..3].iter().all(|figure| figure.percent == 50.0));
        assert!(figures[3].percent == 0.0 && figures[4].percent == 0.0);
    }
}
