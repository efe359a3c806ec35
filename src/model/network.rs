//! The network as Burn modules, built from a [`Spec`].

use burn::module::Module;
use burn::tensor::{Device, Tensor, activation, module};

use super::block::ConvBlock;
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

    /// Builds the network without batch norm: the form that [`Network::fold`] returns.
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
