//! Embeddings on their way into arrays.

use std::time::{Duration, Instant};

use lookhear::embed::EmbedError;
use numpy::ndarray::Array2;
use numpy::{IntoPyArray, PyArray1, PyArray2};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::error::of_embedding;

/// How often it is asked whether somebody has pressed Ctrl-C.
const PATIENCE: Duration = Duration::from_millis(200);

/// Asks now and then whether a signal has raised an exception, as Ctrl-C does.
pub(crate) struct Signals {
    asked: Instant,
}

impl Signals {
    pub(crate) fn new() -> Self {
        Self { asked: Instant::now() }
    }

    /// Fails with that exception. Called while detached from the interpreter.
    pub(crate) fn check(&mut self) -> PyResult<()> {
        if self.asked.elapsed() <= PATIENCE {
            return Ok(());
        }
        self.asked = Instant::now();
        Python::attach(|py| py.check_signals())
    }
}

/// Rows with their timestamps.
pub(crate) struct Rows {
    dims: usize,
    values: Vec<f32>,
    timestamps: Vec<f64>,
    signals: Signals,
    /// What a handler of a signal has raised.
    raised: Option<PyErr>,
}

impl Rows {
    /// No rows, of `dims` values each.
    pub(crate) fn new(dims: usize) -> Self {
        let (values, timestamps) = (Vec::new(), Vec::new());
        Self { dims, values, timestamps, signals: Signals::new(), raised: None }
    }

    /// Takes a row. Ends the embedding if a signal has raised an exception, as Ctrl-C does.
    pub(crate) fn keep(&mut self, t: f64, row: &[f32]) -> Result<(), EmbedError> {
        self.values.extend_from_slice(row);
        self.timestamps.push(t);
        if self.raised.is_none() {
            self.raised = self.signals.check().err();
        }
        if self.raised.is_some() { Err(EmbedError::Stopped) } else { Ok(()) }
    }

    /// The exception that an embedding ended with.
    pub(crate) fn failed(&mut self, error: EmbedError) -> PyErr {
        self.raised.take().unwrap_or_else(|| of_embedding(error))
    }

    /// `[rows, dims]` and `[rows]`; nothing is copied.
    pub(crate) fn into_arrays(self, py: Python<'_>) -> PyResult<Arrays<'_>> {
        let shape = (self.timestamps.len(), self.dims);
        let uneven = |error: numpy::ndarray::ShapeError| PyRuntimeError::new_err(error.to_string());
        let rows = Array2::from_shape_vec(shape, self.values).map_err(uneven)?;
        Ok((rows.into_pyarray(py), self.timestamps.into_pyarray(py)))
    }

    /// `[dims]`, of the only row.
    pub(crate) fn into_row(self, py: Python<'_>) -> Bound<'_, PyArray1<f32>> {
        self.values.into_pyarray(py)
    }
}

/// Embeddings and timestamps.
pub(crate) type Arrays<'py> = (Bound<'py, PyArray2<f32>>, Bound<'py, PyArray1<f64>>);
