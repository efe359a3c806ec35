//! The thread that writes: episodes into the database, pictures beside it, and old ones away.

use std::io::Write;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::super::output_status::OutputStatus;
use super::super::scene::Scene;
use super::super::settings;
use crate::history::{Bounds, Episode, Files, HistoryError, Store};
use crate::output::{Existing, Output, OutputError};

/// How often what is too much is given up; and how often while something cannot be written, for want of room, say.
const PRUNE: Duration = Duration::from_secs(600);
const PRUNE_FAILING: Duration = Duration::from_secs(10);

/// What is to be written.
pub(super) enum Job {
    /// An episode as it is now, and what is to be its picture.
    Episode(Box<Episode>, Option<Box<Scene>>),
    /// The clip of an episode is complete, under this name.
    Clip { id: String, name: String },
}

pub(super) fn jobs(capacity: usize) -> (SyncSender<Job>, Receiver<Job>) {
    sync_channel(capacity)
}

/// Owns the database.
pub(super) struct Keeper {
    store: Store,
    files: Files,
    bounds: Bounds,
    output_status: OutputStatus,
    pruned: Instant,
    /// Snapshots and clips of the episodes that may still change.
    known: Vec<(String, Known)>,
}

/// The files of an episode.
#[derive(Clone, Default)]
struct Known {
    snapshot: Option<String>,
    clip: Option<String>,
}

/// Episodes whose files are remembered: a clip is complete some seconds after its episode.
const REMEMBERED: usize = 16;

impl Keeper {
    /// Opens the history, and ends what a killed run has left open.
    ///
    /// # Errors
    /// [`HistoryError`]
    pub(super) fn open(
        settings: &settings::History,
        sources: &[String],
        output_status: OutputStatus,
    ) -> Result<Self, HistoryError> {
        let store = Store::create(&settings.folder)?;
        sources.iter().try_for_each(|source| store.close_open(source).map(drop))?;
        let files = Files::new(&settings.folder);
        store.reconcile(&files)?;
        let mut keeper = Self {
            store,
            files,
            bounds: settings.bounds(),
            output_status,
            pruned: Instant::now(),
            known: Vec::new(),
        };
        keeper.prune();
        Ok(keeper)
    }

    /// Writes what comes until nothing more does.
    pub(super) fn serve(mut self, jobs: &Receiver<Job>) {
        loop {
            match jobs.recv_timeout(PRUNE) {
                Ok(Job::Episode(episode, scene)) => self.episode(*episode, scene.as_deref()),
                Ok(Job::Clip { id, name }) => self.clip(&id, name),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let failing = self.output_status.fault().is_some();
            if self.pruned.elapsed() >= if failing { PRUNE_FAILING } else { PRUNE } {
                self.prune();
            }
        }
    }

    fn episode(&mut self, mut episode: Episode, scene: Option<&Scene>) {
        let snapshot = scene.and_then(|scene| self.snapshot(&episode, scene));
        let known = self.known(&episode.id);
        known.snapshot = snapshot.or(known.snapshot.take());
        (episode.snapshot, episode.clip) = (known.snapshot.clone(), known.clip.clone());
        let written = self.store.put(&episode);
        self.told(written);
    }

    fn clip(&mut self, id: &str, name: String) {
        self.known(id).clip = Some(name.clone());
        let written = self.store.get(id).and_then(|episode| match episode {
            Some(episode) => self.store.put(&Episode { clip: Some(name), ..episode }),
            // Forgotten meanwhile.
            None => Ok(()),
        });
        self.told(written);
    }

    fn known(&mut self, id: &str) -> &mut Known {
        let place = self.known.iter().position(|(known, _)| known == id).unwrap_or_else(|| {
            if self.known.len() == REMEMBERED {
                self.known.remove(0);
            }
            self.known.push((id.into(), Known::default()));
            self.known.len() - 1
        });
        &mut self.known[place].1
    }

    /// Writes the picture; a later, better one takes the place of the one before. Its name, if it is there.
    fn snapshot(&self, episode: &Episode, scene: &Scene) -> Option<String> {
        let jpeg = scene.jpeg()?;
        let (path, name) =
            self.files.place("snapshots", episode, "jpg").inspect_err(|error| self.fail(error)).ok()?;
        match write(&path, &jpeg) {
            Ok(()) => Some(name),
            Err(error) => {
                self.fail(&error);
                None
            }
        }
    }

    fn prune(&mut self) {
        self.pruned = Instant::now();
        match self.store.prune(&self.bounds, Timestamp::now()) {
            Ok(pruned) if pruned.is_nothing() => {}
            Ok(pruned) => log::debug!(
                "history: {} episodes are forgotten, {} go on without their pictures, {} MB are free again",
                pruned.episodes,
                pruned.without_files,
                pruned.bytes / 1_000_000
            ),
            Err(error) => self.fail(&error),
        }
    }

    fn told(&self, written: Result<(), HistoryError>) {
        match written {
            Ok(()) => self.output_status.tell(None),
            Err(error) => {
                self.output_status.lose(1);
                self.fail(&error);
            }
        }
    }

    fn fail(&self, error: &dyn std::fmt::Display) {
        self.output_status
            .tell(Some(format!("the history is not kept: {error}; tried again with the next episode")));
    }
}

/// Writes a file beside its place and moves it there.
fn write(path: &Path, bytes: &[u8]) -> Result<(), OutputError> {
    let mut output = Output::new(path, Existing::Replace)?;
    let written = output.file().write_all(bytes);
    written.map_err(|source| OutputError::Io { path: path.into(), source })?;
    output.complete()
}
