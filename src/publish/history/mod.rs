//! Episodes on disk: the pipeline's side makes them of decisions, a thread writes them, another encodes clips.

mod clips;
mod keeper;
mod ring;

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
    clips: Option<Clips>,
}

/// Opens the history, or makes it, and begins to write.
///
/// # Errors
/// It cannot be opened, or there is no thread.
pub(super) fn start(
    settings: &settings::History,
    output_status: OutputStatus,
) -> Result<History, PublishError> {
    let keeper = Keeper::open(settings, output_status.clone())?;
    let (sender, jobs) = keeper::jobs(CAPACITY);
    let queue = Queue::over(sender.clone(), output_status.clone(), move || keeper.serve(&jobs))?;
    let clips =
        settings.clips.then(|| Clips::start(settings, Files::new(&settings.folder), sender, output_status));
    Ok(History { queue, snapshots: settings.snapshots, clips: clips.transpose()? })
}

impl Output for History {
    fn take(&mut self, context: &DecisionContext, _: bool) -> Result<(), SinkError> {
        if let Some(clips) = &mut self.clips {
            clips.hear_and_see(context);
        }
        Ok(())
    }

    fn episode(&mut self, notice: &Notice, context: Option<&DecisionContext>) {
        if let Some(clips) = &mut self.clips {
            match notice.change {
                Change::New => clips.begin(&notice.episode),
                Change::Update => {}
                Change::End => clips.end(notice.episode.t_end),
            }
        }
        let worth_a_picture = self.snapshots && (notice.best || notice.change == Change::New);
        let scene = context.filter(|_| worth_a_picture).map(Scene::of);
        self.queue.offer(Job::Episode(Box::new(notice.episode.clone()), scene));
    }

    fn close(&mut self) {
        self.clips.iter_mut().for_each(Clips::close);
        self.queue.close();
    }

    /// Gives clips and writes until `end`.
    fn finish(&mut self, end: Instant) -> bool {
        self.clips.as_ref().is_none_or(|clips| clips.wait(end)) && self.queue.wait(end)
    }
}

#[cfg(test)]
mod tests;
