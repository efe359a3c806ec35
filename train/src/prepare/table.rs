//! The tables that name the clips of a data set.

use std::path::Path;

use clap::ValueEnum;
use csv::{ReaderBuilder, StringRecord, Trim};

use super::kinetics::class_of;
use crate::Error;
use crate::shards::Side;

/// Whose table it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// AudioSet's segments: `# YTID, start_seconds, end_seconds, positive_labels`. No split.
    Audioset,
    /// VGGSound: `id, start seconds, "label", train or test`; clips of 10 s.
    Vggsound,
    /// Kinetics: `label,youtube_id,time_start,time_end,split`, of which the classes of Kinetics-Sounds are taken.
    KineticsSounds,
}

/// A line of a table: a span of a video.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    /// Id of the video.
    pub(super) video: String,
    /// Where the span begins in that video, in seconds.
    pub(super) start: f64,
    /// Where it ends.
    pub(super) end: f64,
    /// Classes.
    pub(super) labels: Vec<String>,
    /// The official split, if there is one.
    pub(super) side: Option<Side>,
    /// Where it stands: table and line, from 1.
    pub(super) place: String,
}

/// Reads a table.
///
/// # Errors
/// Names the file and the line: a column is missing, a number is none, a split is unknown; or no line is left.
pub(super) fn read(path: &Path, format: Format) -> Result<Vec<Entry>, Error> {
    let text = std::fs::read(path).map_err(|e| Error::file(path, e))?;
    let mut entries = parse(&text, format).map_err(|why| Error::file(path, why))?;
    if entries.is_empty() {
        return Err(Error::file(path, format!("no clip in it; is --format {} right?", name(format))));
    }
    entries.iter_mut().for_each(|entry| entry.place = format!("{} {}", path.display(), entry.place));
    Ok(entries)
}

fn name(format: Format) -> &'static str {
    match format {
        Format::Audioset => "audioset",
        Format::Vggsound => "vggsound",
        Format::KineticsSounds => "kinetics-sounds",
    }
}

fn parse(text: &[u8], format: Format) -> Result<Vec<Entry>, String> {
    let kinetics = format == Format::KineticsSounds;
    // Spreadsheets put a mark at the beginning of a file.
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    // The other two put a space before a quote, which then is none to the CSV standard: their labels may be torn
    // at commas, and are put together again.
    let mut reader = ReaderBuilder::new()
        .has_headers(kinetics)
        .quoting(kinetics)
        .flexible(!kinetics)
        .comment((!kinetics).then_some(b'#'))
        .trim(Trim::All)
        .from_reader(text);
    let columns =
        if kinetics { kinetics_columns(reader.headers().map_err(|e| e.to_string())?)? } else { [0; 5] };
    let mut entries = Vec::new();
    for record in reader.records() {
        // The crate's message names the line.
        let record = record.map_err(|e| e.to_string())?;
        let line = record.position().map_or(0, |position| line_of(text, position));
        let entry = match format {
            Format::Audioset => audioset(&record).map(Some),
            Format::Vggsound => vggsound(&record).map(Some),
            Format::KineticsSounds => kinetics_sounds(&record, columns),
        };
        let entry = entry.and_then(|entry| entry.map(checked).transpose());
        let entry = entry.map_err(|why| format!("line {line}: {why}"))?;
        entries.extend(entry.map(|entry| Entry { place: format!("line {line}"), ..entry }));
    }
    Ok(entries)
}

fn checked(entry: Entry) -> Result<Entry, String> {
    let Entry { video, start, end, .. } = &entry;
    let names_a_file = !video.is_empty() && !video.contains(['/', '\\']) && !video.starts_with('.');
    if !names_a_file {
        return Err(format!("{video:?} is no id of a video"));
    }
    if !(*start >= 0.0 && start < end && end.is_finite()) {
        return Err(format!("the clip is from {start} to {end} s; it should end after it starts"));
    }
    Ok(entry)
}

fn seconds(text: &str, column: &str) -> Result<f64, String> {
    text.parse().map_err(|_| format!("{column} is {text:?}; it should be a number of seconds"))
}

fn side(text: &str) -> Result<Side, String> {
    match text {
        "train" => Ok(Side::Train),
        "val" | "validate" | "validation" => Ok(Side::Val),
        "test" => Ok(Side::Test),
        _ => Err(format!("the split is {text:?}; it should be train, val or test")),
    }
}

/// The line of a record. The crate counts from where it began to look: before the comments.
fn line_of(text: &[u8], position: &csv::Position) -> u64 {
    let rest = text.get(position.byte() as usize..).unwrap_or_default();
    let comments = rest.split(|byte| *byte == b'\n').take_while(|line| line.starts_with(b"#")).count();
    position.line() + comments as u64
}

/// Fields that were torn at commas, as they were; quotes around them removed.
fn joined<'a>(fields: impl Iterator<Item = &'a str>, separator: &str) -> String {
    let whole = fields.collect::<Vec<_>>().join(separator);
    let inner = whole.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.unwrap_or(&whole).replace("\"\"", "\"").trim().to_string()
}

fn audioset(record: &StringRecord) -> Result<Entry, String> {
    let mut fields = record.iter();
    let (Some(video), Some(start), Some(end)) = (fields.next(), fields.next(), fields.next()) else {
        return Err(format!(
            "{} columns; AudioSet has YTID, start_seconds, end_seconds, positive_labels",
            record.len()
        ));
    };
    let labels = joined(fields, ",");
    if labels.is_empty() {
        return Err("no labels in the fourth column".into());
    }
    Ok(Entry {
        video: video.into(),
        start: seconds(start, "start_seconds")?,
        end: seconds(end, "end_seconds")?,
        labels: labels.split(',').map(|label| label.trim().to_string()).collect(),
        side: None,
        place: String::new(),
    })
}

fn vggsound(record: &StringRecord) -> Result<Entry, String> {
    let count = record.len();
    if count < 4 {
        return Err(format!("{count} columns; VGGSound has id, start seconds, label, split"));
    }
    let start = seconds(&record[1], "the start")?;
    let label = joined(record.iter().take(count - 1).skip(2), ", ");
    if label.is_empty() {
        return Err("no label in the third column".into());
    }
    Ok(Entry {
        video: record[0].into(),
        start,
        end: start + 10.0,
        labels: vec![label],
        side: Some(side(&record[count - 1])?),
        place: String::new(),
    })
}

/// Where label, id, start, end and split stand: releases differ in what follows them.
fn kinetics_columns(header: &StringRecord) -> Result<[usize; 5], String> {
    let mut columns = [0; 5];
    for (place, name) in columns.iter_mut().zip(["label", "youtube_id", "time_start", "time_end", "split"]) {
        *place = header.iter().position(|column| column == name).ok_or_else(|| {
            format!("line 1: no column {name:?}; Kinetics has label,youtube_id,time_start,time_end,split")
        })?;
    }
    Ok(columns)
}

fn kinetics_sounds(record: &StringRecord, columns: [usize; 5]) -> Result<Option<Entry>, String> {
    let [label, video, start, end, split] = columns.map(|column| &record[column]);
    let Some(label) = class_of(label) else { return Ok(None) };
    Ok(Some(Entry {
        video: video.into(),
        start: seconds(start, "time_start")?,
        end: seconds(end, "time_end")?,
        labels: vec![label.into()],
        side: Some(side(split)?),
        place: String::new(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(video: &str, start: f64, end: f64, labels: &[&str], side: Option<Side>, line: u64) -> Entry {
        let place = format!("line {line}");
        let labels = labels.iter().map(|label| label.to_string()).collect();
        Entry { video: video.into(), start, end, labels, side, place }
    }

    #[test]
    fn audioset_has_comments_and_quoted_lists() {
        let text = b"# Segments\n# YTID, start_seconds, end_seconds, positive_labels\n\
            -aBcDeFgHiJ, 30.000, 40.000, \"/m/aaa,/t/bb_1\"\nKLMNOPQRSTU, 0.000, 9.500, \"/m/ccc\"\n";
        let expected = [
            entry("-aBcDeFgHiJ", 30.0, 40.0, &["/m/aaa", "/t/bb_1"], None, 3),
            entry("KLMNOPQRSTU", 0.0, 9.5, &["/m/ccc"], None, 4),
        ];
        assert_eq!(parse(text, Format::Audioset).unwrap(), expected);
    }

    #[test]
    fn vggsound_labels_may_have_commas_and_spaces_before_quotes() {
        let text = b"aaaaaaaaaaa,7,\"bell, small, ringing\",train\nbbbbbbbbbbb, 120, \"bell, big\", test\nccccccccccc,0,mice,test\n";
        let expected = [
            entry("aaaaaaaaaaa", 7.0, 17.0, &["bell, small, ringing"], Some(Side::Train), 1),
            entry("bbbbbbbbbbb", 120.0, 130.0, &["bell, big"], Some(Side::Test), 2),
            entry("ccccccccccc", 0.0, 10.0, &["mice"], Some(Side::Test), 3),
        ];
        assert_eq!(parse(text, Format::Vggsound).unwrap(), expected);
    }

    #[test]
    fn kinetics_keeps_the_34_classes_under_the_papers_names() {
        let text = b"label,youtube_id,time_start,time_end,split,is_cc\nplaying organ,aaa,4,14,train,0\n\
            juggling balls,bbb,1,11,train,0\n\"mowing lawn\",ccc,2,12,validate,0\n";
        let expected = [
            entry("aaa", 4.0, 14.0, &["playing organ"], Some(Side::Train), 2),
            entry("ccc", 2.0, 12.0, &["mowing the lawn by pushing lawnmower"], Some(Side::Val), 4),
        ];
        assert_eq!(parse(text, Format::KineticsSounds).unwrap(), expected);
    }

    #[test]
    fn malformed_lines_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        let complaint = |text: &str, format| {
            std::fs::write(&path, text).unwrap();
            let error = read(&path, format).unwrap_err().to_string();
            assert!(error.contains("table.csv: "), "{error}");
            error
        };
        let says = |text: &str, format, parts: [&str; 2]| {
            let error = complaint(text, format);
            assert!(parts.iter().all(|part| error.contains(part)), "{error}");
        };
        says("aaa, 1, 2, \"x\"\nbbb, soon, 2, \"x\"\n", Format::Audioset, ["line 2", "soon"]);
        says("aaa, 1\n", Format::Audioset, ["line 1", "columns"]);
        says("aaa, 3, 2, \"x\"\n", Format::Audioset, ["line 1", "from 3 to 2"]);
        says("../aaa, 1, 2, \"x\"\n", Format::Audioset, ["line 1", "no id"]);
        says("aaa,1,bell,train\nbbb,1,bell,practice\n", Format::Vggsound, ["line 2", "practice"]);
        says("aaa,bell\n", Format::Vggsound, ["line 1", "columns"]);
        says("label,youtube_id\nx,y\n", Format::KineticsSounds, ["line 1", "time_start"]);
        let header = "label,youtube_id,time_start,time_end,split\n";
        says(&format!("{header}singing,aaa,x,2,train\n"), Format::KineticsSounds, ["line 2", "time_start"]);
        says(&format!("{header}singing,aaa\n"), Format::KineticsSounds, ["line: 2", "fields"]);
        says(header, Format::KineticsSounds, ["no clip", "kinetics-sounds"]);
    }
}
