//! The reference engine: the Burn modules themselves, on any of Burn's backends.

use burn::tensor::{Device, Tensor, TensorData, activation};

use crate::engine::{ActivationMap, AudioEncoding, Engine, ImageEncoding, Judgement};
use crate::event::Map;
use crate::model::{Network, Spec, embedding};

/// A folded [`Network`] on a device.
pub struct BurnEngine {
    name: &'static str,
    device: Device,
    network: Network,
    spec: Spec,
}

impl BurnEngine {
    /// Takes a network that lives on `device`, for inference.
    pub fn new(name: &'static str, spec: Spec, network: Network, device: Device) -> Self {
        Self { name, device, network, spec }
    }

    fn tensor(&self, values: &[f32], [c, h, w]: [usize; 3]) -> Tensor<4> {
        Tensor::from_data(TensorData::new(values.to_vec(), [1, c, h, w]), &self.device)
    }
}

/// Writes a tower's output `[1, channels, rows, columns]`.
fn write(output: Tensor<4>, map: &mut ActivationMap) {
    let [_, channels, rows, columns] = output.dims();
    *map = ActivationMap { channels, rows, columns, values: values(output) };
}

/// Values of a tensor, in row-major order.
fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

impl Engine for BurnEngine {
    fn encode_image(&mut self, picture: &[f32], seen: &mut ImageEncoding) {
        let map = self.network.vision.forward(self.tensor(picture, self.spec.vision.input));
        seen.spatial_embeddings = match (&self.network.localization, &self.network.distance) {
            (Some(head), _) => values(head.project_image(map.clone()).flatten::<3>(2, 3).swap_dims(1, 2)),
            (None, Some(head)) => values(head.project_image(embedding(map.clone()))),
            (None, None) => Vec::new(),
        };
        seen.embedding = values(embedding(map));
    }

    fn encode_audio(&mut self, spectrogram: &[f32], heard: &mut AudioEncoding) {
        let pooled = embedding(self.network.audio.forward(self.tensor(spectrogram, self.spec.audio.input)));
        heard.projection = match (&self.network.localization, &self.network.distance) {
            (Some(head), _) => values(head.project_audio(pooled.clone())),
            (None, Some(head)) => values(head.project_audio(pooled.clone())),
            (None, None) => Vec::new(),
        };
        heard.embedding = values(pooled);
    }

    fn judge(&mut self, seen: &ImageEncoding, heard: &AudioEncoding, judgement: &mut Judgement) {
        let row = |v: &[f32]| Tensor::<2>::from_data(TensorData::new(v.to_vec(), [1, v.len()]), &self.device);
        judgement.fusion = self.network.fusion.as_ref().map(|head| {
            let logits = head.forward(row(&seen.embedding), row(&heard.embedding));
            values(activation::softmax(logits, 1))[1]
        });
        if let Some(head) = &self.network.distance {
            let logits = head.logits(row(&seen.spatial_embeddings), row(&heard.projection));
            judgement.fusion = values(activation::sigmoid(logits)).first().copied();
        }
        let Some(head) = &self.network.localization else {
            (judgement.localization, judgement.map) = (None, Map::default());
            return;
        };
        let [rows, columns] = self.spec.map_size();
        let dims = heard.projection.len();
        let positions = Tensor::<3>::from_data(
            TensorData::new(seen.spatial_embeddings.clone(), [1, rows * columns, dims]),
            &self.device,
        );
        let positions = positions.swap_dims(1, 2).reshape([1, dims, rows, columns]);
        let similarities = head.similarities(positions, row(&heard.projection));
        let pooled = activation::sigmoid(head.logits(head.pool(similarities.clone())));
        let map = values(activation::sigmoid(head.logits(similarities)));
        judgement.localization = values(pooled).first().copied();
        judgement.map = Map { rows, columns, values: map };
    }

    fn image_activation_map(&mut self, picture: &[f32], map: &mut ActivationMap) {
        write(self.network.vision.forward(self.tensor(picture, self.spec.vision.input)), map);
    }

    fn audio_activation_map(&mut self, spectrogram: &[f32], map: &mut ActivationMap) {
        write(self.network.audio.forward(self.tensor(spectrogram, self.spec.audio.input)), map);
    }

    fn name(&self) -> &str {
        self.name
    }
}
