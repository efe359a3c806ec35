//! The `lookhear` program: reads the command line and hands over. The main path goes on in
//! `cli/watch.rs` and `pipeline.rs`.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::run(cli::Arguments::read()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // An answer, whatever is logged.
            eprintln!("lookhear: {error}");
            ExitCode::FAILURE
        }
    }
}
