//! Apache Parquet, written column by column: a timestamp and a list of numbers per row.

use std::fs::File;
use std::io::{self, Read};

use ::parquet::basic::Type;
use ::parquet::column::reader::get_typed_column_reader;
use ::parquet::data_type::{DoubleType, FloatType};
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::KeyValue;
use ::parquet::file::reader::FileReader;
use ::parquet::file::serialized_reader::SerializedFileReader;
use ::parquet::file::writer::SerializedFileWriter;

use super::table::Take;
use super::{Label, Rows, Table};
use crate::columnar::{self, failed};

/// Lists in the form of three levels that the format's specification asks for (LogicalTypes, section Lists).
const COLUMNS: &str = "
        REQUIRED DOUBLE timestamp;
        REQUIRED GROUP embedding (LIST) {
            REPEATED GROUP list { REQUIRED FLOAT element; }
        }";
/// Of rows of sound that have one.
const LEVEL: &str = "REQUIRED FLOAT level;";
/// Before each name of the label in the file's metadata.
const PREFIX: &str = "lookhear.";
/// Most values of a row group: what is in memory at a time.
const GROUP: usize = 1 << 22;

/// Writes the columns `timestamp` and `embedding`, `level` if the rows have one, and the label as metadata.
pub(super) fn write(file: &mut File, table: &mut Table, label: &Label) -> io::Result<()> {
    write_groups(file, table, label, (GROUP / table.dims()).max(1))
}

/// As [`write`], with so many rows in a group.
fn write_groups(file: &mut File, table: &mut Table, label: &Label, rows: usize) -> io::Result<()> {
    let entry = |(name, value): (&str, &str)| KeyValue::new(format!("{PREFIX}{name}"), value.to_string());
    let level = if table.levels().is_empty() { "" } else { LEVEL };
    let schema = format!("message embeddings {{{COLUMNS}{level}}}");
    let metadata = label.entries().map(entry).collect();
    let mut writer = columnar::begin(file, &schema, Some(metadata)).map_err(failed)?;
    let (dims, timestamps) = (table.dims(), table.timestamps().to_vec());
    let levels = table.levels().to_vec();
    let mut levels = levels.chunks(rows);
    let mut bytes = table.bytes()?;
    for times in timestamps.chunks(rows) {
        let mut raw = vec![0; times.len() * dims * size_of::<f32>()];
        bytes.read_exact(&mut raw)?;
        let values: Vec<f32> = raw.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
        write_group(&mut writer, times, &values, levels.next()).map_err(failed)?;
    }
    writer.close().map_err(failed)?;
    Ok(())
}

fn write_group(
    writer: &mut SerializedFileWriter<&mut File>,
    times: &[f64],
    values: &[f32],
    levels: Option<&[f32]>,
) -> Result<(), ParquetError> {
    let dims = values.len() / times.len();
    let mut group = writer.next_row_group()?;
    if let Some(mut column) = group.next_column()? {
        column.typed::<DoubleType>().write_batch(times, None, None)?;
        column.close()?;
    }
    if let Some(mut column) = group.next_column()? {
        // Definition 1: the element is there. Repetition 0 begins a row's list, 1 goes on with it.
        let definitions = vec![1; values.len()];
        let repetitions: Vec<i16> = (0..values.len()).map(|n| i16::from(n % dims > 0)).collect();
        column.typed::<FloatType>().write_batch(values, Some(&definitions), Some(&repetitions))?;
        column.close()?;
    }
    if let (Some(levels), Some(mut column)) = (levels, group.next_column()?) {
        column.typed::<FloatType>().write_batch(levels, None, None)?;
        column.close()?;
    }
    group.close()?;
    Ok(())
}

/// The label of an output; `None` if the file is none.
pub(super) fn label(file: File) -> Option<Label> {
    let reader = SerializedFileReader::new(file).ok()?;
    let entries = reader.metadata().file_metadata().key_value_metadata()?;
    let ours = entries
        .iter()
        .filter_map(|entry| Some((entry.key.strip_prefix(PREFIX)?.to_string(), entry.value.clone()?)));
    Label::from_entries(ours)
}

/// Reads what [`write`] wrote, so many rows of `dims` values at a time, the last time fewer. Memory holds those rows and
/// a page of each column.
pub(super) fn read(file: File, dims: usize, rows: usize, take: Take) -> io::Result<()> {
    let reader = SerializedFileReader::new(file).map_err(failed)?;
    let columns = reader.metadata().file_metadata().schema_descr().columns();
    let place = |name: &str, kind: Type| {
        columns.iter().position(|c| c.path().string() == name && c.physical_type() == kind)
    };
    let missing = |name| move || io::Error::other(format!("there is no column `{name}`"));
    let timestamp = place("timestamp", Type::DOUBLE).ok_or_else(missing("timestamp"))?;
    let embedding = place("embedding.list.element", Type::FLOAT).ok_or_else(missing("embedding"))?;
    let level = place("level", Type::FLOAT);
    let mut part = Rows::default();
    let (mut definitions, mut repetitions) = (Vec::new(), Vec::new());
    for number in 0..reader.num_row_groups() {
        let group = reader.get_row_group(number).map_err(failed)?;
        let column = |place| group.get_column_reader(place).map_err(failed);
        let mut timestamps = get_typed_column_reader::<DoubleType>(column(timestamp)?);
        let mut elements = get_typed_column_reader::<FloatType>(column(embedding)?);
        let mut levels = level.map(column).transpose()?.map(get_typed_column_reader::<FloatType>);
        loop {
            let room = rows - part.timestamps.len();
            let read = timestamps.read_records(room, None, None, &mut part.timestamps);
            let (count, ..) = read.map_err(failed)?;
            if count == 0 {
                break;
            }
            definitions.clear();
            repetitions.clear();
            let (of, to) = (Some(&mut definitions), Some(&mut repetitions));
            let read = elements.read_records(count, of, to, &mut part.values);
            let (lists, values, _) = read.map_err(failed)?;
            // Repetition 0 begins a row's list.
            let whole = repetitions.iter().enumerate().all(|(n, r)| (*r == 0) == n.is_multiple_of(dims));
            if lists != count || values != count * dims || !whole {
                return Err(io::Error::other(format!("its rows are not of {dims} values each")));
            }
            if let Some(levels) = &mut levels {
                levels.read_records(count, None, None, &mut part.levels).map_err(failed)?;
            }
            if part.timestamps.len() == rows {
                take(&part)?;
                part.clear();
            }
        }
    }
    if part.timestamps.is_empty() { Ok(()) } else { take(&part) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embed::Settings;
    use ::parquet::record::Field;

    #[test]
    fn rows_come_back_as_lists() {
        let mut table = Table::new(&std::env::temp_dir(), 3).unwrap();
        for n in 0..5 {
            table.push(f64::from(n) / 10.0, &[n as f32, 0.0, -1.0]).unwrap();
        }
        let label = Label::new("abc", "int", &Settings::default());
        let mut file = tempfile::tempfile().unwrap();
        write_groups(&mut file, &mut table, &label, 2).unwrap();

        let reader = SerializedFileReader::new(file.try_clone().unwrap()).unwrap();
        assert_eq!(reader.metadata().num_row_groups(), 3, "the last one is not full");
        let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 5);
        for (n, row) in rows.iter().enumerate() {
            let fields: Vec<_> = row.get_column_iter().collect();
            assert_eq!((fields[0].0.as_str(), fields[1].0.as_str()), ("timestamp", "embedding"));
            assert_eq!(*fields[0].1, Field::Double(n as f64 / 10.0));
            let Field::ListInternal(list) = fields[1].1 else { panic!("{:?}", fields[1]) };
            assert_eq!(list.elements(), [n as f32, 0.0, -1.0].map(Field::Float));
        }
        assert_eq!(super::label(file), Some(label));
    }
}
