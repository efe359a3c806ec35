//! The annotated picture in the terminal, at the input's own speed.

use std::io::{self, Write};
use std::thread;
use std::time::{Duration, Instant};

use super::annotate;
use crate::diagnostics::{self, Hold};
use crate::overlay::{half_blocks, status_line};
use crate::pipeline::{Moment, Sink, SinkError};

const HIDE_CURSOR: &str = "\x1b[?25l";
const SHOW_CURSOR: &str = "\x1b[?25h";
const HOME: &str = "\x1b[H";
const CLEAR: &str = "\x1b[2J";

/// Draws over the same place again and again; puts the cursor back when it is dropped.
pub struct Terminal {
    begun: Option<Instant>,
    /// What is logged meanwhile comes after the last picture.
    _hold: Hold,
}

impl Terminal {
    /// Draws from the first decision on.
    pub fn new() -> Self {
        Self { begun: None, _hold: diagnostics::hold() }
    }

    fn show(&self, moment: &Moment) -> io::Result<()> {
        let (columns, rows) = terminal_size::terminal_size().map_or((80, 24), |(w, h)| (w.0, h.0));
        let picture = annotate(moment, moment.picture);
        let mut out = io::stdout().lock();
        let blocks = half_blocks(&picture, columns, rows.saturating_sub(2));
        let status = status_line(moment.event, usize::from(columns));
        write!(out, "{HOME}{blocks}{status}\x1b[K\x1b[J")?;
        out.flush()
    }
}

impl Default for Terminal {
    fn default() -> Self {
        Self::new()
    }
}

fn io_error(source: io::Error) -> SinkError {
    SinkError::Io { output: "the terminal".into(), source }
}

impl Sink for Terminal {
    fn take(&mut self, moment: &Moment) -> Result<(), SinkError> {
        if self.begun.is_none() {
            write!(io::stdout(), "{HIDE_CURSOR}{CLEAR}").map_err(io_error)?;
        }
        let begun = *self.begun.get_or_insert_with(Instant::now);
        let due = begun + Duration::from_secs_f64(moment.event.t.max(0.0));
        match due.checked_duration_since(Instant::now()) {
            Some(early) => thread::sleep(early),
            // Too slow a machine leaves pictures out, never decisions.
            None if due.elapsed() > Duration::from_millis(200) => return Ok(()),
            None => {}
        }
        self.show(moment).map_err(io_error)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if self.begun.is_some() {
            let _ = writeln!(io::stdout(), "{SHOW_CURSOR}");
        }
    }
}
