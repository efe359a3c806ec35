//! Any bytes as a bundle: an error or an engine, never a panic.
#![no_main]

#[path = "../bundle_case.rs"]
mod bundle_case;

libfuzzer_sys::fuzz_target!(|data: &[u8]| bundle_case::run(data));
