//! Which kernels there are on this processor, and which of them is wanted.

use std::str::FromStr;

use super::Kernel;
use super::portable::Portable;

/// Every kernel that this processor can run, the slowest first.
///
/// ```
/// let names: Vec<_> = lookhear::engine::int::kernel::all().iter().map(|kernel| kernel.name()).collect();
/// assert_eq!(names[0], "portable");
/// ```
pub fn all() -> Vec<Box<dyn Kernel>> {
    let mut kernels: Vec<Box<dyn Kernel>> = vec![Box::new(Portable)];
    #[cfg(target_arch = "x86_64")]
    {
        kernels.extend(super::x86::Avx2::new().map(|k| Box::new(k) as Box<dyn Kernel>));
        kernels.extend(super::x86::Avx512::new().map(|k| Box::new(k) as Box<dyn Kernel>));
        kernels.extend(super::x86::Vnni::new().map(|k| Box::new(k) as Box<dyn Kernel>));
    }
    #[cfg(target_arch = "aarch64")]
    kernels.extend(super::neon::Neon::new().map(|k| Box::new(k) as Box<dyn Kernel>));
    kernels
}

/// Which kernel is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// The fastest that the processor can run.
    #[default]
    Best,
    /// The one of this name.
    Named(String),
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Ok(if name == "best" { Self::Best } else { Self::Named(name.into()) })
    }
}

impl Choice {
    /// The kernel.
    ///
    /// # Errors
    /// This processor has none of that name; the message lists those it has.
    ///
    /// ```
    /// use lookhear::engine::int::kernel::Choice;
    ///
    /// assert!(Choice::Best.kernel().is_ok());
    /// let error = Choice::Named("mmx".into()).kernel().err().unwrap();
    /// assert!(error.starts_with("this processor has no kernel mmx; it has portable"));
    /// ```
    pub fn kernel(&self) -> Result<Box<dyn Kernel>, String> {
        let mut kernels = all();
        let names: Vec<&str> = kernels.iter().map(|k| k.name()).collect();
        let found = match self {
            Self::Best => Some(kernels.len() - 1),
            Self::Named(name) => names.iter().position(|n| n == name),
        };
        match (found, self) {
            (Some(at), _) => Ok(kernels.swap_remove(at)),
            (None, Self::Named(name)) => {
                Err(format!("this processor has no kernel {name}; it has {}", names.join(", ")))
            }
            (None, Self::Best) => Err("no kernel at all".into()),
        }
    }
}
