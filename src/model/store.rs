//! Converts between plain weights and Burn's modules.

use burn::store::{ModuleSnapshot, SafetensorsStore};
use burn::tensor::Device;

use super::bundle::{Bundle, BundleError};
use super::network::Network;
use super::spec::Spec;
use super::weights::{Weights, WeightsError};

impl Network {
    /// The network's weights, folded or not.
    ///
    /// # Errors
    /// The weights cannot be fetched from the device.
    pub fn to_weights(&self) -> Result<Weights, WeightsError> {
        let mut store = SafetensorsStore::from_bytes(None).clear_metadata();
        self.save_into(&mut store).map_err(|e| WeightsError::Burn(e.to_string()))?;
        Weights::from_safetensors(store.get_bytes().map_err(|e| WeightsError::Burn(e.to_string()))?)
    }

    /// A folded network with the weights of a safetensors file, on a device.
    ///
    /// # Errors
    /// Tensors are missing or have other shapes than the spec says.
    pub fn from_safetensors(spec: &Spec, bytes: Vec<u8>, device: &Device) -> Result<Self, WeightsError> {
        let mut network = Self::new_folded(spec, device);
        let mut store = SafetensorsStore::from_bytes(Some(bytes));
        network.load_from(&mut store).map_err(|e| WeightsError::Burn(e.to_string()))?;
        Ok(network)
    }
}

impl Bundle {
    /// The network, folded, on a device.
    ///
    /// # Errors
    /// Tensors are missing or have other shapes than the spec says.
    pub fn network(&self, device: &Device) -> Result<Network, BundleError> {
        Network::from_safetensors(&self.manifest.spec, self.as_bytes().to_vec(), device)
            .map_err(|e| BundleError::Damaged { path: self.path().into(), reason: e.to_string() })
    }
}
