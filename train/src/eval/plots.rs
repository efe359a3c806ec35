//! Plots: points of a t-SNE, curves, bars.

use plotters::prelude::*;

use crate::{Error, EvalError};

const SIZE: (u32, u32) = (760, 560);
const FONT: &str = "sans-serif";

fn failed(e: impl std::fmt::Display) -> EvalError {
    EvalError::library("a plot", e)
}

/// A color for the i-th of `count` classes: around the circle of hues, light and dark in turn.
fn color(i: usize, count: usize) -> HSLColor {
    HSLColor(i as f64 / count.max(1) as f64, 0.75, if i.is_multiple_of(2) { 0.42 } else { 0.6 })
}

/// Points by class, with a legend. `points[i]` is of class `labels[i]`.
///
/// # Errors
/// The plot cannot be drawn.
pub(super) fn scatter(
    title: &str,
    points: &[[f64; 2]],
    labels: &[usize],
    classes: &[String],
) -> Result<String, Error> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (SIZE.0 + 140, SIZE.1)).into_drawing_area();
        area.fill(&WHITE).map_err(failed)?;
        let (plot, legend) = area.split_horizontally(SIZE.0);
        let range = |axis: usize| {
            let values = || points.iter().map(|p| p[axis]);
            let (low, high) = (values().fold(f64::MAX, f64::min), values().fold(f64::MIN, f64::max));
            let margin = ((high - low) * 0.04).max(1e-6);
            low - margin..high + margin
        };
        let mut chart = ChartBuilder::on(&plot)
            .caption(title, (FONT, 20))
            .margin(12)
            .x_label_area_size(36)
            .y_label_area_size(48)
            .build_cartesian_2d(range(0), range(1))
            .map_err(failed)?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .x_desc("t-SNE dimension 1 (no unit)")
            .y_desc("t-SNE dimension 2 (no unit)")
            .label_style((FONT, 13))
            .draw()
            .map_err(failed)?;
        let dots = points
            .iter()
            .zip(labels)
            .map(|(p, label)| Circle::new((p[0], p[1]), 3.5, color(*label, classes.len()).mix(0.8).filled()));
        chart.draw_series(dots).map_err(failed)?;
        // Twenty hues are more than an eye tells apart: names stand in the middle of their dots.
        let names = classes.iter().enumerate().filter_map(|(i, class)| {
            let of = |axis: usize| {
                median(points.iter().zip(labels).filter(|(_, l)| **l == i).map(|(p, _)| p[axis]))
            };
            Some(Text::new(class.clone(), (of(0)?, of(1)?), (FONT, 13).into_font().color(&BLACK.mix(0.75))))
        });
        chart.draw_series(names).map_err(failed)?;
        for (i, class) in classes.iter().enumerate() {
            let y = 40 + 22 * i as i32;
            legend.draw(&Circle::new((14, y), 5, color(i, classes.len()).filled())).map_err(failed)?;
            let text = Text::new(class.clone(), (26, y - 7), (FONT, 14));
            legend.draw(&text).map_err(failed)?;
        }
        area.present().map_err(failed)?;
    }
    Ok(svg)
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}

/// A named curve.
pub(super) struct Curve {
    pub(super) name: String,
    pub(super) points: Vec<(f64, f64)>,
}

/// Curves over 0..1 in both directions.
///
/// # Errors
/// The plot cannot be drawn.
pub(super) fn curves(title: &str, x: &str, y: &str, curves: &[Curve]) -> Result<String, Error> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        area.fill(&WHITE).map_err(failed)?;
        let mut chart = ChartBuilder::on(&area)
            .caption(title, (FONT, 20))
            .margin(12)
            .x_label_area_size(44)
            .y_label_area_size(52)
            .build_cartesian_2d(0.0..1.0, 0.0..1.0)
            .map_err(failed)?;
        let mesh = &mut chart.configure_mesh();
        mesh.x_desc(x).y_desc(y).label_style((FONT, 14)).draw().map_err(failed)?;
        for (i, curve) in curves.iter().enumerate() {
            let style = color(2 * i, 2 * curves.len()).stroke_width(3);
            chart
                .draw_series(LineSeries::new(curve.points.iter().copied(), style))
                .map_err(failed)?
                .label(&curve.name)
                .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 22, y)], style));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .background_style(WHITE.mix(0.85))
            .border_style(BLACK.mix(0.3))
            .label_font((FONT, 14))
            .draw()
            .map_err(failed)?;
        area.present().map_err(failed)?;
    }
    Ok(svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scatter_has_every_point_and_every_name() {
        let classes = ["dog".to_string(), "bell".to_string()];
        let svg = scatter("Two", &[[0.0, 1.0], [2.0, 3.0], [1.0, 1.0]], &[0, 1, 1], &classes).unwrap();
        assert_eq!(svg.matches("<circle").count(), 3 + 2);
        assert!(svg.contains("dog") && svg.contains("bell") && svg.contains("t-SNE dimension 1"));
    }

    #[test]
    fn curves_have_axes_and_a_legend() {
        let curve = Curve { name: "trained".into(), points: vec![(0.0, 1.0), (1.0, 0.0)] };
        let svg = curves("cIoU", "threshold", "share", &[curve]).unwrap();
        assert!(["trained", "threshold", "share"].iter().all(|word| svg.contains(word)));
    }
}
