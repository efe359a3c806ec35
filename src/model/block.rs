//! A convolution as a Burn module, with batch norm while it is trained.

use burn::module::{Module, Param, RunningState};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Initializer, PaddingConfig2d};
use burn::tensor::{Device, Tensor};

/// Convolution and, while it is not folded, batch norm.
#[derive(Module, Debug)]
pub struct ConvBlock {
    /// Has a bias if and only if there is no batch norm.
    pub conv: Conv2d,
    /// Gone when it is folded into the convolution.
    pub norm: Option<BatchNorm>,
}

impl ConvBlock {
    pub(super) fn new(
        channels: [usize; 2],
        kernel: usize,
        stride: usize,
        norm: bool,
        device: &Device,
    ) -> Self {
        let pad = kernel / 2;
        let conv = Conv2dConfig::new(channels, [kernel, kernel])
            .with_stride([stride, stride])
            .with_padding(PaddingConfig2d::Explicit(pad, pad, pad, pad))
            .with_bias(!norm)
            .with_initializer(Initializer::KaimingNormal {
                gain: std::f64::consts::SQRT_2,
                fan_out_only: false,
            })
            .init(device);
        let norm = norm.then(|| BatchNormConfig::new(channels[1]).init(device));
        Self { conv, norm }
    }

    pub(super) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let x = self.conv.forward(x);
        match &self.norm {
            Some(norm) => norm.forward(x),
            None => x,
        }
    }

    /// Batch norm written into weight and bias: `w' = w g/s`, `b' = b - m g/s` with `s = sqrt(var + eps)`.
    pub(super) fn fold(self) -> Self {
        let Some(norm) = self.norm else { return self };
        let mut conv = self.conv;
        let scale = norm.gamma.val() / (norm.running_var.value() + norm.epsilon).sqrt();
        let shift = norm.beta.val() - norm.running_mean.value() * scale.clone();
        let channels = scale.dims()[0];
        let weight = conv.weight.val() * scale.reshape([channels, 1, 1, 1]);
        conv.weight = Param::from_tensor(weight);
        conv.bias = Some(Param::from_tensor(shift));
        Self { conv, norm: None }
    }

    /// The inverse, for a batch `x`: batch norm with the statistics of this convolution's outputs, and with
    /// the gain and shift that leave those outputs as they were. Returns the outputs, too.
    pub(super) fn unfold(self, x: Tensor<4>, norm: bool) -> (Self, Tensor<4>) {
        let after = self.forward(x.clone());
        let Self { mut conv, norm: None } = self else { return (self, after) };
        let (Some(bias), true) = (conv.bias.clone(), norm) else { return (Self { conv, norm: None }, after) };
        conv.bias = None;
        let before = conv.forward(x);
        let [_, channels, _, _] = before.dims();
        let each = before.swap_dims(0, 1).flatten::<2>(1, 3);
        let mean = each.clone().mean_dim(1);
        let variance = (each - mean.clone()).square().mean_dim(1).reshape([channels]);
        let mean = mean.reshape([channels]);
        let mut norm = BatchNormConfig::new(channels).init(&mean.device());
        norm.gamma = Param::from_tensor((variance.clone() + norm.epsilon).sqrt());
        norm.beta = Param::from_tensor(bias.val() + mean.clone());
        norm.running_mean = RunningState::new(mean);
        norm.running_var = RunningState::new(variance);
        (Self { conv, norm: Some(norm) }, after)
    }
}
