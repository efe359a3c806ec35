//! `lookhear completions SHELL` and `lookhear man`: what shells and `man` know of the program.

use std::path::PathBuf;

use clap::{Args, Command};
use clap_complete::{Shell, generate};
use clap_mangen::{Man, generate_to};

use super::ending::Failure;

#[derive(Args)]
pub(super) struct Completions {
    /// The shell.
    shell: Shell,
}

impl Completions {
    /// `program`: what the program can be asked.
    pub(super) fn run(self, mut program: Command) -> Result<(), Failure> {
        let mut script = Vec::new();
        generate(self.shell, &mut program, "lookhear", &mut script);
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
    /// `program`: what the program can be asked.
    pub(super) fn run(self, program: Command) -> Result<(), Failure> {
        let Some(folder) = self.out else {
            let mut page = Vec::new();
            Man::new(program).render(&mut page)?;
            say!("{}", String::from_utf8(page)?.trim_end());
            return Ok(());
        };
        std::fs::create_dir_all(&folder)
            .and_then(|()| generate_to(program, &folder))
            .map_err(|error| format!("{} cannot be written: {error}", folder.display()))?;
        Ok(())
    }
}
