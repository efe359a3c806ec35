//! The model that is part of the program.

use super::{Bundle, BundleError};

const BYTES: &[u8] = include_bytes!("../../models/lookhear-edge.safetensors");

impl Bundle {
    /// The model that is built in: wherever the program runs, without a file.
    ///
    /// # Errors
    /// None in practice: a test reads it.
    pub fn built_in() -> Result<Self, BundleError> {
        Self::from_bytes(BYTES.to_vec(), "(built in)".into())
    }
}
