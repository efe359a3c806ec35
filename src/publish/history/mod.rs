//! Episodes on disk: the pipeline's side makes them of decisions, a thread writes them, another encodes clips.

mod clips;
mod keeper;
mod ring;

use std::collections::BTreeMap;
use std::io;
use std::time::Instant;

use super::PublishError;
use super::output::Output;
use super::output_status::OutputStatus;
use super::queue::Queue;
use super::scene::Scene;
use super::settings;
use crate::history::{Change, Files, Notice};
use crate::pipeline::{DecisionContext, SinkError};
use clips::Clips;
use keeper::{Job, Keeper};

/// Writes that may wait: more than a minute of the busiest scene.
const CAPACITY: usize = 64;

/// The pipeline's side of the history.
pub(super) struct History {
    queue: Queue<Job>,
    snapshots: bool,
    /// What the only source is called.
    source: String,
    /// Of each source, if clips are kept.
    clips: BTreeMap<String, Clips>,
}

/// Opens the history, or makes it, and begins to write. `sources`: their names; none: there is one.
///
/// # Errors
/// It cannot be opened, or there is no thread.
pub(super) fn start(
    settings: &settings::History,
    sources: &[String],
    output_status: OutputStatus,
) -> Result<History, PublishError> {
    let only = std::slice::from_ref(&settings.source);
    let sources = if sources.is_empty() { only } else { sources };
    let keeper = Keeper::open(settings, sources, output_status.clone())?;
    let (sender, jobs) = keeper::jobs(CAPACITY);
    let queue = Queue::over(sender.clone(), output_status.clone(), move || keeper.serve(&jobs))?;
    let clips = |source: &String| {
        let files = Files::new(&settings.folder);
        Ok((source.clone(), Clips::start(settings, files, sender.clone(), output_status.clone())?))
    };
    let clips = sources.iter().filter(|_| settings.clips).map(clips).collect::<io::Result<_>>()?;
    Ok(History { queue, snapshots: settings.snapshots, source: settings.source.clone(), clips })
}

impl Output for History {
    fn take(&mut self, context: &DecisionContext, _: bool) -> Result<(), SinkError> {
        let source = context.event.source.as_ref().unwrap_or(&self.source);
        if let Some(clips) = self.clips.get_mut(source) {
            clips.hear_and_see(context);
        }
        Ok(())
    }

    fn episode(&mut self, notice: &Notice, context: Option<&DecisionContext>) {
        if let Some(clips) = self.clips.get_mut(&notice.episode.source) {
            match notice.change {
                Change::New => clips.begin(&notice.episode),
                Change::Update => {}
                Change::End => clips.end(notice.episode.t_end),
            }
        }
        let worth_a_picture = self.snapshots && (notice.best || notice.change == Change::New);
        let scene = context.filter(|_| worth_a_picture).map(|context| Box::new(Scene::of(context)));
        self.queue.offer(Job::Episode(Box::new(notice.episode.clone()), scene));
    }

    fn close(&mut self) {
        self.clips.values_mut().for_each(Clips::close);
        self.queue.close();
    }

    /// Gives clips and writes until `end`.
    fn finish(&mut self, end: Instant) -> bool {
        self.clips.values().all(|clips| clips.wait(end)) && self.queue.wait(end)
    }
}

#[cfg(test)]
mod tests;
