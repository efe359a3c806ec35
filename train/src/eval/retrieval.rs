//! Cross-modal and intra-modal retrieval ("Objects that Sound", section 3.3): nDCG over the first 30 results, a
//! result being right if it is of the query's class.

use lookhear::engine::{AudioEncoding, ImageEncoding};
use lookhear::preprocess::spectrogram;
use lookhear::similarity::{best_first, dot, unit};

use super::metrics::ndcg;
use super::pool::{pictures, seconds};
use super::{Figure, Findings, Picture, Setting};
use crate::Error;

/// Results that count.
const K: usize = 30;

/// nDCG@30 in percent for each pair of senses. Between senses, results are ordered by the network's own
/// correspondence; within a sense by the cosine of the pooled tower outputs, the query itself left out.
///
/// # Errors
/// A file cannot be read.
pub(super) fn retrieval(setting: &mut Setting) -> Result<Findings, Error> {
    let (pictures, seconds) = (pictures(setting)?, seconds(setting)?);
    let seen: Vec<ImageEncoding> =
        pictures.items.iter().map(|(_, picture)| setting.judge.encode_image(picture)).collect();
    let heard: Vec<AudioEncoding> =
        seconds.items.iter().map(|(_, s)| setting.judge.encode_audio(&spectrogram::second(s))).collect();
    let mut scores = vec![vec![0.0f32; heard.len()]; seen.len()];
    for (row, seen) in scores.iter_mut().zip(&seen) {
        for (score, heard) in row.iter_mut().zip(&heard) {
            let judgement = setting.judge.judge(seen, heard);
            // The localization head has the common space; L3-Net has none, and its answer stands for it.
            *score = judgement.localization.or(judgement.fusion).unwrap_or(0.0);
        }
    }
    let (of_pictures, of_seconds) = (pictures.labels(), seconds.labels());
    let seen: Vec<Vec<f32>> = seen.iter().map(|s| unit(&s.embedding)).collect();
    let heard: Vec<Vec<f32>> = heard.iter().map(|h| unit(&h.embedding)).collect();
    let to_sound = figure("picture to sound", &of_pictures, &of_seconds, false, &|q, r| scores[q][r]);
    let to_picture = figure("sound to picture", &of_seconds, &of_pictures, false, &|q, r| scores[r][q]);
    let within = [
        figure("picture to picture", &of_pictures, &of_pictures, true, &|q, r| dot(&seen[q], &seen[r])),
        figure("sound to sound", &of_seconds, &of_seconds, true, &|q, r| dot(&heard[q], &heard[r])),
    ];
    let first = |what: &str, found: &Found| {
        Picture::confusion(&format!("{what}, the first result"), &pictures.classes, &found.first)
    };
    let pictures = vec![first("pictures to sounds", &to_sound), first("sounds to pictures", &to_picture)];
    let figures = [to_sound, to_picture].into_iter().chain(within).map(|found| found.figure).collect();
    Ok(Findings { figures, pictures })
}

/// How well results follow the queries.
struct Found {
    figure: Figure,
    /// Class of each query, and of its first result.
    first: Vec<(usize, usize)>,
}

/// Mean nDCG over the queries.
fn figure(
    name: &str,
    queries: &[usize],
    results: &[usize],
    same: bool,
    score: &dyn Fn(usize, usize) -> f32,
) -> Found {
    let (mut found, mut guessed, mut first) = (Vec::new(), Vec::new(), Vec::new());
    for (query, class) in queries.iter().enumerate() {
        let mut order: Vec<usize> = (0..results.len()).filter(|r| !same || *r != query).collect();
        let gains = |order: &[usize]| -> Vec<f64> {
            order.iter().map(|r| f64::from(u8::from(results[*r] == *class))).collect()
        };
        // Chance: an order that knows nothing of the query.
        let size = order.len().max(1);
        let blind: Vec<usize> = (0..size).map(|i| order[(i * 7919 + query * 31) % size]).collect();
        guessed.push(100.0 * ndcg(&gains(&blind), K));
        order.sort_by(|a, b| best_first(score(query, *a), score(query, *b)));
        found.push(100.0 * ndcg(&gains(&order), K));
        first.extend(order.first().map(|result| (*class, results[*result])));
    }
    let chance = guessed.iter().sum::<f64>() / guessed.len().max(1) as f64;
    Found { figure: Figure::of_values(&format!("nDCG@{K} x 100, {name}"), chance, &found), first }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_perfect_order_is_worth_all() {
        let labels: Vec<usize> = (0..40).map(|i| i % 4).collect();
        let Found { figure: perfect, first } =
            figure("", &labels, &labels, true, &|q, r| f32::from(u8::from(labels[q] == labels[r])));
        assert!((perfect.percent - 100.0).abs() < 1e-9);
        assert!(perfect.chance < 60.0);
        assert_eq!(perfect.n, 40);
        assert!(first.len() == 40 && first.iter().all(|(query, result)| query == result));
    }
}
