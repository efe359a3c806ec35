//! Keys that are pressed in the terminal.

use std::io::{self, IsTerminal};
use std::sync::atomic::Ordering;
use std::time::Duration;

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::pipeline::Controls;

/// The keys that were pressed since this was asked last. Nothing is waited for.
///
/// # Errors
/// The terminal cannot be read.
pub(super) fn pressed() -> io::Result<Vec<KeyEvent>> {
    let mut keys = Vec::new();
    while event::poll(Duration::ZERO)? {
        if let Event::Key(key) = event::read()?
            && key.kind == KeyEventKind::Press
        {
            keys.push(key);
        }
    }
    Ok(keys)
}

/// Ends the run if a key asks for it. Ctrl-C is a key like another to a program that reads keys one by one, and yet an
/// interruption.
pub(super) fn ends(key: KeyEvent, controls: &Controls) -> bool {
    let interrupts = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
    let ends = interrupts || matches!(key.code, KeyCode::Char('q') | KeyCode::Esc);
    if ends {
        controls.interrupted.fetch_or(interrupts, Ordering::Relaxed);
        controls.stop.store(true, Ordering::Relaxed);
    }
    ends
}

/// Whether the terminal is gone. Asked before every read: crossterm would read its end for ever.
pub(super) fn is_closed() -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let stdin = rustix::stdio::stdin();
    let mut watched = [PollFd::new(&stdin, PollFlags::IN)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    let asked = poll(&mut watched, Some(&now));
    let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
    asked.is_ok() && watched[0].revents().intersects(gone) && !is_redirected()
}

/// Whether standard input is a file or a pipe, whose end does not mean that the terminal is gone.
fn is_redirected() -> bool {
    let stdin = rustix::fs::fstat(rustix::stdio::stdin());
    let kind = stdin.map(|stdin| rustix::fs::FileType::from_raw_mode(stdin.st_mode));
    !io::stdin().is_terminal() && kind.is_ok_and(|kind| kind != rustix::fs::FileType::CharacterDevice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q_and_escape_end_and_control_c_interrupts() {
        let plain = KeyModifiers::NONE;
        let cases = [
            (KeyCode::Char('q'), plain, true, false),
            (KeyCode::Esc, plain, true, false),
            (KeyCode::Char('c'), plain, false, false),
            (KeyCode::Char('c'), KeyModifiers::CONTROL, true, true),
        ];
        for (code, modifiers, expected, interrupted) in cases {
            let controls = Controls::default();
            assert_eq!(ends(KeyEvent::new(code, modifiers), &controls), expected);
            assert_eq!(controls.stop.load(Ordering::Relaxed), expected);
            assert_eq!(controls.interrupted.load(Ordering::Relaxed), interrupted);
        }
    }
}
