//! `lookhear-train pack`.

use std::path::PathBuf;

use clap::Args;
use lookhear_train::config::{Config, Data};
use lookhear_train::{Error, pack};

#[derive(Args)]
pub(super) struct Pack {
    /// The recipe, a TOML file: what a batch is made of, and how many steps there are.
    config: PathBuf,
    /// Folder with photos/<class>/ and sounds/<class>/.
    #[arg(long, conflicts_with = "videos")]
    corpus: Option<PathBuf>,
    /// Folder of video files.
    #[arg(long, conflicts_with = "shards")]
    videos: Option<PathBuf>,
    /// Folder that `prepare` made of videos.
    #[arg(long, conflicts_with = "corpus")]
    shards: Option<PathBuf>,
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
        let data = self.corpus.map(Data::Corpus).or(self.videos.map(Data::Videos));
        let config = Config::load(&self.config, data.or(self.shards.map(Data::Shards)))?;
        pack::pack(&config, self.first..self.first + self.batches, &self.out)
    }
}
