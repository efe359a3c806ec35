//! `lookhear-train`: trains and evaluates networks.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::Arguments::read().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // An answer, whatever is logged.
            eprintln!("lookhear-train: {error}");
            ExitCode::FAILURE
        }
    }
}
