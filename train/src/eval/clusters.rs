//! How well the embeddings' clusters follow the classes ("Look, Listen and Learn", section 4.4): k-means and
//! normalized mutual information.

use std::collections::BTreeMap;

use linfa::DatasetBase;
use linfa::traits::{Fit, Predict};
use linfa_clustering::KMeans;
use ndarray::Array2;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::Figure;
use super::figure::{drawn, middle};
use super::linear::Scaler;
use super::metrics::nmi;
use crate::{Error, EvalError};

/// As in the paper.
const CLUSTERS: usize = 64;
/// Times that the labels are drawn anew for the interval.
const DRAWS: usize = 500;

/// NMI (in percent) of k-means clusters of embeddings `[items][dims]` with their labels. The interval comes from
/// drawing items with replacement; items that are drawn twice agree with themselves and raise NMI, so the draws are
/// moved to where their mean is the figure.
///
/// # Errors
/// There are fewer items than clusters.
pub(super) fn figure(
    embeddings: &[Vec<f32>],
    labels: &[usize],
    what: &str,
    seed: u64,
) -> Result<Figure, Error> {
    let dims = embeddings.first().map_or(0, Vec::len);
    if embeddings.len() < CLUSTERS {
        let (purpose, found) = (format!("k-means with {CLUSTERS} clusters"), embeddings.len());
        return Err(EvalError::TooFew { purpose, what: "items", needed: CLUSTERS, found }.into());
    }
    let rows: Vec<&[f32]> = embeddings.iter().map(Vec::as_slice).collect();
    let scaler = Scaler::fit(&rows);
    let values: Vec<f64> = rows.iter().flat_map(|row| scaler.scaled(row)).map(f64::from).collect();
    let failed = |e: &dyn std::fmt::Display| EvalError::library("k-means", e);
    let values = Array2::from_shape_vec((embeddings.len(), dims), values).map_err(|e| failed(&e))?;
    let data = DatasetBase::from(values);
    let model = KMeans::params(CLUSTERS).n_runs(5).fit(&data).map_err(|e| failed(&e))?;
    let clusters = model.predict(&data).to_vec();

    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let draws = drawn(labels.len(), DRAWS, &mut rng, |drawn| {
        let of = |values: &[usize]| drawn.iter().map(|i| values[*i]).collect::<Vec<usize>>();
        100.0 * nmi(&of(&clusters), &of(labels))
    });
    let percent = 100.0 * nmi(&clusters, labels);
    let raised = draws.iter().sum::<f64>() / DRAWS as f64 - percent;
    // What clusters have in common with labels that have nothing to do with them: more than 0, for there are many.
    let mut shuffled = labels.to_vec();
    rand::seq::SliceRandom::shuffle(&mut shuffled[..], &mut rng);
    Ok(Figure {
        name: format!("NMI x 100, {what}, k = {CLUSTERS}"),
        percent,
        interval: middle(&draws).map(|end| end - raised),
        chance: 100.0 * nmi(&clusters, &shuffled),
        n: labels.len(),
        groups: labels.len(),
        by_group: BTreeMap::new(),
    })
}
