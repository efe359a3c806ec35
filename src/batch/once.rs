//! Pictures and sounds by name, each of them read once.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::Name;
use super::spool::Spool;
use crate::engine::{AudioEncoding, ImageEncoding};
use crate::event::Event;
use crate::judge::{Judge, Shown};
use crate::media::{self, Found, Loss, MediaError, Wanted};
use crate::preprocess::{level, spectrogram};

/// Why a pair was not judged: a picture or sound that could not be read, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Failed(String);

impl Failed {
    fn because(error: impl ToString) -> Self {
        Self(error.to_string())
    }
}

/// What is known of a picture or sound.
#[derive(Clone, Debug)]
enum Item<T> {
    /// Not read yet; it is read on first use, together with its neighbours.
    Unread,
    /// Row in the spool, and further data.
    Ready(u64, T),
    Failed(Failed),
}

/// Moments of one file that are read together.
struct Group {
    file: PathBuf,
    wanted: Vec<Wanted>,
    /// Index of each moment among the pictures or sounds.
    places: Vec<usize>,
}

/// Reads pictures and sounds, and judges any of them with any.
pub struct Once<'a> {
    judge: &'a mut Judge,
    names: [Vec<Name>; 2],
    /// For each picture and each sound, the group it belongs to; `None`: it is read by itself.
    groups: [Vec<Option<usize>>; 2],
    all: Vec<Group>,
    sights: Vec<Item<Shown>>,
    sounds: Vec<Item<f32>>,
    spools: [Spool; 2],
    /// The encoding of the last picture: the next pair often has the same one.
    latest: Option<(usize, ImageEncoding)>,
    damaged: Vec<Damaged>,
}

/// A file that was read only in part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damaged {
    /// The name as it was given.
    pub name: String,
    /// What was lost.
    pub loss: Loss,
}

/// Index in pairs of pictures and sounds.
const PICTURE: usize = 0;
const SOUND: usize = 1;

impl<'a> Once<'a> {
    /// Takes the names; nothing is read yet.
    ///
    /// # Errors
    /// The temporary folder cannot be written.
    pub fn new(judge: &'a mut Judge, pictures: Vec<Name>, sounds: Vec<Name>) -> io::Result<Self> {
        let names = [pictures, sounds];
        let (all, groups) = group(&names);
        let unwritable = |error: io::Error| {
            let place = std::env::temp_dir();
            let words =
                format!("{} cannot be written: {error}; TMPDIR names another folder", place.display());
            io::Error::new(error.kind(), words)
        };
        Ok(Self {
            judge,
            sights: vec![Item::Unread; names[PICTURE].len()],
            sounds: vec![Item::Unread; names[SOUND].len()],
            names,
            groups,
            all,
            spools: [Spool::new().map_err(unwritable)?, Spool::new().map_err(unwritable)?],
            latest: None,
            damaged: Vec::new(),
        })
    }

    /// Damaged files among those read since the last call.
    pub fn take_damaged(&mut self) -> Vec<Damaged> {
        std::mem::take(&mut self.damaged)
    }

    /// Judges a picture with a sound, each given by its place; with the localization map if `map`.
    ///
    /// # Errors
    /// One of the two could not be read. A name fails in the same words each time.
    pub fn judge(&mut self, picture: usize, sound: usize, map: bool) -> Result<Event, Failed> {
        let shown = self.encode_image(picture).map_err(|error| self.hint(error, sound))?;
        let (heard, level) = self.encode_audio(sound)?;
        let Some((_, seen)) = &self.latest else { return Err(Failed("nothing was seen".into())) };
        let t = self.names[PICTURE][picture].moment().unwrap_or(0.0);
        Ok(self.judge.judge_alone(t, (seen, shown), (&heard, level), map))
    }

    /// The level of a sound, in decibels relative to full scale.
    ///
    /// # Errors
    /// It could not be read.
    pub fn level(&mut self, sound: usize) -> Result<f32, Failed> {
        self.encode_audio(sound).map(|(_, level)| level)
    }

    /// Makes this picture the latest one, encoding it if need be.
    fn encode_image(&mut self, picture: usize) -> Result<Shown, Failed> {
        if let Item::Unread = self.sights[picture] {
            self.read(PICTURE, picture);
        }
        let (row, shown) = match &self.sights[picture] {
            Item::Ready(row, shown) => (*row, *shown),
            Item::Failed(error) => return Err(error.clone()),
            Item::Unread => {
                return Err(Failed(format!("{} was not read", self.names[PICTURE][picture].shown())));
            }
        };
        if self.latest.as_ref().is_none_or(|(latest, _)| *latest != picture) {
            let mut embedding = self.spools[PICTURE].row(row).map_err(Failed::because)?;
            let spatial_embeddings = embedding.split_off(self.judge.manifest().spec.vision.map_shape()[0]);
            self.latest = Some((picture, ImageEncoding { embedding, spatial_embeddings }));
        }
        Ok(shown)
    }

    fn encode_audio(&mut self, sound: usize) -> Result<(AudioEncoding, f32), Failed> {
        if let Item::Unread = self.sounds[sound] {
            self.read(SOUND, sound);
        }
        match &self.sounds[sound] {
            Item::Ready(row, level) => {
                let mut embedding = self.spools[SOUND].row(*row).map_err(Failed::because)?;
                let projection = embedding.split_off(self.judge.manifest().spec.audio.map_shape()[0]);
                Ok((AudioEncoding { embedding, projection }, *level))
            }
            Item::Failed(error) => Err(error.clone()),
            Item::Unread => Err(Failed(format!("{} was not read", self.names[SOUND][sound].shown()))),
        }
    }

    /// Reads a picture or sound, and with it what lies close to it in the same file.
    fn read(&mut self, kind: usize, place: usize) {
        let Some(group) = self.groups[kind][place] else {
            let name = &self.names[kind][place];
            let found = match kind {
                PICTURE => media::picture(name.file()).map(Found::Picture),
                _ => media::loudest_second(name.file()).map(|(second, loss)| {
                    if !loss.is_nothing() {
                        self.damaged.push(Damaged { name: name.shown(), loss });
                    }
                    Found::Second(second)
                }),
            };
            let hinted = |error: MediaError| match name.hint() {
                Some(hint) => Failed(format!("{error}; {hint}")),
                None => Failed::because(error),
            };
            return self.keep(kind, place, found.map_err(hinted));
        };
        let Group { file, wanted, places } = std::mem::replace(&mut self.all[group], Group::nothing());
        let loss = media::moments(&file, &wanted, &mut |index, found| {
            let kind = if let Wanted::Picture(_) = wanted[index] { PICTURE } else { SOUND };
            self.keep(kind, places[index], found.map_err(Failed::because));
        });
        if !loss.is_nothing() {
            self.damaged.push(Damaged { name: file.display().to_string(), loss });
        }
    }

    /// Encodes what was read and keeps the encoding.
    fn keep(&mut self, kind: usize, place: usize, found: Result<Found, Failed>) {
        let Self { judge, sights, sounds, spools, .. } = self;
        match found {
            Ok(Found::Picture(picture)) => {
                let seen = judge.encode_image(&picture);
                let row = spools[PICTURE].push(seen.embedding.into_iter().chain(seen.spatial_embeddings));
                sights[place] = match row {
                    Ok(row) => Item::Ready(row, Shown::of(&picture)),
                    Err(error) => Item::Failed(Failed::because(error)),
                };
            }
            Ok(Found::Second(second)) => {
                let heard = judge.encode_audio(&spectrogram::second(&second));
                let row = spools[SOUND].push(heard.embedding.into_iter().chain(heard.projection));
                sounds[place] = match row {
                    Ok(row) => Item::Ready(row, level(&second)),
                    Err(error) => Item::Failed(Failed::because(error)),
                };
            }
            Err(error) if kind == PICTURE => sights[place] = Item::Failed(error),
            Err(error) => sounds[place] = Item::Failed(error),
        }
    }

    /// Adds a hint to an error if picture and sound seem to be swapped.
    fn hint(&self, error: Failed, sound: usize) -> Failed {
        let name = &self.names[SOUND][sound];
        match name.moment().is_none() && media::is_still(name.file()) {
            true => Failed(format!(
                "{error}; {} is a picture: the picture comes first, then the sound",
                name.shown()
            )),
            false => error,
        }
    }
}

impl Group {
    fn nothing() -> Self {
        Self { file: PathBuf::new(), wanted: Vec::new(), places: Vec::new() }
    }
}

/// Groups the moments that are read together.
fn group(names: &[Vec<Name>; 2]) -> (Vec<Group>, [Vec<Option<usize>>; 2]) {
    let mut files: HashMap<&Path, Vec<(usize, usize, Wanted)>> = HashMap::new();
    for (kind, names) in names.iter().enumerate() {
        for (place, name) in names.iter().enumerate() {
            let Some(t) = name.moment() else { continue };
            let wanted = if kind == PICTURE { Wanted::Picture(t) } else { Wanted::Second(t) };
            files.entry(name.file()).or_default().push((kind, place, wanted));
        }
    }
    let mut groups = [vec![None; names[PICTURE].len()], vec![None; names[SOUND].len()]];
    let mut all = Vec::new();
    for (file, moments) in files {
        let wanted: Vec<Wanted> = moments.iter().map(|(_, _, wanted)| *wanted).collect();
        for run in media::neighbours(&wanted) {
            let mut group = Group { file: file.into(), ..Group::nothing() };
            for index in run {
                let (kind, place, wanted) = moments[index];
                groups[kind][place] = Some(all.len());
                group.wanted.push(wanted);
                group.places.push(place);
            }
            all.push(group);
        }
    }
    (all, groups)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_a_file_are_grouped_and_whole_files_stand_alone() {
        let names = |names: &[&str]| names.iter().map(Name::new).collect::<Vec<_>>();
        let names =
            [names(&["a.mp4@1", "b.png", "b.mp4@5", "a.mp4@90"]), names(&["a.mp4@2", "c.wav", "a.mp4@1"])];
        let (all, groups) = group(&names);
        assert_eq!(all.len(), 3);
        assert_eq!((groups[PICTURE][1], groups[SOUND][1]), (None, None));
        assert_eq!((groups[PICTURE][0], groups[SOUND][0]), (groups[SOUND][2], groups[PICTURE][0]));
        let first = &all[groups[PICTURE][0].unwrap()];
        assert_eq!((first.file.as_path(), first.wanted.len()), (Path::new("a.mp4"), 3));
        let index = first.wanted.iter().position(|wanted| *wanted == Wanted::Second(2.0)).unwrap();
        assert_eq!(first.places[index], 0);
    }
}
