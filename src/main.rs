//! The `lookhear` program: reads the command line and hands over. The main path goes on in
//! `cli/watch.rs` and `pipeline.rs`.

mod cli;

use std::process::ExitCode;

use lookhear::console;

fn main() -> ExitCode {
    match cli::run(cli::Arguments::read()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The error is always printed, whatever the log level.
            console::tell(format_args!("lookhear: {error}"));
            cli::code(&error)
        }
    }
}
