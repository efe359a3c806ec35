//! The network as Burn modules, built from a [`Spec`].

use burn::module::{Module, Param, RunningState};
use burn::nn::PaddingConfig2d;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Initializer};
use burn::tensor::{Device, Tensor, activation, module};

use super::heads::{DistanceNet, FusionNet, LocalizationNet};
use super::spec::{Layer, Spec, Tower};

/// Both towers and the heads that the [`Spec`] asks for.
#[derive(Module, Debug)]
pub struct Network {
    /// Picture to activation map.
    pub vision: TowerNet,
    /// Spectrogram to activation map.
    pub audio: TowerNet,
    /// L3-Net's head.
    pub fusion: Option<FusionNet>,
    /// AVE-Net's head.
    pub distance: Option<DistanceNet>,
    /// AVOL-Net's head.
    pub localization: Option<LocalizationNet>,
}

/// One tower.
#[derive(Module, Debug)]
pub struct TowerNet {
    /// The convolutions, in the order of the table.
    pub convs: Vec<ConvBlock>,
    /// `pool_after[i]`: a 2x2 maximum follows `convs[i]`.
    #[module(skip)]
    pool_after: Vec<bool>,
}

/// Convolution and, while it is not folded, batch norm.
#[derive(Module, Debug)]
pub struct ConvBlock {
    /// Has a bias if and only if there is no batch norm.
    pub conv: Conv2d,
    /// Gone after [`Network::fold`].
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

impl TowerNet {
    fn new(spec: &Tower, folded: bool, device: &Device) -> Self {
        let mut channels = spec.input[0];
        let mut convs = Vec::new();
        let mut pool_after = Vec::new();
        for layer in &spec.layers {
            match *layer {
                Layer::Conv { channels: out, stride } => {
                    convs.push(ConvBlock::new([channels, out], 3, stride, !folded, device));
                    pool_after.push(false);
                    channels = out;
                }
                Layer::MaxPool => {
                    if let Some(last) = pool_after.last_mut() {
                        *last = true;
                    }
                }
            }
        }
        Self { convs, pool_after }
    }

    /// See [`Network::unfold`]. Returns the activation map, too.
    fn unfold(self, mut x: Tensor<4>) -> (Self, Tensor<4>) {
        let mut convs = Vec::new();
        for (conv, &pool) in self.convs.into_iter().zip(&self.pool_after) {
            let (conv, after) = conv.unfold(x, true);
            convs.push(conv);
            x = activation::relu(after);
            if pool {
                x = module::max_pool2d(x, burn::tensor::ops::MaxPoolOptions::new([2, 2]).with_stride([2, 2]));
            }
        }
        (Self { convs, pool_after: self.pool_after }, x)
    }

    /// `[batch, channels, height, width]` to the activation map
    /// `[batch, channels of the last layer, rows, columns]`.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.forward_each(x, |_| ())
    }

    /// [`TowerNet::forward`], showing on the way what each convolution hands on: after its ReLU, and the pool if one
    /// follows.
    pub fn forward_each(&self, mut x: Tensor<4>, mut each: impl FnMut(&Tensor<4>)) -> Tensor<4> {
        for (conv, &pool) in self.convs.iter().zip(&self.pool_after) {
            x = activation::relu(conv.forward(x));
            if pool {
                x = module::max_pool2d(x, burn::tensor::ops::MaxPoolOptions::new([2, 2]).with_stride([2, 2]));
            }
            each(&x);
        }
        x
    }
}

/// pool4: the maximum over the whole activation map, `[batch, channels, rows, columns]` to
/// `[batch, channels]`. This is the tower's embedding.
pub fn embedding(map: Tensor<4>) -> Tensor<2> {
    map.flatten::<3>(2, 3).max_dim(2).squeeze_dim::<2>(2)
}

impl Network {
    /// Builds the network with random weights (Kaiming normal), ready for training.
    pub fn new(spec: &Spec, device: &Device) -> Self {
        Self::build(spec, false, device)
    }

    /// The same without batch norm: the shape that [`Network::fold`] returns.
    pub fn new_folded(spec: &Spec, device: &Device) -> Self {
        Self::build(spec, true, device)
    }

    fn build(spec: &Spec, folded: bool, device: &Device) -> Self {
        let [seen, heard] = [spec.vision.map_shape()[0], spec.audio.map_shape()[0]];
        Self {
            vision: TowerNet::new(&spec.vision, folded, device),
            audio: TowerNet::new(&spec.audio, folded, device),
            fusion: spec.fusion.map(|f| FusionNet::new(f, seen + heard, device)),
            distance: spec.distance.map(|d| DistanceNet::new(d, seen, heard, device)),
            localization: spec.localization.map(|l| LocalizationNet::new(l, seen, heard, folded, device)),
        }
    }

    /// For inference: every batch norm is written into the convolution before it.
    pub fn fold(self) -> Self {
        let tower = |tower: TowerNet| TowerNet {
            convs: tower.convs.into_iter().map(ConvBlock::fold).collect(),
            ..tower
        };
        Self {
            vision: tower(self.vision),
            audio: tower(self.audio),
            fusion: self.fusion,
            distance: self.distance,
            localization: self.localization.map(LocalizationNet::fold),
        }
    }

    /// For training on: every convolution of a folded network gets a batch norm behind it again, so that for this
    /// batch of pictures `[n, 3, h, w]` and sounds `[n, 1, bins, columns]` all outputs are what they were,
    /// in training as in inference.
    pub fn unfold(self, pictures: Tensor<4>, sounds: Tensor<4>) -> Self {
        let (vision, seen) = self.vision.unfold(pictures);
        let (audio, heard) = self.audio.unfold(sounds);
        let [n, channels, _, _] = heard.dims();
        let heard = embedding(heard).reshape([n, channels, 1, 1]);
        let localization = self.localization.map(|head| head.unfold(seen, heard));
        Self { vision, audio, fusion: self.fusion, distance: self.distance, localization }
    }
}
