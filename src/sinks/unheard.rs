//! Lines for people, without saying at every decision that nothing can be heard.

use crate::pipeline::{DecisionContext, Sink, SinkError};

/// Passes decisions on; of those that lack a microphone, only the first of each reason.
pub struct Unheard<S> {
    sink: S,
    /// The last message about a missing microphone, if it was the latest line.
    said: Option<&'static str>,
}

impl<S: Sink> Unheard<S> {
    /// For the sink that writes the lines.
    pub fn new(sink: S) -> Self {
        Self { sink, said: None }
    }
}

impl<S: Sink> Sink for Unheard<S> {
    fn take(&mut self, context: &DecisionContext) -> Result<(), SinkError> {
        let unheard = context.event.unheard();
        let again = unheard.is_some() && unheard == self.said;
        self.said = unheard;
        if again { Ok(()) } else { self.sink.take(context) }
    }

    fn finish(&mut self) -> Result<(), SinkError> {
        self.sink.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{DeviceState, Devices, Event, State};
    use crate::publish::testing::with_context;
    use crate::sinks::Lines;

    #[test]
    fn that_nothing_is_heard_is_said_once_and_everything_else_every_time() {
        let mut lines = Unheard::new(Lines(Vec::new()));
        use DeviceState::{Gone, Live, Missing, Opening, Stalled};
        for (state, microphone) in [
            (State::Silent, Opening),
            (State::Silent, Missing),
            (State::Silent, Missing),
            (State::Silent, Gone),
            (State::Silent, Live),
            (State::Silent, Live),
            (State::Match, Stalled),
            (State::Silent, Missing),
        ] {
            let devices = Some(Devices { camera: Live, microphone });
            let event = Event { devices, ..Event::example(state) };
            with_context(&event, |context| lines.take(context).unwrap());
        }
        let text = String::from_utf8(lines.sink.0).unwrap();
        let said: Vec<&str> = text.lines().map(|line| line.rsplit("  ").next().unwrap()).collect();
        assert_eq!(
            said,
            [
                "I hear nothing yet.",
                "I hear nothing: no microphone.",
                "It is quiet.",
                "It is quiet.",
                "I hear it. It is here. at 50 % from the left, 50 % from the top",
                "I hear nothing: no microphone.",
            ]
        );
    }
}
