//! The part of an input that could not be used.

use std::fmt;

/// The part of an input that could not be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loss {
    /// Places that could not be decoded. In sound, silence takes their time.
    pub places: u64,
    /// Samples that were no numbers, infinite, or far too large; they count as 0.
    pub values: u64,
}

impl Loss {
    /// Whether nothing was lost.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// The sum of two losses.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { places: self.places + other.places, values: self.values + other.values }
    }
}

/// For people, to be put after the name of the input.
impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |n: u64, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
        let places =
            (self.places > 0).then(|| format!("{} could not be decoded", count(self.places, "place")));
        let values = (self.values > 0).then(|| {
            format!(
                "{} of the sound {} no number and counts as 0",
                count(self.values, "value"),
                if self.values == 1 { "is" } else { "are" }
            )
        });
        let all: Vec<String> = places.into_iter().chain(values).collect();
        write!(f, "{}", if all.is_empty() { "nothing was lost".into() } else { all.join(", and ") })
    }
}

/// The loss of an input, with ffmpeg's message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// File or address.
    pub input: String,
    /// What was lost.
    pub loss: Loss,
    /// The last complaint; empty if there was none.
    pub last: String,
}

impl Damage {
    /// `None` if nothing was lost.
    pub fn of(input: impl ToString, loss: Loss) -> Option<Self> {
        (!loss.is_nothing()).then(|| Self { input: input.to_string(), loss, last: String::new() })
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { input, loss, last } = self;
        write!(f, "{input} is damaged: {loss}; the rest was used")?;
        if last.is_empty() { Ok(()) } else { write!(f, " (ffmpeg: {last})") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_add_up_and_are_told_in_words() {
        let (places, values) = (Loss { places: 2, values: 0 }, Loss { places: 0, values: 1 });
        assert_eq!(places.to_string(), "2 places could not be decoded");
        assert_eq!(
            places.and(values).to_string(),
            "2 places could not be decoded, and 1 value of the sound is no number and counts as 0"
        );
        assert!(Loss::default().is_nothing() && !values.is_nothing());
    }
}
