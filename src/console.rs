//! Standard output and standard error. The reader may stop early, as `head` does; the rest is then dropped without an
//! error. `println!` would panic instead.

use std::fmt::Arguments;
use std::io::{self, BufWriter, ErrorKind, Stdout, Write};
use std::process::exit;

/// Prints a line on standard output. Where it cannot be written for another reason than that nobody reads it (a full
/// disk), the program ends.
pub fn say(words: Arguments) {
    let mut out = io::stdout().lock();
    match out.write_fmt(words).and_then(|()| out.write_all(b"\n")) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            tell(format_args!("standard output cannot be written: {error}"));
            exit(1);
        }
        _ => {}
    }
}

/// Prints a line on standard error, if anybody reads it.
pub fn tell(words: Arguments) {
    let mut out = io::stderr().lock();
    let _ = out.write_fmt(words).and_then(|()| out.write_all(b"\n"));
}

/// Standard output for lines that go on and on. Once nobody reads it, what is written is dropped.
pub struct Answers {
    out: BufWriter<Stdout>,
    /// Called once when the reader is gone.
    deserted: Option<Box<dyn FnOnce() + Send>>,
}

impl Answers {
    /// `deserted` is called once the reader is gone.
    pub fn new(deserted: impl FnOnce() + Send + 'static) -> Self {
        Self { out: BufWriter::new(io::stdout()), deserted: Some(Box::new(deserted)) }
    }

    /// Whether the reader is gone.
    pub fn is_deserted(&self) -> bool {
        self.deserted.is_none()
    }

    fn forgive<T>(&mut self, outcome: io::Result<T>, done: T) -> io::Result<T> {
        match outcome {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                if let Some(deserted) = self.deserted.take() {
                    deserted();
                }
                Ok(done)
            }
            outcome => outcome,
        }
    }
}

impl Write for Answers {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_deserted() {
            return Ok(bytes.len());
        }
        let outcome = self.out.write(bytes);
        self.forgive(outcome, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.is_deserted() {
            return Ok(());
        }
        let outcome = self.out.flush();
        self.forgive(outcome, ())
    }
}
