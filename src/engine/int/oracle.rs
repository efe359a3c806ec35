//! A plain implementation of the network in floating point: the reference for the integer engine.

use crate::engine::{ActivationMap, AudioEncoding, Engine, ImageEncoding, Judgement};
use crate::event::Map;
use crate::model::{ActivationRanges, Layer, Pooling, Sample, Spec, Tensor, Tower, Weights};

/// Values `low..high` that depend on nothing but the seed.
pub(super) fn noise(count: usize, seed: u32, low: f32, high: f32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    let mut next = move |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        low + (high - low) * (state >> 8) as f32 / 16_777_216.0
    };
    (0..count).map(&mut next).collect()
}

/// Folded weights for a table, the same for the same table.
pub(super) fn weights(spec: &Spec) -> Weights {
    let mut weights = Weights::default();
    let mut add = |name: String, shape: &[usize], spread: f32| {
        let seed = name.bytes().fold(7u32, |seed, byte| seed.wrapping_mul(31).wrapping_add(u32::from(byte)));
        let values = noise(shape.iter().product(), seed, -spread, spread);
        weights.insert(name, Tensor { shape: shape.to_vec(), values });
    };
    // As large as keeps activations of one size from layer to layer.
    let spread = |inputs: usize| (6.0 / inputs as f32).sqrt();
    let mut conv = |name: String, [inputs, outputs]: [usize; 2], side: usize| {
        add(format!("{name}.conv.weight"), &[outputs, inputs, side, side], spread(inputs * side * side));
        add(format!("{name}.conv.bias"), &[outputs], 0.1);
    };
    for (name, tower) in [("vision", &spec.vision), ("audio", &spec.audio)] {
        let mut inputs = tower.input[0];
        for (number, outputs) in tower.channels().enumerate() {
            conv(format!("{name}.convs.{number}"), [inputs, outputs], 3);
            inputs = outputs;
        }
        if let Some(head) = spec.localization {
            conv(format!("localization.{name}.0"), [inputs, head.dims], 1);
            conv(format!("localization.{name}.1"), [head.dims, head.dims], 1);
        }
    }
    let [seen, heard] = [spec.vision.map_shape()[0], spec.audio.map_shape()[0]];
    let mut dense = |name: &str, [inputs, outputs]: [usize; 2]| {
        add(format!("{name}.weight"), &[inputs, outputs], 1.0 / (inputs as f32).sqrt());
        add(format!("{name}.bias"), &[outputs], 0.1);
    };
    if let Some(head) = spec.fusion {
        dense("fusion.fc1", [seen + heard, head.hidden]);
        dense("fusion.fc2", [head.hidden, 2]);
    }
    if let Some(head) = spec.distance {
        for (name, inputs) in [("vision", seen), ("audio", heard)] {
            dense(&format!("distance.{name}.0"), [inputs, head.dims]);
            dense(&format!("distance.{name}.1"), [head.dims, head.dims]);
        }
        dense("distance.fc", [1, 2]);
    }
    if spec.localization.is_some() {
        add("localization.log_scale".into(), &[1], 2.5);
        add("localization.bias".into(), &[1], 0.5);
    }
    weights
}

/// The engine.
pub(super) struct Oracle {
    spec: Spec,
    weights: Weights,
}

impl Oracle {
    /// With [`weights`].
    pub(super) fn new(spec: &Spec) -> Self {
        Self { spec: spec.clone(), weights: weights(spec) }
    }

    fn values(&self, name: &str) -> &[f32] {
        &self.weights.get(name).unwrap().values
    }

    /// What a tower makes of an input; `each` is shown what every convolution gives.
    fn tower(
        &self,
        name: &str,
        table: &Tower,
        input: &[f32],
        each: &mut dyn FnMut(usize, &[f32]),
    ) -> Vec<f32> {
        let (mut values, mut number) = (input.to_vec(), 0);
        for (shape, layer) in table.shapes().iter().zip(&table.layers) {
            values = match *layer {
                Layer::MaxPool => pool(&values, shape.input, shape.output),
                Layer::Conv { stride, .. } => {
                    let filters = self.values(&format!("{name}.convs.{number}.conv.weight"));
                    let bias = self.values(&format!("{name}.convs.{number}.conv.bias"));
                    let out = convolve(&values, shape.input, shape.output, stride, filters, bias);
                    each(number, &out);
                    number += 1;
                    out
                }
            };
        }
        values
    }

    /// The largest activation of each channel with a wide margin, since the samples are few; channels that they hardly
    /// activate get the most.
    pub(super) fn ranges(&self, samples: &[Sample]) -> ActivationRanges {
        let of = |name, table: &Tower, inputs: Vec<&[f32]>| {
            let mut layers: Vec<Vec<f32>> = table.channels().map(|channels| vec![0.0; channels]).collect();
            for input in inputs {
                self.tower(name, table, input, &mut |number, values| {
                    let planes = values.chunks_exact(values.len() / layers[number].len());
                    layers[number].iter_mut().zip(planes).for_each(|(end, plane)| {
                        *end = plane.iter().copied().fold(*end, f32::max);
                    });
                });
            }
            for ends in &mut layers {
                let least = ends.iter().copied().fold(0.0, f32::max) / 16.0;
                ends.iter_mut().for_each(|end| *end = end.max(least) * 1.5);
            }
            layers
        };
        ActivationRanges {
            vision: of(
                "vision",
                &self.spec.vision,
                samples.iter().map(|(picture, _)| &picture[..]).collect(),
            ),
            audio: of("audio", &self.spec.audio, samples.iter().map(|(_, sound)| &sound[..]).collect()),
        }
    }

    /// `values * weights + bias`, of a linear layer `[in, out]`.
    fn dense(&self, name: &str, values: &[f32]) -> Vec<f32> {
        let bias = self.values(&format!("{name}.bias"));
        let weights = self.values(&format!("{name}.weight"));
        let sum =
            |o: usize| values.iter().enumerate().map(|(i, v)| v * weights[i * bias.len() + o]).sum::<f32>();
        bias.iter().enumerate().map(|(o, bias)| sum(o) + bias).collect()
    }

    /// `weights * values + bias`, of a 1x1 convolution `[out, in]`.
    fn pointwise(&self, name: &str, values: &[f32]) -> Vec<f32> {
        let bias = self.values(&format!("{name}.conv.bias"));
        let rows = self.values(&format!("{name}.conv.weight")).chunks_exact(values.len());
        rows.zip(bias).map(|(row, bias)| dot(row, values) + bias).collect()
    }

    /// A pixel's channels, or an embedding, in the space that both senses share.
    fn common(&self, side: &str, values: &[f32]) -> Vec<f32> {
        if let Some(head) = self.spec.localization {
            let hidden = relu(self.pointwise(&format!("localization.{side}.0"), values));
            let out = self.pointwise(&format!("localization.{side}.1"), &hidden);
            return if head.normalize { unit(out) } else { out };
        }
        if self.spec.distance.is_some() {
            let hidden = relu(self.dense(&format!("distance.{side}.0"), values));
            return unit(self.dense(&format!("distance.{side}.1"), &hidden));
        }
        Vec::new()
    }
}

impl Engine for Oracle {
    fn encode_image(&mut self, picture: &[f32], seen: &mut ImageEncoding) {
        let mut map = ActivationMap::default();
        self.image_activation_map(picture, &mut map);
        seen.embedding = map.pool(1, 1);
        seen.spatial_embeddings = match self.spec.localization {
            Some(_) => {
                let pixel = |p: usize| (0..map.channels).map(|c| map.unit(c)[p]).collect::<Vec<_>>();
                (0..map.rows * map.columns).flat_map(|p| self.common("vision", &pixel(p))).collect()
            }
            None => self.common("vision", &seen.embedding),
        };
    }

    fn encode_audio(&mut self, spectrogram: &[f32], heard: &mut AudioEncoding) {
        let mut map = ActivationMap::default();
        self.audio_activation_map(spectrogram, &mut map);
        heard.embedding = map.pool(1, 1);
        heard.projection = self.common("audio", &heard.embedding);
    }

    fn judge(&mut self, seen: &ImageEncoding, heard: &AudioEncoding, judgement: &mut Judgement) {
        *judgement = Judgement::default();
        let probability = |logits: Vec<f32>| sigmoid(logits[1] - logits[0]);
        if self.spec.fusion.is_some() {
            let both = [&seen.embedding[..], &heard.embedding].concat();
            let hidden = relu(self.dense("fusion.fc1", &both));
            judgement.fusion = Some(probability(self.dense("fusion.fc2", &hidden)));
        }
        if self.spec.distance.is_some() {
            let apart = seen
                .spatial_embeddings
                .iter()
                .zip(&heard.projection)
                .map(|(a, b)| (a - b).powi(2))
                .sum::<f32>();
            judgement.fusion = Some(probability(self.dense("distance.fc", &[apart.sqrt()])));
        }
        if let Some(head) = self.spec.localization {
            let (scale, bias) =
                (self.values("localization.log_scale")[0].exp(), self.values("localization.bias")[0]);
            let positions = seen.spatial_embeddings.chunks_exact(head.dims);
            let similarities: Vec<f32> = positions.map(|place| dot(place, &heard.projection)).collect();
            let pooled = match head.pooling {
                Pooling::Max => similarities.iter().copied().fold(f32::MIN, f32::max),
                Pooling::LogMeanExp { sharpness } => {
                    let exp = |s: &f32| (f64::from(*s) * sharpness).exp();
                    let mean = similarities.iter().map(exp).sum::<f64>() / similarities.len() as f64;
                    (mean.ln() / sharpness) as f32
                }
            };
            judgement.localization = Some(sigmoid(pooled * scale + bias));
            let [rows, columns] = self.spec.map_size();
            let values = similarities.iter().map(|s| sigmoid(s * scale + bias)).collect();
            judgement.map = Map { rows, columns, values };
        }
    }

    fn image_activation_map(&mut self, picture: &[f32], map: &mut ActivationMap) {
        let [channels, rows, columns] = self.spec.vision.map_shape();
        let values = self.tower("vision", &self.spec.vision, picture, &mut |_, _| ());
        *map = ActivationMap { channels, rows, columns, values };
    }

    fn audio_activation_map(&mut self, spectrogram: &[f32], map: &mut ActivationMap) {
        let [channels, rows, columns] = self.spec.audio.map_shape();
        let values = self.tower("audio", &self.spec.audio, spectrogram, &mut |_, _| ());
        *map = ActivationMap { channels, rows, columns, values };
    }

    fn name(&self) -> &str {
        "oracle"
    }
}

/// A 3x3 convolution with padding 1 and ReLU.
fn convolve(
    values: &[f32],
    [inputs, height, width]: [usize; 3],
    [outputs, rows, columns]: [usize; 3],
    stride: usize,
    filters: &[f32],
    bias: &[f32],
) -> Vec<f32> {
    // With a border of zeros.
    let (high, wide) = (height + 2, width + 2);
    let mut padded = vec![0.0; inputs * high * wide];
    for (n, row) in values.chunks_exact(width).enumerate() {
        let (channel, y) = (n / height, n % height);
        padded[(channel * high + y + 1) * wide + 1..][..width].copy_from_slice(row);
    }
    let mut out = Vec::with_capacity(outputs * rows * columns);
    for (filter, bias) in filters.chunks_exact(inputs * 9).zip(bias) {
        for (y, x) in (0..rows).flat_map(|y| (0..columns).map(move |x| (y, x))) {
            let row = |n: usize| &padded[(n / 3 * high + y * stride + n % 3) * wide + x * stride..][..3];
            let sum: f32 = filter.chunks_exact(3).enumerate().map(|(n, taps)| dot(taps, row(n))).sum();
            out.push((sum + bias).max(0.0));
        }
    }
    out
}

/// A 2x2 maximum.
fn pool(values: &[f32], [_, height, width]: [usize; 3], [channels, rows, columns]: [usize; 3]) -> Vec<f32> {
    let mut out = Vec::with_capacity(channels * rows * columns);
    for plane in values.chunks_exact(height * width) {
        for (y, x) in (0..rows).flat_map(|y| (0..columns).map(move |x| (2 * y, 2 * x))) {
            let pair = |y: usize| plane[y * width + x].max(plane[y * width + x + 1]);
            out.push(pair(y).max(pair(y + 1)));
        }
    }
    out
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn relu(values: Vec<f32>) -> Vec<f32> {
    values.into_iter().map(|value| value.max(0.0)).collect()
}

fn unit(values: Vec<f32>) -> Vec<f32> {
    let length = (dot(&values, &values) + 1e-6).sqrt();
    values.into_iter().map(|value| value / length).collect()
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// The oracle itself, against Burn's modules.
#[cfg(feature = "burn")]
#[test]
fn the_oracle_agrees_with_burn() {
    use burn::tensor::Device;

    use crate::engine::BurnEngine;
    use crate::model::{Distance, Network};

    let layers = [
        Layer::Conv { channels: 6, stride: 1 },
        Layer::MaxPool,
        Layer::Conv { channels: 9, stride: 2 },
        Layer::Conv { channels: 10, stride: 1 },
    ];
    let table = |input| Tower { input, layers: layers.to_vec() };
    let edge =
        Spec { vision: table([3, 21, 18]), audio: table([1, 19, 30]), ..Spec::preset("edge").unwrap() };
    let avol =
        Spec { fusion: None, localization: Spec::preset("avol").unwrap().localization, ..edge.clone() };
    let ave = Spec { localization: None, distance: Some(Distance { dims: 24 }), ..avol.clone() };
    for spec in [edge, avol, ave] {
        let device = Device::flex();
        let bytes = weights(&spec).to_safetensors([]).unwrap();
        let network = Network::from_safetensors(&spec, bytes, &device).unwrap();
        let mut burn = BurnEngine::new("flex", spec.clone(), network, device);
        let mut oracle = Oracle::new(&spec);
        let picture = noise(spec.vision.input.iter().product(), 1, -1.0, 1.0);
        let sound = noise(spec.audio.input.iter().product(), 2, 0.0, 2.5);
        let outputs = |engine: &mut dyn Engine| {
            let (mut seen, mut heard, mut judgement) =
                (ImageEncoding::default(), AudioEncoding::default(), Judgement::default());
            engine.encode_image(&picture, &mut seen);
            engine.encode_audio(&sound, &mut heard);
            engine.judge(&seen, &heard, &mut judgement);
            let heads = judgement.fusion.into_iter().chain(judgement.localization).collect();
            [
                seen.embedding,
                seen.spatial_embeddings,
                heard.embedding,
                heard.projection,
                heads,
                judgement.map.values,
            ]
            .concat()
        };
        let (expected, found) = (outputs(&mut burn), outputs(&mut oracle));
        assert_eq!(expected.len(), found.len());
        let worst = expected.iter().zip(&found).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-4, "off by {worst}");
    }
}
