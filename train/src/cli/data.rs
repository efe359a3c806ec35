//! What is learned from, as commands are given it.

use std::path::PathBuf;

use clap::Args;
use lookhear_train::config::Data;

/// One of three kinds of data, instead of the recipe's.
#[derive(Args)]
pub(super) struct DataArguments {
    /// Folder with photos/<class>/ and sounds/<class>/.
    #[arg(long, conflicts_with = "videos")]
    corpus: Option<PathBuf>,
    /// Folder of video files.
    #[arg(long, conflicts_with = "shards")]
    videos: Option<PathBuf>,
    /// Folder that `prepare` made of videos.
    #[arg(long, conflicts_with = "corpus")]
    shards: Option<PathBuf>,
}

impl DataArguments {
    /// The one that was given, if any.
    pub(super) fn given(self) -> Option<Data> {
        let data = self.corpus.map(Data::Corpus).or(self.videos.map(Data::Videos));
        data.or(self.shards.map(Data::Shards))
    }
}
