//! What all tables in Apache Parquet have in common.

use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

/// Begins a table: compressed by Snappy, which every reader knows; `schema` in the format's own words, and entries for
/// the file's metadata.
///
/// # Errors
/// The schema is none, or the file cannot be written.
pub(crate) fn begin<W: Write + Send>(
    out: W,
    schema: &str,
    metadata: Option<Vec<KeyValue>>,
) -> Result<SerializedFileWriter<W>, ParquetError> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by(concat!("lookhear version ", env!("CARGO_PKG_VERSION")).into())
        .set_key_value_metadata(metadata)
        .build();
    SerializedFileWriter::new(out, Arc::new(parse_message_type(schema)?), Arc::new(properties))
}

/// The error of a file: the system's own words are clearer than the library's around them.
pub(crate) fn failed(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(source) => io::Error::other(source),
        error => io::Error::other(error),
    }
}
