//! Snapshots and clips beside the database, and how much of all that is kept.

use std::fs;
use std::path::{Component, Path, PathBuf};

use jiff::{SignedDuration, Timestamp};

use super::{Episode, Filter, HistoryError, Store};
use crate::output;

/// How much is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bounds {
    /// Days after which an episode is forgotten; `None`: never.
    pub days: Option<u32>,
    /// Megabytes (of a million bytes) that snapshots and clips may take in all; `None`: any.
    pub megabytes: Option<u64>,
    /// Megabytes of the disk that stay free for others.
    pub free_megabytes: u64,
}

/// What was given up to keep within bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Episodes that are forgotten.
    pub episodes: usize,
    /// Episodes that are kept without their pictures, for want of room.
    pub without_files: usize,
    /// Bytes that are free again.
    pub bytes: u64,
}

impl Pruned {
    /// Whether nothing was given up.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// The folders of a history's files.
#[derive(Clone, Debug)]
pub struct Files {
    folder: PathBuf,
}

impl Files {
    /// Of the history in a folder.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.into() }
    }

    /// Where a file of an episode lies, or will lie, and its name in the episode: `kind/day/id.ending`.
    ///
    /// # Errors
    /// Its folder cannot be made.
    pub fn place(
        &self,
        kind: &str,
        episode: &Episode,
        ending: &str,
    ) -> Result<(PathBuf, String), HistoryError> {
        let day = episode.start.get(..10).unwrap_or("undated");
        let folder = self.folder.join(kind).join(day);
        fs::create_dir_all(&folder).map_err(|source| HistoryError::Io { path: folder.clone(), source })?;
        let name = format!("{kind}/{day}/{}.{ending}", episode.id);
        Ok((self.folder.join(&name), name))
    }

    /// Where a name in an episode leads; `None` if that is not within the folder.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        let inside = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
        (inside && !name.is_empty()).then(|| self.folder.join(name))
    }

    /// Everything of a kind that lies there: its name in an episode, and the id of that.
    fn all(&self, kind: &str) -> Vec<(String, String)> {
        let list = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
        let mut found = Vec::new();
        for day in list(&self.folder.join(kind)) {
            output::sweep(&day.path());
            for file in list(&day.path()) {
                let (day, name) = (day.file_name(), file.file_name());
                let (Some(day), Some(name)) = (day.to_str(), name.to_str()) else { continue };
                if let Some((id, _)) = name.rsplit_once('.').filter(|(id, _)| !id.is_empty()) {
                    found.push((format!("{kind}/{day}/{name}"), id.to_string()));
                }
            }
        }
        found
    }

    fn of(&self, episode: &Episode) -> Vec<PathBuf> {
        let names = [&episode.snapshot, &episode.clip];
        names.into_iter().flatten().filter_map(|name| self.path(name)).collect()
    }

    fn bytes(&self, episode: &Episode) -> u64 {
        self.of(episode).iter().filter_map(|path| fs::metadata(path).ok()).map(|file| file.len()).sum()
    }

    fn remove(&self, episode: &Episode) {
        for path in self.of(episode) {
            // One that is not there any more is what is wanted.
            let _ = fs::remove_file(&path);
            // The last one of its day takes the folder with it; others keep it.
            let _ = path.parent().map(fs::remove_dir);
        }
    }

    /// Bytes of the disk that are free.
    fn free(&self) -> Option<u64> {
        let disk = rustix::fs::statvfs(&self.folder).ok()?;
        Some(disk.f_bavail.saturating_mul(disk.f_frsize))
    }
}

impl Store {
    /// Brings files and episodes together again after a run was killed: what it had completed and not written down is
    /// given to its episode, what belongs to none is removed.
    ///
    /// # Errors
    /// [`HistoryError::Sqlite`]
    pub fn reconcile(&self, files: &Files) -> Result<(), HistoryError> {
        for (kind, clips) in [("snapshots", false), ("clips", true)] {
            for (name, id) in files.all(kind) {
                let Some(mut episode) = self.get(&id)? else {
                    let _ = files.path(&name).map(fs::remove_file);
                    continue;
                };
                let place = if clips { &mut episode.clip } else { &mut episode.snapshot };
                if place.is_none() {
                    *place = Some(name);
                    self.put(&episode)?;
                }
            }
        }
        Ok(())
    }

    /// Forgets what is too old, then gives up the oldest pictures and clips until the rest is within bounds. Episodes
    /// that are not over are left alone.
    ///
    /// # Errors
    /// [`HistoryError::Sqlite`]
    pub fn prune(&mut self, bounds: &Bounds, now: Timestamp) -> Result<Pruned, HistoryError> {
        let files = Files::new(self.folder());
        let mut pruned = Pruned::default();
        let age = bounds.days.map(|days| SignedDuration::from_hours(i64::from(days) * 24));
        if let Some(oldest) = age.and_then(|age| now.checked_sub(age).ok()) {
            let old = Filter { until: Some(format!("{oldest:.3}")), ..Filter::default() };
            let old: Vec<Episode> = self.list(&old)?.into_iter().filter(|episode| episode.over).collect();
            pruned.bytes += old.iter().map(|episode| files.bytes(episode)).sum::<u64>();
            self.forget(&old.iter().map(|episode| episode.id.clone()).collect::<Vec<_>>())?;
            old.iter().for_each(|episode| files.remove(episode));
            pruned.episodes = old.len();
        }
        let sized: Vec<(Episode, u64)> = self
            .list(&Filter::default())?
            .into_iter()
            .map(|episode| (files.bytes(&episode), episode))
            .filter(|(bytes, _)| *bytes > 0)
            .map(|(bytes, episode)| (episode, bytes))
            .collect();
        let mut taken: u64 = sized.iter().map(|(_, bytes)| bytes).sum();
        let mut free = files.free();
        let most = bounds.megabytes.map_or(u64::MAX, |megabytes| megabytes.saturating_mul(1_000_000));
        let least = bounds.free_megabytes.saturating_mul(1_000_000);
        for (episode, bytes) in sized.iter().rev().filter(|(episode, _)| episode.over) {
            if taken <= most && free.is_none_or(|free| free >= least) {
                break;
            }
            self.without_files(&episode.id)?;
            files.remove(episode);
            taken -= bytes;
            free = free.map(|free| free + bytes);
            pruned.bytes += bytes;
            pruned.without_files += 1;
        }
        Ok(pruned)
    }
}

#[cfg(test)]
mod tests {
    use super::super::store::tests::example;
    use super::*;

    /// An episode with a clip of 400 kB.
    fn with_clip(store: &Store, second: u32) -> (Episode, PathBuf) {
        let episode = example(second, None);
        let (path, name) = Files::new(store.folder()).place("clips", &episode, "mp4").unwrap();
        fs::write(&path, vec![0; 400_000]).unwrap();
        let episode = Episode { clip: Some(name), ..episode };
        store.put(&episode).unwrap();
        (episode, path)
    }

    #[test]
    fn the_oldest_clips_go_first_and_their_episodes_stay() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::create(folder.path()).unwrap();
        let clips: Vec<_> = (0..4).map(|second| with_clip(&store, second)).collect();
        let now = "2026-11-30T13:00:00Z".parse().unwrap();
        let bounds = Bounds { megabytes: Some(1), ..Bounds::default() };
        let pruned = store.prune(&bounds, now).unwrap();
        assert_eq!(pruned, Pruned { episodes: 0, without_files: 2, bytes: 800_000 });
        let there: Vec<bool> = clips.iter().map(|(_, path)| path.exists()).collect();
        assert_eq!(there, [false, false, true, true]);
        assert_eq!(store.list(&Filter::default()).unwrap().len(), 4);
        assert_eq!(store.get(&clips[0].0.id).unwrap().unwrap().clip, None);
        assert!(store.prune(&bounds, now).unwrap().is_nothing());
    }

    #[test]
    fn what_is_too_old_is_forgotten_with_its_files_unless_it_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::create(folder.path()).unwrap();
        let (old, path) = with_clip(&store, 1);
        store.put(&Episode { over: false, ..example(2, None) }).unwrap();
        let bounds = Bounds { days: Some(2), ..Bounds::default() };
        assert!(store.prune(&bounds, "2026-12-01T13:00:00Z".parse().unwrap()).unwrap().is_nothing());
        let pruned = store.prune(&bounds, "2026-12-03T13:00:00Z".parse().unwrap()).unwrap();
        assert_eq!((pruned.episodes, pruned.bytes), (1, 400_000));
        assert!(!path.exists() && !path.parent().unwrap().exists());
        assert_eq!(store.get(&old.id).unwrap(), None);
        assert_eq!(store.count(&Filter::default()).unwrap(), 1);
    }

    #[test]
    fn a_disk_that_is_never_free_enough_costs_the_clips() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::create(folder.path()).unwrap();
        let (_, path) = with_clip(&store, 1);
        let bounds = Bounds { free_megabytes: u64::MAX, ..Bounds::default() };
        assert_eq!(store.prune(&bounds, Timestamp::now()).unwrap().without_files, 1);
        assert!(!path.exists());
    }

    #[test]
    fn what_a_killed_run_completed_is_found_and_what_it_did_not_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(folder.path()).unwrap();
        let files = Files::new(folder.path());
        let (known, stray) = (example(1, None), example(2, None));
        store.put(&known).unwrap();
        let (clip, name) = files.place("clips", &known, "mp4").unwrap();
        let (nobodys, _) = files.place("clips", &stray, "mp4").unwrap();
        let partial = clip.with_file_name(".half.mp4.lookhear-part");
        for path in [&clip, &nobodys, &partial] {
            fs::write(path, "something").unwrap();
        }
        store.reconcile(&files).unwrap();
        assert_eq!(store.get(&known.id).unwrap().unwrap().clip, Some(name));
        assert!(clip.exists() && !nobodys.exists() && !partial.exists());
    }

    #[test]
    fn names_lead_nowhere_else() {
        let files = Files::new(Path::new("/history"));
        assert_eq!(files.path("clips/2026-11-30/a.mp4"), Some("/history/clips/2026-11-30/a.mp4".into()));
        for name in ["", "../secret", "/etc/passwd", "clips/../../secret"] {
            assert_eq!(files.path(name), None, "{name}");
        }
    }
}
