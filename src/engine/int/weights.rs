//! Weights out of Burn's modules.

use burn::nn::Linear;
use burn::tensor::Tensor;

use super::heads::Dense;
use super::quantize::ConvWeights;
use crate::model::{ConvBlock, TowerNet};

/// The numbers of a tensor; not copied if nobody else has it.
fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().convert::<f32>().try_into_vec().expect("they have been converted")
}

fn conv(name: String, block: ConvBlock) -> ConvWeights {
    let weight = block.conv.weight.into_value();
    let [outputs, inputs, _, _] = weight.dims();
    let bias = block.conv.bias.map_or(vec![0.0; outputs], |bias| values(bias.into_value()));
    ConvWeights { name, weights: values(weight), bias, inputs, outputs }
}

/// The convolutions of a folded tower, each gone from memory when the next is asked for; `transposed` swaps height
/// and width of the filters.
pub(super) fn tower_weights(
    name: &str,
    tower: TowerNet,
    transposed: bool,
) -> impl Iterator<Item = ConvWeights> {
    let one = move |(i, block): (usize, ConvBlock)| {
        let mut conv = conv(format!("{name}, convolution {}", i + 1), block);
        if transposed {
            for filter in conv.weights.chunks_exact_mut(9) {
                [(1, 3), (2, 6), (5, 7)].into_iter().for_each(|(a, b)| filter.swap(a, b));
            }
        }
        conv
    };
    tower.convs.into_iter().enumerate().map(one)
}

/// A 1x1 convolution, `[out, in]`.
pub(super) fn pointwise(name: &str, block: &ConvBlock) -> ConvWeights {
    conv(name.into(), block.clone())
}

/// A linear layer.
pub(super) fn dense(layer: &Linear) -> Dense {
    let weight = layer.weight.val();
    let outputs = weight.dims()[1];
    let bias = layer.bias.as_ref().map_or(vec![0.0; outputs], |bias| values(bias.val()));
    Dense { weights: values(weight), bias }
}

/// A 1x1 convolution as a linear layer, for a map of one pixel.
pub(super) fn single_pixel(block: &ConvBlock) -> Dense {
    let ConvWeights { weights, bias, inputs, outputs, .. } = conv(String::new(), block.clone());
    let at = |i: usize| weights[i % outputs * inputs + i / outputs];
    Dense { weights: (0..inputs * outputs).map(at).collect(), bias }
}
