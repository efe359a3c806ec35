//! Recognizes enrolled things by name.
//!
//! The network knows kinds of things and no names. A gallery holds, for each name, what moments sounded and looked like
//! ([`Signature`]) while the thing was seen to sound ([`Enrolment`]). Afterwards a moment gets the name whose examples
//! it is most like ([`nearest`]), if it is like enough, and no other name is about as near. Nothing is trained: a name
//! takes ten seconds, and the network stays as it is.
//!
//! A gallery works only with the model that made it, since other models have other embeddings.

#[cfg(feature = "enroll")]
mod enrolment;
mod entry;
mod error;
mod file;
mod name_smoothing;
pub mod nearest;
#[cfg(feature = "enroll")]
mod save;
mod signature;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

#[cfg(feature = "enroll")]
pub use enrolment::{Enrolment, EnrolmentError, FEWEST, FEWEST_RECORDED};
pub use entry::{Entry, Example, Recording};
pub use error::GalleryError;
pub use name_smoothing::NameSmoothing;
pub use nearest::Named;
pub use signature::Signature;

/// Most characters of a name: what fits on a screen in large letters.
pub const LONGEST_NAME: usize = 40;

/// Names, each with its examples.
///
/// ```
/// use lookhear::engine::{AudioEncoding, ImageEncoding};
/// use lookhear::event::Map;
/// use lookhear::gallery::{Example, Gallery, Signature, Recording};
///
/// // As the towers would give them of moments with a bell.
/// let moment = |x: f32| {
///     let seen = ImageEncoding { embedding: vec![1.0, x], ..ImageEncoding::default() };
///     let heard = AudioEncoding { embedding: vec![x, 1.0], ..AudioEncoding::default() };
///     Signature::new(&seen, &heard, &Map::default())
/// };
/// let examples = (0..12).map(|n| Example { t: f64::from(n), signature: moment(n as f32 * 0.01) }).collect();
/// let mut gallery = Gallery::new("the model's hash");
/// gallery.enroll("bell", Recording { examples, quiet: vec![] }, false)?;
/// assert_eq!(gallery.name(&moment(0.05)).map(|named| named.name), Some("bell"));
/// assert!(gallery.name(&moment(-20.0)).is_none());
/// # Ok::<(), lookhear::gallery::GalleryError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Gallery {
    model: String,
    entries: BTreeMap<String, Entry>,
}

impl Gallery {
    /// An empty gallery for a model ([`crate::model::Bundle::hash`]).
    pub fn new(model: &str) -> Self {
        Self { model: model.into(), entries: BTreeMap::new() }
    }

    /// The model that the examples are of.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Names with what is known of them, in alphabetical order.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(name, entry)| (name.as_str(), entry))
    }

    /// What is known of a name.
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.get(name)
    }

    /// Gives a recording a name. What the name had before is replaced, or kept beside if `add`.
    ///
    /// # Errors
    /// [`GalleryError::Name`]: the name cannot be shown on a screen.
    pub fn enroll(&mut self, name: &str, recording: Recording, add: bool) -> Result<(), GalleryError> {
        check_name(name)?;
        let entry = self.entries.entry(name.into()).or_default();
        if !add {
            *entry = Entry::default();
        }
        entry.add(recording);
        self.calibrate();
        Ok(())
    }

    /// Forgets a name.
    ///
    /// # Errors
    /// [`GalleryError::Unknown`]: there is no such name.
    pub fn remove(&mut self, name: &str) -> Result<(), GalleryError> {
        if self.entries.remove(name).is_none() {
            let known = self.entries.keys().cloned().collect();
            return Err(GalleryError::Unknown { name: name.into(), known });
        }
        self.calibrate();
        Ok(())
    }

    /// The name of what sounds, if it was enrolled.
    pub fn name(&self, signature: &Signature) -> Option<Named<'_>> {
        let similarities = self.entries.iter().map(|(name, entry)| {
            let similarity = nearest::similarity(entry.signatures(), signature);
            (Named { name, similarity }, entry.least)
        });
        nearest::choose(similarities)
    }

    /// Of a name's examples, how many get this name, and how many were tried: each is compared with those that share no
    /// sound with it. Tells after an enrolment whether the name can be told from the others.
    pub fn recalled(&self, name: &str) -> [usize; 2] {
        let Some(entry) = self.entries.get(name) else { return [0, 0] };
        let right = |(signature, own): &(&Signature, f32)| {
            let similarities = self.entries.iter().map(|(other, entry)| {
                let similarity =
                    if other == name { *own } else { nearest::similarity(entry.signatures(), signature) };
                (Named { name: other, similarity }, entry.least)
            });
            nearest::choose(similarities).is_some_and(|named| named.name == name)
        };
        [entry.held_out().filter(right).count(), entry.held_out().count()]
    }

    /// Recomputes the similarity threshold of each name, after names have changed.
    fn calibrate(&mut self) {
        let least: Vec<f32> = self.entries.iter().map(|(name, entry)| self.least(name, entry)).collect();
        for (entry, least) in self.entries.values_mut().zip(least) {
            entry.least = least;
        }
    }

    /// The similarity threshold of a name, computed from its own examples, those of other names, and the quiet room.
    fn least(&self, name: &str, entry: &Entry) -> f32 {
        let others = self.entries.iter().filter(|(other, _)| *other != name);
        let others = others.flat_map(|(_, other)| other.signatures());
        let quiet = self.entries.values().flat_map(|entry| &entry.quiet);
        let foreign: Vec<f32> =
            others.chain(quiet).map(|other| nearest::similarity(entry.signatures(), other)).collect();
        let own: Vec<f32> = entry.held_out().map(|(_, similarity)| similarity).collect();
        nearest::least(&own, &foreign)
    }
}

/// Whether a name can be shown.
///
/// ```
/// use lookhear::gallery::check_name;
///
/// assert!(check_name("Grandma's clock").is_ok());
/// assert!(check_name(" bell").is_err());
/// ```
///
/// # Errors
/// [`GalleryError::Name`] says why it cannot, and what would be right.
pub fn check_name(name: &str) -> Result<(), GalleryError> {
    let wrong = |reason: String| Err(GalleryError::Name { name: name.escape_debug().to_string(), reason });
    let length = name.chars().count();
    if length == 0 || length > LONGEST_NAME {
        return wrong(format!("{length} characters; give 1 to {LONGEST_NAME}"));
    }
    if name.trim() != name {
        return wrong("it begins or ends with a space; leave that out".into());
    }
    match name.chars().find(|c| !printable(*c)) {
        Some(c) => wrong(format!("{} is not printable; leave it out", c.escape_unicode())),
        None => Ok(()),
    }
}

/// Neither a control character, nor one that takes no room or turns the direction of the text around it.
fn printable(c: char) -> bool {
    let invisible = matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    !(c.is_control() || invisible || (c.is_whitespace() && c != ' '))
}
