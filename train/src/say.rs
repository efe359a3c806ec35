//! What the commands print, in place of the standard library's macros, which panic when nobody reads: see
//! [`lookhear::console`].

/// Prints a line on standard output.
macro_rules! println {
    ($($words:tt)*) => { lookhear::console::say(format_args!($($words)*)) };
}

/// Prints a line on standard error.
macro_rules! eprintln {
    ($($words:tt)*) => { lookhear::console::tell(format_args!($($words)*)) };
}
