//! Which engine is wanted.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::int::kernel::Choice;

/// What runs the network.
///
/// ```
/// use lookhear::engine::Backend;
///
/// assert_eq!("int".parse(), Ok(Backend::default()));
/// let error = "tpu".parse::<Backend>().unwrap_err();
/// assert_eq!(error, "no engine is called tpu; there are int, flex, wgpu and ndarray");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// The integer engine: the CPU. Always there.
    #[default]
    Int,
    /// burn-flex: the CPU, in floating point (feature `burn`).
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

    /// That it is not built in, and how it would be.
    pub(super) fn missing(self) -> String {
        let name = self.name();
        let feature = if self == Self::Flex { "burn" } else { name };
        format!("engine {name} is not built in; build with `--features {feature}`")
    }
}

/// An engine with its settings.
///
/// ```
/// use lookhear::engine::{Backend, Setup};
///
/// assert_eq!(Setup { threads: Some(2), ..Setup::default() }.threads(), 2);
/// assert_eq!(Setup::from(Backend::Flex).backend.name(), "flex");
/// ```
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
