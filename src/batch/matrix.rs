//! A table of scores, every picture with every sound, as text or for NumPy. It is written row by row; memory holds one
//! row.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::str::FromStr;

use zip::ZipWriter;

use super::Name;
use super::muted::Muted;
use crate::embed::npz::{header, stored};
use crate::unknown_name::UnknownName;

/// The file format of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// Text: names of the sounds in the first line, then a line for each picture. Control characters in names are escaped.
    Tsv,
    /// NumPy's archive: `score` (`[pictures, sounds]`, 32 bits), `level` (`[sounds]`, decibels), and the names as `pictures` and
    /// `sounds`.
    Npz,
}

impl Table {
    /// The name that [`Table::from_str`] knows, and the ending of such files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tsv => "tsv",
            Self::Npz => "npz",
        }
    }
}

impl FromStr for Table {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        UnknownName::find("table", [Self::Tsv, Self::Npz], Self::name, name)
    }
}

/// Takes the scores of one picture after the other. What could not be judged is NaN.
pub struct Matrix<'a> {
    out: Out<'a>,
    /// Values of a row.
    width: usize,
}

enum Out<'a> {
    Tsv(Box<dyn Write + 'a>),
    Npz(Box<ZipWriter<Muted<BufWriter<&'a mut File>>>>),
}

impl<'a> Matrix<'a> {
    /// Begins a text table with these sounds as columns.
    ///
    /// # Errors
    /// The table cannot be written.
    pub fn tsv(mut out: Box<dyn Write + 'a>, sounds: &[Name]) -> io::Result<Self> {
        write!(out, "picture")?;
        sounds.iter().try_for_each(|sound| write!(out, "\t{}", escaped(sound)))?;
        writeln!(out)?;
        Ok(Self { out: Out::Tsv(out), width: sounds.len() })
    }

    /// Begins a NumPy archive for this many pictures and sounds.
    ///
    /// # Errors
    /// The table cannot be written.
    pub fn npz(file: &'a mut File, pictures: usize, sounds: usize) -> io::Result<Self> {
        let mut zip = ZipWriter::new(Muted::new(BufWriter::new(file)));
        zip.start_file("score.npy", stored(pictures as u64 * sounds as u64 * 4))?;
        zip.write_all(&header("<f4", &format!("{pictures}, {sounds}")))?;
        Ok(Self { out: Out::Npz(Box::new(zip)), width: sounds })
    }

    /// The next picture's scores, one a sound.
    ///
    /// # Errors
    /// The table cannot be written, or the number of scores is wrong.
    pub fn row(&mut self, picture: &Name, scores: &[f32]) -> io::Result<()> {
        if scores.len() != self.width {
            return Err(io::Error::other(format!("a row has {} scores, not {}", scores.len(), self.width)));
        }
        match &mut self.out {
            Out::Tsv(out) => {
                write!(out, "{}", escaped(picture))?;
                for score in scores {
                    if score.is_nan() { write!(out, "\tnan")? } else { write!(out, "\t{score}")? }
                }
                writeln!(out)
            }
            Out::Npz(zip) => scores.iter().try_for_each(|score| zip.write_all(&score.to_le_bytes())),
        }
    }

    /// Completes the table: writes the levels and names, which are known only now.
    ///
    /// # Errors
    /// The table cannot be written.
    pub fn finish(self, pictures: &[Name], sounds: &[Name], levels: &[f32]) -> io::Result<()> {
        match self.out {
            Out::Tsv(mut out) => out.flush(),
            Out::Npz(mut zip) => {
                zip.start_file("level.npy", stored(levels.len() as u64 * 4))?;
                zip.write_all(&header("<f4", &format!("{},", levels.len())))?;
                levels.iter().try_for_each(|level| zip.write_all(&level.to_le_bytes()))?;
                for (what, names) in [("pictures", pictures), ("sounds", sounds)] {
                    let names: Vec<Vec<char>> =
                        names.iter().map(|name| name.shown().chars().collect()).collect();
                    let longest = names.iter().map(Vec::len).max().unwrap_or(0).max(1);
                    zip.start_file(format!("{what}.npy"), stored((names.len() * longest * 4) as u64))?;
                    // Text of a fixed length, as NumPy has it: UTF-32, filled up with zeros.
                    zip.write_all(&header(&format!("<U{longest}"), &format!("{},", names.len())))?;
                    for name in names {
                        let filled =
                            name.iter().map(|c| u32::from(*c)).chain(std::iter::repeat(0)).take(longest);
                        filled.into_iter().try_for_each(|c| zip.write_all(&c.to_le_bytes()))?;
                    }
                }
                zip.finish()?.flush()
            }
        }
    }
}

/// A name that breaks no line and no column.
fn escaped(name: &Name) -> String {
    let shown = name.shown();
    shown
        .chars()
        .flat_map(|c| {
            let plain = (!c.is_control()).then_some(c);
            plain.into_iter().chain(c.escape_default().filter(move |_| plain.is_none()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<Name> {
        names.iter().map(Name::new).collect()
    }

    #[test]
    fn text_has_names_on_both_sides() {
        let mut text = Vec::new();
        let (pictures, sounds) = (names(&["a.png", "b\tc.png"]), names(&["x.wav", "y.wav"]));
        let mut matrix = Matrix::tsv(Box::new(&mut text), &sounds).unwrap();
        matrix.row(&pictures[0], &[0.25, 1.0]).unwrap();
        matrix.row(&pictures[1], &[f32::NAN, 0.0]).unwrap();
        assert!(matrix.row(&pictures[1], &[0.0]).is_err());
        matrix.finish(&pictures, &sounds, &[0.0; 2]).unwrap();
        let expected = "picture\tx.wav\ty.wav\na.png\t0.25\t1\nb\\tc.png\tnan\t0\n";
        assert_eq!(String::from_utf8(text).unwrap(), expected);
    }

    #[test]
    fn another_reader_finds_the_arrays() {
        let mut file = tempfile::tempfile().unwrap();
        let (pictures, sounds) = (names(&["ä.png", "b.png"]), names(&["x", "yy", "z"]));
        let mut matrix = Matrix::npz(&mut file, 2, 3).unwrap();
        matrix.row(&pictures[0], &[0.1, 0.2, 0.3]).unwrap();
        matrix.row(&pictures[1], &[0.4, 0.5, 0.6]).unwrap();
        matrix.finish(&pictures, &sounds, &[-20.0, -30.0, -120.0]).unwrap();

        let mut archive = zip::ZipArchive::new(file).unwrap();
        let score = npyz::NpyFile::new(archive.by_name("score.npy").unwrap()).unwrap();
        assert_eq!(score.shape(), [2, 3]);
        assert_eq!(score.into_vec::<f32>().unwrap(), [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]);
        let level = npyz::NpyFile::new(archive.by_name("level.npy").unwrap()).unwrap();
        assert_eq!(level.into_vec::<f32>().unwrap(), [-20.0, -30.0, -120.0]);
        for (array, expected) in
            [("pictures.npy", vec!["ä.png", "b.png"]), ("sounds.npy", vec!["x", "yy", "z"])]
        {
            let found = npyz::NpyFile::new(archive.by_name(array).unwrap()).unwrap();
            assert_eq!(found.into_vec::<String>().unwrap(), expected);
        }
    }
}
