//! The annotated picture in the terminal, at the input's own speed.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use ratatui::crossterm::terminal::{disable_raw_mode, enable_raw_mode};

use super::{annotate, keys};
use crate::diagnostics::{self, Hold};
use crate::overlay::{half_blocks, status_line};
use crate::pipeline::{Controls, DecisionContext, Sink, SinkError};

const HIDE_CURSOR: &str = "\x1b[?25l";
const SHOW_CURSOR: &str = "\x1b[?25h";
const HOME: &str = "\x1b[H";
const CLEAR: &str = "\x1b[2J";

/// Draws over the same place again and again, until the input ends or `q` is pressed; gives the terminal back when it
/// is dropped.
pub struct Terminal {
    controls: Arc<Controls>,
    begun: Option<Instant>,
    /// Whether keys are read one by one, which not every terminal supports.
    keys: bool,
    /// What is logged meanwhile comes after the last picture.
    _hold: Hold,
}

impl Terminal {
    /// Draws from the first decision on.
    pub fn new(controls: Arc<Controls>) -> Self {
        Self { controls, begun: None, keys: false, _hold: diagnostics::hold() }
    }

    fn begin(&mut self) -> io::Result<Instant> {
        if let Some(begun) = self.begun {
            return Ok(begun);
        }
        write!(io::stdout(), "{HIDE_CURSOR}{CLEAR}")?;
        self.keys = enable_raw_mode().is_ok();
        Ok(*self.begun.insert(Instant::now()))
    }

    fn read_keys(&self) -> io::Result<()> {
        if !self.keys {
            return Ok(());
        }
        if keys::is_closed() {
            self.controls.stop.store(true, Ordering::Relaxed);
            return Ok(());
        }
        for key in keys::pressed()? {
            keys::ends(key, &self.controls);
        }
        Ok(())
    }

    fn show(&self, context: &DecisionContext) -> io::Result<()> {
        let (columns, rows) = terminal_size::terminal_size().map_or((80, 24), |(w, h)| (w.0, h.0));
        let picture = annotate(context, context.picture);
        let mut out = io::stdout().lock();
        // A terminal whose keys are read one by one takes a line break for a step down alone.
        let blocks = half_blocks(&picture, columns, rows.saturating_sub(2)).replace('\n', "\r\n");
        let status = status_line(context.event, usize::from(columns));
        write!(out, "{HOME}{blocks}{status}\x1b[K\x1b[J")?;
        out.flush()
    }
}

fn io_error(source: io::Error) -> SinkError {
    SinkError::Io { output: "the terminal".into(), source }
}

impl Sink for Terminal {
    fn take(&mut self, context: &DecisionContext) -> Result<(), SinkError> {
        let begun = self.begin().map_err(io_error)?;
        self.read_keys().map_err(io_error)?;
        if self.controls.stop.load(Ordering::Relaxed) {
            return Ok(());
        }
        let due = begun + Duration::from_secs_f64(context.event.t.max(0.0));
        match due.checked_duration_since(Instant::now()) {
            Some(early) => thread::sleep(early),
            // A slow machine skips pictures, never decisions.
            None if due.elapsed() > Duration::from_millis(200) => return Ok(()),
            None => {}
        }
        self.show(context).map_err(io_error)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if self.keys {
            let _ = disable_raw_mode();
        }
        if self.begun.is_some() {
            let _ = writeln!(io::stdout(), "{SHOW_CURSOR}");
        }
    }
}
