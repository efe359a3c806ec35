//! Answers of commands that end by themselves, on standard output.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write, stdout};
use std::process::exit;

/// Prints a line, as `println!` does; but whoever reads may stop in the middle, as `head` does. Then the rest is
/// not wanted, and nothing is wrong.
macro_rules! say {
    ($($words:tt)*) => { $crate::cli::say::line(format_args!($($words)*)) };
}

/// See `say!`.
pub(crate) fn line(words: Arguments) {
    match writeln!(stdout().lock(), "{words}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            log::error!("standard output cannot be written: {error}");
            exit(1);
        }
        _ => {}
    }
}
