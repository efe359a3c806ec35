//! Output files: written to a temporary file in the same folder, moved to their place when complete, and never over
//! existing files unless asked.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, FileType, OpenOptions, TryLockError};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use tempfile::TempPath;
use thiserror::Error;

/// What to do with an existing file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// Keep it, and refuse the output.
    #[default]
    Keep,
    /// Replace it once the new one is complete, if it is a regular file.
    Replace,
}

/// Why a file cannot be written.
#[derive(Debug, Error)]
pub enum OutputError {
    /// A file of this name exists.
    #[error("{} is there already: give another name, or --force to replace it", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The path is not a regular file, but a folder or a device.
    #[error("{} cannot be written: it is {what}; give the name of a file, e.g. out.mp4", path.display())]
    Special {
        /// The place.
        path: PathBuf,
        /// What is there, with its article.
        what: &'static str,
    },
    /// Another run is writing the same file.
    #[error("{} cannot be written: another run is writing it; wait for it, or give another name", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The system refuses it.
    #[error("{} cannot be written: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

/// A file to be: written under a hidden name in the same folder, and moved to its own by [`Output::complete`]. Dropped
/// before, it leaves nothing, and what was there stays as it was.
///
/// The hidden file is locked while it is written, so that two runs never write the same file; one that was left behind
/// by a run that was killed is written over.
#[derive(Debug)]
pub struct Output {
    /// As it was given, for people to read.
    name: PathBuf,
    existing: Existing,
    partial: TempPath,
    file: File,
    _under_way: UnderWay,
}

impl Output {
    /// Takes a place for a file, and tries whether it can be written.
    ///
    /// # Errors
    /// A file is there that is to be kept, or something that is no file (a device, say), another run is writing it, or
    /// the system refuses it.
    pub fn new(name: &Path, existing: Existing) -> Result<Self, OutputError> {
        let target = place(name, existing)?;
        let partial = partial_of(&target);
        let file = take(&partial, name)?;
        let failed = |source| OutputError::Io { path: name.into(), source };
        let partial = TempPath::try_from_path(partial).map_err(failed)?;
        let under_way = UnderWay::new(&partial);
        let output = Self { name: name.into(), existing, partial, file, _under_way: under_way };
        // Before the lock was ours, another run may have completed the file.
        place(name, existing)?;
        Ok(output)
    }

    /// The first of `stem.ending`, `stem-2.ending`, `stem-3.ending`, ... that is not there and that nobody is writing.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn free(folder: &Path, stem: impl AsRef<OsStr>, ending: &str) -> Result<Self, OutputError> {
        let mut n = 1;
        loop {
            let mut name = stem.as_ref().to_os_string();
            name.push(if n == 1 { format!(".{ending}") } else { format!("-{n}.{ending}") });
            let outcome = Self::new(&folder.join(name), Existing::Keep);
            let taken = matches!(
                outcome,
                Err(OutputError::Exists { .. } | OutputError::Special { .. } | OutputError::Busy { .. })
            );
            if !taken {
                return outcome;
            }
            n += 1;
        }
    }

    /// Checks whether [`Output::new`] would refuse a path because of what is there.
    ///
    /// # Errors
    /// As [`Output::new`].
    pub fn check(name: &Path, existing: Existing) -> Result<(), OutputError> {
        place(name, existing).map(drop)
    }

    /// Where it goes, as it was given.
    pub fn name(&self) -> &Path {
        &self.name
    }

    /// Where it lies until it is complete: for another program that writes it.
    pub fn partial(&self) -> &Path {
        &self.partial
    }

    /// The file until it is complete.
    pub fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Moves it to its place.
    ///
    /// # Errors
    /// Another file has appeared there meanwhile, or the system refuses it; nothing is left then.
    pub fn complete(self) -> Result<(), OutputError> {
        let Self { name, existing, partial, file, .. } = self;
        let target = place(&name, existing)?;
        let moved = match existing {
            Existing::Keep => partial.persist_noclobber(target),
            Existing::Replace => partial.persist(target),
        };
        drop(file); // Locked until it has its name: nobody takes it for one that was left behind.
        moved.map_err(|e| match e.error.kind() {
            ErrorKind::AlreadyExists => OutputError::Exists { path: name },
            _ => OutputError::Io { path: name, source: e.error },
        })
    }
}

/// Hidden files of this process that are not complete.
static UNDER_WAY: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Removes what is not complete: for a process that ends at once, where nothing is dropped.
pub fn abandon() {
    for partial in std::mem::take(&mut *UNDER_WAY.lock()) {
        let _ = fs::remove_file(partial);
    }
}

/// Removes the hidden files in a folder that runs left behind which were killed. Those that are being written stay.
pub fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let hidden =
            name.as_encoded_bytes().starts_with(b".") && name.as_encoded_bytes().ends_with(PART.as_bytes());
        let left = hidden && File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok());
        if left {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Keeps a path in [`UNDER_WAY`].
#[derive(Debug)]
struct UnderWay(PathBuf);

impl UnderWay {
    fn new(partial: &Path) -> Self {
        UNDER_WAY.lock().insert(partial.into());
        Self(partial.into())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        UNDER_WAY.lock().remove(&self.0);
    }
}

/// Whether two names are of the very same file, whatever links lead there.
pub fn is_same(one: &Path, other: &Path) -> bool {
    let id = |path: &Path| fs::metadata(path).map(|file| (file.dev(), file.ino())).ok();
    id(one).is_some_and(|id_of_one| Some(id_of_one) == id(other))
}

/// The place that a name means, through links, if a file may be put there.
fn place(name: &Path, existing: Existing) -> Result<PathBuf, OutputError> {
    let special = |what| OutputError::Special { path: name.into(), what };
    let failed = |source| OutputError::Io { path: name.into(), source };
    if name.file_name().is_none() {
        return Err(special("no name of a file"));
    }
    let itself = match fs::symlink_metadata(name) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let folder = name.parent().filter(|folder| !folder.as_os_str().is_empty());
            return fs::metadata(folder.unwrap_or(Path::new("."))).map(|_| name.into()).map_err(failed);
        }
        itself => itself.map_err(failed)?,
    };
    let behind = fs::metadata(name).map_err(|_| special("a link that leads to nothing"))?;
    match (kind(behind.file_type()), existing) {
        (Some(what), _) => Err(special(what)),
        (None, Existing::Keep) => Err(OutputError::Exists { path: name.into() }),
        (None, Existing::Replace) if itself.is_symlink() => fs::canonicalize(name).map_err(failed),
        (None, Existing::Replace) => Ok(name.into()),
    }
}

/// What it is, unless it is a regular file.
fn kind(kind: FileType) -> Option<&'static str> {
    match kind {
        kind if kind.is_file() => None,
        kind if kind.is_dir() => Some("a folder"),
        kind if kind.is_fifo() => Some("a named pipe"),
        kind if kind.is_socket() => Some("a socket"),
        kind if kind.is_char_device() || kind.is_block_device() => Some("a device"),
        _ => Some("no regular file"),
    }
}

/// What the hidden names end with.
const PART: &str = ".lookhear-part";

/// The hidden name of a file that is being written: always the same, so that two runs meet there.
fn partial_of(target: &Path) -> PathBuf {
    let mut hidden = OsString::from(".");
    hidden.push(shortened(target.file_name().unwrap_or_default()));
    hidden.push(PART);
    target.with_file_name(hidden)
}

/// A name that leaves room for 55 bytes of additions: itself, or if it is too long a hash of it.
pub fn shortened(name: &OsStr) -> OsString {
    // Most systems allow names of 255 bytes.
    if name.len() <= 200 {
        return name.into();
    }
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    format!("{:016x}", hasher.finish()).into()
}

/// Opens the hidden file of `name`, empty and locked.
fn take(partial: &Path, name: &Path) -> Result<File, OutputError> {
    let failed = |source| OutputError::Io { path: name.into(), source };
    loop {
        let mut options = OpenOptions::new();
        let file =
            options.read(true).write(true).create(true).truncate(false).open(partial).map_err(failed)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(OutputError::Busy { path: name.into() }),
            // On a file system without locks, the file is written without one.
            Err(TryLockError::Error(error)) if error.kind() != ErrorKind::Unsupported => {
                return Err(failed(error));
            }
            _ => {}
        }
        let (opened, there) = (file.metadata().map_err(failed)?, fs::symlink_metadata(partial));
        match there {
            Ok(there) if !there.is_file() => {
                let (path, what) = (partial.into(), "no regular file");
                return Err(OutputError::Special { path, what });
            }
            Ok(there) if (there.dev(), there.ino()) == (opened.dev(), opened.ino()) => {
                file.set_len(0).map_err(failed)?;
                return Ok(file);
            }
            // Before the lock was ours, whoever had it moved the file to its place.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
