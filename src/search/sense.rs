//! The two senses.

use std::fmt;
use std::str::FromStr;

use crate::embed::What;
use crate::unknown_name::UnknownName;

/// What is seen, or what is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sense {
    /// Pictures, and frames of videos.
    Picture,
    /// Seconds of sound.
    Sound,
}

impl Sense {
    /// The name that [`Sense::from_str`] knows.
    pub fn name(self) -> &'static str {
        match self {
            Self::Picture => "picture",
            Self::Sound => "sound",
        }
    }

    pub(super) fn other(self) -> Self {
        match self {
            Self::Picture => Self::Sound,
            Self::Sound => Self::Picture,
        }
    }

    /// What `embed` calls it.
    pub(super) fn what(self) -> What {
        match self {
            Self::Picture => What::Vision,
            Self::Sound => What::Audio,
        }
    }
}

impl fmt::Display for Sense {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Sense {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        UnknownName::find("sense", [Self::Picture, Self::Sound], Self::name, name)
    }
}
