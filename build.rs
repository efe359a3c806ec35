//! Tells the program what it is built from; see `src/built.rs`.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=LOOKHEAR_COMMIT");
    let feature = |(key, _): (String, String)| Some(key.strip_prefix("CARGO_FEATURE_")?.to_lowercase());
    let mut features: Vec<String> = env::vars().filter_map(feature).collect();
    features.retain(|feature| feature != "default");
    features.sort();
    println!("cargo:rustc-env=LOOKHEAR_FEATURES={}", features.join(", "));
    if let Some(commit) = env::var("LOOKHEAR_COMMIT").ok().or_else(commit) {
        println!("cargo:rustc-env=LOOKHEAR_COMMIT={commit}");
    }
}

/// The commit of the working copy, with `-dirty` if it was changed since. Of release builds only: others would be
/// compiled anew at every commit.
fn commit() -> Option<String> {
    if env::var("PROFILE").as_deref() != Ok("release") {
        return None;
    }
    let git = |arguments: &[&str]| -> Option<String> {
        let output = Command::new("git").args(arguments).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?.trim().to_string();
        (output.status.success() && !text.is_empty()).then_some(text)
    };
    let head = git(&["rev-parse", "--git-path", "logs/HEAD"])?;
    for path in [head.as_str(), "src", "models", "Cargo.toml", "Cargo.lock"] {
        println!("cargo:rerun-if-changed={path}");
    }
    git(&["describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"])
}
