//! Why a gallery cannot be used.

use thiserror::Error;

/// Why a gallery cannot be used.
#[derive(Debug, Error)]
pub enum GalleryError {
    /// The system's reason.
    #[error("gallery {path} cannot be read: {source}. `lookhear enroll NAME --gallery {path}` makes one")]
    Read {
        /// The file.
        path: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The system's reason.
    #[error("gallery {path} cannot be written: {source}. Choose another place by --gallery")]
    Write {
        /// The file.
        path: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Not a gallery, cut off, or changed.
    #[error(
        "gallery {path} is damaged or no gallery: {reason}. Copy it again, or delete it and enroll its names again"
    )]
    Damaged {
        /// The file.
        path: String,
        /// What does not fit.
        reason: String,
    },
    /// Written by a later version.
    #[error("gallery {path} has version {found}, this LookHear reads {reads}. Update LookHear")]
    Newer {
        /// The file.
        path: String,
        /// Its version.
        found: u32,
        /// The latest version that is known here.
        reads: u32,
    },
    /// The gallery was made with another model.
    #[error(
        "gallery {path} was made with model {}, but model {} is in use: name the former by --model, or delete the \
         gallery and enroll its names again", short(.made), short(.used)
    )]
    OtherModel {
        /// The file.
        path: String,
        /// Hash of the model that made it.
        made: String,
        /// Hash of the model in use.
        used: String,
    },
    /// A name that cannot be shown.
    #[error("the name \"{name}\" cannot be used: {reason}")]
    Name {
        /// The name, special characters escaped.
        name: String,
        /// Why, and what would be right.
        reason: String,
    },
    /// A name that is not there.
    #[error("nothing is enrolled as \"{name}\"; {}", listed(.known))]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
}

/// The beginning of a hash, enough to tell models apart.
fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

fn listed(known: &[String]) -> String {
    match known.is_empty() {
        true => "the gallery is empty".into(),
        false => format!("there is: {}", known.join(", ")),
    }
}
