//! Figures and how sure they are.

use std::collections::BTreeMap;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::metrics::f_score;

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
    /// Share of right answers of each group (percent) and its number of cases; for comparisons on the same cases.
    #[serde(skip)]
    pub by_group: BTreeMap<String, (f64, usize)>,
}

/// How often the groups are drawn anew.
const DRAWS: usize = 2000;

impl Figure {
    /// The mean of percentages, one a group; the interval comes from drawing them with replacement.
    pub fn of_values(name: &str, chance: f64, percents: &[f64]) -> Self {
        let numbered = percents.iter().enumerate();
        Self::of_groups(name, chance, numbered.map(|(i, percent)| (i.to_string(), (*percent, 1))).collect())
    }

    /// Counts cases; the interval comes from drawing whole groups with replacement.
    pub fn new(name: &str, chance: f64, cases: &[Case]) -> Self {
        let mut groups: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for case in cases {
            let (right, all) = groups.entry(&case.group).or_default();
            *right += usize::from(case.right);
            *all += 1;
        }
        let percent = |(right, all): (usize, usize)| (100.0 * right as f64 / all as f64, all);
        let by_group = groups.into_iter().map(|(name, counts)| (name.to_string(), percent(counts))).collect();
        Self::of_groups(name, chance, by_group)
    }

    /// The F-score of two percentages that were taken on the same items, item by item; its interval comes from drawing
    /// the items with replacement.
    pub fn of_both(name: &str, percents: &[(f64, f64)]) -> Self {
        let of = |drawn: &mut dyn Iterator<Item = (f64, f64)>| {
            let (a, b) = drawn.fold((0.0, 0.0), |(a, b), both| (a + both.0, b + both.1));
            let count = percents.len().max(1) as f64;
            f_score(a / count, b / count)
        };
        let mut rng = ChaCha8Rng::seed_from_u64(95);
        let draws = drawn(percents.len(), DRAWS, &mut rng, |d| of(&mut d.iter().map(|i| percents[*i])));
        Self {
            name: name.into(),
            percent: of(&mut percents.iter().copied()),
            interval: middle(&draws),
            chance: 0.0,
            n: percents.len(),
            groups: percents.len(),
            by_group: BTreeMap::new(),
        }
    }

    fn of_groups(name: &str, chance: f64, by_group: BTreeMap<String, (f64, usize)>) -> Self {
        let groups: Vec<(f64, usize)> = by_group.values().copied().collect();
        let (percent, interval) = mean(&groups);
        let n = groups.iter().map(|(_, count)| count).sum();
        Self { name: name.into(), percent, interval, chance, n, groups: groups.len(), by_group }
    }

    /// How many points this figure lies above another one of the same cases, and the 95 % interval of that: both
    /// are drawn by the same groups. `None`: the cases are others.
    pub fn above(&self, other: &Self) -> Option<(f64, [f64; 2])> {
        let mut points = Vec::new();
        for (name, (percent, count)) in &self.by_group {
            let (theirs, same) = other.by_group.get(name)?;
            if same != count {
                return None;
            }
            points.push((percent - theirs, *count));
        }
        (!points.is_empty() && points.len() == other.by_group.len()).then(|| mean(&points))
    }
}

/// The mean of values, each of as many cases, and its 95 % interval: bootstrap over the values.
fn mean(values: &[(f64, usize)]) -> (f64, [f64; 2]) {
    let of = |drawn: &mut dyn Iterator<Item = (f64, usize)>| {
        let (sum, cases) =
            drawn.fold((0.0, 0), |(s, n), (value, count)| (s + value * count as f64, n + count));
        sum / cases.max(1) as f64
    };
    let mut rng = ChaCha8Rng::seed_from_u64(95);
    let draws =
        drawn(values.len(), DRAWS, &mut rng, |drawn| of(&mut drawn.iter().map(|index| values[*index])));
    (of(&mut values.iter().copied()), middle(&draws))
}

/// A statistic of `count` items, each time of as many drawn with replacement (the bootstrap), in ascending order.
pub(super) fn drawn(
    count: usize,
    times: usize,
    rng: &mut ChaCha8Rng,
    mut statistic: impl FnMut(&[usize]) -> f64,
) -> Vec<f64> {
    let mut indices = vec![0; count];
    let mut draw = || {
        indices.fill_with(|| rng.random_range(0..count));
        statistic(&indices)
    };
    let mut draws: Vec<f64> = (0..times).map(|_| draw()).collect();
    draws.sort_by(f64::total_cmp);
    draws
}

/// What 95 % of the sorted draws lie within.
pub(super) fn middle(draws: &[f64]) -> [f64; 2] {
    [draws[draws.len() / 40], draws[draws.len() - 1 - draws.len() / 40]]
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
    fn on_the_same_cases_a_small_difference_is_sure() {
        // Both are right on half of 100 groups; one also on every tenth of the others.
        let one = Figure::new("", 50.0, &cases(100, 4, |group| group % 2 == 0));
        let other = Figure::new("", 50.0, &cases(100, 4, |group| group % 2 == 0 || group % 10 == 1));
        let (points, [low, high]) = other.above(&one).unwrap();
        assert!((points - 10.0).abs() < 1e-9 && low > 2.5 && high < 18.0, "{points} {low} {high}");
        assert!(one.interval[1] > other.interval[0], "taken by themselves they overlap");
        assert!(one.above(&Figure::new("", 50.0, &cases(99, 4, |_| true))).is_none());
    }

    #[test]
    fn an_f_score_is_that_of_the_means() {
        let figure = Figure::of_both("", &[(40.0, 100.0), (80.0, 80.0)]);
        assert!((figure.percent - f_score(60.0, 90.0)).abs() < 1e-9 && figure.n == 2);
        assert!(figure.interval[0] < figure.percent && figure.percent < figure.interval[1]);
    }

    #[test]
    fn certainty_has_no_width() {
        let figure = Figure::new("", 50.0, &cases(20, 3, |_| true));
        assert_eq!((figure.percent, figure.interval), (100.0, [100.0, 100.0]));
    }
}
