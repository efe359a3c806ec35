//! The tables of reports as Markdown, for a model card or a README.

use std::fmt::Write;

use super::Figure;
use super::report::{Report, beside};

/// All tables in Markdown, without pictures.
pub fn markdown(reports: &[Report]) -> String {
    let mut text = reports.first().map(|report| format!("{}.\n\n", report.made)).unwrap_or_default();
    for report in reports {
        // Writing to a string cannot fail.
        let _ = section(&mut text, report);
    }
    text
}

fn section(text: &mut String, report: &Report) -> std::fmt::Result {
    let Report { experiment, title, note, model, split, seed, .. } = report;
    let model = &model[..12.min(model.len())];
    writeln!(text, "### {title}\n\n{note}\n")?;
    writeln!(text, "`lookhear-train eval {experiment}`, model `{model}`, split `{split}`, seed {seed}.\n")?;
    if !report.figures.is_empty() {
        writeln!(text, "| | % | 95 % interval | chance | random weights; points above them | n | groups |")?;
        writeln!(text, "|---|---|---|---|---|---|---|")?;
    }
    for (i, figure) in report.figures.iter().enumerate() {
        let Figure { name, percent, interval: [low, high], chance, n, groups, .. } = figure;
        let random = report.random_weights.get(i).map(|random| beside(figure, random)).unwrap_or_default();
        let name = name.trim_start().replace('|', "/");
        writeln!(
            text,
            "| {name} | {percent:.1} | {low:.1} - {high:.1} | {chance:.1} | {random} | {n} | {groups} |"
        )?;
    }
    if !report.published.is_empty() {
        writeln!(text, "\nPublished:")?;
    }
    for published in &report.published {
        writeln!(text, "- {}: {}", published.name, published.value)?;
    }
    writeln!(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_a_figure() {
        let text = markdown(&[Report::example("a | b")]);
        assert!(
            text.contains(
                "| a / b | 75.0 | 75.0 - 75.0 | 50.0 | 51.0 (75.0 - 75.0); +0.0 [+0.0, +0.0] | 2 | 2 |"
            ),
            "{text}"
        );
        assert!(text.contains("`0123456789ab`"));
        assert!(
            text.starts_with("Made on 2026-11-30 by lookhear-train 1.2.3, --engine int, --n 600.\n\n### AVC")
        );
    }
}
