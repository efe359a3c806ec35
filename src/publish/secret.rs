//! Tokens and passwords: kept out of logs and messages.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::PublishError;
use crate::validation::ValidationError;

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
        f.write_str("\"(secret)\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
