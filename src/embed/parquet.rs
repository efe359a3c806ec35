//! Apache Parquet, written column by column: a timestamp and a list of numbers per row.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

use ::parquet::basic::Compression;
use ::parquet::data_type::{DoubleType, FloatType};
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::KeyValue;
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::reader::FileReader;
use ::parquet::file::serialized_reader::SerializedFileReader;
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::parser::parse_message_type;

use super::{Label, Table};

/// Lists in the form of three levels that the format's specification asks for (LogicalTypes, section Lists).
const SCHEMA: &str = "
    message embeddings {
        REQUIRED DOUBLE timestamp;
        REQUIRED GROUP embedding (LIST) {
            REPEATED GROUP list { REQUIRED FLOAT element; }
        }
    }";
/// Before each name of the label in the file's metadata.
const PREFIX: &str = "lookhear.";
/// Most values of a row group: what is in memory at a time.
const GROUP: usize = 1 << 22;

/// Writes the columns `timestamp` and `embedding`, and the label as metadata.
pub(super) fn write(file: &mut File, table: &mut Table, label: &Label) -> io::Result<()> {
    write_groups(file, table, label, (GROUP / table.dims()).max(1))
}

/// As [`write`], with so many rows in a group.
fn write_groups(file: &mut File, table: &mut Table, label: &Label, rows: usize) -> io::Result<()> {
    let entry = |(name, value): (&str, &str)| KeyValue::new(format!("{PREFIX}{name}"), value.to_string());
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by(concat!("lookhear version ", env!("CARGO_PKG_VERSION")).into())
        .set_key_value_metadata(Some(label.entries().map(entry).collect()))
        .build();
    let schema = parse_message_type(SCHEMA).map_err(other)?;
    let mut writer =
        SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties)).map_err(other)?;
    let (dims, timestamps) = (table.dims(), table.timestamps().to_vec());
    let mut bytes = table.bytes()?;
    for times in timestamps.chunks(rows) {
        let mut raw = vec![0; times.len() * dims * size_of::<f32>()];
        bytes.read_exact(&mut raw)?;
        let values: Vec<f32> = raw.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
        write_group(&mut writer, times, &values, dims).map_err(other)?;
    }
    writer.close().map_err(other)?;
    Ok(())
}

fn write_group(
    writer: &mut SerializedFileWriter<&mut File>,
    times: &[f64],
    values: &[f32],
    dims: usize,
) -> Result<(), ParquetError> {
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

fn other(error: ParquetError) -> io::Error {
    match error {
        // The system's own words are clearer than the library's around them.
        ParquetError::External(source) => io::Error::other(source),
        error => io::Error::other(error),
    }
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
