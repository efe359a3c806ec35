//! The frame of a plot as SVG within a page: axes with round numbers, a legend, and words for those who do not see it.
//! Lines and letters take the color of the page's text, so that a plot is dark or light as the page is.

use maud::{Markup, html};

/// Where values lie, in pixels.
const LEFT: f64 = 64.0;
const TOP: f64 = 12.0;
const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 400.0;
/// The whole, with numbers, names and legend.
const WHOLE: [f64; 2] = [LEFT + WIDTH + 190.0, TOP + HEIGHT + 52.0];

/// Colors that nearly all eyes tell apart (Okabe and Ito, "Color Universal Design", 2008).
const COLORS: [&str; 6] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00"];
/// Lines differ by their dashes, too.
const DASHES: [&str; 4] = ["", "7 4", "2 3", "9 3 2 3"];

/// The color of the i-th of `count` series; of more than six, those around the circle of hues.
pub(super) fn color(i: usize, count: usize) -> String {
    match COLORS.get(i) {
        Some(color) if count <= COLORS.len() => (*color).into(),
        _ => format!("hsl({} 70% {}%)", 360 * i / count.max(1), if i.is_multiple_of(2) { 45 } else { 60 }),
    }
}

/// The dashes of the i-th line.
pub(super) fn dashes(i: usize) -> &'static str {
    DASHES[i % DASHES.len()]
}

/// A coordinate, as exact as a pixel needs it.
pub(super) fn px(value: f64) -> String {
    format!("{value:.1}")
}

/// One direction of a plot.
pub(super) struct Axis {
    name: String,
    low: f64,
    high: f64,
}

impl Axis {
    /// From one value to another.
    pub(super) fn new(name: &str, low: f64, high: f64) -> Self {
        Self { name: name.into(), low, high: high.max(low + 1e-9) }
    }

    /// Around all of the values.
    pub(super) fn around(name: &str, values: impl Iterator<Item = f64> + Clone) -> Self {
        let (low, high) = (values.clone().fold(f64::MAX, f64::min), values.fold(f64::MIN, f64::max));
        if low > high {
            return Self::new(name, 0.0, 1.0);
        }
        let margin = ((high - low) * 0.04).max(1e-3 * high.abs()).max(1e-9);
        Self::new(name, low - margin, high + margin)
    }

    /// Where a value lies, 0..1.
    fn place(&self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    /// Round numbers, four to ten of them, and how they are written.
    fn marks(&self) -> Vec<(f64, String)> {
        let rough = (self.high - self.low) / 6.0;
        let power = rough.log10().floor();
        let step = 10f64.powf(power)
            * [1.0, 2.0, 5.0, 10.0].into_iter().find(|s| s * 10f64.powf(power) >= rough).unwrap_or(10.0);
        let decimals = (-(step * 1.000_001).log10().floor()).max(0.0) as usize;
        let (first, last) =
            ((self.low / step - 1e-9).ceil() as i64, (self.high / step + 1e-9).floor() as i64);
        // Longer numbers would not fit beside the plot.
        let text = |value: f64| match decimals {
            0..=4 => format!("{value:.decimals$}"),
            _ if value == 0.0 => "0".into(),
            _ => format!("{value:.1e}"),
        };
        (first..=last).map(|n| n as f64 * step).map(|value| (value, text(value))).collect()
    }
}

/// What the legend says of a series: its name, its color, its dashes.
pub(super) type Entry<'a> = (&'a str, String, &'static str);

/// The two directions of a plot.
pub(super) struct Frame {
    /// To the right.
    pub(super) x: Axis,
    /// Upwards.
    pub(super) y: Axis,
}

impl Frame {
    /// The pixel of a value to the right.
    pub(super) fn across(&self, x: f64) -> f64 {
        LEFT + WIDTH * self.x.place(x)
    }

    /// The pixel of a value upwards.
    pub(super) fn up(&self, y: f64) -> f64 {
        TOP + HEIGHT * (1.0 - self.y.place(y))
    }

    /// A line through values.
    pub(super) fn line(&self, points: impl Iterator<Item = (f64, f64)>, color: &str, dashes: &str) -> Markup {
        let points: Vec<String> =
            points.map(|(x, y)| format!("{},{}", px(self.across(x)), px(self.up(y)))).collect();
        html! {
            polyline points=(points.join(" ")) fill="none" stroke=(color) stroke-width="2.5" stroke-dasharray=(dashes) {}
        }
    }

    /// The plot. `words`: all that there is to see, for those who do not.
    pub(super) fn drawn(&self, words: &str, legend: &[Entry], content: &Markup) -> String {
        let (right, bottom) = (LEFT + WIDTH, TOP + HEIGHT);
        let [width, height] = [WHOLE[0], WHOLE[1].max(TOP + 20.0 * legend.len() as f64)];
        let svg = html! {
            svg viewBox={ "0 0 " (width) " " (height) } width=(width) role="img" aria-label=(words) font-size="13" fill="currentColor" {
                g stroke="currentColor" stroke-opacity="0.15" {
                    @for (value, _) in self.x.marks() {
                        line x1=(px(self.across(value))) x2=(px(self.across(value))) y1=(TOP) y2=(bottom) {}
                    }
                    @for (value, _) in self.y.marks() {
                        line x1=(LEFT) x2=(right) y1=(px(self.up(value))) y2=(px(self.up(value))) {}
                    }
                }
                @for (value, text) in self.x.marks() {
                    text x=(px(self.across(value))) y=(bottom + 18.0) text-anchor="middle" { (text) }
                }
                @for (value, text) in self.y.marks() {
                    text x=(LEFT - 8.0) y=(px(self.up(value) + 4.0)) text-anchor="end" { (text) }
                }
                text x=(LEFT + WIDTH / 2.0) y=(bottom + 42.0) text-anchor="middle" { (self.x.name) }
                text x=(-(TOP + HEIGHT / 2.0)) y="14" text-anchor="middle" transform="rotate(-90)" { (self.y.name) }
                (content)
                @for (i, (name, color, dashes)) in legend.iter().enumerate() {
                    @let y = TOP + 10.0 + 20.0 * i as f64;
                    line x1=(right + 14.0) x2=(right + 38.0) y1=(y) y2=(y) stroke=(color) stroke-width="5" stroke-dasharray=(dashes) {}
                    text x=(right + 44.0) y=(y + 4.0) { (name) }
                }
            }
        };
        svg.into_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(low: f64, high: f64) -> Vec<String> {
        Axis::new("", low, high).marks().into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn marks_are_round() {
        assert_eq!(marks(0.0, 1.0), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(marks(-3.0, 8000.0), ["0", "2000", "4000", "6000", "8000"]);
        assert_eq!(marks(1.2e-5, 5.1e-4), ["0.0001", "0.0002", "0.0003", "0.0004", "0.0005"]);
        assert_eq!(marks(0.0, 2e-5), ["0", "5.0e-6", "1.0e-5", "1.5e-5", "2.0e-5"]);
        let one = Axis::around("", [7.0].into_iter()).marks();
        assert!(one.iter().any(|(value, text)| *value == 7.0 && text == "7.000"), "{one:?}");
    }

    #[test]
    fn values_lie_where_the_marks_say() {
        let frame = Frame { x: Axis::new("time", 0.0, 10.0), y: Axis::new("loss", 0.0, 2.0) };
        assert_eq!([frame.across(5.0), frame.up(2.0)], [LEFT + WIDTH / 2.0, TOP]);
        let svg = frame.drawn(
            "falls <fast>",
            &[("train", color(0, 1), dashes(0))],
            &frame.line([(0.0, 2.0), (10.0, 0.0)].into_iter(), "red", ""),
        );
        assert!(svg.contains("points=\"64.0,12.0 624.0,412.0\""), "{svg}");
        for part in ["aria-label=\"falls &lt;fast&gt;\"", ">time<", ">loss<", ">train<", "role=\"img\""] {
            assert!(svg.contains(part), "{part}: {svg}");
        }
        assert!(!svg.contains("http"), "within a page, SVG needs no address");
    }

    #[test]
    fn every_series_has_a_color_of_its_own() {
        for count in [2, 6, 7, 50] {
            let colors: std::collections::BTreeSet<String> = (0..count).map(|i| color(i, count)).collect();
            assert_eq!(colors.len(), count);
        }
    }
}
