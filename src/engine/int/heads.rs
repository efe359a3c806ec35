//! Both heads on the outputs of the towers. What is done once per decision is done in floating point;
//! only the 1x1 convolutions over the whole vision map are rounded ([`super::pointwise`]).

use super::weights::{dense, single_pixel};
use crate::engine::{Heard, Judgement, Seen};
use crate::event::Map;
use crate::model::{DistanceNet, FusionNet, Localization, LocalizationNet, Pooling};

/// A linear layer, `[in, out]`.
pub(super) struct Dense {
    pub(super) weights: Vec<f32>,
    pub(super) bias: Vec<f32>,
}

impl Dense {
    /// `out = in * weights + bias`, over the concatenation of `inputs`.
    pub(super) fn run(&self, inputs: [&[f32]; 2], relu: bool, out: &mut Vec<f32>) {
        out.clear();
        out.extend_from_slice(&self.bias);
        let values = inputs.into_iter().flatten();
        for (value, weights) in values.zip(self.weights.chunks_exact(self.bias.len())) {
            out.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += value * weight);
        }
        if relu {
            out.iter_mut().for_each(|v| *v = v.max(0.0));
        }
    }
}

/// L3-Net's head.
pub(super) struct FusionHead {
    layers: [Dense; 2],
    hidden: Vec<f32>,
    logits: Vec<f32>,
}

impl FusionHead {
    pub(super) fn new(head: &FusionNet) -> Self {
        let layers = [dense(&head.fc1), dense(&head.fc2)];
        Self { layers, hidden: Vec::new(), logits: Vec::new() }
    }

    /// Probability of correspondence.
    pub(super) fn judge(&mut self, seen: &Seen, heard: &Heard) -> f32 {
        self.layers[0].run([&seen.embedding, &heard.embedding], true, &mut self.hidden);
        self.layers[1].run([&self.hidden, &[]], false, &mut self.logits);
        sigmoid(self.logits[1] - self.logits[0])
    }
}

/// AVE-Net's head.
pub(super) struct DistanceHead {
    vision: [Dense; 2],
    audio: [Dense; 2],
    hidden: Vec<f32>,
    /// Logit over the distance.
    slope: f32,
    offset: f32,
}

impl DistanceHead {
    pub(super) fn new(head: &DistanceNet) -> Self {
        let Dense { weights, bias } = dense(&head.fc);
        Self {
            vision: head.vision.each_ref().map(dense),
            audio: head.audio.each_ref().map(dense),
            hidden: Vec::new(),
            slope: weights[1] - weights[0],
            offset: bias[1] - bias[0],
        }
    }

    /// The vision side: embedding to common space.
    pub(super) fn see(&mut self, seen: &mut Seen) {
        Self::side(&self.vision, &seen.embedding, &mut self.hidden, &mut seen.positions);
    }

    /// The audio side.
    pub(super) fn hear(&mut self, heard: &mut Heard) {
        Self::side(&self.audio, &heard.embedding, &mut self.hidden, &mut heard.direction);
    }

    fn side([first, second]: &[Dense; 2], embedding: &[f32], hidden: &mut Vec<f32>, out: &mut Vec<f32>) {
        first.run([embedding, &[]], true, hidden);
        second.run([hidden, &[]], false, out);
        to_unit_length(out);
    }

    /// Probability of correspondence.
    pub(super) fn judge(&self, seen: &Seen, heard: &Heard) -> f32 {
        let cosine = seen.positions.iter().zip(&heard.direction).map(|(a, b)| a * b).sum::<f32>();
        sigmoid((2.0 - 2.0 * cosine).max(1e-6).sqrt() * self.slope + self.offset)
    }
}

/// AVOL-Net's head without its vision side.
pub(super) struct LocalizationHead {
    audio: [Dense; 2],
    hidden: Vec<f32>,
    normalize: bool,
    scale: f32,
    bias: f32,
    pooling: Pooling,
}

impl LocalizationHead {
    pub(super) fn new(head: &LocalizationNet, spec: Localization) -> Self {
        let [first, second] = &head.audio;
        Self {
            audio: [single_pixel(first), single_pixel(second)],
            hidden: Vec::new(),
            normalize: spec.normalize,
            scale: head.log_scale.val().into_scalar::<f32>().exp(),
            bias: head.bias.val().into_scalar::<f32>(),
            pooling: spec.pooling,
        }
    }

    /// The audio side: embedding to common space.
    pub(super) fn hear(&mut self, heard: &mut Heard) {
        self.audio[0].run([&heard.embedding, &[]], true, &mut self.hidden);
        self.audio[1].run([&self.hidden, &[]], false, &mut heard.direction);
        if self.normalize {
            to_unit_length(&mut heard.direction);
        }
    }

    /// The map, `[rows, columns]`, and its pooled probability.
    pub(super) fn judge(&self, seen: &Seen, heard: &Heard, size: [usize; 2], judgement: &mut Judgement) {
        let Map { rows, columns, values } = &mut judgement.map;
        [*rows, *columns] = size;
        let dot = |place: &[f32]| place.iter().zip(&heard.direction).map(|(a, b)| a * b).sum::<f32>();
        values.clear();
        values.extend(seen.positions.chunks_exact(heard.direction.len()).map(dot));
        let pooled = pool(values, self.pooling);
        let probability = |similarity: f32| sigmoid(similarity * self.scale + self.bias);
        judgement.localization = Some(probability(pooled));
        values.iter_mut().for_each(|v| *v = probability(*v));
    }
}

fn to_unit_length(vector: &mut [f32]) {
    let length = length(vector.iter().map(|v| v * v).sum());
    vector.iter_mut().for_each(|v| *v /= length);
}

/// Length of a vector with this sum of squares; never 0.
pub(super) fn length(squares: f32) -> f32 {
    (squares + 1e-6).sqrt()
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// As [`crate::model::pool`], for one map.
fn pool(similarities: &[f32], pooling: Pooling) -> f32 {
    let largest = similarities.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    match pooling {
        Pooling::Max => largest,
        Pooling::LogMeanExp { sharpness } => {
            let k = sharpness as f32;
            let sum: f32 = similarities.iter().map(|s| ((s - largest) * k).exp()).sum();
            (sum / similarities.len() as f32).ln() / k + largest
        }
    }
}
