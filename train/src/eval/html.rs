//! All reports as one page that needs nothing else, dark or light, and that can be read aloud.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::confusion::Matrix;
use super::pictures::{Content, Picture, Row};
use super::report::{Report, beside};
use super::{Figure, Missing};

const STYLE: &str = "
:root { color-scheme: light dark; --ground: #fff; --text: #1b1f24; --muted: #57606a; --line: #d0d7de; --mark: #4c9be8; --link: #0a58ca; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #0f1219; --text: #e8ebf0; --muted: #9aa5b5; --line: #343c4a; --mark: #3b82c4; --link: #82b4ff; }
}
body { font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--ground); max-width: 1080px; margin: 2rem auto; padding: 0 1rem; }
a { color: var(--link); }
h1 { font-size: 1.9rem; margin-bottom: 0; } h2 { margin-top: 2.6rem; border-top: 2px solid var(--line); padding-top: 1rem; }
p.meta, figcaption, td.small { color: var(--muted); font-size: .88rem; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: .6rem 0 1rem; } th, td { text-align: right; padding: .28rem .5rem; white-space: nowrap; }
th { font-size: .85rem; color: var(--muted); } td, th[scope=row] { border-top: 1px solid var(--line); font-variant-numeric: tabular-nums; }
th[scope=row] { font-size: 1rem; font-weight: normal; color: inherit; }
th:first-child, td:first-child, td.small { text-align: left; padding-left: 0; white-space: normal; }
.summary th:nth-child(2) { text-align: left; }
figure { margin: 1.2rem 0; } figure svg { max-width: 100%; height: auto; }
.row { display: flex; align-items: center; margin: .25rem 0; } .row .label { flex: 0 0 9.5rem; font-size: .86rem; }
.cell { margin-right: 5px; text-align: center; font-size: .72rem; color: var(--muted); width: 100px; overflow: hidden; }
.cell img { width: 100px; height: 100px; display: block; border-radius: 3px; }
table.matrix { width: auto; } .matrix th, .matrix td { font-size: .8rem; padding: .15rem .3rem; text-align: center; }
.matrix thead th:not(:first-child) { writing-mode: sideways-lr; text-align: left; } .matrix th[scope=row] { text-align: right; white-space: nowrap; }
.matrix td { background: color-mix(in srgb, var(--mark) var(--share), transparent); } .matrix td.none { color: var(--muted); }
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
                p.meta { "The model's SHA-256: " code { (model) } }
                main {
                    (summary(reports))
                    @for (i, report) in reports.iter().enumerate() { (section(i, report)) }
                    @if !missing.is_empty() {
                        h2 { "Not run" }
                        ul { @for Missing { experiment, why } in missing { li { b { (experiment) } ": " (why) } } }
                    }
                }
            }
        }
    };
    markup.into_string()
}

/// A table's first row.
fn columns(names: &[&str]) -> Markup {
    html! { tr { @for name in names { th scope="col" { (name) } } } }
}

const BESIDE: &str = "random weights; points above them";

/// The first figure of every report, and the way to it.
fn summary(reports: &[Report]) -> Markup {
    html! {
        h2 { "Summary" }
        div.scroll { table.summary {
            (columns(&["experiment", "first figure", "%", "95 % interval", "chance", BESIDE]))
            @for (i, report) in reports.iter().enumerate() {
                @let figure = report.figures.first();
                @let random = figure.zip(report.random_weights.first());
                tr {
                    th scope="row" { a href={ "#e" (i) } { (report.title) } }
                    td.small { (figure.map_or("pictures", |figure| figure.name.trim())) }
                    td { @if let Some(figure) = figure { b { (format!("{:.1}", figure.percent)) } } }
                    td { @if let Some(Figure { interval: [low, high], .. }) = figure { (format!("{low:.1} – {high:.1}")) } }
                    td { @if let Some(figure) = figure { (format!("{:.1}", figure.chance)) } }
                    td { (random.map(|(figure, random)| beside(figure, random)).unwrap_or_default()) }
                }
            }
        } }
    }
}

fn section(number: usize, report: &Report) -> Markup {
    html! {
        h2 id={ "e" (number) } { (report.title) }
        p { (report.note) }
        p.meta { code { "lookhear-train eval " (report.experiment) } ", split " code { (report.split) } ", seed " (report.seed) }
        @if !report.figures.is_empty() {
            div.scroll { table {
                (columns(&["figure", "%", "95 % interval", "chance", BESIDE, "n", "groups"]))
                @for (i, figure) in report.figures.iter().enumerate() { (line(figure, report.random_weights.get(i))) }
            } }
        }
        @if !report.published.is_empty() {
            table {
                (columns(&["published", "figure"]))
                @for published in &report.published { tr { th scope="row" { (published.name) } td { (published.value) } } }
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
            th scope="row" { (name) }
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
                Content::Sheet(rows) => { @for row in rows { (pictures(row)) } }
                Content::Matrix(matrix) => { (confusions(&picture.title, matrix)) }
            }
            figcaption { (picture.caption) }
        }
    }
}

/// A row of small pictures; what stands below each is read with the row's label, once.
fn pictures(row: &Row) -> Markup {
    html! {
        div.row {
            div.label { (row.label) }
            @for cell in &row.cells {
                div.cell {
                    img src=(cell.address) alt={ (row.label) ": " (cell.label) };
                    span aria-hidden="true" { (cell.label) }
                }
            }
        }
    }
}

/// The darker, the larger a share of its row.
fn confusions(title: &str, matrix: &Matrix) -> Markup {
    let names: Vec<&str> =
        ["there ↓ answered →"].into_iter().chain(matrix.columns.iter().map(String::as_str)).collect();
    html! {
        div.scroll tabindex="0" role="region" aria-label=(title) { table.matrix {
            thead { (columns(&names)) }
            @for (i, name) in matrix.rows.iter().enumerate() {
                tr {
                    th scope="row" { (name) }
                    @for (j, count) in matrix.counts[i].iter().enumerate() {
                        td class=[(*count == 0).then_some("none")] style=(format!("--share:{:.0}%", 60.0 * matrix.share(i, j))) { (count) }
                    }
                }
            }
        } }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Cell;
    use super::*;

    #[test]
    fn names_cannot_break_the_page_and_all_is_on_it() {
        let picture =
            Picture { title: "P".into(), caption: "C".into(), content: Content::Svg("<svg></svg>".into()) };
        let names: Vec<String> = ["dog", "<cat>"].map(String::from).into();
        let answers = [(0, 0), (0, 0), (0, 1), (1, 1)];
        let matrix = Picture::confusion("photos", &names, &answers);
        let cells = vec![Cell { address: "data:,".into(), label: "dog".into() }];
        let sheet = Content::Sheet(vec![Row { label: "unit 5".into(), cells }]);
        let sheet = Picture { title: "S".into(), caption: "C".into(), content: sheet };
        let report = Report { pictures: vec![picture, matrix, sheet], ..Report::example("<accuracy>") };
        let page = page(&[report], &[Missing { experiment: "esc".into(), why: "no folder".into() }]);
        for part in [
            "&lt;accuracy&gt;",
            "75.0",
            "51.0",
            "0123456789ab",
            "Flickr-SoundNet",
            "<svg></svg>",
            "no folder",
            "<code>0123456789abcdef</code>",
            "&lt;cat&gt;",
            "<td style=\"--share:40%\">2</td>",
            "<td class=\"none\" style=\"--share:0%\">0</td>",
            "alt=\"unit 5: dog\"",
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
