//! Any text as settings: an answer, with a place in the text if it is a mistake, never a panic.
#![no_main]

use lookhear::profile::Profile;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let errors = Profile::parse(text, "case").err();
    for error in errors.iter().flat_map(|errors| errors.iter()) {
        assert!((1..=text.split('\n').count()).contains(&error.line), "{error}");
        assert!(error.column >= 1 && !error.message.is_empty(), "{error}");
    }
});
