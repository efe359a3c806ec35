//! The layer table: every network of LookHear as plain data.
//!
//! Engines and Burn's modules are built by walking this table, so shapes, parameter counts and costs that are computed
//! here are those of the network that runs.

use serde::{Deserialize, Serialize};

/// One network: two towers and at least one head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Preset this table came from, e.g. `edge`.
    pub name: String,
    /// Vision tower: input `[3, 224, 224]`.
    pub vision: Tower,
    /// Audio tower: input `[1, 257, 199]` (bins x windows).
    pub audio: Tower,
    /// L3-Net's head: concatenated embeddings to two classes ("Look, Listen and Learn", section 2).
    pub fusion: Option<Fusion>,
    /// AVE-Net's head: the distance of embeddings ("Objects that Sound", section 3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distance: Option<Distance>,
    /// AVOL-Net's head: a map over the picture, conditioned on the sound ("Objects that Sound", section 4).
    pub localization: Option<Localization>,
}

/// One tower: an input shape and the layers that follow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tower {
    /// `[channels, height, width]`; for sound, height is frequency and width is time.
    pub input: [usize; 3],
    /// In order; the output of the last one is the activation map.
    pub layers: Vec<Layer>,
}

/// A layer of a tower.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// 3x3 convolution, padding 1, then batch norm and ReLU.
    Conv {
        /// Output channels.
        channels: usize,
        /// 1 or 2, both directions.
        stride: usize,
    },
    /// 2x2 maximum, stride 2, no padding: odd rows and columns at the end are dropped.
    MaxPool,
}

/// Fully connected layers over the concatenated embeddings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fusion {
    /// Width of the hidden layer (the paper: 128).
    pub hidden: usize,
}

/// Two fully connected layers per tower, unit length, and a layer over the Euclidean distance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Distance {
    /// Dimensions of the common space (the paper: 128).
    pub dims: usize,
}

/// Two 1x1 convolutions per tower, a dot product at every position, scale and bias.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Localization {
    /// Dimensions of the common space (the paper: 128).
    pub dims: usize,
    /// Batch norm after each 1x1 convolution. Not in the paper; without it small batches collapse.
    pub batch_norm: bool,
    /// Scale both sides to unit length, so that the dot product is a cosine. Not in AVOL-Net.
    pub normalize: bool,
    /// How a map becomes one score.
    pub pooling: Pooling,
}

/// How the logits of a localization map become the logit of the whole picture.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pooling {
    /// The maximum (AVOL-Net).
    Max,
    /// `ln(mean(exp(k x))) / k` of the similarities `x`: between mean (small `k`) and maximum (large `k`).
    LogMeanExp {
        /// The `k`.
        sharpness: f64,
    },
}

impl Pooling {
    /// Pools the similarities of a map, one at least, to one value.
    ///
    /// ```
    /// use lookhear::model::Pooling;
    ///
    /// assert_eq!(Pooling::Max.pool(&[0.1, 0.9, 0.3]), 0.9);
    /// assert_eq!(Pooling::LogMeanExp { sharpness: 8.0 }.pool(&[0.5]), 0.5);
    /// ```
    pub fn pool(self, similarities: &[f32]) -> f32 {
        let largest = similarities.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        match self {
            Self::Max => largest,
            Self::LogMeanExp { sharpness } => {
                let k = sharpness as f32;
                let sum: f32 = similarities.iter().map(|s| ((s - largest) * k).exp()).sum();
                (sum / similarities.len() as f32).ln() / k + largest
            }
        }
    }
}

/// What [`Tower::shapes`] tells of each layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerShape {
    /// As in the paper: `conv1_1`, `pool1`, ...
    pub name: String,
    /// `[channels, height, width]` before the layer.
    pub input: [usize; 3],
    /// `[channels, height, width]` after the layer.
    pub output: [usize; 3],
    /// Parameters before folding: weights without bias, batch norm's scale and shift.
    pub parameters: usize,
    /// Multiply-accumulates for one input.
    pub macs: usize,
}

impl Tower {
    /// The table: name, shapes and cost of every layer.
    ///
    /// ```
    /// let spec = lookhear::model::Spec::preset("l3").unwrap();
    /// let first = &spec.vision.shapes()[0];
    /// assert_eq!((&first.name[..], first.output, first.macs), ("conv1_1", [64, 224, 224], 86_704_128));
    /// ```
    pub fn shapes(&self) -> Vec<LayerShape> {
        let (mut block, mut conv) = (1, 0);
        let mut input = self.input;
        let mut shapes = Vec::with_capacity(self.layers.len());
        for layer in &self.layers {
            let [c, h, w] = input;
            let shape = match *layer {
                Layer::Conv { channels, stride } => {
                    conv += 1;
                    let output = [channels, h.div_ceil(stride), w.div_ceil(stride)];
                    let weights = 9 * c * channels;
                    LayerShape {
                        name: format!("conv{block}_{conv}"),
                        input,
                        output,
                        parameters: weights + 2 * channels,
                        macs: weights * output[1] * output[2],
                    }
                }
                Layer::MaxPool => {
                    let name = format!("pool{block}");
                    (block, conv) = (block + 1, 0);
                    LayerShape { name, input, output: [c, h / 2, w / 2], parameters: 0, macs: 0 }
                }
            };
            input = shape.output;
            shapes.push(shape);
        }
        shapes
    }

    /// `[channels, height, width]` of the activation map.
    ///
    /// ```
    /// let spec = lookhear::model::Spec::preset("l3").unwrap();
    /// assert_eq!(spec.audio.map_shape(), [512, 32, 24]);
    /// ```
    pub fn map_shape(&self) -> [usize; 3] {
        self.shapes().last().map_or(self.input, |last| last.output)
    }

    /// Filter weights, without what batch norm adds.
    pub fn filter_weights(&self) -> usize {
        let convs = self.shapes().into_iter().zip(&self.layers).filter(|(_, l)| **l != Layer::MaxPool);
        convs.map(|(shape, _)| 9 * shape.input[0] * shape.output[0]).sum()
    }

    /// Output channels of each convolution.
    pub fn channels(&self) -> impl Iterator<Item = usize> {
        self.layers.iter().filter_map(|layer| match layer {
            Layer::Conv { channels, .. } => Some(*channels),
            Layer::MaxPool => None,
        })
    }

    /// Columns or rows of the input for each of the output. An engine can use again what it computed of a window that
    /// moves on by a multiple of this.
    ///
    /// ```
    /// let stride = |preset| lookhear::model::Spec::preset(preset).unwrap().audio.stride();
    /// assert_eq!(["l3", "edge", "edge-swift"].map(stride), [8, 16, 32]);
    /// ```
    pub fn stride(&self) -> usize {
        let of_layer = |layer: &Layer| match layer {
            Layer::Conv { stride, .. } => *stride,
            Layer::MaxPool => 2,
        };
        self.layers.iter().map(of_layer).product()
    }

    /// Trainable parameters.
    ///
    /// ```
    /// let spec = lookhear::model::Spec::preset("l3").unwrap();
    /// assert_eq!(spec.vision.parameters(), 4_687_296);
    /// ```
    pub fn parameters(&self) -> usize {
        self.shapes().iter().map(|s| s.parameters).sum()
    }

    /// Multiply-accumulates for one input.
    ///
    /// ```
    /// let spec = lookhear::model::Spec::preset("edge").unwrap();
    /// assert!(spec.vision.macs() < 200_000_000);
    /// ```
    pub fn macs(&self) -> usize {
        self.shapes().iter().map(|s| s.macs).sum()
    }
}

impl Spec {
    /// Parameters of the fusion head, weights and biases.
    pub fn fusion_parameters(&self) -> usize {
        let embeddings = self.vision.map_shape()[0] + self.audio.map_shape()[0];
        self.fusion.map_or(0, |f| (embeddings + 1) * f.hidden + (f.hidden + 1) * 2)
    }

    /// Dimensions of the common space, if a head has one.
    pub fn common_dims(&self) -> Option<usize> {
        self.localization.map(|head| head.dims).or(self.distance.map(|head| head.dims))
    }

    /// `[rows, columns]` of the localization map.
    ///
    /// ```
    /// assert_eq!(lookhear::model::Spec::preset("avol").unwrap().map_size(), [28, 28]);
    /// ```
    pub fn map_size(&self) -> [usize; 2] {
        let [_, rows, columns] = self.vision.map_shape();
        [rows, columns]
    }
}
