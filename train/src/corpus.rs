//! A folder of photos and sounds by class, and its split.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use clap::ValueEnum;
use image::RgbImage;
use lookhear::media::{self, MediaError};
use sha2::{Digest, Sha256};

use crate::Error;

/// A side of the split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub enum Split {
    /// The training side: all that is not held out.
    Train,
    /// The part of `Train` that is learned from when a run validates.
    Fit,
    /// The other part of `Train`, for choosing settings.
    Validation,
    /// Never learned from, and nothing is chosen by it.
    HeldOut,
}

/// Share of the sources that is held out: 38 of 256.
const HELD_OUT: u8 = 38;
/// Share of the sources that is the validation side: 13 of 256.
const VALIDATION: u8 = 13;

impl Split {
    /// Whether a source with this hash is on the side.
    fn has(self, hash: u8) -> bool {
        match self {
            Self::Train => hash >= HELD_OUT,
            Self::Fit => hash >= HELD_OUT + VALIDATION,
            Self::Validation => (HELD_OUT..HELD_OUT + VALIDATION).contains(&hash),
            Self::HeldOut => hash < HELD_OUT,
        }
    }
}

/// One file, decoded when it is first asked for.
pub struct Item<T> {
    /// The file.
    pub path: PathBuf,
    /// Recordings of one source share it, and are on the same side of the split.
    pub source: String,
    content: OnceLock<Arc<T>>,
}

impl<T> Item<T> {
    fn content(&self, read: impl Fn(&Path) -> Result<T, MediaError>) -> Result<Arc<T>, Error> {
        if let Some(content) = self.content.get() {
            return Ok(content.clone());
        }
        let content = Arc::new(read(&self.path)?);
        Ok(self.content.get_or_init(|| content).clone())
    }
}

impl Item<RgbImage> {
    /// The picture.
    ///
    /// # Errors
    /// The file is no picture.
    pub fn picture(&self) -> Result<Arc<RgbImage>, Error> {
        self.content(media::picture)
    }
}

impl Item<Vec<i16>> {
    /// The sound, 48 kHz mono; kept in 16 bits, because a corpus has to fit into memory.
    ///
    /// # Errors
    /// The file has no sound.
    pub fn sound(&self) -> Result<Arc<Vec<i16>>, Error> {
        self.content(|path| {
            let to_16_bits = |s: f32| (s.clamp(-1.0, 1.0) * 32767.0) as i16;
            Ok(media::sound(path)?.into_iter().map(to_16_bits).collect())
        })
    }
}

/// Photos and sounds of one class on one side of the split.
#[derive(Default)]
pub struct Class {
    /// The folder's name.
    pub name: String,
    /// Files under `photos/`.
    pub photos: Vec<Item<RgbImage>>,
    /// Files under `sounds/`.
    pub sounds: Vec<Item<Vec<i16>>>,
}

/// One side of the split.
pub struct Corpus {
    /// Classes that are both seen and heard: what is taught.
    pub taught: Vec<Class>,
    /// Scenes without a sounding object (`photos/_background`).
    pub backgrounds: Vec<Item<RgbImage>>,
    /// Things that are seen, never heard.
    pub unheard: Vec<Item<RgbImage>>,
    /// Sounds that are heard, never seen, `sounds/_ambient` among them.
    pub unseen: Vec<Item<Vec<i16>>>,
    /// Names the split: SHA-256 of its held-out files, first 12 digits.
    pub split: String,
}

impl Corpus {
    /// Reads the folder's names; the files are read when they are needed.
    ///
    /// `manifest.tsv` (class, kind, file, origin, original name), if there is one, says which files
    /// come from the same recording; otherwise each file is a source of its own.
    ///
    /// # Errors
    /// The folder has not at least two classes in both `photos/` and `sounds/`.
    pub fn open(folder: &Path, side: Split) -> Result<Self, Error> {
        let sources = read_manifest(folder)?;
        let mut held_out = BTreeSet::new();
        let mut photos = list(folder, "photos", &["jpg", "jpeg", "png"], side, &sources, &mut held_out)?;
        let mut sounds =
            list(folder, "sounds", &["ogg", "wav", "flac", "mp3"], side, &sources, &mut held_out)?;
        let backgrounds = photos.remove("_background").unwrap_or_default();
        let both: Vec<String> = photos.keys().filter(|name| sounds.contains_key(*name)).cloned().collect();
        let mut taught = Vec::new();
        for name in both {
            let (photos, sounds) = (photos.remove(&name), sounds.remove(&name));
            if let (Some(photos), Some(sounds)) = (photos, sounds) {
                taught.push(Class { name, photos, sounds });
            }
        }
        if taught.len() < 2 {
            let why = "fewer than two classes have files in both photos/<class>/ and sounds/<class>/";
            return Err(Error::file(folder, why));
        }
        let unheard = photos.into_values().flatten().collect();
        let unseen = sounds.into_values().flatten().collect();
        Ok(Self { taught, backgrounds, unheard, unseen, split: fingerprint(held_out) })
    }
}

/// Tells one choice of files from another: SHA-256 of their names in order, first 12 digits.
pub(crate) fn fingerprint<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> String {
    let mut names: Vec<String> = names.into_iter().map(|name| name.as_ref().to_string()).collect();
    names.sort_unstable();
    hex(&Sha256::digest(names.join("\n")))[..12].to_string()
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// File (relative to the corpus) to its source.
fn read_manifest(folder: &Path) -> Result<HashMap<String, String>, Error> {
    let path = folder.join("manifest.tsv");
    if !path.exists() {
        return Ok(HashMap::new());
    }
    let text = std::fs::read_to_string(&path).map_err(|e| Error::file(&path, e))?;
    let mut sources = HashMap::new();
    for (number, line) in text.lines().enumerate().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [class, _, file, origin, name] = fields[..] else {
            let why = format!("line {} has {} columns instead of 5", number + 1, fields.len());
            return Err(Error::file(&path, why));
        };
        sources.insert(file.to_string(), format!("{origin}/{class}/{}", recording(origin, name)));
    }
    Ok(sources)
}

/// The recording that a file was cut from, as far as its original name tells.
fn recording<'a>(origin: &str, name: &'a str) -> &'a str {
    let mut parts = name.split(['-', '_']);
    match origin {
        // UrbanSound8K: the first number is the Freesound id.
        "us8k" => parts.next().unwrap_or(name),
        // Philharmonia: instrument_note_...; the instrument is the class.
        "philharmonia" => parts.nth(1).unwrap_or(name),
        // Free Spoken Digits: digit_speaker_take.
        "fsdd" => parts.nth(1).unwrap_or(name),
        _ => name,
    }
}

/// The files of one kind by class, of one side of the split, in a fixed order.
fn list<T>(
    folder: &Path,
    kind: &str,
    endings: &[&str],
    side: Split,
    sources: &HashMap<String, String>,
    held_out: &mut BTreeSet<String>,
) -> Result<BTreeMap<String, Vec<Item<T>>>, Error> {
    let mut classes: BTreeMap<String, Vec<Item<T>>> = BTreeMap::new();
    for class in sorted(&folder.join(kind))?.into_iter().filter(|p| p.is_dir()) {
        let name = class.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for path in sorted(&class)? {
            let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
            if !endings.contains(&ending.as_str()) {
                continue;
            }
            let file = format!("{kind}/{name}/{}", path.file_name().unwrap_or_default().to_string_lossy());
            let source = sources.get(&file).unwrap_or(&file).clone();
            let hash = Sha256::digest(&source)[0];
            if Split::HeldOut.has(hash) {
                held_out.insert(file);
            }
            if side.has(hash) {
                let item = Item { path, source, content: OnceLock::new() };
                classes.entry(name.clone()).or_default().push(item);
            }
        }
    }
    Ok(classes)
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = std::fs::read_dir(folder).map_err(|e| Error::file(folder, e))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sides_share_nothing_and_leave_nothing_out() {
        for hash in 0..=255 {
            let [train, fit, validation, held_out] =
                [Split::Train, Split::Fit, Split::Validation, Split::HeldOut].map(|side| side.has(hash));
            assert_eq!(u8::from(fit) + u8::from(validation) + u8::from(held_out), 1);
            assert_eq!(train, fit || validation);
        }
    }

    #[test]
    fn cuts_of_one_recording_share_a_source() {
        assert_eq!(recording("us8k", "179096-3-0-9.wav"), recording("us8k", "179096-3-1-2.wav"));
        assert_eq!(recording("philharmonia", "saxophone_Ds5_1_forte_major-trill.mp3"), "Ds5");
        assert_eq!(recording("fsdd", "0_jackson_18.wav"), "jackson");
        assert_eq!(recording("catsdogs", "dog.4162.jpg"), "dog.4162.jpg");
    }
}
