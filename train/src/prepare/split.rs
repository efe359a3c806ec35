//! What belongs together, and on which side of the split it lies.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::inspect::Outcome;
use super::locate::Wanted;
use super::settings::Settings;
use super::similar::{Groups, pairs};
use crate::Error;
use crate::shards::Side;

/// The name of each wanted's group: videos of one id, files of one content, and videos that look alike.
pub(super) fn groups(wanted: &[Wanted], inspected: &[Outcome], jobs: usize) -> Result<Vec<String>, Error> {
    let mut groups = Groups::new(inspected.len());
    let (mut by_video, mut by_content) = (HashMap::new(), HashMap::new());
    for one in wanted {
        groups.join(*by_video.entry(&one.video).or_insert(one.source), one.source);
    }
    for (source, outcome) in inspected.iter().enumerate() {
        if let Outcome::Good { sha256, .. } = outcome {
            groups.join(*by_content.entry(sha256).or_insert(source), source);
        }
    }
    let prints: Vec<_> = inspected
        .iter()
        .map(|outcome| match outcome {
            Outcome::Good { print, .. } => print.as_ref(),
            Outcome::Bad { .. } => None,
        })
        .collect();
    pairs(&prints, jobs)?.into_iter().for_each(|(a, b)| groups.join(a, b));
    // Named by its smallest id, which does not depend on the order.
    let mut names: HashMap<usize, &str> = HashMap::new();
    for one in wanted {
        let name = names.entry(groups.of(one.source)).or_insert(&one.video);
        *name = (*name).min(&one.video);
    }
    Ok(wanted.iter().map(|one| names[&groups.of(one.source)].to_string()).collect())
}

/// The side of each group: the official one that is furthest from training; without one, by a hash of its name.
/// What cannot be read does not count.
pub(super) fn sides(
    wanted: &[Wanted],
    inspected: &[Outcome],
    groups: &[String],
    settings: &Settings,
) -> HashMap<String, Side> {
    let mut sides: HashMap<String, Option<Side>> = HashMap::new();
    for (one, group) in wanted.iter().zip(groups) {
        let readable = matches!(inspected[one.source], Outcome::Good { .. });
        let side = sides.entry(group.clone()).or_default();
        // The order of the sides is train, val, test, and nothing is before all of them.
        *side = (*side).max(one.side.filter(|_| readable));
    }
    let by_hash = |group: &str| {
        let digest = Sha256::digest(group);
        let place = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
        let place = f64::from(place) / 2f64.powi(32);
        match place {
            place if place < settings.held_out => Side::Test,
            place if place < settings.held_out + settings.validation => Side::Val,
            _ => Side::Train,
        }
    };
    let decided = |(group, side): (String, Option<Side>)| {
        let side = side.unwrap_or_else(|| by_hash(&group));
        (group, side)
    };
    sides.into_iter().map(decided).collect()
}
