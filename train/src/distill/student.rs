//! A tower in training, and how far it is from its teacher.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::module::adaptive_avg_pool2d;
use burn::tensor::{Device, Tensor, activation};
use lookhear::model::{Network, Spec, TowerNet};

use super::recipe::Sense;
use super::teacher::Grid;

/// Divides similarities within a batch: small differences between the nearest count most.
const TEMPERATURE: f64 = 0.1;

/// A tower, and what makes the teacher's values of its map.
#[derive(Module, Debug)]
pub(super) struct Student {
    pub(super) tower: TowerNet,
    /// Mean and maximum of the map to the teacher's vector.
    vector: Linear,
    /// Each place of the map to the teacher's.
    places: Option<Conv2d>,
}

/// What a student makes of a batch.
pub(super) struct Guess {
    /// `[n, dims]`.
    vectors: Tensor<2>,
    /// `[n, channels, side, side]`.
    maps: Option<Tensor<4>>,
}

/// What the teacher says, brought to a common scale, in the same shapes.
pub(super) struct Truth {
    pub(super) vectors: Tensor<2>,
    pub(super) maps: Option<Tensor<4>>,
}

/// Weights of the parts of the loss; that of the vectors' direction is 1.
#[derive(Clone, Copy)]
pub(super) struct Weights {
    pub(super) similarity: f64,
    pub(super) places: f64,
}

/// A batch's loss with its parts.
pub(super) struct Loss {
    pub(super) total: Tensor<1>,
    /// One minus the cosine of the vectors.
    pub(super) vector: Tensor<1>,
    /// How far the similarities within the batch are from the teacher's: Kullback-Leibler divergence.
    pub(super) similarity: Option<Tensor<1>>,
    /// One minus the cosine, place by place.
    pub(super) places: Option<Tensor<1>>,
}

impl Student {
    /// With random weights, for a teacher's vectors of `dims` values, and its maps.
    pub(super) fn new(spec: &Spec, sense: Sense, dims: usize, grid: Option<Grid>, device: &Device) -> Self {
        let network = Network::new(spec, device);
        let channels = sense.layers(spec).map_shape()[0];
        Self {
            tower: match sense {
                Sense::Vision => network.vision,
                Sense::Audio => network.audio,
            },
            vector: LinearConfig::new(2 * channels, dims).init(device),
            places: grid.map(|grid| Conv2dConfig::new([channels, grid.channels], [1, 1]).init(device)),
        }
    }

    /// Takes `[n, channels, height, width]`; maps come out pooled to the `side` of the teacher's.
    pub(super) fn forward(&self, inputs: Tensor<4>, side: Option<usize>) -> Guess {
        let map = self.tower.forward(inputs);
        let places = map.clone().flatten::<3>(2, 3);
        let pooled = Tensor::cat(vec![places.clone().mean_dim(2), places.max_dim(2)], 1);
        let maps = self.places.as_ref().zip(side);
        Guess {
            vectors: self.vector.forward(pooled.squeeze_dim::<2>(2)),
            maps: maps.map(|(layer, side)| layer.forward(adaptive_avg_pool2d(map, [side, side]))),
        }
    }
}

impl Guess {
    /// How far it is from the truth.
    pub(super) fn loss(self, truth: Truth, weights: Weights) -> Loss {
        let vector = cosines(self.vectors.clone(), truth.vectors.clone()).mean().neg() + 1.0;
        let similarity =
            (weights.similarity > 0.0).then(|| divergence(self.vectors.clone(), truth.vectors.clone()));
        let maps = self.maps.zip(truth.maps).filter(|_| weights.places > 0.0);
        let places = maps.map(|(guess, truth)| cosines(guess, truth).mean().neg() + 1.0);
        let weighed = [
            similarity.clone().map(|loss| loss * weights.similarity),
            places.clone().map(|loss| loss * weights.places),
        ];
        let total = weighed.into_iter().flatten().fold(vector.clone(), |sum, part| sum + part);
        Loss { total, vector, similarity, places }
    }

    /// The sum over the batch of the vectors' cosines with the teacher's.
    pub(super) fn cosine_sum(self, truth: Truth) -> f32 {
        cosines(self.vectors, truth.vectors).sum().into_scalar()
    }
}

/// Cosines along the second dimension, which becomes 1.
fn cosines<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> Tensor<D> {
    // Small enough to count for nothing, and the gradient at zero is a number.
    let length = |x: Tensor<D>| (x.square().sum_dim(1) + 1e-12).sqrt();
    (a.clone() * b.clone()).sum_dim(1) / (length(a) * length(b))
}

/// How surprising the guessed neighbours in a batch are, to one who knows the true ones: each vector finds the others
/// by a softmax over its cosines with them.
fn divergence(guess: Tensor<2>, truth: Tensor<2>) -> Tensor<1> {
    let [n, _] = guess.dims();
    let neighbours = |x: Tensor<2>| {
        let length = (x.clone().square().sum_dim(1) + 1e-12).sqrt();
        let unit = x / length;
        let itself = Tensor::<2>::eye(n, &unit.device()) * 1e4;
        activation::log_softmax(unit.clone().matmul(unit.transpose()) / TEMPERATURE - itself, 1)
    };
    let (guess, truth) = (neighbours(guess), neighbours(truth));
    (truth.clone().exp() * (truth - guess)).sum() / n as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::TensorData;

    fn tensor<const N: usize>(rows: [[f32; 2]; N]) -> Tensor<2> {
        Tensor::from_data(TensorData::from(rows), &Device::flex())
    }

    fn number(t: Tensor<1>) -> f32 {
        t.into_scalar()
    }

    #[test]
    fn the_loss_equals_a_case_by_hand() {
        // Cosines 0.6 and 1, whatever the lengths.
        let (guess, truth) = ([[3.0, 4.0], [0.0, 2.0]], [[5.0, 0.0], [0.0, 0.1]]);
        let guess = Guess { vectors: tensor(guess), maps: None };
        let truth = Truth { vectors: tensor(truth), maps: None };
        let loss = guess.loss(truth, Weights { similarity: 0.0, places: 0.5 });
        assert!((number(loss.vector) - 0.2).abs() < 1e-5);
        assert!((number(loss.total) - 0.2).abs() < 1e-5);
        assert!(loss.similarity.is_none() && loss.places.is_none());
    }

    #[test]
    fn similarities_within_the_batch_equal_a_case_by_hand() {
        // The truth: the first is like the second, and neither is like the third, whose neighbours are equal.
        let truth = [[1.0, 0.0], [2.0, 0.0], [0.0, 1.0]];
        // The guess: the first is like the third.
        let guess = [[0.0, 1.0], [2.0, 0.0], [0.0, 3.0]];
        let surprise = |true_odds: [f64; 2], odds: [f64; 2]| -> f64 {
            let log = |odds: [f64; 2]| odds.map(|o| o - (odds[0].exp() + odds[1].exp()).ln());
            let (p, q) = (log(true_odds), log(odds));
            (0..2).map(|i| p[i].exp() * (p[i] - q[i])).sum()
        };
        // Each one's cosines with the two others, tenfold.
        let expected = (surprise([10.0, 0.0], [0.0, 10.0])
            + surprise([10.0, 0.0], [0.0, 0.0])
            + surprise([0.0, 0.0], [10.0, 0.0]))
            / 3.0;
        let found = number(divergence(tensor(guess), tensor(truth)));
        assert!((f64::from(found) - expected).abs() < 1e-4, "{found} {expected}");
        assert!(number(divergence(tensor(truth), tensor(truth))).abs() < 1e-6);
        let (guess, truth) =
            (Guess { vectors: tensor(guess), maps: None }, Truth { vectors: tensor(truth), maps: None });
        let Loss { total, vector, .. } = guess.loss(truth, Weights { similarity: 0.5, places: 0.0 });
        assert!((f64::from(number(total)) - f64::from(number(vector)) - 0.5 * expected).abs() < 1e-4);
    }

    #[test]
    fn places_are_compared_one_by_one() {
        let map = |values: [f32; 4]| {
            // Two channels, one row of two places.
            Tensor::<4>::from_data(TensorData::new(values.to_vec(), [1, 2, 1, 2]), &Device::flex())
        };
        let vectors = tensor([[1.0, 0.0]]);
        let guess = Guess { vectors: vectors.clone(), maps: Some(map([1.0, 3.0, 0.0, 4.0])) };
        let truth = Truth { vectors, maps: Some(map([2.0, 1.0, 0.0, 0.0])) };
        let loss = guess.loss(truth, Weights { similarity: 0.0, places: 0.5 });
        // The first place agrees; at the second the cosine is 0.6.
        assert!((number(loss.places.unwrap()) - 0.2).abs() < 1e-5);
        assert!((number(loss.total) - 0.1).abs() < 1e-5);
    }

    #[test]
    fn a_zero_vector_has_a_gradient() {
        let device = Device::flex().autodiff();
        let zero = Tensor::<2>::zeros([2, 2], &device).require_grad();
        let truth = Tensor::<2>::from_data(TensorData::from([[1.0f32, 0.0], [0.0, 1.0]]), &device);
        let loss = (cosines(zero.clone(), truth.clone()).mean() + divergence(zero.clone(), truth)).backward();
        let gradient = zero.grad(&loss).unwrap().into_data().try_to_vec::<f32>().unwrap();
        assert!(gradient.iter().all(|value| value.is_finite()), "{gradient:?}");
    }
}
