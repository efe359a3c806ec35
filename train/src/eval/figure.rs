//! Figures and how sure they are.

use std::collections::BTreeMap;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

/// One case of an experiment: right or wrong, and which recording or video it belongs to. Cases of
/// one group are not independent.
#[derive(Clone, Debug)]
pub struct Case {
    /// Whether the answer was right.
    pub right: bool,
    /// The recording or video.
    pub group: String,
}

/// A share of cases, in percent.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    /// What was counted.
    pub name: String,
    /// Share of right answers, percent.
    pub percent: f64,
    /// 95 % interval, percent: bootstrap over groups.
    pub interval: [f64; 2],
    /// What guessing would give, percent.
    pub chance: f64,
    /// Number of cases.
    pub n: usize,
    /// Number of groups.
    pub groups: usize,
}

/// How often the groups are drawn anew.
const DRAWS: usize = 2000;

impl Figure {
    /// The mean of percentages, one a group; the interval comes from drawing them with replacement.
    pub fn of_values(name: &str, chance: f64, percents: &[f64]) -> Self {
        let count = percents.len();
        let mean = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / count.max(1) as f64;
        let mut rng = ChaCha8Rng::seed_from_u64(95);
        let mut draw = || mean(&mut (0..count).map(|_| percents[rng.random_range(0..count)]));
        let mut draws: Vec<f64> = (0..DRAWS).map(|_| draw()).collect();
        draws.sort_by(f64::total_cmp);
        Self {
            name: name.into(),
            percent: mean(&mut percents.iter().copied()),
            interval: [draws[DRAWS / 40], draws[DRAWS - 1 - DRAWS / 40]],
            chance,
            n: count,
            groups: count,
        }
    }

    /// Counts cases; the interval comes from drawing whole groups with replacement.
    pub fn new(name: &str, chance: f64, cases: &[Case]) -> Self {
        let mut groups: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for case in cases {
            let (right, all) = groups.entry(&case.group).or_default();
            *right += usize::from(case.right);
            *all += 1;
        }
        let groups: Vec<(usize, usize)> = groups.into_values().collect();
        let share = |drawn: &mut dyn Iterator<Item = (usize, usize)>| {
            let (right, all) = drawn.fold((0, 0), |(r, a), (right, all)| (r + right, a + all));
            100.0 * right as f64 / all.max(1) as f64
        };
        let mut rng = ChaCha8Rng::seed_from_u64(95);
        let mut draw = || share(&mut (0..groups.len()).map(|_| groups[rng.random_range(0..groups.len())]));
        let mut draws: Vec<f64> = (0..DRAWS).map(|_| draw()).collect();
        draws.sort_by(f64::total_cmp);
        Self {
            name: name.into(),
            percent: share(&mut groups.iter().copied()),
            interval: [draws[DRAWS / 40], draws[DRAWS - 1 - DRAWS / 40]],
            chance,
            n: cases.len(),
            groups: groups.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cases(groups: usize, each: usize, right: impl Fn(usize) -> bool) -> Vec<Case> {
        let case = |i: usize| Case { right: right(i / each), group: format!("{}", i / each) };
        (0..groups * each).map(case).collect()
    }

    #[test]
    fn the_interval_knows_that_cases_of_a_group_belong_together() {
        // 100 groups, half of them right. Binomial: 50 +- 9.8 by groups, +- 3.1 if cases were independent.
        let figure = Figure::new("", 50.0, &cases(100, 10, |group| group % 2 == 0));
        assert!((figure.percent - 50.0).abs() < 1e-9);
        let half = (figure.interval[1] - figure.interval[0]) / 2.0;
        assert!((8.5..11.5).contains(&half), "{half}");
        assert_eq!((figure.n, figure.groups), (1000, 100));
    }

    #[test]
    fn a_mean_has_the_width_of_its_values() {
        let values: Vec<f64> = (0..100).map(|i| if i % 2 == 0 { 0.0 } else { 100.0 }).collect();
        let figure = Figure::of_values("", 0.0, &values);
        assert!((figure.percent - 50.0).abs() < 1e-9);
        assert!((8.5..11.5).contains(&((figure.interval[1] - figure.interval[0]) / 2.0)));
    }

    #[test]
    fn certainty_has_no_width() {
        let figure = Figure::new("", 50.0, &cases(20, 3, |_| true));
        assert_eq!((figure.percent, figure.interval), (100.0, [100.0, 100.0]));
    }
}
