//! Which engine is wanted.

use std::str::FromStr;

use ::burn::tensor::Device;
use serde::{Deserialize, Serialize};

use super::int::kernel::Choice;

/// What runs the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// The integer engine: the CPU. Always there.
    #[default]
    Int,
    /// burn-flex: the CPU, in floating point. Always there.
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
            "int" => Ok(Self::Int),
            "flex" => Ok(Self::Flex),
            "wgpu" => Ok(Self::Wgpu),
            "ndarray" => Ok(Self::Ndarray),
            _ => Err(format!("no engine is called {name}; there are int, flex, wgpu and ndarray")),
        }
    }
}

impl Backend {
    /// The name that [`Backend::from_str`] knows.
    pub fn name(self) -> &'static str {
        match self {
            Self::Int => "int",
            Self::Flex => "flex",
            Self::Wgpu => "wgpu",
            Self::Ndarray => "ndarray",
        }
    }

    /// Where Burn's tensors of this backend live. The integer engine has none and is made from those
    /// of flex.
    ///
    /// # Errors
    /// The backend is not built in; the message names the feature.
    pub fn device(self) -> Result<Device, String> {
        match self {
            Self::Int | Self::Flex => Ok(Device::flex()),
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

/// An engine with its settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setup {
    /// What runs the network.
    pub backend: Backend,
    /// Threads of the integer engine; `None`: one per processor. Burn's backends decide for themselves.
    pub threads: Option<usize>,
    /// Instructions that the integer engine uses.
    pub kernel: Choice,
}

impl From<Backend> for Setup {
    fn from(backend: Backend) -> Self {
        Self { backend, ..Self::default() }
    }
}

impl Setup {
    /// Threads of the integer engine.
    pub fn threads(&self) -> usize {
        let processors = || std::thread::available_parallelism().map_or(1, usize::from);
        self.threads.unwrap_or_else(processors)
    }
}
