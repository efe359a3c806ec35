//! Which kernels there are on this processor, and which of them is wanted.

use std::convert::Infallible;
use std::fmt;
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
    /// Whether there is such a kernel is seen when it is asked for.
    type Err = Infallible;

    fn from_str(name: &str) -> Result<Self, Infallible> {
        Ok(if name == "best" { Self::Best } else { Self::Named(name.into()) })
    }
}

impl Choice {
    /// The kernel.
    ///
    /// # Errors
    /// [`MissingKernel`]: this processor has none of that name; the message lists those it has.
    ///
    /// ```
    /// use lookhear::engine::int::kernel::Choice;
    ///
    /// assert!(Choice::Best.kernel().is_ok());
    /// let error = Choice::Named("mmx".into()).kernel().err().unwrap();
    /// assert!(error.to_string().starts_with("this processor has no kernel mmx; it has portable"));
    /// ```
    pub fn kernel(&self) -> Result<Box<dyn Kernel>, MissingKernel> {
        let mut kernels = all();
        let Self::Named(name) = self else {
            // There is one on every processor.
            return Ok(kernels.pop().unwrap_or_else(|| Box::new(Portable)));
        };
        let known = kernels.iter().map(|k| k.name()).collect();
        let found = kernels.into_iter().find(|k| k.name() == name);
        found.ok_or_else(|| MissingKernel { name: name.clone(), known })
    }
}

/// A kernel that this processor cannot run, or that nobody wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingKernel {
    /// Its name.
    pub name: String,
    /// The names of those that it can run.
    pub known: Vec<&'static str>,
}

// Written out, so that the kernels can be built with nothing else.
impl fmt::Display for MissingKernel {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "this processor has no kernel {}; it has {}", self.name, self.known.join(", "))
    }
}

impl std::error::Error for MissingKernel {}
