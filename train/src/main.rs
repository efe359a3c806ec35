//! `lookhear-train`: trains and evaluates networks.

#[macro_use]
mod say;
mod cli;

use std::process::ExitCode;

use lookhear_train::Error;

fn main() -> ExitCode {
    match cli::Arguments::read().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The error is always printed, whatever the log level.
            eprintln!("lookhear-train: {error}");
            match error {
                Error::Interrupted(_) => ExitCode::from(130),
                _ => ExitCode::FAILURE,
            }
        }
    }
}
