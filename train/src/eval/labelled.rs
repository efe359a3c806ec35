//! Files with labels, in folds: how sounds and pictures of public data sets lie on a disk.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::Error;
use crate::corpus::{Class, Corpus};

/// One file.
#[derive(Clone, Debug)]
pub(super) struct Labelled {
    pub(super) path: PathBuf,
    /// Position in [`Folds::classes`].
    pub(super) class: usize,
    /// Files of one recording share it.
    pub(super) group: String,
}

/// Train on the one side, test on the other.
pub(super) struct Fold {
    pub(super) train: Vec<usize>,
    pub(super) test: Vec<usize>,
}

/// A data set.
pub(super) struct Folds {
    pub(super) classes: Vec<String>,
    pub(super) files: Vec<Labelled>,
    pub(super) folds: Vec<Fold>,
    /// SHA-256 over all names with their folds, first 12 digits.
    pub(super) hash: String,
}

const SOUNDS: [&str; 5] = ["ogg", "wav", "flac", "mp3", "m4a"];
const PICTURES: [&str; 4] = ["jpg", "jpeg", "JPEG", "png"];

/// ESC-10 and ESC-50, and any folder that follows them: `{fold}-{recording}-{take}-{class}.wav`, or
/// `{class}/{fold}-{recording}-{take}.ogg`. The folds are those of the names.
///
/// # Errors
/// No file in the folder has such a name, or there are fewer than two folds.
pub(super) fn esc(folder: &Path) -> Result<Folds, Error> {
    let mut named = Vec::new();
    for path in files_below(folder, &SOUNDS)? {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let parts: Vec<&str> = stem.split('-').collect();
        let parent = path.parent().filter(|p| *p != folder).and_then(Path::file_name);
        let (fold, recording, class) = match (&parts[..], parent) {
            ([fold, recording, _, class], _) => (*fold, *recording, (*class).to_string()),
            ([fold, recording, _], Some(parent)) => {
                (*fold, *recording, parent.to_string_lossy().into_owned())
            }
            _ => continue,
        };
        if let Ok(fold) = fold.parse::<usize>() {
            named.push((path.clone(), class, recording.to_string(), fold));
        }
    }
    let folds: BTreeSet<usize> = named.iter().map(|(.., fold)| *fold).collect();
    if folds.len() < 2 {
        let why = "no files named FOLD-RECORDING-TAKE-CLASS.wav (or CLASS/FOLD-RECORDING-TAKE.ogg) of two or more folds";
        return Err(Error::file(folder, why));
    }
    let sides = |own: usize| move |fold: usize| if fold == own { Side::Test } else { Side::Train };
    let folds: Vec<_> = folds.into_iter().map(sides).collect();
    let sides = |of: usize| folds.iter().map(|side| side(of)).collect();
    let files = named.into_iter().map(|(path, class, group, fold)| (path, class, group, sides(fold)));
    Ok(Folds::new(files.collect()))
}

/// The layout of the DCASE challenges' acoustic scenes: `evaluation_setup/fold1_train.txt` and
/// `fold1_evaluate.txt` (or `fold1_test.txt`), each line a file and, behind a tab, its scene.
///
/// # Errors
/// The setup is missing, or names a file without a scene.
pub(super) fn dcase(folder: &Path) -> Result<Folds, Error> {
    let setup = folder.join("evaluation_setup");
    let list = |path: &Path| -> Result<Vec<(PathBuf, String)>, Error> {
        let text = std::fs::read_to_string(path).map_err(|e| Error::file(path, e))?;
        let line = |(number, line): (usize, &str)| {
            let (file, scene) = line.split_once('\t').ok_or_else(|| {
                Error::file(path, format!("line {}: a file, a tab, and a scene are expected", number + 1))
            })?;
            Ok((folder.join(file), scene.split('\t').next().unwrap_or(scene).trim().to_string()))
        };
        text.lines()
            .enumerate()
            .filter(|(_, l)| !l.trim().is_empty() && !l.starts_with("filename"))
            .map(line)
            .collect()
    };
    let mut files: BTreeMap<PathBuf, (String, Vec<Side>)> = BTreeMap::new();
    let mut count = 0;
    while setup.join(format!("fold{}_train.txt", count + 1)).exists() {
        let name = |what: &str| setup.join(format!("fold{}_{what}.txt", count + 1));
        let test = if name("evaluate").exists() { name("evaluate") } else { name("test") };
        for (list, side) in [(list(&name("train"))?, Side::Train), (list(&test)?, Side::Test)] {
            for (path, scene) in list {
                let (_, sides) = files.entry(path).or_insert_with(|| (scene, Vec::new()));
                sides.resize(count, Side::Neither);
                sides.push(side);
            }
        }
        count += 1;
    }
    if count == 0 {
        return Err(Error::file(
            &setup,
            "fold1_train.txt is not there; give a folder in the layout of DCASE",
        ));
    }
    let group = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let files = files.into_iter().map(|(path, (scene, mut sides))| {
        sides.resize(count, Side::Neither);
        (path.clone(), scene, group(&path), sides)
    });
    Ok(Folds::new(files.collect()))
}

/// The layout of ImageNet: `train/CLASS/*.jpg` and `val/CLASS/*.jpg`.
///
/// # Errors
/// One of the two folders is missing or empty.
pub(super) fn imagenet(folder: &Path) -> Result<Folds, Error> {
    let mut files = Vec::new();
    for (name, side) in [("train", Side::Train), ("val", Side::Test)] {
        let folder = folder.join(name);
        let found = files_below(&folder, &PICTURES)?;
        if found.is_empty() {
            return Err(Error::file(
                &folder,
                "no pictures; the layout is train/CLASS/*.jpg and val/CLASS/*.jpg",
            ));
        }
        for path in found {
            let class =
                path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned();
            files.push((path.clone(), class, path.display().to_string(), vec![side]));
        }
    }
    Ok(Folds::new(files))
}

/// What is taught in a corpus, learned from its training side and tested on its held-out side.
pub(super) fn of_corpus<T>(
    sides: [&Corpus; 2],
    items: impl for<'a> Fn(&'a Class) -> &'a [crate::corpus::Item<T>],
) -> Folds {
    let mut files = Vec::new();
    for (corpus, side) in sides.into_iter().zip([Side::Train, Side::Test]) {
        for class in &corpus.taught {
            for item in items(class) {
                files.push((item.path.clone(), class.name.clone(), item.source.clone(), vec![side]));
            }
        }
    }
    Folds::new(files)
}

#[derive(Clone, Copy, PartialEq)]
enum Side {
    Train,
    Test,
    Neither,
}

impl Folds {
    /// Keeps at most `count` files on each side of a fold, chosen by the hash of their names.
    pub(super) fn at_most(mut self, count: usize, seed: u64) -> Self {
        for side in self.folds.iter_mut().flat_map(|fold| [&mut fold.train, &mut fold.test]) {
            let key = |i: &usize| Sha256::digest(format!("{seed} {}", self.files[*i].path.display()));
            side.sort_by_cached_key(key);
            side.truncate(count);
        }
        let used: BTreeSet<usize> =
            self.folds.iter().flat_map(|f| f.train.iter().chain(&f.test)).copied().collect();
        let place = |i: &usize| used.iter().position(|u| u == i).unwrap_or(0);
        for side in self.folds.iter_mut().flat_map(|fold| [&mut fold.train, &mut fold.test]) {
            *side = side.iter().map(place).collect();
        }
        self.files = used.iter().map(|i| self.files[*i].clone()).collect();
        self
    }

    /// Files with class, group, and the side that each fold puts them on.
    fn new(mut files: Vec<(PathBuf, String, String, Vec<Side>)>) -> Self {
        files.sort_by(|a, b| a.0.cmp(&b.0));
        let classes: BTreeSet<String> = files.iter().map(|(_, class, ..)| class.clone()).collect();
        let classes: Vec<String> = classes.into_iter().collect();
        let count = files.first().map_or(0, |(.., sides)| sides.len());
        let on = |fold: usize, side: Side| {
            (0..files.len()).filter(|i| files[*i].3[fold] == side).collect::<Vec<usize>>()
        };
        let folds: Vec<Fold> =
            (0..count).map(|f| Fold { train: on(f, Side::Train), test: on(f, Side::Test) }).collect();
        let mut hash = Sha256::new();
        for (path, class, _, sides) in &files {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let sides: String =
                sides.iter().map(|side| if *side == Side::Test { 't' } else { '.' }).collect();
            hash.update(format!("{class}/{name} {sides}\n"));
        }
        let hash = hash.finalize().iter().take(6).map(|b| format!("{b:02x}")).collect();
        let number = |class: &str| classes.iter().position(|c| c == class).unwrap_or(0);
        let files = files
            .iter()
            .map(|(path, class, group, _)| Labelled {
                path: path.clone(),
                class: number(class),
                group: group.clone(),
            })
            .collect();
        Self { files, folds, hash, classes }
    }
}

/// All files with one of the endings, in a fixed order.
fn files_below(folder: &Path, endings: &[&str]) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|e| Error::file(folder, e))? {
        let path = entry.map_err(|e| Error::file(folder, e))?.path();
        if path.is_dir() {
            found.extend(files_below(&path, endings)?);
        } else if path.extension().is_some_and(|e| endings.contains(&&*e.to_string_lossy())) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        folder
    }

    #[test]
    fn the_folds_of_esc_are_those_of_the_names() {
        let esc_50 =
            folder(&["1-100-A-0.wav", "1-100-B-0.wav", "2-200-A-1.wav", "3-300-A-0.wav", "readme.wav"]);
        let esc_10 = folder(&[
            "001 - Dog/1-100-A.ogg",
            "001 - Dog/1-100-B.ogg",
            "002 - Rain/2-200-A.ogg",
            "001 - Dog/3-300-A.ogg",
        ]);
        for (folder, classes) in [(esc_50, ["0", "1"]), (esc_10, ["001 - Dog", "002 - Rain"])] {
            let set = esc(folder.path()).unwrap();
            assert_eq!(set.classes, classes);
            assert_eq!(set.folds.len(), 3);
            for fold in &set.folds {
                assert_eq!(fold.train.len() + fold.test.len(), 4, "each file is on one side");
                let groups = |side: &[usize]| {
                    side.iter().map(|i| set.files[*i].group.clone()).collect::<BTreeSet<_>>()
                };
                assert!(groups(&fold.train).is_disjoint(&groups(&fold.test)), "recordings are never on both");
            }
            assert_eq!(set.folds[0].test.len(), 2);
        }
    }

    #[test]
    fn dcase_says_itself_what_is_tested() {
        let data = folder(&["audio/a.wav", "audio/b.wav"]);
        let setup = data.path().join("evaluation_setup");
        std::fs::create_dir_all(&setup).unwrap();
        std::fs::write(setup.join("fold1_train.txt"), "audio/a.wav\tbeach\n").unwrap();
        std::fs::write(setup.join("fold1_evaluate.txt"), "audio/b.wav\tbus\n").unwrap();
        let set = dcase(data.path()).unwrap();
        assert_eq!(
            (set.classes.len(), &set.folds[0].train[..], &set.folds[0].test[..]),
            (2, &[0][..], &[1][..])
        );
        std::fs::write(setup.join("fold1_train.txt"), "audio/a.wav beach\n").unwrap();
        let error = dcase(data.path()).err().unwrap().to_string();
        assert!(error.contains("fold1_train.txt") && error.contains("line 1"), "{error}");
    }

    #[test]
    fn imagenet_has_two_sides() {
        let data = folder(&["train/n01/a.JPEG", "train/n02/b.JPEG", "val/n01/c.JPEG"]);
        let set = imagenet(data.path()).unwrap();
        assert_eq!((set.folds[0].train.len(), set.folds[0].test.len()), (2, 1));
        assert!(imagenet(&data.path().join("train")).is_err());
        let fewer = set.at_most(1, 1);
        assert_eq!((fewer.files.len(), fewer.folds[0].train.len(), fewer.folds[0].test.len()), (2, 1, 1));
        let tested = &fewer.files[fewer.folds[0].test[0]];
        assert!(tested.path.ends_with("val/n01/c.JPEG"));
    }
}
