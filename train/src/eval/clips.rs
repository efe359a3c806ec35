//! AVC on real video clips: does a clip's own sound fit its pictures better than the sounds of the other clips do?
//!
//! Of every clip as many moments are taken, spread over it: a frame and the second of sound around it. Every frame is
//! judged with its own second and with the seconds of all other clips; of two clips of one kind, where a table tells
//! kinds, neither is a negative of the other.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use image::RgbImage;
use indicatif::ProgressBar;
use lookhear::engine::{AudioEncoding, ImageEncoding};
use lookhear::judge::Judge;
use lookhear::media::{Decoder, Input, Piece};
use lookhear::preprocess::{SAMPLE_RATE, spectrogram};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

use super::Figure;
use super::figure::{drawn, middle};
use crate::{Error, EvalError};

/// Moments of a clip.
const MOMENTS: usize = 4;
/// Audio samples from one frame that is looked at to the next: a tenth of a second.
const INTERVAL: usize = SAMPLE_RATE / 10;
/// Share of foreign sounds that may be called a match, for the figure that does not depend on the bundle's threshold.
const FALSE_ALARMS: f64 = 0.08;
/// How often clips are drawn anew for the interval of an AUC.
const DRAWS: usize = 400;

/// A clip's file and what its table says of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Clip {
    file: PathBuf,
    /// What it comes from: clips of one source are never on two sides of a split.
    source: String,
    /// What it shows, if somebody said so.
    kind: Option<String>,
}

/// One of several equal parts of the sources: `2/4` is the third of four.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fold {
    part: u8,
    of: u8,
}

impl std::str::FromStr for Fold {
    type Err = EvalError;

    fn from_str(text: &str) -> Result<Self, EvalError> {
        let numbers =
            text.split_once('/').and_then(|(part, of)| Some((part.parse().ok()?, of.parse().ok()?)));
        match numbers {
            Some((part, of)) if part < of => Ok(Self { part, of }),
            _ => Err(EvalError::Fold(text.into())),
        }
    }
}

impl Fold {
    /// Whether a source is in this part.
    fn has(self, source: &str) -> bool {
        Sha256::digest(source)[0] % self.of == self.part
    }
}

/// The clips of a folder, in order of their names; those of a fold, if one is given. A table `index.tsv` (file, source,
/// original path, kind), if there is one, tells sources and kinds; otherwise each file is a source of its own.
///
/// # Errors
/// The folder or its table cannot be read, or there are fewer than two clips.
pub(super) fn clips_of(folder: &Path, fold: Option<Fold>) -> Result<Vec<Clip>, Error> {
    let table = read_table(&folder.join("index.tsv"))?;
    let entries = std::fs::read_dir(folder).map_err(|e| Error::file(folder, e))?;
    let mut files: Vec<_> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    files.retain(|p| p.extension().is_some_and(|e| e == "mp4"));
    files.sort();
    let clip = |file: PathBuf| {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (source, kind) = table.get(&name).cloned().unwrap_or((name, None));
        Clip { file, source, kind }
    };
    let clips = files.into_iter().map(clip).filter(|clip| fold.is_none_or(|fold| fold.has(&clip.source)));
    let clips: Vec<Clip> = clips.collect();
    match clips.len() {
        0 | 1 => Err(Error::file(folder, "fewer than two .mp4 clips (of the fold, if one was given)")),
        _ => Ok(clips),
    }
}

/// As many clips as make `n` cases, evenly spread, at least two; all of them without it.
pub(super) fn at_most(clips: Vec<Clip>, n: Option<usize>) -> Vec<Clip> {
    let count = n.map_or(clips.len(), |n| n.div_ceil(MOMENTS).max(2)).min(clips.len());
    (0..count).map(|i| clips[(2 * i + 1) * clips.len() / (2 * count)].clone()).collect()
}

/// File name to source and kind.
fn read_table(path: &Path) -> Result<HashMap<String, (String, Option<String>)>, Error> {
    if !path.exists() {
        return Ok(HashMap::new());
    }
    let text = std::fs::read_to_string(path).map_err(|e| Error::file(path, e))?;
    let row = |line: &str| {
        let mut fields = line.split('\t');
        let (file, source) = (fields.next()?.to_string(), fields.next()?.to_string());
        Some((file, (source, fields.nth(1).and_then(kind))))
    };
    Ok(text.lines().skip(1).filter_map(row).collect())
}

/// A kind consists of words; a video id in its place is ignored.
fn kind(field: &str) -> Option<String> {
    let is_word = |c: char| c.is_ascii_lowercase() || matches!(c, ' ' | ',' | '-');
    (!field.is_empty() && field.chars().all(is_word)).then(|| field.to_string())
}

/// The clip's file names, for the split's fingerprint.
pub(super) fn names(clips: &[Clip]) -> impl Iterator<Item = &str> {
    clips.iter().filter_map(|clip| clip.file.file_name()?.to_str())
}

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
) -> Result<Vec<Figure>, Error> {
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
    let scores = Scores { of };
    let on = judge.manifest().thresholds.on;
    let everyone: Vec<usize> = all.collect();
    let mut figures = scores.figures(&everyone, on);
    if !taught.is_empty() {
        let (known, unknown): (Vec<usize>, Vec<usize>) =
            everyone.into_iter().partition(|i| is_taught(&clips[*i].file, taught));
        for (name, chosen) in [("of taught classes", known), ("of other classes", unknown)] {
            if !chosen.is_empty() {
                figures.push(scores.auc(&format!("  AUC, clips {name}"), &chosen));
            }
        }
    }
    Ok(figures)
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

/// Words that match no clip are taken for a typing error.
fn check(clips: &[Clip], taught: &[String]) -> Result<(), Error> {
    if taught.is_empty() || clips.iter().any(|clip| is_taught(&clip.file, taught)) {
        return Ok(());
    }
    Err(Error::argument("--taught", taught.join(","), "no clip has one of these words in its file name"))
}

/// Whether the file's name holds one of the words.
fn is_taught(file: &Path, words: &[String]) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    words.iter().any(|word| name.contains(word.as_str()))
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

    #[test]
    fn a_kind_is_words_and_an_id_is_none() {
        assert_eq!(kind("playing trumpet").as_deref(), Some("playing trumpet"));
        assert_eq!((kind("008McBfX2O0_000013"), kind("")), (None, None));
    }

    #[test]
    fn folds_share_no_source_and_leave_none_out() {
        let folds: Vec<Fold> = (0..4).map(|part| format!("{part}/4").parse().unwrap()).collect();
        for source in ["AlyssaYoung/AVQA", "a", "b", "c"] {
            assert_eq!(folds.iter().filter(|fold| fold.has(source)).count(), 1);
        }
        assert!("4/4".parse::<Fold>().is_err() && "x".parse::<Fold>().is_err());
    }

    fn clip(file: &str) -> Clip {
        Clip { file: file.into(), source: file.into(), kind: None }
    }

    #[test]
    fn so_many_cases_are_clips_of_the_whole_folder() {
        let all: Vec<Clip> = (0..10).map(|i| clip(&i.to_string())).collect();
        let chosen =
            |n| -> Vec<String> { at_most(all.clone(), n).into_iter().map(|clip| clip.source).collect() };
        assert_eq!((chosen(None).len(), chosen(Some(4000)).len(), chosen(Some(40)).len()), (10, 10, 10));
        assert_eq!(chosen(Some(17)), ["1", "3", "5", "7", "9"]);
        assert_eq!(chosen(Some(1)), ["2", "7"]);
    }

    #[test]
    fn only_the_files_name_tells_what_was_taught() {
        let words = ["dog".into(), "car".into()];
        assert!(is_taught(Path::new("clips/vas-dog-1.mp4"), &words));
        assert!(!is_taught(Path::new("dog/vas-drum-1.mp4"), &words));
        assert!(!is_taught(Path::new("dog.mp4"), &[]));

        let files = [clip("clips/vas-drum-1.mp4")];
        let error = check(&files, &words).unwrap_err().to_string();
        assert!(error.contains("--taught dog,car"), "{error}");
        assert!(check(&files, &[]).is_ok() && check(&files, &["drum".into()]).is_ok());
    }
}
