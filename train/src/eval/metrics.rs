//! The measures of the protocols, each as it was published.

use std::collections::BTreeMap;

/// How well clusters and labels tell the same story: normalized mutual information, 0 (nothing) to 1, by the mean
/// of both entropies (scikit-learn's `normalized_mutual_info_score`).
pub fn nmi(clusters: &[usize], labels: &[usize]) -> f64 {
    let n = clusters.len().min(labels.len()) as f64;
    let counts = |keys: Vec<(usize, usize)>| {
        let mut counts: BTreeMap<(usize, usize), f64> = BTreeMap::new();
        keys.into_iter().for_each(|key| *counts.entry(key).or_default() += 1.0);
        counts
    };
    let entropy = |counts: &BTreeMap<(usize, usize), f64>| -> f64 {
        counts.values().map(|count| -count / n * (count / n).ln()).sum()
    };
    let of_clusters = entropy(&counts(clusters.iter().map(|c| (*c, 0)).collect()));
    let of_labels = entropy(&counts(labels.iter().map(|l| (*l, 0)).collect()));
    let joint = entropy(&counts(clusters.iter().copied().zip(labels.iter().copied()).collect()));
    let mean = (of_clusters + of_labels) / 2.0;
    // One cluster and one label agree.
    if mean < 1e-12 { 1.0 } else { ((of_clusters + of_labels - joint) / mean).max(0.0) }
}

/// nDCG at `k` of a ranking, 0 to 1: `relevant[i]` is the gain of the i-th result, and of everything that could
/// have been found. 0 if nothing is relevant.
pub fn ndcg(relevant: &[f64], k: usize) -> f64 {
    let dcg = |gains: &mut dyn Iterator<Item = f64>| -> f64 {
        gains.take(k).enumerate().map(|(rank, gain)| gain / (rank as f64 + 2.0).log2()).sum()
    };
    let mut ideal = relevant.to_vec();
    ideal.sort_by(|a, b| b.total_cmp(a));
    let best = dcg(&mut ideal.into_iter());
    if best > 0.0 { dcg(&mut relevant.iter().copied()) / best } else { 0.0 }
}

/// cIoU of a map over a picture against a ground truth of the same pixels, 0..1 each: the half of the pixels with
/// the highest values is the prediction (Senocak et al. 2018, "Learning to Localize Sound Source in Visual
/// Scenes"; the median is `sorted[n / 2]`).
pub fn ciou(map: &[f32], truth: &[f32]) -> f64 {
    let mut sorted = map.to_vec();
    sorted.sort_by(f32::total_cmp);
    let median = sorted.get(map.len() / 2).copied().unwrap_or(0.0);
    iou_at(map, truth, median)
}

/// IoU at a given threshold: `sum(p g) / (sum(g) + sum(p [g = 0]))`, `p = [map >= threshold]`.
pub fn iou_at(map: &[f32], truth: &[f32], threshold: f32) -> f64 {
    let (mut inside, mut outside, mut all) = (0.0, 0.0, 0.0);
    for (value, truth) in map.iter().zip(truth) {
        all += f64::from(*truth);
        if *value >= threshold {
            inside += f64::from(*truth);
            outside += f64::from(u8::from(*truth == 0.0));
        }
    }
    if all + outside > 0.0 { inside / (all + outside) } else { 0.0 }
}

/// Area under the share of pictures whose cIoU is at least `t`, over t = 0, 0.05, ..., 1, by trapezoids.
pub fn auc(cious: &[f64]) -> f64 {
    let shares: Vec<f64> = curve(cious).into_iter().map(|(_, share)| share).collect();
    shares.windows(2).map(|pair| (pair[0] + pair[1]) / 2.0 * 0.05).sum()
}

/// `(t, share of pictures with a cIoU of at least t)`, t = 0, 0.05, ..., 1.
pub fn curve(cious: &[f64]) -> Vec<(f64, f64)> {
    let share = |t: f64| cious.iter().filter(|c| **c >= t - 1e-12).count() as f64 / cious.len().max(1) as f64;
    (0..=20).map(|i| (f64::from(i) * 0.05, share(f64::from(i) * 0.05))).collect()
}

/// pIA: share of a map's values at or above a threshold, 0..1.
pub fn pia(map: &[f32], threshold: f32) -> f64 {
    map.iter().filter(|v| **v >= threshold).count() as f64 / map.len().max(1) as f64
}

/// Harmonic mean of two percentages.
pub fn f_score(a: f64, b: f64) -> f64 {
    if a + b > 0.0 { 2.0 * a * b / (a + b) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-9, "{a} is not {b}");
    }

    #[test]
    fn nmi_of_cases_by_hand() {
        near(nmi(&[0, 0, 1, 1], &[5, 5, 2, 2]), 1.0);
        near(nmi(&[0, 1, 0, 1], &[0, 0, 1, 1]), 0.0);
        // Clusters {a a b} {b}: H(C) = H(1/4), H(L) = ln 2, H(C, L) = 1/2 ln 2 + 2 * 1/4 ln 4 = 1.5 ln 2.
        let (of_clusters, of_labels) = (-(0.75 * 0.75f64.ln() + 0.25 * 0.25f64.ln()), 2f64.ln());
        let expected = (of_clusters + of_labels - 1.5 * 2f64.ln()) / ((of_clusters + of_labels) / 2.0);
        near(nmi(&[0, 0, 0, 1], &[0, 0, 1, 1]), expected);
        near(nmi(&[3, 3], &[1, 1]), 1.0);
    }

    #[test]
    fn ndcg_of_cases_by_hand() {
        near(ndcg(&[1.0, 1.0, 0.0], 30), 1.0);
        // One relevant result, in third place: 1 / log2(4).
        near(ndcg(&[0.0, 0.0, 1.0], 30), 0.5);
        // Cut off at two: found at the first place, best possible two.
        near(ndcg(&[1.0, 0.0, 1.0], 2), 1.0 / (1.0 + 1.0 / 3f64.log2()));
        near(ndcg(&[0.0], 30), 0.0);
    }

    #[test]
    fn ciou_of_cases_by_hand() {
        // 2x2 pixels; the median of four is the third smallest, so two pixels are predicted.
        near(ciou(&[0.9, 0.8, 0.1, 0.2], &[1.0, 1.0, 0.0, 0.0]), 1.0);
        near(ciou(&[0.9, 0.1, 0.8, 0.2], &[1.0, 1.0, 0.0, 0.0]), 1.0 / 3.0);
        // Two of three annotators: half a pixel of truth outside the prediction.
        near(ciou(&[0.9, 0.8, 0.1, 0.2], &[1.0, 0.0, 0.5, 0.0]), 1.0 / 2.5);
        near(auc(&[0.5]), 0.05 * 10.0 + 0.05 / 2.0);
        near(auc(&[1.0, 1.0]), 1.0);
        near(curve(&[0.2, 0.6])[5].1, 0.5);
    }

    #[test]
    fn pia_and_f_of_cases_by_hand() {
        near(pia(&[0.1, 0.5, 0.7, 0.2], 0.5), 0.5);
        near(f_score(60.0, 90.0), 72.0);
        near(f_score(0.0, 0.0), 0.0);
    }
}
