//! Episodes as a table for spreadsheets and other programs.

use std::io::{self, Write};

use super::Episode;

/// The columns of CSV.
const COLUMNS: [&str; 15] = [
    "id",
    "source",
    "state",
    "name",
    "start",
    "end",
    "t_start",
    "t_end",
    "over",
    "decisions",
    "best_score",
    "x0",
    "y0",
    "x1",
    "y1",
];

/// Writes episodes as CSV (RFC 4180) with a header; snapshot and clip are the last two columns.
///
/// # Errors
/// The writer's.
pub fn write_csv(mut out: impl Write, episodes: &[Episode]) -> io::Result<()> {
    write!(out, "{},snapshot,clip\r\n", COLUMNS.join(","))?;
    for episode in episodes {
        let number = |value: f64| format!("{value:.3}");
        let side = |n: usize| episode.bounds.map_or(String::new(), |bounds| number(f64::from(bounds[n])));
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let fields = [
            episode.id.clone(),
            episode.source.clone(),
            episode.state.word().into(),
            text(&episode.name),
            episode.start.clone(),
            episode.end.clone(),
            number(episode.t_start),
            number(episode.t_end),
            episode.over.to_string(),
            episode.decisions.to_string(),
            number(f64::from(episode.best_score)),
            side(0),
            side(1),
            side(2),
            side(3),
            text(&episode.snapshot),
            text(&episode.clip),
        ];
        write!(out, "{}\r\n", fields.map(|field| quoted(&field)).join(","))?;
    }
    out.flush()
}

/// Writes episodes as JSON lines.
///
/// # Errors
/// The writer's.
pub fn write_json(mut out: impl Write, episodes: &[Episode]) -> io::Result<()> {
    for episode in episodes {
        serde_json::to_writer(&mut out, episode)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// A field in quotes where it needs them. One that a spreadsheet would take for a formula is led by an apostrophe:
/// names are whatever somebody typed.
fn quoted(field: &str) -> String {
    let formula = field.starts_with(['=', '+', '-', '@', '\t', '\r']) && field.parse::<f64>().is_err();
    let field = if formula { format!("'{field}") } else { field.to_string() };
    match field.contains([',', '"', '\r', '\n']) {
        true => format!("\"{}\"", field.replace('"', "\"\"")),
        false => field,
    }
}

#[cfg(test)]
mod tests {
    use super::super::store::tests::example;
    use super::*;

    #[test]
    fn csv_quotes_what_needs_it_and_is_no_formula() {
        let mut csv = Vec::new();
        write_csv(&mut csv, &[example(5, Some("Rex, \"the\" dog")), example(6, Some("=1+1"))]).unwrap();
        let csv = String::from_utf8(csv).unwrap();
        let lines: Vec<&str> = csv.split("\r\n").collect();
        assert!(lines[0].starts_with("id,source,state,name,start") && lines[0].ends_with("y1,snapshot,clip"));
        assert!(lines[1].contains(",\"Rex, \"\"the\"\" dog\",2026-11-30T12:00:05.000Z,"), "{}", lines[1]);
        assert!(
            lines[2].contains(",'=1+1,") && lines[2].contains(",0.125,0.250,0.500,0.750,,"),
            "{}",
            lines[2]
        );
        assert_eq!(lines.len(), 4);
    }

    #[test]
    fn json_lines_are_read_back() {
        let mut lines = Vec::new();
        write_json(&mut lines, &[example(5, None)]).unwrap();
        let back: Episode = serde_json::from_slice(&lines).unwrap();
        assert_eq!(back, example(5, None));
    }
}
