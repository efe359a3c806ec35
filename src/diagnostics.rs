//! Diagnostics of the programs: messages of the `log` crate, one line each on standard error.
//!
//! LookHear's own information and warnings are shown by default, its details with `-v`, those of the libraries with
//! `-vv`. The environment variable `RUST_LOG` gives finer control, e.g. `RUST_LOG=lookhear::capture=debug`.
//!
//! The newest lines of LookHear's own stay in memory, for whoever looks from elsewhere: see [`latest`].

use std::collections::VecDeque;
use std::fmt::Arguments;
use std::io::{self, Write};
use std::time::SystemTime;

use env_logger::{Builder, Target};
use log::{Level, LevelFilter};
use parking_lot::Mutex;

/// Number of lines kept while a full-screen display runs, and of those that [`latest`] gives; the oldest are dropped first.
const KEPT: usize = 200;
/// Letters of such a line that [`latest`] gives.
const LONGEST: usize = 1000;

/// Lines held back until the screen is closed; `None` while there is no screen.
static WAITING: Mutex<Option<Waiting>> = Mutex::new(None);
/// What was told last.
static LATEST: Mutex<VecDeque<Told>> = Mutex::new(VecDeque::new());

/// When something was told, and what.
pub type Told = (SystemTime, String);

/// The newest lines that this program told, the oldest first. Those of its libraries are left out: what they tell is theirs,
/// and may be more than everybody should read.
pub fn latest() -> Vec<Told> {
    LATEST.lock().iter().cloned().collect()
}

/// Keeps a line in memory.
fn remember(target: &str, line: Arguments, told: &mut VecDeque<Told>) {
    if target.split("::").next() != Some("lookhear") {
        return;
    }
    if told.len() == KEPT {
        told.pop_front();
    }
    told.push_back((SystemTime::now(), line.to_string().chars().take(LONGEST).collect()));
}

/// Begins to write what is logged. `program` stands before each line, `verbose` is how often `-v` was given.
///
/// Without `-v`, `RUST_LOG` decides if it is set. Called again, it changes nothing.
pub fn start(program: &'static str, verbose: u8) {
    let mut builder = Builder::new();
    match (verbose, std::env::var("RUST_LOG")) {
        (0, Ok(filters)) if !filters.is_empty() => builder.parse_filters(&filters),
        (0, _) => builder.filter(None, LevelFilter::Off).filter(Some("lookhear"), LevelFilter::Info),
        (1, _) => builder.filter(None, LevelFilter::Warn).filter(Some("lookhear"), LevelFilter::Debug),
        (_, _) => builder.filter(None, LevelFilter::Debug).filter(Some("lookhear"), LevelFilter::Trace),
    };
    builder.format(move |out, record| {
        remember(record.target(), *record.args(), &mut LATEST.lock());
        match record.level() {
            Level::Error | Level::Warn | Level::Info => writeln!(out, "{program}: {}", record.args()),
            level => writeln!(out, "{program}: [{level} {}] {}", record.target(), record.args()),
        }
    });
    let _ = builder.target(Target::Pipe(Box::new(Terminal))).try_init();
}

/// Keeps back what is logged from now on, as it would spoil a screen that fills the terminal; written when the value
/// is dropped.
#[must_use]
pub fn hold() -> Hold {
    WAITING.lock().get_or_insert_default();
    Hold(())
}

/// See [`hold`].
#[derive(Debug)]
pub struct Hold(());

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(waiting) = WAITING.lock().take() {
            let _ = waiting.write(&mut io::stderr().lock());
        }
    }
}

/// Standard error, unless lines are held back. A reader that is gone is not an error.
struct Terminal;

impl Write for Terminal {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match WAITING.lock().as_mut() {
            Some(waiting) => waiting.keep(line),
            None => drop(io::stderr().lock().write_all(line)),
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The newest lines, and how many came before them.
#[derive(Debug, Default)]
struct Waiting {
    lines: VecDeque<Vec<u8>>,
    gone: usize,
}

impl Waiting {
    fn keep(&mut self, line: &[u8]) {
        if self.lines.len() == KEPT {
            self.lines.pop_front();
            self.gone += 1;
        }
        self.lines.push_back(line.to_vec());
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        if self.gone > 0 {
            writeln!(out, "({} lines before these are left out)", self.gone)?;
        }
        self.lines.iter().try_for_each(|line| out.write_all(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_lines_of_our_own_are_remembered() {
        let mut told = VecDeque::new();
        (0..KEPT + 2).for_each(|n| remember("lookhear::publish", format_args!("line {n}"), &mut told));
        remember("lookhearing", format_args!("another"), &mut told);
        remember("rumqttc::state", format_args!("a password"), &mut told);
        assert_eq!((told.len(), told[0].1.as_str(), told[KEPT - 1].1.as_str()), (KEPT, "line 2", "line 201"));
        remember("lookhear", format_args!("{}", "ä".repeat(2 * LONGEST)), &mut told);
        assert_eq!(told[KEPT - 1].1.chars().count(), LONGEST);
    }

    #[test]
    fn what_waits_comes_in_order_and_has_a_bound() {
        let mut waiting = Waiting::default();
        (0..KEPT + 2).for_each(|n| waiting.keep(format!("line {n}\n").as_bytes()));
        let mut out = Vec::new();
        waiting.write(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..2], ["(2 lines before these are left out)", "line 2"]);
        assert_eq!((lines.len(), lines[KEPT]), (KEPT + 1, "line 201"));
    }
}
