//! Plots: points of a t-SNE, curves, how scores lie, and what they are worth.

use maud::html;

use super::svg::{Axis, Entry, Frame, color, dashes, px};

/// Points by class, with a legend. `points[i]` is of class `labels[i]`.
pub(super) fn scatter(points: &[[f64; 2]], labels: &[usize], classes: &[String]) -> String {
    let axis = |i: usize| {
        Axis::around(
            &format!("t-SNE dimension {} (no unit)", i + 1),
            points.iter().map(move |point| point[i]),
        )
    };
    let frame = Frame { x: axis(0), y: axis(1) };
    let of_class =
        |i: usize| points.iter().zip(labels).filter(move |(_, label)| **label == i).map(|(point, _)| point);
    // Twenty hues are more than an eye tells apart: names stand in the middle of their dots.
    let names = classes.iter().enumerate().filter_map(|(i, class)| {
        let of = |axis: usize| median(of_class(i).map(|point| point[axis]));
        Some((class, of(0)?, of(1)?))
    });
    let content = html! {
        @for ([x, y], label) in points.iter().zip(labels) {
            circle cx=(px(frame.across(*x))) cy=(px(frame.up(*y))) r="3.5" fill=(color(*label, classes.len())) fill-opacity="0.8" {}
        }
        @for (class, x, y) in names {
            text x=(px(frame.across(x))) y=(px(frame.up(y))) { (class) }
        }
    };
    let legend: Vec<Entry> =
        classes.iter().enumerate().map(|(i, class)| (&**class, color(i, classes.len()), "")).collect();
    let counts: Vec<String> =
        classes.iter().enumerate().map(|(i, class)| format!("{class} {}", of_class(i).count())).collect();
    frame.drawn(&format!("Dots by class: {}.", counts.join(", ")), &legend, &content)
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    quantile(&sorted(values), 0.5)
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// What a share `below` (0..1) of sorted values lies under.
fn quantile(sorted: &[f64], below: f64) -> Option<f64> {
    sorted.get((sorted.len() as f64 * below) as usize).copied()
}

/// A named curve.
pub(super) struct Curve {
    pub(super) name: String,
    pub(super) points: Vec<(f64, f64)>,
}

impl Curve {
    /// Where it begins, its lowest point, and where it ends, in words.
    fn words(&self) -> String {
        let lowest = self.points.iter().min_by(|a, b| a.1.total_cmp(&b.1));
        let (Some((x0, y0)), Some((x, y)), Some((x1, y1))) =
            (self.points.first(), lowest, self.points.last())
        else {
            return format!("{}: no points", self.name);
        };
        format!("{}: {y0:.4} at {x0}, lowest {y:.4} at {x}, {y1:.4} at {x1}", self.name)
    }
}

/// Curves in a frame.
pub(super) fn curves(frame: &Frame, curves: &[Curve]) -> String {
    let look = |i: usize| (color(i, curves.len()), dashes(i));
    let content = html! {
        @for (i, curve) in curves.iter().enumerate() { (frame.line(curve.points.iter().copied(), &look(i).0, look(i).1)) }
    };
    let entry = |(i, curve): (usize, &'_ Curve)| (curve.name.clone(), look(i));
    let entries: Vec<(String, (String, &'static str))> = curves.iter().enumerate().map(entry).collect();
    let legend: Vec<Entry> =
        entries.iter().map(|(name, (color, dashes))| (&**name, color.clone(), *dashes)).collect();
    let words: Vec<String> = curves.iter().map(Curve::words).collect();
    frame.drawn(&format!("Curves. {}.", words.join("; ")), &legend, &content)
}

/// Bars of a histogram of scores.
const BARS: usize = 20;

/// How scores lie (0..1): for each name, the share of its scores in every twentieth. `thresholds` are drawn across.
pub(super) fn histogram(groups: &[(&str, Vec<f64>)], thresholds: &[(&str, f64)]) -> String {
    let shares = |scores: &[f64]| {
        let mut shares = [0.0; BARS];
        scores.iter().for_each(|score| shares[bin(*score, BARS)] += 100.0 / scores.len() as f64);
        shares
    };
    let bars: Vec<[f64; BARS]> = groups.iter().map(|(_, scores)| shares(scores)).collect();
    let highest = bars.iter().flatten().copied().fold(1.0, f64::max);
    let frame = Frame {
        x: Axis::new("score", 0.0, 1.0),
        y: Axis::new("% of the pairs of its kind", 0.0, highest * 1.05),
    };
    let edge = |bar: usize| bar as f64 / BARS as f64;
    // The upper rim of the bars, so that bars one behind the other are both seen.
    let rim = |bars: &[f64; BARS]| {
        let corners =
            bars.iter().enumerate().flat_map(|(i, share)| [(edge(i), *share), (edge(i + 1), *share)]);
        corners.collect::<Vec<(f64, f64)>>()
    };
    let content = html! {
        @for (i, bars) in bars.iter().enumerate() {
            @for (bar, share) in bars.iter().enumerate() {
                rect x=(px(frame.across(edge(bar)))) y=(px(frame.up(*share))) width=(px(frame.across(edge(1)) - frame.across(0.0)))
                    height=(px(frame.up(0.0) - frame.up(*share))) fill=(color(i, groups.len())) fill-opacity="0.3" {}
            }
            (frame.line(rim(bars).into_iter(), &color(i, groups.len()), dashes(i)))
        }
        @for (name, threshold) in thresholds {
            @let x = px(frame.across(*threshold));
            line x1=(x) x2=(x) y1=(px(frame.up(0.0))) y2=(px(frame.up(highest * 1.05))) stroke="currentColor" {}
            text x=(px(frame.across(*threshold) - 4.0)) y=(px(frame.up(highest * 1.05) + 13.0)) text-anchor="end" { (name) }
        }
    };
    let legend: Vec<Entry> =
        groups.iter().enumerate().map(|(i, (name, _))| (*name, color(i, groups.len()), dashes(i))).collect();
    let words = |(name, scores): &(&str, Vec<f64>)| {
        let sorted = sorted(scores.iter().copied());
        let at = |below: f64| quantile(&sorted, below).unwrap_or(0.0);
        let (n, low, middle, high) = (scores.len(), at(0.25), at(0.5), at(0.75));
        format!("{name}: {n} scores, half of them from {low:.2} to {high:.2}, median {middle:.2}")
    };
    let lines = thresholds.iter().map(|(name, threshold)| format!("{name}: {threshold:.2}"));
    let words: Vec<String> = groups.iter().map(words).chain(lines).collect();
    frame.drawn(&format!("Histogram of scores. {}.", words.join("; ")), &legend, &content)
}

/// Which of as many equal parts of 0..1 a value lies in.
pub(super) fn bin(value: f64, parts: usize) -> usize {
    ((value.max(0.0) * parts as f64) as usize).min(parts - 1)
}

/// Cases whose scores are alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Alike {
    /// Their mean score, 0..1.
    pub(super) score: f64,
    /// How many of them correspond, 0..1.
    pub(super) right: f64,
    /// Their share of all cases, 0..1.
    pub(super) share: f64,
}

/// How often what has a score is right, beside the score itself; the larger a dot, the more cases.
pub(super) fn reliability(bins: &[Alike]) -> String {
    let frame =
        Frame { x: Axis::new("mean score", 0.0, 1.0), y: Axis::new("share that corresponds", 0.0, 1.0) };
    let content = html! {
        (frame.line([(0.0, 0.0), (1.0, 1.0)].into_iter(), "currentColor", dashes(1)))
        (frame.line(bins.iter().map(|bin| (bin.score, bin.right)), &color(0, 1), ""))
        @for bin in bins {
            circle cx=(px(frame.across(bin.score))) cy=(px(frame.up(bin.right))) r=(px(3.0 + 16.0 * bin.share.sqrt())) fill=(color(0, 1)) fill-opacity="0.6" {}
        }
    };
    let legend = [("found", color(0, 1), ""), ("as they should be", "currentColor".into(), dashes(1))];
    let words = |bin: &Alike| {
        let Alike { score, right, share } = bin;
        format!("at {score:.2}: {right:.2} ({:.0} % of the cases)", 100.0 * share)
    };
    let words: Vec<String> = bins.iter().map(words).collect();
    frame.drawn(&format!("Share that corresponds, by mean score. {}.", words.join("; ")), &legend, &content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scatter_has_every_point_and_every_name() {
        let classes = ["dog".to_string(), "bell".to_string()];
        let svg = scatter(&[[0.0, 1.0], [2.0, 3.0], [1.0, 1.0]], &[0, 1, 1], &classes);
        assert_eq!(svg.matches("<circle").count(), 3);
        assert_eq!(
            [">dog<", ">bell<"].map(|name| svg.matches(name).count()),
            [2, 2],
            "in the middle and in the legend"
        );
        assert!(svg.contains("t-SNE dimension 1") && svg.contains("dog 1, bell 2"), "{svg}");
    }

    #[test]
    fn curves_have_axes_a_legend_and_words() {
        let curve = Curve { name: "trained".into(), points: vec![(0.0, 1.0), (0.5, 0.25), (1.0, 0.5)] };
        let frame = Frame { x: Axis::new("threshold", 0.0, 1.0), y: Axis::new("share", 0.0, 1.0) };
        let svg = curves(&frame, &[curve, Curve { name: "other".into(), points: vec![] }]);
        let words = "trained: 1.0000 at 0, lowest 0.2500 at 0.5, 0.5000 at 1; other: no points";
        assert!(
            [">trained<", ">threshold<", ">share<", words].iter().all(|part| svg.contains(part)),
            "{svg}"
        );
    }

    #[test]
    fn bars_are_shares_of_their_own_kind() {
        let svg = histogram(
            &[("own", vec![0.99, 1.0]), ("foreign", vec![0.0, 0.01, 0.02, 0.97])],
            &[("match", 0.67)],
        );
        assert_eq!(svg.matches("<rect").count(), 2 * BARS);
        for part in ["own: 2 scores, half of them from 0.99 to 1.00", "foreign: 4 scores", "match: 0.67"] {
            assert!(svg.contains(part), "{part}: {svg}");
        }
    }

    #[test]
    fn every_value_has_its_part() {
        assert_eq!([0.0, 0.099, 0.1, 1.0, 1.5, -0.2].map(|value| bin(value, 10)), [0, 0, 1, 9, 9, 0]);
    }

    #[test]
    fn scores_that_are_kept_lie_on_the_diagonal() {
        let bins = [0.25, 0.75].map(|score| Alike { score, right: score, share: 0.5 });
        let svg = reliability(&bins);
        assert_eq!(svg.matches("<circle").count(), 2);
        assert!(svg.contains("at 0.25: 0.25 (50 % of the cases)"), "{svg}");
    }
}
