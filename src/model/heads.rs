//! The heads on the towers, as Burn modules.

use burn::module::{Module, Param};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor, activation};

use super::block::ConvBlock;
use super::spec::{Distance, Fusion, Localization, Pooling};

/// fc - ReLU - fc over concatenated embeddings.
#[derive(Module, Debug)]
pub struct FusionNet {
    /// Vision and audio embedding to hidden.
    pub fc1: Linear,
    /// Hidden to (does not correspond, corresponds).
    pub fc2: Linear,
}

/// AVE-Net's head ("Objects that Sound", section 3.1): two layers per tower, unit length, one layer over the distance.
#[derive(Module, Debug)]
pub struct DistanceNet {
    /// Vision embedding to common space, a ReLU in between.
    pub vision: [Linear; 2],
    /// Audio embedding to common space, a ReLU in between.
    pub audio: [Linear; 2],
    /// Distance `[1]` to (does not correspond, corresponds).
    pub fc: Linear,
}

/// The localization head.
#[derive(Module, Debug)]
pub struct LocalizationNet {
    /// 1x1 convolutions over the vision map.
    pub vision: [ConvBlock; 2],
    /// 1x1 convolutions over the pooled audio map, which is one pixel.
    pub audio: [ConvBlock; 2],
    /// `[1]`; the factor is `exp(log_scale)`, so it stays positive.
    pub log_scale: Param<Tensor<1>>,
    /// `[1]`.
    pub bias: Param<Tensor<1>>,
    #[module(skip)]
    spec: Localization,
}

impl FusionNet {
    pub(super) fn new(spec: Fusion, embeddings: usize, device: &Device) -> Self {
        Self {
            fc1: LinearConfig::new(embeddings, spec.hidden).init(device),
            fc2: LinearConfig::new(spec.hidden, 2).init(device),
        }
    }

    /// Embeddings `[batch, C]` and `[batch, C']` to the logits `[batch, 2]` of
    /// (does not correspond, corresponds).
    pub fn forward(&self, vision: Tensor<2>, audio: Tensor<2>) -> Tensor<2> {
        let hidden = self.fc1.forward(Tensor::cat(vec![vision, audio], 1));
        self.fc2.forward(activation::relu(hidden))
    }

    /// Logits of every picture with every sound: `[n, C]` and `[m, C']` to `[n, m, 2]`.
    ///
    /// A concatenation followed by a linear layer is the sum of two linear layers, so the
    /// hidden layer costs `n + m` products rather than `n m`.
    pub fn forward_pairs(&self, vision: Tensor<2>, audio: Tensor<2>) -> Tensor<3> {
        let ([n, c], [m, _]) = (vision.dims(), audio.dims());
        let weight = self.fc1.weight.val();
        let [inputs, hidden] = weight.dims();
        let seen = vision.matmul(weight.clone().slice([0..c, 0..hidden]));
        let heard = audio.matmul(weight.slice([c..inputs, 0..hidden]));
        let mut sum = seen.reshape([n, 1, hidden]) + heard.reshape([1, m, hidden]);
        if let Some(bias) = &self.fc1.bias {
            sum = sum + bias.val().reshape([1, 1, hidden]);
        }
        self.fc2.forward(activation::relu(sum))
    }
}

impl DistanceNet {
    pub(super) fn new(spec: Distance, vision: usize, audio: usize, device: &Device) -> Self {
        let side = |channels| {
            [
                LinearConfig::new(channels, spec.dims).init(device),
                LinearConfig::new(spec.dims, spec.dims).init(device),
            ]
        };
        Self { vision: side(vision), audio: side(audio), fc: LinearConfig::new(1, 2).init(device) }
    }

    fn side([first, second]: &[Linear; 2], embedding: Tensor<2>) -> Tensor<2> {
        let x = second.forward(activation::relu(first.forward(embedding)));
        let length = (x.clone().square().sum_dim(1) + 1e-6).sqrt();
        x / length
    }

    /// Vision embedding `[batch, C]` to the common space `[batch, dims]`, of length 1.
    pub fn project_image(&self, embedding: Tensor<2>) -> Tensor<2> {
        Self::side(&self.vision, embedding)
    }

    /// Audio embedding `[batch, C]` to the common space `[batch, dims]`, of length 1.
    pub fn project_audio(&self, embedding: Tensor<2>) -> Tensor<2> {
        Self::side(&self.audio, embedding)
    }

    /// Logits of every picture with every sound: `[n, dims]` and `[m, dims]` to `[n, m]`. Softmax over two classes is a
    /// sigmoid of their difference, which this is.
    pub fn logits(&self, seen: Tensor<2>, heard: Tensor<2>) -> Tensor<2> {
        // Of unit vectors, |a - b|^2 = 2 - 2ab.
        let squares = seen.matmul(heard.transpose()) * -2.0 + 2.0;
        let distance = squares.clamp_min(1e-6).sqrt();
        let [slope, offset] = self.line(&distance.device());
        distance * slope + offset
    }

    /// Slope and offset of the logit over the distance, `[1, 1]` each.
    fn line(&self, device: &Device) -> [Tensor<2>; 2] {
        let difference = |both: Tensor<2>| both.clone().slice([0..1, 1..2]) - both.slice([0..1, 0..1]);
        let offset = self.fc.bias.as_ref().map(|bias| difference(bias.val().reshape([1, 2])));
        [difference(self.fc.weight.val()), offset.unwrap_or_else(|| Tensor::zeros([1, 1], device))]
    }
}

impl LocalizationNet {
    pub(super) fn new(
        spec: Localization,
        vision: usize,
        audio: usize,
        folded: bool,
        device: &Device,
    ) -> Self {
        let norm = spec.batch_norm && !folded;
        let side = |channels| {
            [
                ConvBlock::new([channels, spec.dims], 1, 1, norm, device),
                ConvBlock::new([spec.dims, spec.dims], 1, 1, norm, device),
            ]
        };
        Self {
            vision: side(vision),
            audio: side(audio),
            log_scale: Param::from_tensor(Tensor::full([1], 10f32.ln(), device)),
            bias: Param::from_tensor(Tensor::zeros([1], device)),
            spec,
        }
    }

    fn side(&self, [first, second]: &[ConvBlock; 2], x: Tensor<4>) -> Tensor<4> {
        let x = second.forward(activation::relu(first.forward(x)));
        if !self.spec.normalize {
            return x;
        }
        let length = (x.clone().square().sum_dim(1) + 1e-6).sqrt();
        x / length
    }

    pub(super) fn fold(self) -> Self {
        let (vision, audio) = (self.vision.map(ConvBlock::fold), self.audio.map(ConvBlock::fold));
        Self { vision, audio, ..self }
    }

    /// See [`ConvBlock::unfold`].
    pub(super) fn unfold(self, vision: Tensor<4>, audio: Tensor<4>) -> Self {
        let norm = self.spec.batch_norm;
        let side = |[first, second]: [ConvBlock; 2], x| {
            let (first, x) = first.unfold(x, norm);
            let (second, _) = second.unfold(activation::relu(x), norm);
            [first, second]
        };
        Self { vision: side(self.vision, vision), audio: side(self.audio, audio), ..self }
    }

    /// Vision map `[batch, C, rows, columns]` to the common space `[batch, dims, rows, columns]`.
    pub fn project_image(&self, map: Tensor<4>) -> Tensor<4> {
        self.side(&self.vision, map)
    }

    /// Audio embedding `[batch, C]` to the common space `[batch, dims]`.
    pub fn project_audio(&self, embedding: Tensor<2>) -> Tensor<2> {
        let [batch, channels] = embedding.dims();
        let x = self.side(&self.audio, embedding.reshape([batch, channels, 1, 1]));
        x.reshape([batch, self.spec.dims])
    }

    /// Similarity of every picture's every position with every sound:
    /// `[n, dims, rows, columns]` and `[m, dims]` to `[n, m, rows * columns]`.
    pub fn similarities(&self, seen: Tensor<4>, heard: Tensor<2>) -> Tensor<3> {
        let [m, dims] = heard.dims();
        let [n, _, _, _] = seen.dims();
        let heard = heard.reshape([1, m, dims]).expand([n, m, dims]);
        heard.matmul(seen.flatten::<3>(2, 3))
    }

    /// Logits of the maps, of the shape of `similarities`.
    pub fn logits<const D: usize>(&self, similarities: Tensor<D>) -> Tensor<D> {
        let ones = [1; D];
        similarities * self.log_scale.val().exp().reshape(ones) + self.bias.val().reshape(ones)
    }

    /// One similarity a pair: `[n, m, positions]` to `[n, m]`, pooled as the spec says.
    pub fn pool(&self, similarities: Tensor<3>) -> Tensor<2> {
        let pooling = self.spec.pooling;
        pool(similarities, pooling)
    }
}

/// Pools similarities `[n, m, positions]` to `[n, m]`.
pub fn pool(similarities: Tensor<3>, pooling: Pooling) -> Tensor<2> {
    let largest = similarities.clone().max_dim(2);
    match pooling {
        Pooling::Max => largest.squeeze_dim::<2>(2),
        Pooling::LogMeanExp { sharpness } => {
            // The largest is taken out first, so that exp() cannot overflow.
            let largest = largest.detach();
            let rest = ((similarities - largest.clone()) * sharpness).exp().mean_dim(2);
            (rest.log() / sharpness + largest).squeeze_dim::<2>(2)
        }
    }
}
