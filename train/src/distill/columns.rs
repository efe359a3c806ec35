//! Columns of a Parquet file, some rows at a time. Numbers may have been written in any width.

use std::fs::File;

use parquet::basic::Type;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, DataType};
use parquet::errors::ParquetError;
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::SerializedFileReader;

/// A Parquet file.
pub(super) struct Columns(SerializedFileReader<File>);

/// What a column holds.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Text,
    Number,
    Numbers,
}

/// A column of a file.
#[derive(Clone, Copy)]
pub(super) struct Column {
    place: usize,
    /// Level of definition of a value that is there.
    defined: i16,
}

impl Columns {
    pub(super) fn open(file: File) -> Result<Self, String> {
        SerializedFileReader::new(file).map(Self).map_err(told)
    }

    /// The column of a name, if it holds what it should.
    pub(super) fn find(&self, name: &str, kind: Kind) -> Option<Column> {
        let columns = self.0.metadata().file_metadata().schema_descr().columns();
        let place = columns.iter().position(|column| {
            let found = match column.physical_type() {
                Type::BYTE_ARRAY => Kind::Text,
                Type::FLOAT | Type::DOUBLE | Type::INT32 | Type::INT64 => match column.max_rep_level() {
                    0 => Kind::Number,
                    _ => Kind::Numbers,
                },
                _ => return false,
            };
            // Of a list, the path goes on behind the name.
            let deep_enough = column.max_rep_level() == i16::from(kind == Kind::Numbers);
            column.path().parts().first().is_some_and(|first| first == name) && found == kind && deep_enough
        })?;
        Some(Column { place, defined: columns[place].max_def_level() })
    }

    /// The names of all columns.
    pub(super) fn names(&self) -> Vec<&str> {
        let fields = self.0.metadata().file_metadata().schema().get_fields();
        fields.iter().map(|field| field.name()).collect()
    }

    /// An entry of the file's metadata.
    pub(super) fn entry(&self, key: &str) -> Option<&str> {
        let entries = self.0.metadata().file_metadata().key_value_metadata()?;
        entries.iter().find(|entry| entry.key == key)?.value.as_deref()
    }

    /// Number of row groups.
    pub(super) fn groups(&self) -> usize {
        self.0.num_row_groups()
    }

    /// A column of a row group, from its start.
    pub(super) fn values(&self, group: usize, column: Column) -> Result<Values, String> {
        let group = self.0.get_row_group(group).map_err(told)?;
        let reader = group.get_column_reader(column.place).map_err(told)?;
        Ok(Values { reader, defined: column.defined })
    }
}

/// A column of a row group, read from its start to its end.
pub(super) struct Values {
    reader: ColumnReader,
    defined: i16,
}

/// Some rows of it: values that are there, and the levels that tell where they belong.
struct Records<T> {
    rows: usize,
    values: Vec<T>,
    definitions: Vec<i16>,
    repetitions: Vec<i16>,
}

impl Values {
    /// At most so many texts more; none at the end.
    pub(super) fn texts(&mut self, rows: usize) -> Result<Vec<String>, String> {
        let ColumnReader::ByteArrayColumnReader(reader) = &mut self.reader else {
            return Err("a column holds no text".into());
        };
        let found = records(reader, rows, |bytes: ByteArray| bytes)?;
        if found.values.len() != found.rows {
            return Err("a name is missing".into());
        }
        let text = |bytes: &ByteArray| bytes.as_utf8().map(String::from).map_err(told);
        found.values.iter().map(text).collect()
    }

    /// So many numbers more; a row may have none.
    pub(super) fn numbers(&mut self, rows: usize) -> Result<Vec<Option<f64>>, String> {
        let found = self.records(rows)?;
        if self.defined == 0 {
            return Ok(found.values.into_iter().map(Some).collect());
        }
        let mut values = found.values.into_iter();
        let value = |level: &i16| if *level == self.defined { values.next() } else { None };
        Ok(found.definitions.iter().map(value).collect())
    }

    /// So many lists more, one behind the other; all must be of one length, which is returned, too.
    pub(super) fn lists(&mut self, rows: usize) -> Result<(usize, Vec<f32>), String> {
        let found = self.records(rows)?;
        let length = found.values.len() / rows.max(1);
        // Repetition 0 begins a row's list; of a list that is empty or lacks a value, there is a level and no value.
        let whole = length > 0
            && found.rows == rows
            && found.values.len() == found.repetitions.len()
            && found.repetitions.iter().enumerate().all(|(n, r)| (*r == 0) == n.is_multiple_of(length));
        if !whole {
            return Err("its lists are not all of one length".into());
        }
        Ok((length, found.values.into_iter().map(|value| value as f32).collect()))
    }

    fn records(&mut self, rows: usize) -> Result<Records<f64>, String> {
        match &mut self.reader {
            ColumnReader::FloatColumnReader(reader) => records(reader, rows, f64::from),
            ColumnReader::DoubleColumnReader(reader) => records(reader, rows, |value| value),
            ColumnReader::Int32ColumnReader(reader) => records(reader, rows, f64::from),
            ColumnReader::Int64ColumnReader(reader) => records(reader, rows, |value| value as f64),
            _ => Err("a column holds no numbers".into()),
        }
    }
}

fn records<D: DataType, T>(
    reader: &mut ColumnReaderImpl<D>,
    rows: usize,
    convert: impl Fn(D::T) -> T,
) -> Result<Records<T>, String> {
    let (mut values, mut definitions, mut repetitions) = (Vec::new(), Vec::new(), Vec::new());
    let read = reader.read_records(rows, Some(&mut definitions), Some(&mut repetitions), &mut values);
    let (rows, ..) = read.map_err(told)?;
    Ok(Records { rows, values: values.into_iter().map(convert).collect(), definitions, repetitions })
}

fn told(error: ParquetError) -> String {
    match error {
        // The system's own words are clearer than the library's around them.
        ParquetError::External(source) => source.to_string(),
        error => format!("{error} (read is what is compressed by Snappy, or not at all)"),
    }
}
