//! Nearest neighbours with a threshold for each name: plain numbers, without networks or files.

use super::signature::Signature;

// Chosen by `lookhear-train eval names` on the corpus' validation side (300 and 450 meetings). Only the last two matter.

/// Examples that a similarity is the mean of: one alone may have been a slip.
const NEIGHBOURS: usize = 3;
/// Least difference in similarity between the most similar name and the next one.
const MARGIN: f32 = 0.02;
/// Share of a name's own examples that may lie below what it asks for, before other names count.
const OWN: f32 = 0.1;
/// Share of foreign examples that may lie above; with half of it, one to three of 100 enrolled
/// things lose their name.
const FOREIGN: f32 = 0.1;
/// No name asks for less. With 0.9, about five more of 100 enrolled things lose their name; with 0.7, up to one more
/// of 100 strangers gets one.
const FLOOR: f32 = 0.8;

/// A name for a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Named<'a> {
    /// As it was enrolled.
    pub name: &'a str,
    /// To the most similar examples of that name, -1..1; see [`similarity`].
    pub similarity: f32,
}

/// How similar a signature is to a name's examples, -1..1: the mean over the most similar of them. Without any, -1.
pub fn similarity<'a>(examples: impl IntoIterator<Item = &'a Signature>, signature: &Signature) -> f32 {
    let mut nearest = [-1f32; NEIGHBOURS];
    let mut count = 0;
    for example in examples {
        count += 1;
        // Kept in falling order; the new one finds its place among them.
        let mut candidate = example.similarity(signature);
        for kept in &mut nearest {
            if candidate > *kept {
                std::mem::swap(&mut candidate, kept);
            }
        }
    }
    let used = &nearest[..count.clamp(1, NEIGHBOURS)];
    used.iter().sum::<f32>() / used.len() as f32
}

/// The similarity that a name asks for: half way between most of the foreign examples and most of its own, each given
/// as its similarity to the name.
pub fn least(own: &[f32], foreign: &[f32]) -> f32 {
    let own = quantile(own, OWN).unwrap_or(1.0);
    let foreign = quantile(foreign, 1.0 - FOREIGN).unwrap_or(FLOOR);
    ((own + foreign) / 2.0).max(FLOOR)
}

/// The most similar of the names, each with what it asks for; `None` if it is not similar enough, or hardly more so
/// than the next one.
pub fn choose<'a>(names: impl IntoIterator<Item = (Named<'a>, f32)>) -> Option<Named<'a>> {
    let (mut best, mut second): (Option<(Named, f32)>, f32) = (None, -1.0);
    for (named, least) in names {
        match best {
            Some((leader, _)) if leader.similarity >= named.similarity => {
                second = second.max(named.similarity)
            }
            _ => {
                second = best.map_or(second, |(leader, _)| leader.similarity);
                best = Some((named, least));
            }
        }
    }
    let (named, least) = best?;
    (named.similarity >= least && named.similarity - second >= MARGIN).then_some(named)
}

/// The value under which a share (0..1) of the values lies; `None` without values.
fn quantile(values: &[f32], share: f32) -> Option<f32> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f32::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    Some(sorted[(last as f32 * share).round() as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signature(x: f32) -> Signature {
        Signature::from_values(vec![2.0 * x])
    }

    fn similarities(values: &[f32]) -> f32 {
        let examples: Vec<Signature> = values.iter().map(|x| signature(*x)).collect();
        similarity(&examples, &signature(0.5))
    }

    #[test]
    fn the_nearest_examples_count() {
        assert!((similarities(&[0.1, 0.9, 0.3, 0.6, -1.0]) - 0.6).abs() < 1e-6);
        assert!((similarities(&[0.4, 0.2]) - 0.3).abs() < 1e-6, "fewer than the neighbours");
        assert_eq!(similarities(&[]), -1.0);
    }

    #[test]
    fn a_name_asks_for_more_than_others_have_and_less_than_its_own_have() {
        let own = [0.95, 0.96, 0.97, 0.98, 0.99];
        let asked = least(&own, &[0.2, 0.85, 0.5]);
        assert!((asked - 0.9).abs() < 1e-6, "{asked}");
        assert_eq!(least(&own, &[-0.9]), FLOOR);
        assert!(least(&own, &[]) > FLOOR);
        assert!(least(&[], &[0.9]) > 0.9, "without a comparison among its own, it asks for much");
    }

    #[test]
    fn one_slip_among_many_does_not_move_the_threshold() {
        let own: Vec<f32> = (0..40).map(|n| if n == 7 { 0.1 } else { 0.95 }).collect();
        let foreign: Vec<f32> = (0..40).map(|n| if n == 9 { 0.99 } else { 0.75 }).collect();
        assert!((least(&own, &foreign) - 0.85).abs() < 1e-6);
    }

    #[test]
    fn what_is_unknown_or_ambiguous_has_no_name() {
        let names = |bell: f32, drum: f32| {
            let named = |name, similarity| Named { name, similarity };
            choose([(named("bell", bell), 0.8), (named("drum", drum), 0.9)]).map(|named| named.name)
        };
        assert_eq!(names(0.85, 0.3), Some("bell"));
        assert_eq!(names(0.3, 0.95), Some("drum"));
        assert_eq!(names(0.3, 0.85), None, "not as similar as the drum asks for");
        assert_eq!(names(0.94, 0.95), None, "either might be right");
        assert_eq!(names(f32::NAN, 0.2), None);
        assert_eq!(choose([]), None);
    }
}
