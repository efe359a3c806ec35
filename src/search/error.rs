//! Why nothing can be searched, or not in an archive.

use std::io;

use thiserror::Error;

use super::Sense;

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum SearchError {
    /// The archives cannot be found.
    #[error("{0}")]
    Inputs(String),
    /// The query is as good as silent.
    #[error(
        "{name} is quiet there ({level:.0} dB, silence ends at {silence:.0} dB): ask by a moment that can be heard, \
         {file}@SECONDS"
    )]
    Quiet {
        /// The query as it was given.
        name: String,
        /// Its file.
        file: String,
        /// Decibels relative to full scale.
        level: f32,
        /// Where silence ends, by the model.
        silence: f32,
    },
    /// The query is black.
    #[error("{name} is black there: ask by another picture, or another moment of a video, {file}@SECONDS")]
    Black {
        /// The query as it was given.
        name: String,
        /// Its file.
        file: String,
    },
    /// Of the archives none can be searched.
    #[error("{archive} {reason}{}", besides(*more))]
    Unfit {
        /// The first of them.
        archive: String,
        /// Why not that one.
        reason: Unfit,
        /// How many there are besides.
        more: usize,
    },
    /// The archives hold only the other sense.
    #[error("there are no {0}s in what is searched: leave out --in, or name other archives")]
    OtherSense(Sense),
    /// There is nothing in the archives that could be ranked.
    #[error("all that is there is silent or black: nothing can be ranked")]
    AllBlank,
}

fn besides(count: usize) -> String {
    if count == 0 { String::new() } else { format!(" (and {count} more cannot be searched either)") }
}

/// Why an archive cannot be searched. Follows its name in messages.
#[derive(Debug, Error)]
pub enum Unfit {
    /// Something else.
    #[error("is nothing that `lookhear embed` wrote: it makes archives of sounds, pictures and videos")]
    Foreign,
    /// Of another version of the program.
    #[error(
        "was made by another version of the program: make it anew by the same `lookhear embed` with --force"
    )]
    Version,
    /// Of another model.
    #[error(
        "was made by another model ({}..., this is {}...): name that one by --model, or make it anew by the same \
         `lookhear embed` with --force",
        start(theirs),
        start(ours)
    )]
    Model {
        /// The hash of the archive's model.
        theirs: String,
        /// The hash of the model that asks.
        ours: String,
    },
    /// In a space that the query is not in.
    #[error(
        "holds {sense}s in the tower's own space, where a {} has no place: write the space that both share, \
         `lookhear embed INPUT... --what {} --space shared --out FOLDER`, or ask by a {sense} (of a video: --by {sense})",
        sense.other(), sense.what().name()
    )]
    Space {
        /// What the archive holds.
        sense: Sense,
    },
    /// With one vector a picture, `--what ave` does not tell which sense a row is of.
    #[error(
        "does not tell its pictures from its sounds, which with this model look alike: write them by \
         `lookhear embed INPUT... --what vision --space shared --out FOLDER`, and with --what audio"
    )]
    Mixed,
    /// Damaged.
    #[error("cannot be read: {0}; if it is damaged, make it anew by the same `lookhear embed` with --force")]
    Unreadable(#[from] io::Error),
}

/// Enough of a hash to know it by.
fn start(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}
