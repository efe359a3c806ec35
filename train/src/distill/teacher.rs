//! What a teacher makes of pictures or of seconds of sound.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::columns::{Column, Columns, Kind};
use crate::Error;
use crate::corpus::hex;

/// Rows that are read at a time.
const ROWS: usize = 256;
/// Entry of the file's metadata: rows of the map, which are as many as its columns.
const MAP_SIDE: &str = "map_side";
/// Entry of the file's metadata: who the teacher was, for people.
const NAME: &str = "teacher";

/// A Parquet file with a row for each picture or second of sound. Its columns:
///
/// - `file` (text): the picture, sound or video, relative to the folder that is learned from;
/// - `time` (number, s): of a video, when the frame is shown; of sound, when the second begins. Pictures have none;
/// - `vector` (list of numbers, all of one length): what the teacher makes of it;
/// - `map` (list of numbers, may be left out): the same place by place, `[side, side, channels]`, row by row, with the
///   side in the file's metadata, as `map_side`.
///
/// The metadata may name the teacher, as `teacher`. Vectors and maps wait in an anonymous temporary file, as there may be
/// more of them than memory holds.
pub struct Teacher {
    /// Who it was, if the file says so.
    pub name: Option<String>,
    /// Names the rows and all their values: SHA-256, first 12 digits.
    pub fingerprint: String,
    /// Values of a vector.
    pub dims: usize,
    /// The maps' shape, if there are any.
    pub grid: Option<Grid>,
    pub(super) files: Vec<String>,
    pub(super) rows: Vec<Row>,
    spool: File,
}

/// Shape of the teacher's maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Rows, and columns.
    pub side: usize,
    /// Values of a place.
    pub channels: usize,
}

/// What a row is about.
#[derive(Clone, Copy)]
pub(super) struct Row {
    /// Its place in [`Teacher::files`].
    pub(super) file: u32,
    /// Seconds.
    pub(super) time: Option<f64>,
}

impl Teacher {
    /// Reads a file. Maps are left out unless they are asked for; values wait in the folder `scratch`, four bytes each.
    ///
    /// # Errors
    /// The file is no such table, with what it lacks; or `scratch` is full.
    pub fn open(path: &Path, with_maps: bool, scratch: &Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(|e| Error::file(path, e))?;
        let spool = tempfile::tempfile_in(scratch).map_err(|e| Error::file(scratch, e))?;
        read(file, with_maps, spool).map_err(|reason| Error::file(path, reason))
    }

    /// Number of values of a row: vector and map.
    fn width(&self) -> usize {
        self.dims + self.grid.map_or(0, |grid| grid.side * grid.side * grid.channels)
    }

    /// Vector and map (`[side, side, channels]`, or nothing) of a row.
    ///
    /// # Errors
    /// The temporary file cannot be read.
    pub(super) fn values(&self, row: usize) -> io::Result<(Vec<f32>, Vec<f32>)> {
        let length = self.width() * size_of::<f32>();
        let mut bytes = vec![0; length];
        self.spool.read_exact_at(&mut bytes, (row * length) as u64)?;
        let mut values: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
        let map = values.split_off(self.dims);
        Ok((values, map))
    }

    /// The file of a row.
    pub(super) fn file(&self, row: usize) -> &str {
        &self.files[self.rows[row].file as usize]
    }
}

/// Where what is read is put.
struct Reading {
    spool: BufWriter<File>,
    hash: Sha256,
    files: Vec<String>,
    places: HashMap<String, u32>,
    rows: Vec<Row>,
    /// Lengths of vectors and maps.
    lengths: [Option<usize>; 2],
}

fn read(file: File, with_maps: bool, spool: File) -> Result<Teacher, String> {
    let columns = Columns::open(file)?;
    let (names, vectors) = (columns.find("file", Kind::Text), columns.find("vector", Kind::Numbers));
    let (Some(names), Some(vectors)) = (names, vectors) else {
        let needed = [("file", "text", names), ("vector", "lists of numbers", vectors)];
        let missing = needed.iter().filter(|(.., found)| found.is_none());
        let missing: Vec<String> = missing.map(|(name, kind, _)| format!("`{name}` ({kind})")).collect();
        let there = columns.names().join(", ");
        return Err(format!("it has no column {}; its columns are {there}", missing.join(" and no column ")));
    };
    let times = columns.find("time", Kind::Number);
    let maps = columns.find("map", Kind::Numbers).filter(|_| with_maps);
    let mut reading = Reading {
        spool: BufWriter::new(spool),
        hash: Sha256::new(),
        files: Vec::new(),
        places: HashMap::new(),
        rows: Vec::new(),
        lengths: [None; 2],
    };
    for group in 0..columns.groups() {
        reading.group(&columns, group, [names, vectors], [times, maps])?;
    }
    let [Some(dims), map] = reading.lengths else { return Err("it has no rows".into()) };
    let grid = map.map(|length| grid(length, columns.entry(MAP_SIDE))).transpose()?;
    Ok(Teacher {
        name: columns.entry(NAME).map(Into::into),
        fingerprint: hex(&reading.hash.finalize())[..12].to_string(),
        dims,
        grid,
        files: reading.files,
        rows: reading.rows,
        spool: reading.spool.into_inner().map_err(|e| e.to_string())?,
    })
}

fn grid(length: usize, side: Option<&str>) -> Result<Grid, String> {
    let side = side.and_then(|side| side.parse::<usize>().ok()).filter(|side| *side > 0);
    let side = side.ok_or(format!("it has maps, and no number `{MAP_SIDE}` in its metadata"))?;
    match length.is_multiple_of(side * side) {
        true => Ok(Grid { side, channels: length / (side * side) }),
        false => Err(format!("its maps have {length} values, which are not {side} x {side} places")),
    }
}

impl Reading {
    /// A group of rows, by the columns of files and vectors, and those of times and maps.
    fn group(
        &mut self,
        columns: &Columns,
        group: usize,
        [names, vectors]: [Column; 2],
        [times, maps]: [Option<Column>; 2],
    ) -> Result<(), String> {
        let open = |column| columns.values(group, column);
        let (mut names, mut vectors) = (open(names)?, open(vectors)?);
        let (mut times, mut maps) = (times.map(open).transpose()?, maps.map(open).transpose()?);
        loop {
            let names = names.texts(ROWS)?;
            let count = names.len();
            if count == 0 {
                return Ok(());
            }
            let times = times.as_mut().map(|times| times.numbers(count)).transpose()?;
            let times = times.unwrap_or_else(|| vec![None; count]);
            if times.len() != count {
                return Err("column `time` has fewer rows than `file`".into());
            }
            let (dims, vectors) = vectors.lists(count).map_err(|e| format!("column `vector`: {e}"))?;
            let maps = maps.as_mut().map(|maps| maps.lists(count)).transpose();
            let (places, maps) = maps.map_err(|e| format!("column `map`: {e}"))?.unwrap_or_default();
            if *self.lengths[0].get_or_insert(dims) != dims {
                return Err("column `vector`: its lists are not all of one length".into());
            }
            if places > 0 && *self.lengths[1].get_or_insert(places) != places {
                return Err("column `map`: its lists are not all of one length".into());
            }
            for (n, (name, time)) in names.into_iter().zip(times).enumerate() {
                let values = [&vectors[n * dims..][..dims], &maps[n * places..][..places]];
                self.row(name, time, &values).map_err(|e| e.to_string())?;
            }
        }
    }

    fn row(&mut self, name: String, time: Option<f64>, values: &[&[f32]]) -> io::Result<()> {
        if time.is_some_and(|time| !(time.is_finite() && time >= 0.0)) {
            return Err(io::Error::other(format!("the time of {name} is no number of seconds")));
        }
        self.hash.update(format!("{name}\n{time:?}\n"));
        for value in values.iter().copied().flatten() {
            if !value.is_finite() {
                return Err(io::Error::other(format!("a value of {name} is no number")));
            }
            self.hash.update(value.to_le_bytes());
            self.spool.write_all(&value.to_le_bytes())?;
        }
        let next = self.files.len() as u32;
        let file = *self.places.entry(name.clone()).or_insert(next);
        if file == next {
            self.files.push(name);
        }
        self.rows.push(Row { file, time });
        Ok(())
    }
}
