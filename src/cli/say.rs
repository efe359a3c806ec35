//! What the commands print: see [`lookhear::console`].

/// Prints a line on standard output.
macro_rules! say {
    ($($words:tt)*) => { lookhear::console::say(format_args!($($words)*)) };
}

/// In place of the standard library's, which panics when nobody reads standard error.
macro_rules! eprintln {
    ($($words:tt)*) => { lookhear::console::tell(format_args!($($words)*)) };
}
