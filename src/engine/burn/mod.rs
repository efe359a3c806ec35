//! Burn's engines: the network in floating point, on any of its backends. They are the reference that the integer
//! engine is measured against, and what bundles are made by.

mod bundle;
mod device;
mod engine;

pub use engine::BurnEngine;
