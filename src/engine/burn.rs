//! The reference engine: the Burn modules themselves, on any of Burn's backends.

use std::str::FromStr;

use ::burn::tensor::{Device, Tensor, TensorData, activation};

use super::{Engine, Heard, Judgement, Seen};
use crate::event::Map;
use crate::model::{Network, Spec, embedding};

/// Burn's backends that may be built in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backend {
    /// burn-flex: the CPU. Always there.
    #[default]
    Flex,
    /// burn-wgpu: GPUs (feature `wgpu`).
    Wgpu,
    /// burn-ndarray: the plain reference (feature `ndarray`).
    Ndarray,
}

impl FromStr for Backend {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "flex" => Ok(Self::Flex),
            "wgpu" => Ok(Self::Wgpu),
            "ndarray" => Ok(Self::Ndarray),
            _ => Err(format!("no engine is called {name}; there are flex, wgpu and ndarray")),
        }
    }
}

impl Backend {
    /// The name that [`Backend::from_str`] knows.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flex => "flex",
            Self::Wgpu => "wgpu",
            Self::Ndarray => "ndarray",
        }
    }

    /// The default device of the backend.
    ///
    /// # Errors
    /// The backend is not built in; the message names the feature.
    pub fn device(self) -> Result<Device, String> {
        match self {
            Self::Flex => Ok(Device::flex()),
            #[cfg(feature = "wgpu")]
            Self::Wgpu => Ok(Device::wgpu(::burn::tensor::DeviceKind::DefaultDevice)),
            #[cfg(feature = "ndarray")]
            #[expect(deprecated, reason = "kept as the plain reference that the others are checked against")]
            Self::Ndarray => Ok(Device::ndarray()),
            #[allow(unreachable_patterns, reason = "which arms are left depends on the features")]
            other => {
                let name = other.name();
                Err(format!("engine {name} is not built in; build with `--features {name}`"))
            }
        }
    }
}

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

/// Values of a tensor, in row-major order.
fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

impl Engine for BurnEngine {
    fn see(&mut self, picture: &[f32]) -> Seen {
        let map = self.network.vision.forward(self.tensor(picture, self.spec.vision.input));
        let positions = match &self.network.localization {
            Some(head) => values(head.see(map.clone())),
            None => Vec::new(),
        };
        Seen { embedding: values(embedding(map)), positions }
    }

    fn hear(&mut self, spectrogram: &[f32]) -> Heard {
        let heard = embedding(self.network.audio.forward(self.tensor(spectrogram, self.spec.audio.input)));
        let direction = match &self.network.localization {
            Some(head) => values(head.hear(heard.clone())),
            None => Vec::new(),
        };
        Heard { embedding: values(heard), direction }
    }

    fn judge(&mut self, seen: &Seen, heard: &Heard) -> Judgement {
        let row = |v: &[f32]| Tensor::<2>::from_data(TensorData::new(v.to_vec(), [1, v.len()]), &self.device);
        let fusion = self.network.fusion.as_ref().map(|head| {
            let logits = head.forward(row(&seen.embedding), row(&heard.embedding));
            values(activation::softmax(logits, 1))[1]
        });
        let Some(head) = &self.network.localization else {
            return Judgement { fusion, localization: None, map: Map::default() };
        };
        let [rows, columns] = self.spec.map_size();
        let dims = heard.direction.len();
        let positions = self.tensor(&seen.positions, [dims, rows, columns]);
        let similarities = head.similarities(positions, row(&heard.direction));
        let pooled = activation::sigmoid(head.logits(head.pool(similarities.clone())));
        let map = values(activation::sigmoid(head.logits(similarities)));
        Judgement {
            fusion,
            localization: values(pooled).first().copied(),
            map: Map { rows, columns, values: map },
        }
    }

    fn name(&self) -> &str {
        self.name
    }
}
