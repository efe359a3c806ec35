//! Episodes as Apache Parquet, for data frames.

use std::io::{self, Write};

use ::parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FloatType, Int64Type};
use ::parquet::errors::ParquetError;
use ::parquet::file::writer::SerializedRowGroupWriter;
use jiff::Timestamp;

use super::Episode;
use crate::columnar;

/// The columns of the table, in the order in which they are written.
const SCHEMA: &str = "
    message episodes {
        REQUIRED BYTE_ARRAY id (UTF8);
        REQUIRED BYTE_ARRAY source (UTF8);
        REQUIRED BYTE_ARRAY state (UTF8);
        OPTIONAL BYTE_ARRAY name (UTF8);
        OPTIONAL INT64 start (TIMESTAMP(MILLIS,true));
        OPTIONAL INT64 end (TIMESTAMP(MILLIS,true));
        REQUIRED DOUBLE t_start;
        REQUIRED DOUBLE t_end;
        REQUIRED BOOLEAN over;
        REQUIRED INT64 decisions;
        REQUIRED FLOAT best_score;
        OPTIONAL FLOAT x0;
        OPTIONAL FLOAT y0;
        OPTIONAL FLOAT x1;
        OPTIONAL FLOAT y1;
        OPTIONAL BYTE_ARRAY snapshot (UTF8);
        OPTIONAL BYTE_ARRAY clip (UTF8);
    }";
/// Rows of a group.
const ROWS: usize = 65536;

/// Writes episodes as Parquet: times of day as timestamps in milliseconds (UTC), the box as `x0`, `y0`, `x1`, `y1`.
///
/// # Errors
/// The writer's.
pub fn write_parquet(out: impl Write + Send, episodes: &[Episode]) -> io::Result<()> {
    write(out, episodes).map_err(columnar::failed)
}

fn write(out: impl Write + Send, episodes: &[Episode]) -> Result<(), ParquetError> {
    let mut writer = columnar::begin(out, SCHEMA, None)?;
    for episodes in episodes.chunks(ROWS) {
        let mut group = Group { group: writer.next_row_group()?, episodes };
        group.text(|episode| &episode.id)?;
        group.text(|episode| &episode.source)?;
        group.text(|episode| episode.state.word())?;
        group.optional_text(|episode| episode.name.as_deref())?;
        group.optional::<Int64Type>(|episode| milliseconds(&episode.start))?;
        group.optional::<Int64Type>(|episode| milliseconds(&episode.end))?;
        group.required::<DoubleType>(|episode| episode.t_start)?;
        group.required::<DoubleType>(|episode| episode.t_end)?;
        group.required::<BoolType>(|episode| episode.over)?;
        group.required::<Int64Type>(|episode| episode.decisions.cast_signed())?;
        group.required::<FloatType>(|episode| episode.best_score)?;
        for side in 0..4 {
            group.optional::<FloatType>(|episode| Some(episode.bounds?[side]))?;
        }
        group.optional_text(|episode| episode.snapshot.as_deref())?;
        group.optional_text(|episode| episode.clip.as_deref())?;
        group.group.close()?;
    }
    writer.close()?;
    Ok(())
}

/// Milliseconds since 1970 of a time in RFC 3339; those of a history always are.
fn milliseconds(time: &str) -> Option<i64> {
    time.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
}

/// Some rows, whose columns are written one after the other.
struct Group<'a, W: Write> {
    group: SerializedRowGroupWriter<'a, W>,
    episodes: &'a [Episode],
}

impl<W: Write + Send> Group<'_, W> {
    fn text(&mut self, field: impl Fn(&Episode) -> &str) -> Result<(), ParquetError> {
        self.required::<ByteArrayType>(|episode| ByteArray::from(field(episode)))
    }

    fn optional_text(&mut self, field: impl Fn(&Episode) -> Option<&str>) -> Result<(), ParquetError> {
        self.optional::<ByteArrayType>(|episode| field(episode).map(ByteArray::from))
    }

    fn required<T: DataType>(&mut self, field: impl Fn(&Episode) -> T::T) -> Result<(), ParquetError> {
        let values: Vec<T::T> = self.episodes.iter().map(field).collect();
        self.column::<T>(&values, None)
    }

    fn optional<T: DataType>(
        &mut self,
        field: impl Fn(&Episode) -> Option<T::T>,
    ) -> Result<(), ParquetError> {
        let values: Vec<Option<T::T>> = self.episodes.iter().map(field).collect();
        // Definition 1: the value is there.
        let definitions: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
        let values: Vec<T::T> = values.into_iter().flatten().collect();
        self.column::<T>(&values, Some(&definitions))
    }

    fn column<T: DataType>(
        &mut self,
        values: &[T::T],
        definitions: Option<&[i16]>,
    ) -> Result<(), ParquetError> {
        let Some(mut column) = self.group.next_column()? else {
            return Err(ParquetError::General("more columns than the schema has".into()));
        };
        column.typed::<T>().write_batch(values, definitions, None)?;
        column.close()
    }
}

#[cfg(test)]
mod tests {
    use ::parquet::file::reader::FileReader;
    use ::parquet::file::serialized_reader::SerializedFileReader;
    use ::parquet::record::Field;

    use super::super::store::tests::example;
    use super::*;

    #[test]
    fn episodes_come_back_with_what_is_missing() {
        let nowhere = Episode { bounds: None, ..example(6, None) };
        let mut file = tempfile::tempfile().unwrap();
        write_parquet(&mut file, &[example(5, Some("Rex")), nowhere]).unwrap();
        let reader = SerializedFileReader::new(file).unwrap();
        let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
        let field = |row: usize, name: &str| {
            let mut columns = rows[row].get_column_iter();
            columns.find(|(column, _)| *column == name).map(|(_, field)| field.clone()).unwrap()
        };
        assert_eq!(rows.len(), 2);
        assert_eq!((field(0, "name"), field(1, "name")), (Field::Str("Rex".into()), Field::Null));
        assert_eq!((field(0, "y1"), field(1, "y1")), (Field::Float(0.75), Field::Null));
        let noon = "2026-11-30T12:00:05.900Z".parse::<Timestamp>().unwrap();
        assert_eq!(field(0, "end"), Field::TimestampMillis(noon.as_millisecond()));
        assert_eq!(field(1, "clip"), Field::Null);
    }
}
