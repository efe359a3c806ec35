//! Where Burn's tensors live.

use burn::tensor::Device;

use crate::engine::choice::{Backend, NotBuiltIn};

impl Backend {
    /// Where Burn's tensors of this backend live. The integer engine has none; its weights are measured on flex.
    ///
    /// # Errors
    /// [`NotBuiltIn`]; the message names the feature.
    pub fn device(self) -> Result<Device, NotBuiltIn> {
        match self {
            Self::Int | Self::Flex => Ok(Device::flex()),
            #[cfg(feature = "wgpu")]
            Self::Wgpu => Ok(Device::wgpu(burn::tensor::DeviceKind::DefaultDevice)),
            #[cfg(feature = "ndarray")]
            #[expect(deprecated, reason = "kept as the plain reference that the others are checked against")]
            Self::Ndarray => Ok(Device::ndarray()),
            #[allow(unreachable_patterns, reason = "which arms are left depends on the features")]
            other => Err(NotBuiltIn { backend: other }),
        }
    }
}
