//! t-SNE of embeddings ("Look, Listen and Learn", figure 6 and its audio counterpart; van der Maaten and Hinton 2008).

use bhtsne::tSNE;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::linear::Scaler;

const PERPLEXITY: f32 = 20.0;
const EPOCHS: usize = 700;

/// Two dimensions for each embedding `[items][dims]`, by the Barnes-Hut approximation (theta 0.5).
pub(super) fn points(embeddings: &[Vec<f32>], seed: u64) -> Vec<[f64; 2]> {
    let rows: Vec<&[f32]> = embeddings.iter().map(Vec::as_slice).collect();
    let scaler = Scaler::fit(&rows);
    let scaled: Vec<Vec<f32>> = rows.iter().map(|row| scaler.scaled(row).collect()).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let start: Vec<f32> = (0..2 * scaled.len()).map(|_| rng.random_range(-1e-3..1e-3)).collect();
    let distance =
        |a: &Vec<f32>, b: &Vec<f32>| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt();
    // Three neighbours a point and one more are the least that the method takes.
    let perplexity = PERPLEXITY.min((scaled.len().saturating_sub(2) / 3) as f32);
    let mut tsne: tSNE<f32, Vec<f32>> = tSNE::new(&scaled);
    tsne.perplexity(perplexity).epochs(EPOCHS).initial_embedding(start).barnes_hut(0.5, distance);
    tsne.embedding().chunks_exact(2).map(|p| [f64::from(p[0]), f64::from(p[1])]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_heaps_stay_two_heaps() {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let heap = |i: usize| if i.is_multiple_of(2) { 0.0 } else { 9.0 };
        let items: Vec<Vec<f32>> =
            (0..80).map(|i| (0..10).map(|_| heap(i) + rng.random_range(-1.0..1.0)).collect()).collect();
        let points = points(&items, 1);
        let distance = |a: usize, b: usize| (points[a][0] - points[b][0]).hypot(points[a][1] - points[b][1]);
        // The nearest neighbour is of the same heap.
        for i in 0..80 {
            let nearest =
                (0..80).filter(|j| *j != i).min_by(|a, b| distance(i, *a).total_cmp(&distance(i, *b)));
            assert_eq!(nearest.unwrap() % 2, i % 2);
        }
    }
}
