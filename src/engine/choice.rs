//! The choice of an engine.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::int::kernel::Choice;
use crate::unknown_name::UnknownName;

/// What runs the network.
///
/// ```
/// use lookhear::engine::Backend;
///
/// assert_eq!("int".parse(), Ok(Backend::default()));
/// let error = "tpu".parse::<Backend>().unwrap_err();
/// assert_eq!(error.to_string(), "no engine is called tpu; there are int, flex, wgpu and ndarray");
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
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        let all = [Self::Int, Self::Flex, Self::Wgpu, Self::Ndarray];
        UnknownName::find("engine", all, Self::name, name)
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

    /// The feature that builds it in.
    fn feature(self) -> &'static str {
        if self == Self::Flex { "burn" } else { self.name() }
    }
}

/// A backend that this build of LookHear has not.
///
/// ```
/// use lookhear::engine::{Backend, NotBuiltIn};
///
/// let error = NotBuiltIn { backend: Backend::Flex };
/// assert_eq!(error.to_string(), "engine flex is not built in; build with `--features burn`");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("engine {} is not built in; build with `--features {}`", .backend.name(), .backend.feature())]
pub struct NotBuiltIn {
    /// The backend.
    pub backend: Backend,
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
