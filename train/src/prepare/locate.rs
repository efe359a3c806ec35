//! Which files there are, and which of them the lines of a table mean.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use lookhear::media::endings::{VIDEOS, has_ending};

use super::report::{Reason, Skipped};
use super::table::{self, Entry, Format};
use crate::Error;
use crate::shards::Side;

/// What is wanted of a file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wanted {
    /// Place in [`Listed::sources`].
    pub(super) source: usize,
    pub(super) video: String,
    /// Span of the video, in seconds; `None`: all of the file.
    pub(super) span: Option<(f64, f64)>,
    /// Where the file begins in the video, in seconds; `None`: the file may be the whole video or the span alone,
    /// which its length tells.
    pub(super) begins: Option<f64>,
    pub(super) labels: Vec<String>,
    pub(super) side: Option<Side>,
}

/// Files, each once, and what is wanted of them.
#[derive(Debug, Default)]
pub(super) struct Listed {
    pub(super) sources: Vec<PathBuf>,
    pub(super) wanted: Vec<Wanted>,
    pub(super) skipped: Vec<Skipped>,
}

/// Every video of a folder, as a whole. Its id is its path in the folder, without the times that cut clips have at
/// the end of their names; its label is the name of its subfolder.
pub(super) fn all(folder: &Path) -> Result<Listed, Error> {
    let mut listed = Listed { sources: videos(folder)?, ..Listed::default() };
    for (source, path) in listed.sources.iter().enumerate() {
        let relative = path.strip_prefix(folder).unwrap_or(path);
        let (video, begins) = without_times(&relative.with_extension("").to_string_lossy());
        let class = relative.parent().and_then(Path::file_name);
        let labels = class.map(|name| name.to_string_lossy().into_owned()).into_iter().collect();
        listed.wanted.push(Wanted { source, video, span: None, begins: Some(begins), labels, side: None });
    }
    Ok(listed)
}

/// The lines of tables, each with its file.
pub(super) fn by_tables(folder: &Path, tables: &[PathBuf], format: Format) -> Result<Listed, Error> {
    let paths = videos(folder)?;
    let entries: Vec<Vec<Entry>> =
        tables.iter().map(|table| table::read(table, format)).collect::<Result<_, _>>()?;
    let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
    for (number, path) in paths.iter().enumerate() {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        by_name.entry(name).or_default().push(number);
    }
    let mut listed = Listed::default();
    let (mut used, mut found) = (BTreeSet::new(), Vec::new());
    for entry in merged(entries.into_iter().flatten()) {
        let names = names(&entry);
        let hit = names.iter().find_map(|(name, begins)| Some((by_name.get(name)?, *begins)));
        let Some((candidates, begins)) = hit else {
            let names: Vec<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
            listed.skipped.push(Skipped {
                file: entry.place,
                video: entry.video,
                reason: Reason::Missing,
                detail: format!("no video in {} is called {}", folder.display(), names.join(" or ")),
            });
            continue;
        };
        // The same video may lie in the folders of several classes.
        let fits = |number: &&usize| in_class(&paths[**number], &entry.labels);
        let number = *candidates.iter().find(fits).unwrap_or(&candidates[0]);
        used.insert(number);
        found.push((number, begins, entry));
    }
    let places: HashMap<usize, usize> =
        used.iter().enumerate().map(|(place, number)| (*number, place)).collect();
    listed.sources = used.iter().map(|number| paths[*number].clone()).collect();
    listed.wanted = found
        .into_iter()
        .map(|(number, begins, Entry { video, start, end, labels, side, .. })| Wanted {
            source: places[&number],
            video,
            span: Some((start, end)),
            begins,
            labels,
            side,
        })
        .collect();
    Ok(listed)
}

/// Lines for one clip become one with all of their labels.
fn merged(entries: impl Iterator<Item = Entry>) -> Vec<Entry> {
    let mut places = HashMap::new();
    let mut merged: Vec<Entry> = Vec::new();
    for entry in entries {
        let key = (entry.video.clone(), entry.start.to_bits(), entry.end.to_bits(), entry.side);
        let place = *places.entry(key).or_insert(merged.len());
        match merged.get_mut(place) {
            None => merged.push(entry),
            Some(before) => {
                let new = entry.labels.into_iter().filter(|label| !before.labels.contains(label));
                let new: Vec<String> = new.collect();
                before.labels.extend(new);
            }
        }
    }
    merged
}

/// Names that downloaders give a clip's file, and where such a file begins in the video.
fn names(entry: &Entry) -> [(String, Option<f64>); 4] {
    let Entry { video, start, end, .. } = entry;
    let cut = Some(*start);
    [
        (format!("{video}_{:06}_{:06}", start.round() as u64, end.round() as u64), cut),
        (format!("{video}_{}_{}", (start * 1000.0).round() as u64, (end * 1000.0).round() as u64), cut),
        (format!("{video}_{:06}", start.round() as u64), cut),
        (video.clone(), None),
    ]
}

/// Whether a file lies in the folder of one of the classes, which may have underscores instead of spaces.
fn in_class(path: &Path, labels: &[String]) -> bool {
    let folder =
        path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy().replace('_', " ");
    labels.iter().any(|label| label.replace('_', " ") == folder)
}

/// `ID_000030_000040` and `ID_000030` are `ID` from second 30 on.
fn without_times(name: &str) -> (String, f64) {
    let time = |text: &str| (text.len() == 6).then(|| text.parse::<u32>().ok()).flatten().map(f64::from);
    let cut = |name: &str| {
        let (id, end) = name.rsplit_once('_')?;
        (!id.is_empty() && !id.ends_with('/')).then_some(())?;
        Some((id.to_string(), time(end)?))
    };
    let Some((id, start)) = cut(name) else { return (name.into(), 0.0) };
    cut(&id).filter(|(_, begin)| *begin < start).unwrap_or((id, start))
}

/// The video files below a folder, in the order of their paths. Hidden ones and linked folders are left out.
fn videos(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let (mut paths, mut folders) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(|e| Error::file(&folder, e))? {
            let entry = entry.map_err(|e| Error::file(&folder, e))?;
            let path = entry.path();
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
            } else if has_ending(&path, &VIDEOS) && path.is_file() {
                paths.push(path);
            }
        }
    }
    if paths.is_empty() {
        return Err(Error::file(folder, format!("no video in it ({})", VIDEOS.join(", "))));
    }
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_at_the_end_of_a_name_are_no_part_of_the_id() {
        assert_eq!(without_times("a/xyz_000030_000040"), ("a/xyz".into(), 30.0));
        assert_eq!(without_times("xyz_000030"), ("xyz".into(), 30.0));
        for name in ["xyz_30", "video_0001", "a/_000030", "x_1234567"] {
            assert_eq!(without_times(name), (name.into(), 0.0));
        }
    }

    #[test]
    fn every_kind_of_video_is_found_and_nothing_hidden() {
        let folder = tempfile::tempdir().unwrap();
        let names = ["a.3gp", "b.TS", "c.mpg", "d.ogv", "e.mts", "f.mp4"];
        for name in names.iter().chain(&[".g.mp4", "h.txt", "i.wav"]) {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let found = videos(folder.path()).unwrap();
        assert_eq!(found, names.map(|name| folder.path().join(name)));
    }

    #[test]
    fn files_are_found_under_their_common_names() {
        let folder = tempfile::tempdir().unwrap();
        let table = folder.path().join("t.csv");
        for name in [
            "aaa_000005.mp4",
            "other/bbb_000010_000020.webm",
            "bowling/ccc.mkv",
            "tap dancing/ccc.mkv",
            "ddd.txt",
        ] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let lines =
            "aaa,5,15,bowling\nbbb,10,20,bowling\nccc,0,10,tap_dancing\nddd,0,10,bowling\nccc,0,10,bowling\n";
        std::fs::write(&table, lines).unwrap();
        let listed = by_tables(folder.path(), &[table], Format::Audioset).unwrap();
        let found: Vec<_> = listed
            .wanted
            .iter()
            .map(|w| {
                (w.video.as_str(), listed.sources[w.source].strip_prefix(folder.path()).unwrap(), w.begins)
            })
            .collect();
        let path = Path::new;
        assert_eq!(found[0], ("aaa", path("aaa_000005.mp4"), Some(5.0)));
        assert_eq!(found[1], ("bbb", path("other/bbb_000010_000020.webm"), Some(10.0)));
        assert_eq!(found[2], ("ccc", path("bowling/ccc.mkv"), None), "both fit: the first");
        assert_eq!(found.len(), 3);
        assert_eq!(listed.wanted[2].labels, ["tap_dancing", "bowling"], "one clip, both labels");
        assert_eq!((listed.skipped.len(), listed.skipped[0].reason), (1, Reason::Missing));
        assert!(listed.skipped[0].file.ends_with("t.csv line 4"));
    }
}
