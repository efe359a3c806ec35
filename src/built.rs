//! What this program is built from: version, commit, features, model.

use crate::model::Bundle;

/// The version, as Cargo.toml has it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit; `None` if it is not known: a development build, or built outside of a working copy.
pub const COMMIT: Option<&str> = option_env!("LOOKHEAR_COMMIT");
/// The Cargo features that are switched on, with commas in between; may be empty.
pub const FEATURES: &str = env!("LOOKHEAR_FEATURES");

/// `0.1.0`, or `0.1.0 (0123456789ab)` with the commit.
pub fn version_and_commit() -> String {
    COMMIT.map_or(VERSION.into(), |commit| format!("{VERSION} ({commit})"))
}

/// What `--version` prints, without a line break at the end: the program's name and version, then a line for each of
/// commit, features and built-in model.
pub fn describe(program: &str) -> String {
    let commit = COMMIT.unwrap_or("unknown");
    let features = if FEATURES.is_empty() { "none" } else { FEATURES };
    let model = match Bundle::built_in() {
        Ok(Bundle { manifest, hash, .. }) => format!("{}, SHA-256 {hash}", manifest.spec.name),
        Err(error) => error.to_string(),
    };
    format!("{program} {VERSION}\ncommit: {commit}\nfeatures: {features}\nmodel: {model}")
}
