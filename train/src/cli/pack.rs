//! `lookhear-train pack`.

use std::path::PathBuf;

use clap::Args;
use lookhear_train::config::Config;
use lookhear_train::{Error, pack};

use super::data::DataArguments;

#[derive(Args)]
pub(super) struct Pack {
    /// The recipe, a TOML file: what a batch is made of, and how many steps there are.
    config: PathBuf,
    #[command(flatten)]
    data: DataArguments,
    /// The first batch.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Number of batches.
    #[arg(long)]
    batches: u64,
    /// Folder for them.
    #[arg(long)]
    out: PathBuf,
}

impl Pack {
    pub(super) fn run(self) -> Result<(), Error> {
        let config = Config::load(&self.config, self.data.given())?;
        pack::pack(&config, self.first..self.first + self.batches, &self.out)
    }
}
