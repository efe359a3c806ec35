//! Why a kiosk cannot be drawn.

use std::path::PathBuf;

use thiserror::Error;

/// Why the screen cannot be drawn.
#[derive(Debug, Error)]
pub enum ScreenError {
    /// There is no font at all.
    #[error(
        "no font is installed, so nothing can be written: install the package {package}, or name a font file"
    )]
    NoFont {
        /// Debian's package.
        package: &'static str,
    },
    /// There are fonts, but none has the letters of the language.
    #[error(
        "no installed font can write {language} (it lacks {missing}): install the package {package}, or name a font file"
    )]
    Letters {
        /// The language, by its own name.
        language: String,
        /// Some of the letters that the best font lacks.
        missing: String,
        /// Debian's package.
        package: &'static str,
    },
    /// A configured font cannot be loaded.
    #[error("{path} holds no font (TrueType or OpenType), or cannot be read")]
    FontFile {
        /// The file or folder.
        path: PathBuf,
    },
}
