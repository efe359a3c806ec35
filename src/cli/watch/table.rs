//! What was seen and heard in all files, at the end: a row each.

use lookhear::sinks::Digest;

/// A file.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) digest: Digest,
    /// Why the file was watched only in part, or not at all.
    pub(super) trouble: Option<String>,
}

const TITLES: [&str; 7] = ["file", "seconds", "match", "not in view", "quiet", "matches", "longest match"];

/// Titles and a line for each file.
pub(super) fn table(rows: &[Row]) -> String {
    let cells: Vec<[String; 7]> =
        std::iter::once(TITLES.map(String::from)).chain(rows.iter().map(Row::cells)).collect();
    let width = |column: usize| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 7] = std::array::from_fn(width);
    let troubles = std::iter::once(None).chain(rows.iter().map(|row| row.trouble.as_deref()));
    let line = |(cells, trouble): (&[String; 7], Option<&str>)| {
        let mut line = format!("{:<1$}", cells[0], widths[0]);
        // A file that was never watched has nothing to be counted.
        if !cells[1].is_empty() {
            cells.iter().zip(widths).skip(1).for_each(|(cell, width)| line += &format!("  {cell:>width$}"));
        }
        line + &trouble.map_or(String::new(), |trouble| format!("  {trouble}"))
    };
    cells.iter().zip(troubles).map(line).collect::<Vec<_>>().join("\n")
}

impl Row {
    fn cells(&self) -> [String; 7] {
        let Digest { seconds, decisions, matched, unseen, matches, longest, .. } = self.digest;
        let share = |count: usize| format!("{:.0} %", count as f64 * 100.0 / decisions as f64);
        let counted = [
            format!("{seconds:.2}"),
            share(matched),
            share(unseen),
            share(decisions - matched - unseen),
            matches.to_string(),
            longest.map_or("-".into(), |[begin, end]| format!("{begin:.2} - {end:.2} s")),
        ];
        let mut cells: [String; 7] = Default::default();
        cells[0].clone_from(&self.name);
        if decisions > 0 {
            cells[1..].clone_from_slice(&counted);
        }
        cells
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_a_row_also_one_that_failed() {
        let digest = Digest {
            seconds: 12.0,
            decisions: 150,
            matched: 75,
            unseen: 15,
            matches: 2,
            longest: Some([2.4, 5.12]),
        };
        let none = Digest { seconds: 3.0, decisions: 37, ..Digest::default() };
        let row = |name: &str, digest, trouble: Option<&str>| Row {
            name: name.into(),
            digest,
            trouble: trouble.map(String::from),
        };
        let rows = [
            row("dog.mp4", digest, None),
            row("text.mkv", Digest::default(), Some("cannot be read")),
            row("a longer name.mp4", none, Some("damaged")),
        ];
        let expected = "\
file               seconds  match  not in view  quiet  matches  longest match
dog.mp4              12.00   50 %         10 %   40 %        2  2.40 - 5.12 s
text.mkv           cannot be read
a longer name.mp4     3.00    0 %          0 %  100 %        0              -  damaged";
        assert_eq!(table(&rows), expected);
    }
}
