//! What every output is to the publisher.

use std::time::Instant;

use crate::history::{Episode, Notice};
use crate::pipeline::{DecisionContext, SinkError};

/// One output. Nothing of it waits, but [`finish`](Self::finish).
pub(super) trait Output: Send {
    /// Takes a decision, which changed the state or did not.
    ///
    /// # Errors
    /// None in practice: see [`super::message::line`].
    fn take(&mut self, _context: &DecisionContext, _changed: bool) -> Result<(), SinkError> {
        Ok(())
    }

    /// Takes what is new about an episode, with the decision at hand; at the end of the run there is none.
    fn episode(&mut self, _notice: &Notice, _context: Option<&DecisionContext>) {}

    /// Looks at an episode that lasts, at each decision.
    fn lasting(&mut self, _episode: &Episode, _context: &DecisionContext) {}

    /// Nothing more will come.
    fn close(&mut self);

    /// After [`close`](Self::close): waits until everything is told, or until `end`; returns whether it is.
    fn finish(&mut self, end: Instant) -> bool;
}
