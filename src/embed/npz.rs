//! NumPy's NPZ: a ZIP archive, stored without compression as `numpy.savez` does, of NPY arrays (version 1.0 of the
//! format, NEP 1).

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::table::Take;
use super::{Label, Rows, Table};

/// Writes the arrays `embedding` and `timestamps`, `level` if the rows have one, and the label as the archive's comment, which NumPy leaves alone.
pub(super) fn write(file: &mut File, table: &mut Table, label: &Label) -> io::Result<()> {
    let (rows, dims) = (table.timestamps().len(), table.dims());
    let timestamps: Vec<u8> = table.timestamps().iter().flat_map(|t| t.to_le_bytes()).collect();
    let mut zip = ZipWriter::new(BufWriter::new(file));
    let entries: BTreeMap<&str, &str> = label.entries().collect();
    zip.set_comment(serde_json::to_string(&entries)?)?;
    zip.start_file("embedding.npy", stored(rows as u64 * dims as u64 * 4))?;
    zip.write_all(&header("<f4", &format!("{rows}, {dims}")))?;
    io::copy(&mut table.bytes()?, &mut zip)?;
    zip.start_file("timestamps.npy", stored(timestamps.len() as u64))?;
    zip.write_all(&header("<f8", &format!("{rows},")))?;
    zip.write_all(&timestamps)?;
    if !table.levels().is_empty() {
        zip.start_file("level.npy", stored(rows as u64 * 4))?;
        zip.write_all(&header("<f4", &format!("{rows},")))?;
        table.levels().iter().try_for_each(|level| zip.write_all(&level.to_le_bytes()))?;
    }
    zip.finish()?.flush()
}

/// The label of an output; `None` if the file is none.
pub(super) fn label(file: File) -> Option<Label> {
    let archive = ZipArchive::new(BufReader::new(file)).ok()?;
    let entries: BTreeMap<String, String> = serde_json::from_slice(archive.comment()).ok()?;
    Label::from_entries(entries)
}

/// Reads what [`write`] wrote, so many rows of `dims` values at a time, the last time fewer.
pub(super) fn read(path: &Path, dims: usize, rows: usize, take: Take) -> io::Result<()> {
    // The arrays lie one after the other and are read side by side: an archive for each.
    let open = || io::Result::Ok(ZipArchive::new(BufReader::new(File::open(path)?))?);
    let (mut first, mut second, mut third) = (open()?, open()?, open()?);
    let mut timestamps = first.by_name("timestamps.npy")?;
    let mut embedding = second.by_name("embedding.npy")?;
    let mut level = match third.index_for_name("level.npy") {
        Some(index) => Some(third.by_index(index)?),
        None => None,
    };
    let mut left = (timestamps.size() as usize).saturating_sub(header("<f8", "1,").len()) / size_of::<f64>();
    begin(&mut timestamps, "<f8", &format!("{left},"))?;
    begin(&mut embedding, "<f4", &format!("{left}, {dims}"))?;
    level.iter_mut().try_for_each(|level| begin(level, "<f4", &format!("{left},")))?;
    let mut part = Rows::default();
    let mut bytes = Vec::new();
    while left > 0 {
        let count = left.min(rows);
        part.clear();
        bytes.resize(count * size_of::<f64>(), 0);
        timestamps.read_exact(&mut bytes)?;
        part.timestamps.extend(bytes.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b)));
        let mut floats = |array: &mut dyn Read, count: usize| {
            bytes.resize(count * size_of::<f32>(), 0);
            array.read_exact(&mut bytes)?;
            io::Result::Ok(bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect::<Vec<_>>())
        };
        part.values = floats(&mut embedding, count * dims)?;
        if let Some(level) = &mut level {
            part.levels = floats(level, count)?;
        }
        take(&part)?;
        left -= count;
    }
    Ok(())
}

/// Reads an array's beginning, which must be as [`write`] writes it.
fn begin(array: &mut impl Read, kind: &str, shape: &str) -> io::Result<()> {
    let expected = header(kind, shape);
    let mut found = vec![0; expected.len()];
    array.read_exact(&mut found)?;
    match found == expected {
        true => Ok(()),
        false => Err(io::Error::other(format!("an array is not what it should be: {kind}, ({shape})"))),
    }
}

/// How an array of so many bytes lies in the archive.
pub(crate) fn stored(bytes: u64) -> SimpleFileOptions {
    // From 4 GiB on, an entry needs the ZIP64 form, which must be known before; with room for the header.
    let large = bytes > u64::from(u32::MAX) - 4096;
    SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(large)
}

/// What comes before the numbers: magic, version 1.0, and a Python dictionary that fills up to a multiple of 64.
pub(crate) fn header(kind: &str, shape: &str) -> Vec<u8> {
    let dictionary = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({shape}), }}");
    let magic = *b"\x93NUMPY\x01\x00";
    let before = magic.len() + size_of::<u16>();
    let length = (before + dictionary.len() + 1).next_multiple_of(64) - before;
    let mut header = magic.to_vec();
    header.extend((length as u16).to_le_bytes());
    header.extend(format!("{dictionary:<0$}\n", length - 1).bytes());
    header
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embed::Settings;

    #[test]
    fn another_reader_finds_the_arrays() {
        let mut table = Table::new(&std::env::temp_dir(), 3).unwrap();
        table.push(0.0, &[1.0, 2.0, 3.0]).unwrap();
        table.push(0.1, &[4.0, 5.0, -0.5]).unwrap();
        let label = Label::new("abc", "int", &Settings::default());
        let mut file = tempfile::tempfile().unwrap();
        write(&mut file, &mut table, &label).unwrap();

        let mut archive = ZipArchive::new(file.try_clone().unwrap()).unwrap();
        let embedding = npyz::NpyFile::new(archive.by_name("embedding.npy").unwrap()).unwrap();
        assert_eq!((embedding.shape(), embedding.order()), (&[2, 3][..], npyz::Order::C));
        assert_eq!(embedding.into_vec::<f32>().unwrap(), [1.0, 2.0, 3.0, 4.0, 5.0, -0.5]);
        let timestamps = npyz::NpyFile::new(archive.by_name("timestamps.npy").unwrap()).unwrap();
        assert_eq!(timestamps.shape(), [2]);
        assert_eq!(timestamps.into_vec::<f64>().unwrap(), [0.0, 0.1]);
        assert_eq!(super::label(file), Some(label));
    }

    #[test]
    fn headers_are_aligned() {
        for shape in ["1,", "36000, 6144", "123456789, 8192"] {
            let header = header("<f4", shape);
            assert!(header.len().is_multiple_of(64) && header.ends_with(b"\n"), "{shape}");
            assert_eq!(usize::from(u16::from_le_bytes([header[8], header[9]])), header.len() - 10);
        }
    }
}
