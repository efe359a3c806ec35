//! `lookhear` for Python: the library's own model and preprocessing, with NumPy's arrays at both ends.
//!
//! Here is nothing but the way in and out: what Python gives becomes what the library takes ([`given`]), the library's
//! errors become Python's ([`error`]), and while the network runs, other threads of Python do ([`guarded`]).
//! What of it is public, and its types, are in `package/lookhear`.

mod clip;
mod error;
mod event;
mod given;
mod guarded;
mod model;
mod rows;
mod session;

use pyo3::prelude::*;

/// The compiled part of the package; `lookhear/__init__.py` hands it on.
#[pymodule]
mod _lookhear {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::clip::endings;
    use crate::error::{DamageWarning, MediaError, ModelError};
    #[pymodule_export]
    use crate::event::PyEvent;
    #[pymodule_export]
    use crate::model::PyModel;
    #[pymodule_export]
    use crate::session::PySession;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        let py = module.py();
        module.add("__version__", lookhear::built::VERSION)?;
        module.add("DamageWarning", py.get_type::<DamageWarning>())?;
        module.add("MediaError", py.get_type::<MediaError>())?;
        module.add("ModelError", py.get_type::<ModelError>())
    }
}
