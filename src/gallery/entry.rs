//! The entry of one name: its examples and its threshold.

use super::nearest::similarity;
use super::signature::Signature;

/// Most examples of a name; of more, every nth is kept.
const MOST: usize = 128;
/// Examples whose seconds of sound overlap are no evidence for each other.
const SECOND: f64 = 1.0;
/// Seconds that are put between recordings of one name, so that they do not seem to overlap.
const APART: f64 = 10.0;

/// A moment in which the thing was seen to sound.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// Seconds; tells which examples were recorded so close together that they share sound.
    pub t: f64,
    /// What it sounded and looked like.
    pub signature: Signature,
}

/// One recording of a thing: its examples, and the quiet place.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// Moments in which the thing was seen to sound, in order.
    pub examples: Vec<Example>,
    /// The same place while it was quiet.
    pub quiet: Vec<Signature>,
}

/// The entry of one name: its examples and its threshold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// In the order in which they were recorded.
    pub(super) examples: Vec<Example>,
    /// The same place while it was quiet.
    pub(super) quiet: Vec<Signature>,
    /// Similarity from which a moment gets this name.
    pub(super) least: f32,
}

impl Entry {
    /// Moments in which the thing was seen to sound.
    pub fn examples(&self) -> &[Example] {
        &self.examples
    }

    /// Similarity from which a moment gets this name, -1..1.
    pub fn least(&self) -> f32 {
        self.least
    }

    pub(super) fn signatures(&self) -> impl Iterator<Item = &Signature> {
        self.examples.iter().map(|example| &example.signature)
    }

    /// Adds a recording to what is there.
    pub(super) fn add(&mut self, recording: Recording) {
        let after = self.examples.last().map_or(0.0, |last| last.t + APART);
        let start = recording.examples.first().map_or(0.0, |first| first.t);
        let later = |example: Example| Example { t: example.t - start + after, ..example };
        self.examples.extend(recording.examples.into_iter().map(later));
        self.quiet.extend(recording.quiet);
        thin(&mut self.examples, MOST);
        thin(&mut self.quiet, MOST);
    }

    /// Each example with its similarity to those of the others that share no sound with it; an example that has no
    /// such counterpart is left out.
    pub(super) fn held_out(&self) -> impl Iterator<Item = (&Signature, f32)> {
        self.examples.iter().filter_map(|Example { t, signature }| {
            let apart = self.examples.iter().filter(|other| (other.t - t).abs() >= SECOND);
            let mut apart = apart.map(|other| &other.signature).peekable();
            apart.peek()?;
            Some((signature, similarity(apart, signature)))
        })
    }
}

/// Keeps at most `most`, evenly spread.
pub(super) fn thin<T>(items: &mut Vec<T>, most: usize) {
    let count = items.len();
    if count > most {
        let mut index = 0;
        items.retain(|_| {
            // An item is kept where the number to keep, rounded down, increases.
            let kept = (index + 1) * most / count > index * most / count;
            index += 1;
            kept
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording(times: &[f64]) -> Recording {
        let signature = |x: f64| Signature::from_values(vec![x as f32, 0.0]);
        let example = |t: &f64| Example { t: *t, signature: signature(*t) };
        Recording { examples: times.iter().map(example).collect(), quiet: vec![signature(0.0)] }
    }

    fn times(entry: &Entry) -> Vec<f64> {
        entry.examples.iter().map(|example| example.t).collect()
    }

    #[test]
    fn recordings_lie_apart() {
        let mut entry = Entry::default();
        entry.add(recording(&[3.0, 4.0]));
        entry.add(recording(&[0.5, 0.75]));
        assert_eq!(times(&entry), [0.0, 1.0, 11.0, 11.25]);
        assert_eq!(entry.quiet.len(), 2);
    }

    #[test]
    fn only_examples_that_share_no_sound_are_compared() {
        let mut entry = Entry::default();
        entry.add(recording(&[1.0, 1.5]));
        assert_eq!(entry.held_out().count(), 0);
        entry.add(recording(&[2.0]));
        // Each of the first two with the third, and the third with both: products of their values, halved.
        let similarities: Vec<f32> = entry.held_out().map(|(_, similarity)| similarity).collect();
        assert_eq!(similarities, [1.0, 1.5, 1.25]);
    }

    #[test]
    fn thinning_spreads_evenly() {
        let mut items: Vec<usize> = (0..10).collect();
        thin(&mut items, 4);
        assert_eq!(items, [2, 4, 7, 9]);
        thin(&mut items, 4);
        assert_eq!(items.len(), 4);
    }
}
