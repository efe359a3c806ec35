//! The `lookhear` program: reads the command line and hands over. The main path goes on in
//! `cli/watch.rs` and `pipeline.rs`.

mod cli;

use std::process::ExitCode;

use clap::Parser;
use lookhear::console;

fn main() -> ExitCode {
    match cli::run(cli::Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            console::tell(format_args!("lookhear: {error}"));
            cli::code(&error)
        }
    }
}
