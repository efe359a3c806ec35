//! What a score is worth: how the scores of what corresponds lie beside those of what does not, and whether of the
//! pairs with a score of 0.8 four in five correspond ("On Calibration of Modern Neural Networks", Guo et al. 2017).

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::figure::{drawn, middle};
use super::plots::{Alike, bin, histogram, reliability};
use super::{Content, Figure, Picture};

/// Equal parts of 0..1 that scores are put together in.
const BINS: usize = 10;
/// How often groups are drawn anew for the interval.
const DRAWS: usize = 400;

/// The score of a pair and what is true of it.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) score: f32,
    /// Whether picture and sound belong together.
    pub(super) corresponds: bool,
    /// The recording or clip; pairs of one are not independent.
    pub(super) group: String,
}

/// Number of pairs and sum of their scores: of what does not correspond, of what does.
type Sums = [[(f64, f64); 2]; BINS];

/// The expected calibration error of scores that are taken as probabilities, and pictures of how they lie; nothing
/// without pairs of both kinds. What corresponds and what does not count as equally many, however many there are.
/// `thresholds`: scores that answers change at, with a name each. The interval of the error is drawn by group; drawing
/// with replacement raises the error, so the draws are moved to where their mean is the figure.
pub(super) fn scores(outcomes: &[Outcome], thresholds: &[(&str, f64)]) -> Option<(Figure, Vec<Picture>)> {
    let mut groups: BTreeMap<&str, Sums> = BTreeMap::new();
    for Outcome { score, corresponds, group } in outcomes {
        let score = f64::from(*score);
        let (count, sum) = &mut groups.entry(group).or_default()[bin(score, BINS)][usize::from(*corresponds)];
        (*count, *sum) = (*count + 1.0, *sum + score);
    }
    let groups: Vec<Sums> = groups.into_values().collect();
    let of = |drawn: &mut dyn Iterator<Item = usize>| {
        let mut all = Sums::default();
        for group in drawn {
            let sums = all.iter_mut().flatten().zip(groups[group].iter().flatten());
            sums.for_each(|(all, one)| (all.0, all.1) = (all.0 + one.0, all.1 + one.1));
        }
        alike(&all)
    };
    let bins = of(&mut (0..groups.len()))?;
    let percent = 100.0 * error(&bins);
    let mut rng = ChaCha8Rng::seed_from_u64(95);
    let draws = drawn(groups.len(), DRAWS, &mut rng, |groups| {
        of(&mut groups.iter().copied()).map_or(percent, |bins| 100.0 * error(&bins))
    });
    let raised = draws.iter().sum::<f64>() / DRAWS as f64 - percent;
    let [low, high] = middle(&draws).map(|end| end - raised);
    let figure = Figure {
        name: "ECE x 100 of the score as a probability (less is better)".into(),
        percent,
        interval: [low.clamp(0.0, percent), high.max(percent)],
        chance: 0.0,
        n: outcomes.len(),
        groups: groups.len(),
        by_group: BTreeMap::new(),
    };
    let of_kind = |kind: bool| {
        let scores = outcomes.iter().filter(|outcome| outcome.corresponds == kind);
        scores.map(|outcome| f64::from(outcome.score)).collect::<Vec<f64>>()
    };
    let groups = [("own sound", of_kind(true)), ("foreign sound", of_kind(false))];
    let pictures = vec![
        Picture {
            title: "Scores of own and of foreign sounds".into(),
            caption: "Share of the pairs of each kind in every twentieth of the score. The less both overlap, the better."
                .into(),
            content: Content::Svg(histogram(&groups, thresholds)),
        },
        Picture {
            title: "Reliability of the score".into(),
            caption: format!(
                "Pairs by tenths of their score, both kinds counted as equally many: how many correspond. Below the \
                 dashed line the score promises too much, above it too little. ECE x 100: {percent:.1}; the larger a \
                 dot, the more pairs."
            ),
            content: Content::Svg(reliability(&bins)),
        },
    ];
    Some((figure, pictures))
}

/// The parts that are not empty; `None`: there are no pairs of one kind.
fn alike(sums: &Sums) -> Option<Vec<Alike>> {
    let [foreign, own] = [0, 1].map(|kind| sums.iter().map(|sums| sums[kind].0).sum::<f64>());
    if foreign == 0.0 || own == 0.0 {
        return None;
    }
    let part = |[(foreigners, of_foreign), (owns, of_own)]: &[(f64, f64); 2]| {
        let right = owns / own / 2.0;
        let share = right + foreigners / foreign / 2.0;
        let score = (of_own / own / 2.0 + of_foreign / foreign / 2.0) / share;
        (share > 0.0).then(|| Alike { score, right: right / share, share })
    };
    Some(sums.iter().filter_map(part).collect())
}

/// The expected calibration error, 0..1.
fn error(bins: &[Alike]) -> f64 {
    bins.iter().map(|Alike { score, right, share }| share * (score - right).abs()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcomes(score: f32, own: usize, foreign: usize) -> Vec<Outcome> {
        let one = |i: usize| Outcome { score, corresponds: i < own, group: format!("{score} {}", i / 4) };
        (0..own + foreign).map(one).collect()
    }

    #[test]
    fn the_error_of_cases_by_hand() {
        // Of 0.75, three in four correspond; of 0.15, one in four: off by 0.1 in half of the cases.
        let cases = [outcomes(0.75, 30, 10), outcomes(0.15, 10, 30)].concat();
        let (figure, pictures) = scores(&cases, &[("match", 0.6)]).unwrap();
        assert!((figure.percent - 5.0).abs() < 1e-4, "{}", figure.percent);
        assert!(figure.interval[0] <= figure.percent && figure.percent < figure.interval[1]);
        assert_eq!((figure.n, figure.groups, pictures.len()), (80, 20, 2));
        let Content::Svg(svg) = &pictures[1].content else { panic!("a plot") };
        assert!(
            svg.contains("at 0.15: 0.25 (50 % of the cases); at 0.75: 0.75 (50 % of the cases)"),
            "{svg}"
        );
    }

    #[test]
    fn how_many_foreign_sounds_were_tried_does_not_matter() {
        let few = [outcomes(0.8, 8, 2), outcomes(0.3, 2, 8)].concat();
        let mut many = few.clone();
        for _ in 0..4 {
            many.extend(few.iter().filter(|outcome| !outcome.corresponds).cloned());
        }
        let percent = |cases: &[Outcome]| scores(cases, &[]).unwrap().0.percent;
        assert!((percent(&few) - percent(&many)).abs() < 1e-9);
        assert!(scores(&outcomes(0.8, 8, 0), &[]).is_none(), "nothing to tell apart");
    }
}
