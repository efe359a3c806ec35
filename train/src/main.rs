//! `lookhear-train`: trains and evaluates networks.

mod cli;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match cli::Arguments::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lookhear-train: {error}");
            ExitCode::FAILURE
        }
    }
}
