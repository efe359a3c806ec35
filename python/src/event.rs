//! What is said of a moment.

use lookhear::Event;
use numpy::ndarray::Array2;
use numpy::{IntoPyArray, PyArray2};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// What is seen and heard at one moment. Its numbers are those of the command line's JSON.
#[pyclass(frozen, module = "lookhear", name = "Event")]
pub(crate) struct PyEvent(pub(crate) Event);

/// The number that JSON has: an event's numbers are rounded to a few decimals, of which widening would make others.
fn decimal(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::from(value))
}

#[pymethods]
impl PyEvent {
    /// Seconds since the start of the input.
    #[getter]
    fn t(&self) -> f64 {
        self.0.t
    }

    /// Probability that picture and sound belong together, 0 to 1.
    #[getter]
    fn score(&self) -> f64 {
        decimal(self.0.score)
    }

    /// The decision, by the model's thresholds.
    #[getter]
    fn state(&self) -> &'static str {
        self.0.state.word()
    }

    /// How sure the state is, 0 to 1.
    #[getter]
    fn confidence(&self) -> f64 {
        decimal(self.0.confidence)
    }

    /// Where the sound most likely comes from: (x, y) in 0..1 of the picture, origin top left.
    #[getter]
    fn peak(&self) -> (f64, f64) {
        self.0.peak.map(decimal).into()
    }

    /// Extent of what sounds, (x0, y0, x1, y1) in 0..1 of the picture; None unless the state is "match".
    #[getter]
    fn r#box(&self) -> Option<(f64, f64, f64, f64)> {
        self.0.bounds.map(|bounds| bounds.map(decimal).into())
    }

    /// What sounds, if the model has a gallery that knows it, and the state is "match".
    #[getter]
    fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// The localization map over the whole picture, [rows, columns], 0..1.
    #[getter]
    fn map<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyArray2<f32>>>> {
        let Some(rows) = &self.0.map else { return Ok(None) };
        let shape = (rows.len(), rows.first().map_or(0, Vec::len));
        let uneven = |error: numpy::ndarray::ShapeError| PyRuntimeError::new_err(error.to_string());
        Ok(Some(Array2::from_shape_vec(shape, rows.concat()).map_err(uneven)?.into_pyarray(py)))
    }

    /// The decision in plain words.
    #[getter]
    fn sentence(&self) -> String {
        self.0.sentence()
    }

    /// The object that `lookhear judge --json --map` prints, without the names of the files.
    fn to_json(&self) -> PyResult<String> {
        serde_json::to_string(&self.0).map_err(|error| PyRuntimeError::new_err(error.to_string()))
    }

    fn __repr__(&self) -> String {
        let Event { t, score, state, peak: [x, y], .. } = &self.0;
        let name = self.0.name.as_ref().map_or(String::new(), |name| format!(", name={name:?}"));
        format!("Event(t={t}, state='{}', score={score}, peak=({x}, {y}){name})", state.word())
    }
}
