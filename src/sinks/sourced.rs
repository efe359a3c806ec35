//! One of several sources of a run.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::event::Event;
use crate::pipeline::{DecisionContext, Sink, SinkError};

/// Gives decisions on with the name of their source: [`Event::source`].
pub struct Sourced {
    name: String,
    sinks: Vec<Box<dyn Sink>>,
}

impl Sourced {
    /// For the sinks of one source.
    pub fn new(name: &str, sinks: Vec<Box<dyn Sink>>) -> Self {
        Self { name: name.into(), sinks }
    }
}

impl Sink for Sourced {
    fn take(&mut self, context: &DecisionContext) -> Result<(), SinkError> {
        let event = Event { source: Some(self.name.clone()), ..context.event.clone() };
        let context = DecisionContext { event: &event, ..*context };
        self.sinks.iter_mut().try_for_each(|sink| sink.take(&context))
    }

    fn finish(&mut self) -> Result<(), SinkError> {
        self.sinks.iter_mut().try_for_each(|sink| sink.finish())
    }
}

/// A sink that several sources share; whoever made it finishes it, once all of them have ended.
pub struct Shared<S>(pub Arc<Mutex<S>>);

impl<S: Sink> Sink for Shared<S> {
    fn take(&mut self, context: &DecisionContext) -> Result<(), SinkError> {
        self.0.lock().take(context)
    }
}
