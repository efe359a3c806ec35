//! The commands of `lookhear-train` that have a file of their own.

pub(crate) mod prepare;
