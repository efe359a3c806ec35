//! An output of JSON lines.

use std::time::Instant;

use super::message::{Line, Numbering};
use super::output::Output;
use super::queue::Queue;
use super::settings::Events;
use crate::history::Notice;
use crate::pipeline::{DecisionContext, SinkError};

/// The pipeline's side of a file or a socket: a numbering, and which lines are wanted.
pub(super) struct Lines {
    queue: Queue<Line>,
    numbering: Numbering,
    events: Events,
}

impl Lines {
    pub(super) fn new(queue: Queue<Line>, events: Events) -> Self {
        Self { queue, numbering: Numbering::new(), events }
    }
}

impl Output for Lines {
    fn take(&mut self, context: &DecisionContext, changed: bool) -> Result<(), SinkError> {
        if self.events.decision(changed) {
            self.queue.offer(self.numbering.line(context.event));
        }
        Ok(())
    }

    fn episode(&mut self, notice: &Notice, _: Option<&DecisionContext>) {
        if self.events.episodes() {
            self.queue.offer(self.numbering.line(notice));
        }
    }

    fn close(&mut self) {
        self.queue.close();
    }

    fn finish(&mut self, end: Instant) -> bool {
        self.queue.wait(end)
    }
}
