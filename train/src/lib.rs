//! Training and evaluation of LookHear's networks.
//!
//! Data flows one way: videos or a corpus -> examples -> batches ([`loader`]) -> [`learner`] ->
//! [`checkpoint`] -> bundle -> evaluation ([`eval`], [`mod@card`]) and other programs ([`onnx`]). Before that, towers may
//! learn from teachers ([`distill`]). Model and preprocessing are those of the `lookhear` crate.

pub mod annotations;
mod augment;
pub mod card;
pub mod checkpoint;
mod checks;
pub mod compose;
pub mod config;
pub mod corpus;
mod curves;
mod cutout;
pub mod distill;
mod ema;
mod error;
pub mod eval;
pub mod example;
pub mod export;
pub mod learner;
pub mod loader;
pub mod loss;
pub mod onnx;
pub mod pack;
mod parallel;
pub mod prepare;
mod report;
pub mod sampling;
pub mod shards;
pub mod stamps;
pub mod throughput;
pub mod videos;
mod widen;

pub use error::{ConfigError, Error, EvalError};
