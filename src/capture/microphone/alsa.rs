//! Redirects ALSA's error messages: it writes a dozen lines to standard error for every microphone that does not open.

/// Asks ALSA for something, and logs what it complains of instead of letting it write to the terminal.
///
/// ALSA's handler is one of the calling thread. It stays in place for what the thread does later, such as closing a
/// microphone.
#[cfg(target_os = "linux")]
pub(super) fn quietly<T>(ask: impl FnOnce() -> T) -> T {
    let complaints = alsa::Output::local_error_handler();
    let answer = ask();
    if let Ok(complaints) = complaints {
        complaints.borrow().buffer_string(|text| {
            String::from_utf8_lossy(text).lines().for_each(|line| log::debug!("ALSA: {line}"));
        });
    }
    answer
}

/// There is no ALSA.
#[cfg(not(target_os = "linux"))]
pub(super) fn quietly<T>(ask: impl FnOnce() -> T) -> T {
    ask()
}
