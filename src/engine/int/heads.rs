//! Both heads on the outputs of the towers. They run once per decision, in floating point; only the 1x1 convolutions
//! over the whole vision map are rounded ([`super::pointwise`]).

use super::dense::Dense;
use super::weights::{dense, scalar, single_pixel};
use crate::engine::{AudioEncoding, ImageEncoding, Judgement};
use crate::event::Map;
use crate::model::{Distance, Fusion, Localization, Pooling, Weights, WeightsError};

/// L3-Net's head.
pub(super) struct FusionHead {
    layers: [Dense; 2],
    hidden: Vec<f32>,
    logits: Vec<f32>,
}

impl FusionHead {
    /// Takes the weights; `embeddings` is the number of channels of both embeddings together.
    pub(super) fn new(weights: &mut Weights, spec: Fusion, embeddings: usize) -> Result<Self, WeightsError> {
        let first = dense(weights, "fusion.fc1", [embeddings, spec.hidden])?;
        let layers = [first, dense(weights, "fusion.fc2", [spec.hidden, 2])?];
        Ok(Self { layers, hidden: Vec::new(), logits: Vec::new() })
    }

    /// Probability of correspondence.
    pub(super) fn judge(&mut self, seen: &ImageEncoding, heard: &AudioEncoding) -> f32 {
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
    /// Takes the weights, for embeddings with these numbers of channels.
    pub(super) fn new(
        weights: &mut Weights,
        spec: Distance,
        [vision, audio]: [usize; 2],
    ) -> Result<Self, WeightsError> {
        let line = dense(weights, "distance.fc", [1, 2])?;
        let mut side = |name: &str, channels| -> Result<[Dense; 2], WeightsError> {
            let first = dense(weights, &format!("distance.{name}.0"), [channels, spec.dims])?;
            Ok([first, dense(weights, &format!("distance.{name}.1"), [spec.dims, spec.dims])?])
        };
        Ok(Self {
            vision: side("vision", vision)?,
            audio: side("audio", audio)?,
            hidden: Vec::new(),
            slope: line.weights[1] - line.weights[0],
            offset: line.bias[1] - line.bias[0],
        })
    }

    /// Projects the vision embedding into the common space.
    pub(super) fn project_image(&mut self, seen: &mut ImageEncoding) {
        Self::side(&self.vision, &seen.embedding, &mut self.hidden, &mut seen.spatial_embeddings);
    }

    /// Projects the audio embedding into the common space.
    pub(super) fn project_audio(&mut self, heard: &mut AudioEncoding) {
        Self::side(&self.audio, &heard.embedding, &mut self.hidden, &mut heard.projection);
    }

    fn side([first, second]: &[Dense; 2], embedding: &[f32], hidden: &mut Vec<f32>, out: &mut Vec<f32>) {
        first.run([embedding, &[]], true, hidden);
        second.run([hidden, &[]], false, out);
        to_unit_length(out);
    }

    /// Probability of correspondence.
    pub(super) fn judge(&self, seen: &ImageEncoding, heard: &AudioEncoding) -> f32 {
        let cosine = seen.spatial_embeddings.iter().zip(&heard.projection).map(|(a, b)| a * b).sum::<f32>();
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
    /// Takes the weights; `audio` is the number of channels of the audio embedding.
    pub(super) fn new(weights: &mut Weights, spec: Localization, audio: usize) -> Result<Self, WeightsError> {
        let first = single_pixel(weights, "localization.audio.0", [audio, spec.dims])?;
        Ok(Self {
            audio: [first, single_pixel(weights, "localization.audio.1", [spec.dims, spec.dims])?],
            hidden: Vec::new(),
            normalize: spec.normalize,
            scale: scalar(weights, "localization.log_scale")?.exp(),
            bias: scalar(weights, "localization.bias")?,
            pooling: spec.pooling,
        })
    }

    /// Projects the audio embedding into the common space.
    pub(super) fn project_audio(&mut self, heard: &mut AudioEncoding) {
        self.audio[0].run([&heard.embedding, &[]], true, &mut self.hidden);
        self.audio[1].run([&self.hidden, &[]], false, &mut heard.projection);
        if self.normalize {
            to_unit_length(&mut heard.projection);
        }
    }

    /// The map, `[rows, columns]`, and its pooled probability.
    pub(super) fn judge(
        &self,
        seen: &ImageEncoding,
        heard: &AudioEncoding,
        size: [usize; 2],
        judgement: &mut Judgement,
    ) {
        let Map { rows, columns, values } = &mut judgement.map;
        [*rows, *columns] = size;
        let dot = |place: &[f32]| place.iter().zip(&heard.projection).map(|(a, b)| a * b).sum::<f32>();
        values.clear();
        values.extend(seen.spatial_embeddings.chunks_exact(heard.projection.len()).map(dot));
        let pooled = self.pooling.pool(values);
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
