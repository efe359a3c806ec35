//! `lookhear completions SHELL` and `lookhear man`: what shells and `man` know of the program.

use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};
use clap_mangen::{Man, generate_to};

use super::{Arguments, Failure};

#[derive(Args)]
pub(super) struct Completions {
    /// The shell.
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self) -> Result<(), Failure> {
        let mut script = Vec::new();
        generate(self.shell, &mut Arguments::command(), "lookhear", &mut script);
        say!("{}", String::from_utf8(script)?.trim_end());
        Ok(())
    }
}

#[derive(Args)]
pub(super) struct ManPages {
    /// Write the pages of all commands into this folder, instead of printing the program's own.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

impl ManPages {
    pub(super) fn run(self) -> Result<(), Failure> {
        let command = Arguments::command();
        let Some(folder) = self.out else {
            let mut page = Vec::new();
            Man::new(command).render(&mut page)?;
            say!("{}", String::from_utf8(page)?.trim_end());
            return Ok(());
        };
        std::fs::create_dir_all(&folder)
            .and_then(|()| generate_to(command, &folder))
            .map_err(|error| format!("{} cannot be written: {error}", folder.display()))?;
        Ok(())
    }
}
