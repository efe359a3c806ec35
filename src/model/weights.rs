//! The weights of a network as plain numbers, by name: what a bundle holds and engines are made of.

use std::borrow::Cow;
use std::collections::BTreeMap;

use safetensors::{Dtype, SafeTensorError, SafeTensors, View};
use thiserror::Error;

/// An array of numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tensor {
    /// Length of each dimension, the slowest first.
    pub shape: Vec<usize>,
    /// Row by row; as many as the shape says.
    pub values: Vec<f32>,
}

/// Why weights cannot be read, or do not fit a layer table.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// The bytes are no safetensors file.
    #[error(transparent)]
    Format(#[from] SafeTensorError),
    /// A tensor does not hold 32-bit floating-point numbers.
    #[error("tensor {name} holds {found}; F32 is needed")]
    Dtype {
        /// The tensor.
        name: String,
        /// What it holds, as safetensors calls it.
        found: String,
    },
    /// The layer table asks for a tensor that is not there.
    #[error("tensor {name} is missing")]
    Missing {
        /// The tensor.
        name: String,
    },
    /// The layer table asks for another shape.
    #[error("tensor {name} has the shape {found:?}; the layer table needs {needed:?}")]
    Shape {
        /// The tensor.
        name: String,
        /// Its shape.
        found: Vec<usize>,
        /// The shape that would be right.
        needed: Vec<usize>,
    },
    /// Burn cannot read or write them.
    #[cfg(feature = "burn")]
    #[error("{0}")]
    Burn(String),
}

/// The tensors of a network, by the names that Burn's modules give them: `vision.convs.0.conv.weight`, ...
///
/// | tensor | shape |
/// |---|---|
/// | `{vision,audio}.convs.N.conv.weight` | `[out, in, 3, 3]` |
/// | `localization.{vision,audio}.N.conv.weight` | `[out, in, 1, 1]` |
/// | `fusion.fcN.weight`, `distance.{vision,audio}.N.weight`, `distance.fc.weight` | `[in, out]` |
/// | the `bias` beside each | `[out]` |
/// | `localization.log_scale`, `localization.bias` | `[1]` |
///
/// ```
/// use lookhear::model::{Tensor, Weights};
///
/// let mut weights = Weights::default();
/// weights.insert("localization.bias", Tensor { shape: vec![1], values: vec![-2.5] });
/// let bytes = weights.to_safetensors([])?;
/// assert_eq!(Weights::from_safetensors(bytes)?.take("localization.bias", &[1])?, [-2.5]);
/// # Ok::<(), lookhear::model::WeightsError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weights(BTreeMap<String, Tensor>);

impl Weights {
    /// Reads a safetensors file. Its memory is given back tensor by tensor, so that no weight is twice in memory.
    ///
    /// # Errors
    /// The bytes are no safetensors file, or a tensor is not F32.
    pub fn from_safetensors(mut bytes: Vec<u8>) -> Result<Self, WeightsError> {
        let (header, metadata) = SafeTensors::read_metadata(&bytes)?;
        let data_start = size_of::<u64>() + header;
        let mut tensors = BTreeMap::new();
        for name in metadata.offset_keys().into_iter().rev() {
            let Some(info) = metadata.info(&name) else { continue };
            if info.dtype != Dtype::F32 {
                return Err(WeightsError::Dtype { name, found: format!("{:?}", info.dtype) });
            }
            let data = &bytes[data_start + info.data_offsets.0..];
            let values = data.as_chunks().0.iter().map(|value| f32::from_le_bytes(*value)).collect();
            bytes.truncate(data_start + info.data_offsets.0);
            bytes.shrink_to_fit();
            tensors.insert(name, Tensor { shape: info.shape.clone(), values });
        }
        Ok(Self(tensors))
    }

    /// Writes a safetensors file with these entries of metadata.
    ///
    /// # Errors
    /// A tensor has more or fewer values than its shape says.
    pub fn to_safetensors<const N: usize>(
        &self,
        entries: [(&str, &str); N],
    ) -> Result<Vec<u8>, WeightsError> {
        let entries = entries.map(|(key, value)| (key.to_string(), value.to_string()));
        Ok(safetensors::serialize(&self.0, Some(entries.into_iter().collect()))?)
    }

    /// The bytes of all tensors, one after the other, as they lie in a file.
    pub(super) fn data(&self) -> impl Iterator<Item = Vec<u8>> {
        self.0.values().map(Tensor::bytes)
    }

    /// Adds a tensor, or replaces the one of this name.
    pub fn insert(&mut self, name: impl Into<String>, tensor: Tensor) {
        self.0.insert(name.into(), tensor);
    }

    /// The tensor of a name.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.0.get(name)
    }

    /// The tensor of a name, to change it.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Tensor> {
        self.0.get_mut(name)
    }

    /// Takes the values of a tensor out.
    ///
    /// # Errors
    /// There is no tensor of this name, or its shape differs.
    pub fn take(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, WeightsError> {
        let Some(tensor) = self.0.remove(name) else {
            return Err(WeightsError::Missing { name: name.into() });
        };
        if tensor.shape != shape {
            let (found, needed) = (tensor.shape, shape.to_vec());
            return Err(WeightsError::Shape { name: name.into(), found, needed });
        }
        Ok(tensor.values)
    }

    /// All tensors, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.0.iter().map(|(name, tensor)| (name.as_str(), tensor))
    }
}

impl Tensor {
    /// As they lie in a file.
    fn bytes(&self) -> Vec<u8> {
        self.values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }
}

impl View for &Tensor {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        self.bytes().into()
    }

    fn data_len(&self) -> usize {
        self.values.len() * size_of::<f32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights() -> Weights {
        let mut weights = Weights::default();
        weights.insert("b", Tensor { shape: vec![2, 1], values: vec![1.5, -0.25] });
        weights.insert("a", Tensor { shape: vec![1], values: vec![f32::MIN_POSITIVE] });
        weights
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = weights().to_safetensors([("key", "value")]).unwrap();
        assert_eq!(Weights::from_safetensors(bytes.clone()).unwrap(), weights());
        let data: Vec<u8> = weights().data().flatten().collect();
        assert!(bytes.ends_with(&data), "tensors lie in the order of their names");
    }

    #[test]
    fn a_tensor_that_does_not_fit_is_named() {
        let error = |name, shape: &[usize]| weights().take(name, shape).unwrap_err().to_string();
        assert_eq!(error("c", &[1]), "tensor c is missing");
        assert_eq!(error("b", &[1, 2]), "tensor b has the shape [2, 1]; the layer table needs [1, 2]");
        assert_eq!(weights().take("b", &[2, 1]).unwrap(), [1.5, -0.25]);
    }

    #[test]
    fn tensors_of_other_numbers_are_refused() {
        let bytes = weights().to_safetensors([]).unwrap();
        let header = String::from_utf8_lossy(&bytes[8..]).find("F32").unwrap() + 8;
        let mut halves = bytes;
        halves[header..header + 3].copy_from_slice(b"I32");
        let error = Weights::from_safetensors(halves).unwrap_err().to_string();
        assert!(error.contains("I32") && error.contains("F32 is needed"), "{error}");
    }

    #[test]
    fn cut_off_bytes_are_refused() {
        let bytes = weights().to_safetensors([]).unwrap();
        for length in 0..bytes.len() {
            assert!(Weights::from_safetensors(bytes[..length].to_vec()).is_err(), "{length} bytes");
        }
    }
}
