//! All reports as one page that needs nothing else.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::pictures::{Content, Picture};
use super::report::{Report, beside};
use super::{Figure, Missing};

const STYLE: &str = "
body { font: 16px/1.5 system-ui, sans-serif; color: #1b1f24; max-width: 1080px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.9rem; margin-bottom: 0; } h2 { margin-top: 2.6rem; border-top: 2px solid #d0d7de; padding-top: 1rem; }
p.meta, figcaption, td.small { color: #57606a; font-size: .88rem; }
table { border-collapse: collapse; width: 100%; margin: .6rem 0 1rem; } th, td { text-align: right; padding: .28rem .5rem; white-space: nowrap; }
th { font-size: .85rem; color: #57606a; } td { border-top: 1px solid #eaeef2; font-variant-numeric: tabular-nums; }
th:first-child, td:first-child, td.small { text-align: left; padding-left: 0; white-space: normal; }
figure { margin: 1.2rem 0; } figure svg { max-width: 100%; height: auto; }
.row { display: flex; align-items: center; margin: .25rem 0; } .row .label { flex: 0 0 9.5rem; font-size: .86rem; }
.cell { margin-right: 5px; text-align: center; font-size: .72rem; color: #57606a; width: 100px; overflow: hidden; }
.cell img { width: 100px; height: 100px; display: block; border-radius: 3px; }
";

/// The page. `missing`: experiments that were not run, and why.
pub fn page(reports: &[Report], missing: &[Missing]) -> String {
    let model = reports.first().map_or("", |report| &report.model);
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                title { "LookHear: evaluation" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { "LookHear: evaluation" }
                p.meta { "Model " code { (&model[..12.min(model.len())]) } ". Every figure with its 95 % interval, drawn by "
                    "recording, scene or clip; beside it the same network with random weights." }
                @if let Some(report) = reports.first() { p.meta { (report.made) ", --seed " (report.seed) "." } }
                (summary(reports))
                @for (i, report) in reports.iter().enumerate() { (section(i, report)) }
                @if !missing.is_empty() {
                    h2 { "Not run" }
                    ul { @for Missing { experiment, why } in missing { li { b { (experiment) } ": " (why) } } }
                }
            }
        }
    };
    markup.into_string()
}

/// The first figure of every report, and the way to it.
fn summary(reports: &[Report]) -> Markup {
    html! {
        h2 { "Summary" }
        table {
            tr { th {} th {} th { "%" } th { "95 % interval" } th { "chance" } th { "random weights; points above them" } }
            @for (i, report) in reports.iter().enumerate() {
                @let figure = report.figures.first();
                @let random = figure.zip(report.random_weights.first());
                tr {
                    td { a href={ "#e" (i) } { (report.title) } }
                    td.small { (figure.map_or("pictures", |figure| figure.name.trim())) }
                    td { @if let Some(figure) = figure { b { (format!("{:.1}", figure.percent)) } } }
                    td { @if let Some(Figure { interval: [low, high], .. }) = figure { (format!("{low:.1} – {high:.1}")) } }
                    td { @if let Some(figure) = figure { (format!("{:.1}", figure.chance)) } }
                    td { (random.map(|(figure, random)| beside(figure, random)).unwrap_or_default()) }
                }
            }
        }
    }
}

fn section(number: usize, report: &Report) -> Markup {
    html! {
        h2 id={ "e" (number) } { (report.title) }
        p { (report.note) }
        p.meta { code { "lookhear-train eval " (report.experiment) } ", split " code { (report.split) } ", seed " (report.seed) }
        @if !report.figures.is_empty() {
            table {
                tr { th {} th { "%" } th { "95 % interval" } th { "chance" } th { "random weights; points above them" } th { "n" } th { "groups" } }
                @for (i, figure) in report.figures.iter().enumerate() { (line(figure, report.random_weights.get(i))) }
            }
        }
        @if !report.published.is_empty() {
            table {
                tr { th { "published" } th {} }
                @for published in &report.published { tr { td { (published.name) } td { (published.value) } } }
            }
        }
        @for picture in &report.pictures { (shown(picture)) }
    }
}

fn line(figure: &Figure, random: Option<&Figure>) -> Markup {
    let Figure { name, percent, interval: [low, high], chance, n, groups, .. } = figure;
    let of_random = random.map(|random| beside(figure, random));
    html! {
        tr {
            td { (name) }
            td { b { (format!("{percent:.1}")) } }
            td { (format!("{low:.1} – {high:.1}")) }
            td { (format!("{chance:.1}")) }
            td { (of_random.unwrap_or_default()) }
            td { (n) }
            td { (groups) }
        }
    }
}

fn shown(picture: &Picture) -> Markup {
    html! {
        figure {
            h3 { (picture.title) }
            @match &picture.content {
                Content::Svg(svg) => { (PreEscaped(svg)) }
                Content::Sheet(rows) => {
                    @for row in rows {
                        div.row {
                            div.label { (row.label) }
                            @for cell in &row.cells {
                                div.cell { img src=(cell.address) alt=(cell.label); (cell.label) }
                            }
                        }
                    }
                }
            }
            figcaption { (picture.caption) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_the_page_and_all_is_on_it() {
        let picture =
            Picture { title: "P".into(), caption: "C".into(), content: Content::Svg("<svg></svg>".into()) };
        let report = Report { pictures: vec![picture], ..Report::example("<accuracy>") };
        let page = page(&[report], &[Missing { experiment: "esc".into(), why: "no folder".into() }]);
        for part in [
            "&lt;accuracy&gt;",
            "75.0",
            "51.0",
            "0123456789ab",
            "Flickr-SoundNet",
            "<svg></svg>",
            "no folder",
        ] {
            assert!(page.contains(part), "{part}");
        }
        assert!(!page.contains("http"), "nothing is fetched from elsewhere");
    }

    #[test]
    fn the_page_begins_with_when_and_how_and_a_summary_whose_links_differ() {
        let titled = |title: &str| Report { title: title.into(), ..Report::example("accuracy") };
        // Two of one experiment, on other data.
        let page = page(&[titled("Composed scenes"), titled("Annotated frames")], &[]);
        let made = "Made on 2026-11-30 by lookhear-train 1.2.3, --engine int, --n 600, --seed 1.";
        let (made, summary, first) =
            (page.find(made).unwrap(), page.find("Summary").unwrap(), page.find("id=\"e0\"").unwrap());
        assert!(made < summary && summary < first);
        for (number, title) in ["Composed scenes", "Annotated frames"].iter().enumerate() {
            assert_eq!(page.matches(&format!("<a href=\"#e{number}\">{title}</a>")).count(), 1, "{title}");
        }
        assert!(page[summary..first].contains("75.0"), "the figure itself");
    }
}
