//! One line per decision, for people and for machines.

use std::io::{self, Write};

use serde::Serialize;

use crate::event::{Event, State};
use crate::pipeline::{DecisionContext, Sink, SinkError};

pub(super) fn io_error(source: io::Error) -> SinkError {
    SinkError::Io { output: "standard output".into(), source }
}

/// JSON lines: one [`Event`] each.
pub struct Json<W: Write>(pub W);

impl<W: Write> Sink for Json<W> {
    fn take(&mut self, context: &DecisionContext) -> Result<(), SinkError> {
        write(&mut self.0, context.event)
    }
}

fn write(out: &mut impl Write, value: &impl Serialize) -> Result<(), SinkError> {
    serde_json::to_writer(&mut *out, value)
        .map_err(io::Error::from)
        .and_then(|()| out.write_all(b"\n"))
        .and_then(|()| out.flush())
        .map_err(io_error)
}

/// JSON lines with the name of the input: one object each, `file` and the fields of the [`Event`].
pub struct NamedJson<W: Write> {
    /// The writer.
    pub out: W,
    /// The input.
    pub file: String,
}

#[derive(Serialize)]
struct Named<'a> {
    file: &'a str,
    #[serde(flatten)]
    event: &'a Event,
}

impl<W: Write> Sink for NamedJson<W> {
    fn take(&mut self, context: &DecisionContext) -> Result<(), SinkError> {
        write(&mut self.out, &Named { file: &self.file, event: context.event })
    }
}

/// Lines in plain words.
pub struct Lines<W: Write>(pub W);

impl<W: Write> Sink for Lines<W> {
    fn take(&mut self, context: &DecisionContext) -> Result<(), SinkError> {
        // Flushed at once, since a reader of a pipe waits for each line.
        writeln!(self.0, "{}", line(context.event)).and_then(|()| self.0.flush()).map_err(io_error)
    }
}

/// An event in plain words.
pub(super) fn line(event: &Event) -> String {
    let [x, y] = event.peak;
    let place = match event.state {
        State::Match => format!(" at {:.0} % from the left, {:.0} % from the top", x * 100.0, y * 100.0),
        _ => String::new(),
    };
    let source = event.source.as_ref().map_or(String::new(), |source| format!("{source}  "));
    format!("{:8.2} s  {source}score {:.2}  {}{place}", event.t, event.score, event.sentence())
}
