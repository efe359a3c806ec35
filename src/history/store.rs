//! Episodes in SQLite.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, Row, params, params_from_iter};

use super::episode::state;
use super::migrations::{KNOWN, migrate, version};
use super::{DATABASE, Episode, Filter, HistoryError};

/// How long another program may keep the file locked.
const PATIENCE: Duration = Duration::from_secs(5);

/// A history's file. Write-ahead logging: readers never wait for the writer, and what a killed program had not
/// completed is gone without harm to the rest.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    connection: Connection,
    /// Locked while a run writes its history here.
    _lock: Option<File>,
}

impl Store {
    /// Opens a history to be written; makes folder and file if they are not there.
    ///
    /// # Errors
    /// [`HistoryError`]: what is there is no history of ours, or cannot be written; it stays as it is.
    pub fn create(folder: &Path) -> Result<Self, HistoryError> {
        fs::create_dir_all(folder).map_err(|source| HistoryError::Io { path: folder.into(), source })?;
        let lock = lock(folder)?;
        let mut store =
            Self::connect(folder, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        store._lock = Some(lock);
        let prepared = store.connection.pragma_update(None, "journal_mode", "WAL");
        let prepared = prepared.and_then(|()| store.connection.pragma_update(None, "synchronous", "NORMAL"));
        let prepared = prepared.and_then(|()| migrate(&mut store.connection));
        prepared.map_err(|error| store.failed(error))?;
        Ok(store)
    }

    /// Opens a history that is there, to read and to prune it.
    ///
    /// # Errors
    /// [`HistoryError`]: there is none, or it cannot be read.
    pub fn open(folder: &Path) -> Result<Self, HistoryError> {
        if !folder.join(DATABASE).is_file() {
            return Err(HistoryError::Missing { folder: folder.into() });
        }
        let mut store = Self::connect(folder, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        if version(&store.connection).map_err(|error| store.failed(error))? < KNOWN {
            migrate(&mut store.connection).map_err(|error| store.failed(error))?;
        }
        Ok(store)
    }

    fn connect(folder: &Path, flags: OpenFlags) -> Result<Self, HistoryError> {
        let path = folder.join(DATABASE);
        let failed = |source| HistoryError::Sqlite { path: path.clone(), source };
        let connection = Connection::open_with_flags(&path, flags).map_err(failed)?;
        connection.busy_timeout(PATIENCE).map_err(failed)?;
        let found = version(&connection).map_err(failed)?;
        if found > KNOWN {
            return Err(HistoryError::Newer { path, found, known: KNOWN });
        }
        Ok(Self { folder: folder.into(), connection, _lock: None })
    }

    /// The folder it is in, with snapshots and clips.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Ends the episodes of a source that a killed run left open; returns how many there were.
    ///
    /// # Errors
    /// [`HistoryError::Sqlite`]
    pub fn close_open(&self, source: &str) -> Result<usize, HistoryError> {
        let closed =
            self.connection.execute("UPDATE episodes SET open = 0 WHERE open = 1 AND source = ?1", [source]);
        closed.map_err(|error| self.failed(error))
    }

    /// Writes an episode, in place of what was known of it before.
    ///
    /// # Errors
    /// [`HistoryError::Sqlite`]: a full disk, say. It may be tried again.
    pub fn put(&self, episode: &Episode) -> Result<(), HistoryError> {
        let Episode { id, source, name, start, end, t_start, t_end, snapshot, clip, .. } = episode;
        let [x0, y0, x1, y1] = match episode.bounds {
            Some(bounds) => bounds.map(Some),
            None => [None; 4],
        };
        let written = self
            .connection
            .prepare_cached("INSERT OR REPLACE INTO episodes VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)")
            .and_then(|mut statement| {
                statement.execute(params![
                    id,
                    source,
                    episode.state.word(),
                    name,
                    start,
                    end,
                    t_start,
                    t_end,
                    !episode.over,
                    episode.decisions as i64,
                    episode.best_score,
                    x0,
                    y0,
                    x1,
                    y1,
                    snapshot,
                    clip
                ])
            });
        written.map(drop).map_err(|error| self.failed(error))
    }

    /// One episode.
    ///
    /// # Errors
    /// [`HistoryError::Sqlite`]
    pub fn get(&self, id: &str) -> Result<Option<Episode>, HistoryError> {
        let all = self.select("WHERE id = ?", vec![Value::from(id.to_string())])?;
        Ok(all.into_iter().next())
    }

    /// Episodes that a filter lets through, latest first.
    ///
    /// # Errors
    /// [`HistoryError::Sqlite`]
    pub fn list(&self, filter: &Filter) -> Result<Vec<Episode>, HistoryError> {
        let (clause, values) = filter.clause();
        self.select(&clause, values)
    }

    /// How many episodes a filter lets through, whatever its limit.
    ///
    /// # Errors
    /// [`HistoryError::Sqlite`]
    pub fn count(&self, filter: &Filter) -> Result<u64, HistoryError> {
        let (condition, values) = filter.condition();
        let sql = format!("SELECT count(*) FROM episodes {condition}");
        let counted = self.connection.query_row(&sql, params_from_iter(values), |row| row.get::<_, i64>(0));
        counted.map(|count| count.max(0) as u64).map_err(|error| self.failed(error))
    }

    /// Forgets episodes; their files are the caller's.
    ///
    /// # Errors
    /// [`HistoryError::Sqlite`]: then none is forgotten.
    pub(super) fn forget(&mut self, ids: &[String]) -> Result<(), HistoryError> {
        let forgotten = self.connection.transaction().and_then(|transaction| {
            for id in ids {
                transaction.execute("DELETE FROM episodes WHERE id = ?1", [id])?;
            }
            transaction.commit()
        });
        forgotten.map_err(|error| self.failed(error))
    }

    /// Says of an episode that its clip or snapshot is not there any more.
    ///
    /// # Errors
    /// [`HistoryError::Sqlite`]
    pub(super) fn without_files(&self, id: &str) -> Result<(), HistoryError> {
        let sql = "UPDATE episodes SET snapshot = NULL, clip = NULL WHERE id = ?1";
        self.connection.execute(sql, [id]).map(drop).map_err(|error| self.failed(error))
    }

    fn select(&self, clause: &str, values: Vec<Value>) -> Result<Vec<Episode>, HistoryError> {
        let sql = format!("SELECT * FROM episodes {clause}");
        let read = || -> rusqlite::Result<Vec<Episode>> {
            let mut statement = self.connection.prepare_cached(&sql)?;
            let rows = statement.query_map(params_from_iter(values), episode)?;
            rows.collect()
        };
        read().map_err(|error| self.failed(error))
    }

    fn failed(&self, source: rusqlite::Error) -> HistoryError {
        HistoryError::Sqlite { path: self.folder.join(DATABASE), source }
    }
}

/// Takes the folder for a run: what one has not written down yet, another must not take for left behind. Not the
/// database's own file: closing that would give up SQLite's locks.
fn lock(folder: &Path) -> Result<File, HistoryError> {
    let path = folder.join(".lock");
    let failed = |source| HistoryError::Io { path: path.clone(), source };
    let file = File::create(&path).map_err(failed)?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(HistoryError::Busy { folder: folder.into() }),
        // A file system without locks is no reason to keep no history.
        Err(TryLockError::Error(error)) if error.kind() != io::ErrorKind::Unsupported => Err(failed(error)),
        _ => Ok(file),
    }
}

/// A row as an episode.
fn episode(row: &Row) -> rusqlite::Result<Episode> {
    let side = |name| row.get::<_, Option<f64>>(name).map(|value| value.map(|value| value as f32));
    let bounds = match (side("x0")?, side("y0")?, side("x1")?, side("y1")?) {
        (Some(x0), Some(y0), Some(x1), Some(y1)) => Some([x0, y0, x1, y1]),
        _ => None,
    };
    Ok(Episode {
        id: row.get("id")?,
        source: row.get("source")?,
        state: state(&row.get::<_, String>("state")?),
        name: row.get("name")?,
        start: row.get("start")?,
        end: row.get("end")?,
        t_start: row.get("t_start")?,
        t_end: row.get("t_end")?,
        over: !row.get::<_, bool>("open")?,
        decisions: row.get::<_, i64>("decisions")?.max(0) as u64,
        best_score: row.get::<_, f64>("best_score")? as f32,
        bounds,
        snapshot: row.get("snapshot")?,
        clip: row.get("clip")?,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An episode that begins at a second of a minute.
    pub(crate) fn example(second: u32, name: Option<&str>) -> Episode {
        Episode {
            id: format!("20261130120{second:03}000-0"),
            name: name.map(Into::into),
            start: format!("2026-11-30T12:00:{second:02}.000Z"),
            end: format!("2026-11-30T12:00:{second:02}.900Z"),
            t_start: f64::from(second),
            t_end: f64::from(second) + 0.9,
            decisions: 12,
            ..Episode::example()
        }
    }

    #[test]
    fn what_was_written_is_read_again_by_another_program() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("new/history");
        let store = Store::create(&place).unwrap();
        let open = Episode { over: false, bounds: None, ..example(7, Some("Rex")) };
        store.put(&example(5, None)).unwrap();
        store.put(&open).unwrap();
        let other = Store::open(&place).unwrap();
        assert_eq!(other.list(&Filter::default()).unwrap(), [open.clone(), example(5, None)]);
        assert_eq!(other.get(&open.id).unwrap(), Some(open.clone()));
        assert_eq!(other.count(&Filter::default()).unwrap(), 2);
        let busy = Store::create(&place).unwrap_err().to_string();
        assert!(busy.contains("another run"), "{busy}");
        let more = Episode { decisions: 40, over: true, ..open.clone() };
        store.put(&more).unwrap();
        assert_eq!(other.get(&open.id).unwrap(), Some(more));
        assert_eq!(other.get("nobody").unwrap(), None);
    }

    #[test]
    fn what_a_killed_run_left_open_is_closed_for_its_source_alone() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(folder.path()).unwrap();
        let open = Episode { over: false, ..example(5, None) };
        store.put(&open).unwrap();
        store.put(&Episode { id: "other".into(), source: "yard".into(), ..open.clone() }).unwrap();
        drop(store);
        let store = Store::create(folder.path()).unwrap();
        assert_eq!(store.close_open("barn").unwrap(), 1);
        assert!(store.get(&open.id).unwrap().unwrap().over);
        assert!(!store.get("other").unwrap().unwrap().over);
    }

    #[test]
    fn what_is_no_history_is_named_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let error = Store::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains("holds no history") && error.contains("[publish.history]"), "{error}");
        let path = folder.path().join(DATABASE);
        fs::write(&path, "my diary, which is no database at all, and must stay as it is").unwrap();
        for outcome in [Store::open, Store::create].map(|open| open(folder.path())) {
            let error = outcome.unwrap_err().to_string();
            assert!(error.contains("history.db") && error.contains("not a database"), "{error}");
        }
        assert!(fs::read_to_string(&path).unwrap().starts_with("my diary"));
        fs::remove_file(&path).unwrap();
        let store = Store::create(folder.path()).unwrap();
        store.connection.pragma_update(None, "user_version", KNOWN + 1).unwrap();
        drop(store);
        let error = Store::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains("later version"), "{error}");
    }
}
