//! What the towers' units respond to ("Look, Listen and Learn", section 4.4): the items that activate each unit of
//! pool4 most, and whether they are of one kind.

use std::collections::BTreeMap;

use lookhear::engine::ActivationMap;

use super::pool::{Pool, embeddings};
use super::{Case, Figure};

/// Items a unit is judged by, at most: as many as the paper looks at.
const TOP: usize = 100;
/// Share of a unit's top items that have to be of one class for the unit to prefer it.
const PREFERS: f64 = 0.5;

/// A unit and what it responds to.
pub(super) struct Unit {
    /// Channel of pool4.
    pub(super) channel: usize,
    /// Class of most of its top items.
    pub(super) class: usize,
    /// Share of its top items that are of that class, 0..1.
    pub(super) purity: f64,
    /// Items by activation, strongest first; never one that does not activate it.
    pub(super) top: Vec<usize>,
}

/// All units of a tower over a pool, purest first. Of `TOP` items, or as many as there are of a class: more than
/// that could not be of one class.
pub(super) fn units<T>(pool: &Pool<T>, maps: &[ActivationMap]) -> Vec<Unit> {
    let embeddings = embeddings(maps);
    let channels = embeddings.first().map_or(0, Vec::len);
    let largest =
        (0..pool.classes.len()).map(|c| pool.items.iter().filter(|(class, _)| *class == c).count()).max();
    let count = TOP.min(largest.unwrap_or(0)).max(1);
    let unit = |channel: usize| {
        let mut top: Vec<usize> = (0..pool.items.len()).filter(|i| embeddings[*i][channel] > 0.0).collect();
        top.sort_by(|a, b| embeddings[*b][channel].total_cmp(&embeddings[*a][channel]));
        top.truncate(count);
        let of = |class: usize| top.iter().filter(|i| pool.items[**i].0 == class).count();
        let class = (0..pool.classes.len()).max_by_key(|class| of(*class)).unwrap_or(0);
        // A unit that few items activate has few of a class, not a pure taste.
        Unit { channel, class, purity: of(class) as f64 / count as f64, top }
    };
    let mut units: Vec<Unit> = (0..channels).map(unit).collect();
    units.sort_by(|a, b| b.purity.total_cmp(&a.purity).then(a.channel.cmp(&b.channel)));
    units
}

/// The share of units that prefer a class.
pub(super) fn figure(units: &[Unit], what: &str) -> Figure {
    let preferring = units.iter().filter(|unit| unit.purity >= PREFERS).count();
    let cases: Vec<Case> = units
        .iter()
        .map(|unit| Case { right: unit.purity >= PREFERS, group: unit.channel.to_string() })
        .collect();
    let name = format!("{what} units that prefer one class ({preferring} of {})", units.len());
    let figure = Figure::new(&name, 0.0, &cases);
    // Channels of two networks have nothing to do with each other: there is nothing to compare one by one.
    Figure { by_group: BTreeMap::new(), ..figure }
}

/// The purest unit of each of `count` classes.
pub(super) fn shown(units: &[Unit], count: usize) -> Vec<&Unit> {
    let mut shown: Vec<&Unit> = Vec::new();
    for unit in units {
        if shown.len() < count && shown.iter().all(|other| other.class != unit.class) {
            shown.push(unit);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_prefers_what_most_of_its_top_items_are() {
        let pool = Pool {
            classes: vec!["a".into(), "b".into()],
            items: [0, 0, 0, 1, 1, 1].map(|c| (c, ())).to_vec(),
        };
        // Channel 0 likes class 1, channel 1 likes everything alike, channel 2 likes one item only.
        let of =
            |values: [f32; 3]| ActivationMap { channels: 3, rows: 1, columns: 1, values: values.to_vec() };
        let maps = [
            of([0.1, 0.9, 0.0]),
            of([0.2, 0.1, 0.0]),
            of([0.3, 0.8, 0.0]),
            of([0.9, 0.7, 5.0]),
            of([0.8, 0.2, 0.0]),
            of([0.7, 0.6, 0.0]),
        ];
        let units = units(&pool, &maps);
        let purity = |channel: usize| units.iter().find(|u| u.channel == channel).unwrap().purity;
        assert_eq!([purity(0), purity(1)], [1.0, 2.0 / 3.0]);
        assert!((purity(2) - 1.0 / 3.0).abs() < 1e-9, "one item is not three");
        assert_eq!((units[0].channel, &units[0].top[..]), (0, &[3, 4, 5][..]));
        assert!((figure(&units, "").percent - 200.0 / 3.0).abs() < 1e-9);
        assert_eq!(shown(&units, 5).len(), 2);
    }
}
