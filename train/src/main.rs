//! `lookhear-train`: trains and evaluates networks.

#[macro_use]
mod say;
mod cli;

use std::process::ExitCode;

use clap::Parser;
use lookhear_train::Error;

fn main() -> ExitCode {
    match cli::Arguments::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lookhear-train: {error}");
            match error {
                Error::Interrupted(_) => ExitCode::from(130),
                _ => ExitCode::FAILURE,
            }
        }
    }
}
