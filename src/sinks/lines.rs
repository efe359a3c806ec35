//! One line per decision, for people and for machines.

use std::io::{self, Write};

use crate::event::{Event, State};
use crate::pipeline::{Moment, Sink, SinkError};

fn io_error(source: io::Error) -> SinkError {
    SinkError::Io { output: "standard output".into(), source }
}

/// JSON lines: one [`Event`] each.
pub struct Json<W: Write>(pub W);

impl<W: Write> Sink for Json<W> {
    fn take(&mut self, moment: &Moment) -> Result<(), SinkError> {
        serde_json::to_writer(&mut self.0, moment.event)
            .map_err(io::Error::from)
            .and_then(|()| self.0.write_all(b"\n"))
            .and_then(|()| self.0.flush())
            .map_err(io_error)
    }
}

/// Lines in plain words.
pub struct Lines<W: Write>(pub W);

impl<W: Write> Sink for Lines<W> {
    fn take(&mut self, moment: &Moment) -> Result<(), SinkError> {
        writeln!(self.0, "{}", line(moment.event)).map_err(io_error)
    }

    fn finish(&mut self) -> Result<(), SinkError> {
        self.0.flush().map_err(io_error)
    }
}

/// An event in plain words.
fn line(event: &Event) -> String {
    let [x, y] = event.peak;
    let place = match event.state {
        State::Match => format!(" at {:.0} % from the left, {:.0} % from the top", x * 100.0, y * 100.0),
        _ => String::new(),
    };
    format!("{:8.2} s  score {:.2}  {}{place}", event.t, event.score, event.sentence())
}
