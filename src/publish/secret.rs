//! Tokens and passwords: kept out of logs and messages.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::PublishError;
use crate::validation::ValidationError;

/// What is shown instead of a secret.
pub(super) const HIDDEN: &str = "(secret)";

/// A string that `Debug` does not show. Serializing writes it as it is: settings stay the same when they are
/// written and read again.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Keeps a string.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// Puts what may be shown in the place of the string.
    pub(super) fn hide(&mut self) {
        self.0 = HIDDEN.into();
    }

    /// The string itself, for the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The secret that two settings give: `key` itself, or `key_file` with a file that holds it. White space
    /// at the file's end does not belong to it.
    ///
    /// # Errors
    /// The file cannot be read, or there is nothing in it.
    pub(super) fn read(
        key: &'static str,
        given: Option<&Self>,
        file: Option<&Path>,
    ) -> Result<Option<Self>, PublishError> {
        let Some(path) = file else { return Ok(given.cloned()) };
        let text = std::fs::read_to_string(path).map_err(|source| PublishError::Unreadable {
            key,
            path: path.to_path_buf(),
            source,
        })?;
        match text.trim_end() {
            "" => {
                Err(ValidationError::new(key, format!("{} is empty: put the secret into it", path.display()))
                    .into())
            }
            secret => Ok(Some(Self::new(secret))),
        }
    }
}

/// An error if a secret is given twice, or is empty. `key` and `key_file` are the two settings.
pub(super) fn validate(
    key: &str,
    given: Option<&Secret>,
    file: Option<&Path>,
) -> Result<(), ValidationError> {
    match (given, file) {
        (Some(_), Some(path)) => Err(ValidationError::new(
            key,
            format!("is given, and so is {key}_file ({}): keep one of the two", path.display()),
        )),
        (Some(secret), None) if secret.reveal().is_empty() => {
            Err(ValidationError::new(key, "is empty: leave it out, or give the secret"))
        }
        (None, Some(path)) if path.as_os_str().is_empty() => {
            Err(ValidationError::new(format!("{key}_file"), "is empty: leave it out, or give a path"))
        }
        _ => Ok(()),
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{HIDDEN:?}")
    }
}

/// A text with every URL in it, but without what a URL may hold that is nobody's business: user and password, and what is
/// asked for after `?`.
pub fn conceal(text: &str) -> String {
    let (mut told, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find("://") {
        let (before, url) = rest.split_at(at + 3);
        told += before;
        let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>');
        let (url, after) = url.split_at(url.find(ends).unwrap_or(url.len()));
        let (place, asked) = match url.split_once('?') {
            Some((place, _)) => (place, "?..."),
            None => (url, ""),
        };
        // A password may have any sign in it, also those that should be encoded.
        let shown = place.rsplit_once('@').map_or(place, |(_, host)| host);
        told += shown;
        told += asked;
        rest = after;
    }
    told + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_told_without_what_it_holds() {
        for (text, told) in [
            ("rtsp://user:sesame@camera:554/a is on", "rtsp://camera:554/a is on"),
            ("\"http://user:se/sa@me@host/x?key=sesame\": 401", "\"http://host/x?...\": 401"),
            ("a://b c://d:e@f", "a://b c://f"),
            ("no URL, a@b", "no URL, a@b"),
            ("://", "://"),
        ] {
            assert_eq!(conceal(text), told);
        }
    }

    #[test]
    fn a_secret_is_not_shown_and_survives_being_written() {
        let secret = Secret::new("open sesame");
        assert!(!format!("{secret:?}").contains("sesame"));
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"open sesame\"");
    }

    #[test]
    fn a_file_gives_the_secret_without_its_line_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let read = |path: &Path| Secret::read("web.token_file", None, Some(path));
        std::fs::write(&path, "open sesame\n").unwrap();
        assert_eq!(read(&path).unwrap(), Some(Secret::new("open sesame")));
        std::fs::write(&path, "\n").unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("is empty"));
        let missing = read(&folder.path().join("nothing")).unwrap_err().to_string();
        assert!(missing.starts_with("web.token_file: ") && missing.contains("nothing"), "{missing}");
    }
}
