//! What works while other threads of Python do.

use std::process;
use std::sync::Mutex;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// Something with threads of its own that one caller uses at a time.
pub(crate) struct Guarded<T> {
    /// Never locked while attached to the interpreter: whoever holds it may have to attach.
    inner: Mutex<T>,
    /// The process that the threads are of.
    process: u32,
}

impl<T: Send> Guarded<T> {
    pub(crate) fn new(inner: T) -> Self {
        Self { inner: Mutex::new(inner), process: process::id() }
    }

    /// Lets it work, detached from the interpreter, when no other caller does.
    pub(crate) fn work<R: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut T) -> PyResult<R> + Send,
    ) -> PyResult<R> {
        if self.process != process::id() {
            return Err(PyRuntimeError::new_err(
                "made before the process was forked: its threads are not in this one. Make a Model in each process",
            ));
        }
        py.detach(|| {
            let broken = |_| PyRuntimeError::new_err("an earlier call failed; make a new one");
            work(&mut *self.inner.lock().map_err(broken)?)
        })
    }
}
