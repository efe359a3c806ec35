//! Search: which of the files that [`crate::embed`] took in are most like a sound or a picture, or go with it.
//!
//! # What is ranked
//! Within a sense, moments are ranked by the cosine of their embeddings, in the tower's space or in the shared one. In the
//! latter a picture has a vector for every position: two pictures are as alike as the positions of the query are on
//! average to the most similar one of the other (late interaction).
//!
//! Between the senses, in the shared space alone, they are ranked by the localization head's own measure, which `judge`
//! turns into a probability: the products of the sound with all positions, pooled as the head pools them. The order is
//! that of `lookhear-train eval retrieval`.
//!
//! Scores of one sense or space mean nothing beside those of another: each has a [`List`] of its own.
//!
//! # Exact, and what it costs
//! Every row is compared, block by block; memory holds a block (4 MiB) a thread, however large the archive is. For a sound,
//! a million rows of 128 values are 512 MB and 0.13 G products, of 512 values 2 GB and 0.5 G: reading them takes longer than
//! computing, and both together a second or two. For a picture, whose 196 positions each ask, a million seconds of sound are
//! 25 G products: seconds on a few cores. A million video frames, though, are 196 million rows and 100 GB: such an archive is
//! read as fast as its disk is. An approximate index (HNSW) would help only where one vector asks one: the pooled measure
//! is no product of two vectors. None is built.

mod error;
mod kind;
mod measure;
mod place;
mod query;
mod run;
mod sense;
mod top;

pub use error::{SearchError, Unfit};
pub use kind::Kind;
pub use place::{Place, places};
pub use query::Query;
pub use run::{Answer, LeftOut, List, Options, Outcome, search};
pub use sense::Sense;
