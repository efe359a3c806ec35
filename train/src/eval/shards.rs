//! AVC on clips of prepared videos.

use lookhear::engine::{AudioEncoding, ImageEncoding};
use lookhear::judge::Judge;
use lookhear::preprocess::spectrogram;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::scores::{Outcome, scores};
use super::{Case, Figure, Findings};
use crate::Error;
use crate::sampling::{Clips, moment};
use crate::shards::Shards;

/// `n` balanced cases: random moments, each with its own sound and with the sound of the next clip of another
/// group; both classes are drawn by the rule of training. Groups are source videos.
///
/// # Errors
/// A shard cannot be read.
pub fn shards(judge: &mut Judge, shards: &Shards, n: usize, seed: u64) -> Result<Findings, Error> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut order: Vec<usize> = (0..shards.count()).collect();
    order.shuffle(&mut rng);
    let mut towers: Vec<(&str, ImageEncoding, AudioEncoding)> = Vec::new();
    for clip in order.into_iter().cycle().take(n.div_ceil(2)) {
        let Some(moment) = moment(shards.length(clip), &shards.frames(clip), &mut rng) else { continue };
        let seen = judge.encode_image(&shards.frame(clip, moment.frame)?);
        let heard = judge.encode_audio(&spectrogram::second(&shards.second(clip, moment.sound)?));
        towers.push((&shards.sample(clip).group, seen, heard));
    }
    let even = judge.manifest().thresholds.even;
    let mut outcomes = Vec::new();
    for (i, (group, seen, heard)) in towers.iter().enumerate() {
        let others = towers[i..].iter().chain(&towers[..i]);
        let Some((_, _, other)) = others.into_iter().find(|(other, _, _)| other != group) else { continue };
        for (heard, corresponds) in [(heard, true), (other, false)] {
            let judgement = judge.judge(seen, heard);
            outcomes.push(Outcome { score: judge.score(&judgement), corresponds, group: group.to_string() });
        }
    }
    let right = |o: &Outcome| Case { right: (o.score >= even) == o.corresponds, group: o.group.clone() };
    let cases: Vec<Case> = outcomes.iter().map(right).collect();
    let accuracy = Figure::new(&format!("AVC accuracy, score at the threshold {even:.2}"), 50.0, &cases);
    let (error, pictures) = scores(&outcomes, &[("yes", even.into())]).unzip();
    Ok(Findings {
        figures: [accuracy].into_iter().chain(error).collect(),
        pictures: pictures.unwrap_or_default(),
    })
}
