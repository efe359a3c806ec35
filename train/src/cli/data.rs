//! What is learned from, as commands are given it.

use std::path::PathBuf;

use clap::Args;
use lookhear_train::config::Data;

/// One of three kinds of data, or two that the recipe mixes, instead of the recipe's.
#[derive(Args)]
pub(super) struct DataArguments {
    /// Folder with photos/<class>/ and sounds/<class>/.
    #[arg(long)]
    corpus: Option<PathBuf>,
    /// Folder of video files.
    #[arg(long, conflicts_with = "shards")]
    videos: Option<PathBuf>,
    /// Folder that `prepare` made of videos.
    #[arg(long)]
    shards: Option<PathBuf>,
}

impl DataArguments {
    /// What was given, if anything.
    pub(super) fn given(self) -> Option<Data> {
        let data = Data { corpus: self.corpus, videos: self.videos, shards: self.shards };
        (data != Data::default()).then_some(data)
    }
}
