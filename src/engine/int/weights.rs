//! Takes weights out of a model, layer by layer, so that each is freed before the next is read.

use super::dense::Dense;
use super::quantize::ConvWeights;
use crate::model::{Weights, WeightsError};

/// Convolution `number` (from 0) of a folded tower with `[inputs, outputs]` channels; `transposed` swaps height and
/// width of the filters.
pub(super) fn tower_conv(
    weights: &mut Weights,
    tower: &str,
    number: usize,
    channels: [usize; 2],
    transposed: bool,
) -> Result<ConvWeights, WeightsError> {
    let name = format!("{tower}, convolution {}", number + 1);
    let mut conv = conv(weights, &format!("{tower}.convs.{number}"), name, channels, 3)?;
    if transposed {
        for filter in conv.weights.chunks_exact_mut(9) {
            [(1, 3), (2, 6), (5, 7)].into_iter().for_each(|(a, b)| filter.swap(a, b));
        }
    }
    Ok(conv)
}

/// Convolution `number` (from 0) of the localization head's vision side, 1x1.
pub(super) fn pointwise(
    weights: &mut Weights,
    number: usize,
    channels: [usize; 2],
) -> Result<ConvWeights, WeightsError> {
    let name = format!("localization {}", number + 1);
    conv(weights, &format!("localization.vision.{number}"), name, channels, 1)
}

/// A convolution, `[out, in, side, side]`.
fn conv(
    weights: &mut Weights,
    tensor: &str,
    name: String,
    [inputs, outputs]: [usize; 2],
    side: usize,
) -> Result<ConvWeights, WeightsError> {
    let filters = weights.take(&format!("{tensor}.conv.weight"), &[outputs, inputs, side, side])?;
    let bias = weights.take(&format!("{tensor}.conv.bias"), &[outputs])?;
    Ok(ConvWeights { name, weights: filters, bias, inputs, outputs })
}

/// A linear layer.
pub(super) fn dense(
    weights: &mut Weights,
    tensor: &str,
    [inputs, outputs]: [usize; 2],
) -> Result<Dense, WeightsError> {
    let matrix = weights.take(&format!("{tensor}.weight"), &[inputs, outputs])?;
    Ok(Dense { weights: matrix, bias: weights.take(&format!("{tensor}.bias"), &[outputs])? })
}

/// A 1x1 convolution as a linear layer, for a map of one pixel.
pub(super) fn single_pixel(
    weights: &mut Weights,
    tensor: &str,
    channels: [usize; 2],
) -> Result<Dense, WeightsError> {
    let ConvWeights { weights, bias, inputs, outputs, .. } =
        conv(weights, tensor, String::new(), channels, 1)?;
    let at = |i: usize| weights[i % outputs * inputs + i / outputs];
    Ok(Dense { weights: (0..inputs * outputs).map(at).collect(), bias })
}

/// A scalar.
pub(super) fn scalar(weights: &mut Weights, tensor: &str) -> Result<f32, WeightsError> {
    Ok(weights.take(tensor, &[1])?[0])
}
