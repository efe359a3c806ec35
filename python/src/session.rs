//! A stream: frames and samples go in as they come, events come out.

use lookhear::Session;
use lookhear::preprocess::{Loudness, Resampler};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;

use crate::error::warn_of_values;
use crate::event::PyEvent;
use crate::given::{self, Picture, Sound, rate};
use crate::guarded::Guarded;
use crate::model::{PyModel, Source};

/// What changes from call to call.
struct Stream {
    session: Session,
    resampler: Resampler,
    /// Values so far that were no numbers.
    damaged: u64,
}

/// Judges a stream, hop by hop: the newest frame with the second of sound that ends at the same moment.
///
/// It has a network of its own, made like that of `model` (None: the built-in one). `hop` is seconds between events, 0.01
/// to 10; at multiples of 0.08 the built-in model computes only what is new. `sr` and `channels` are those of the sound.
#[pyclass(frozen, module = "lookhear", name = "Session")]
pub(crate) struct PySession {
    stream: Guarded<Stream>,
    channels: usize,
}

#[pymethods]
impl PySession {
    #[new]
    #[pyo3(signature = (model=None, *, hop=0.08, sr=48_000.0, channels=1))]
    fn new(py: Python<'_>, model: Option<&PyModel>, hop: f64, sr: f64, channels: usize) -> PyResult<Self> {
        let hop = given::hop(hop)?;
        let resampler = Resampler::new(rate(sr)?, channels, Loudness::Power);
        let resampler = resampler.map_err(|error| PyValueError::new_err(error.to_string()))?;
        py.detach(|| {
            let model = match model {
                Some(model) => model.again()?,
                None => Source::default().model(Source::default().bundle()?)?,
            };
            let stream = Stream { session: Session::new(model, hop), resampler, damaged: 0 };
            Ok(Self { stream: Guarded::new(stream), channels })
        })
    }

    /// Sets the current picture, as for Model.embed_image. Without one, nothing is decided.
    fn frame(&self, py: Python<'_>, image: &Bound<'_, PyAny>) -> PyResult<()> {
        let picture = Picture::new(image)?;
        self.stream.work(py, |stream| {
            stream.session.frame(picture.read()?);
            Ok(())
        })
    }

    /// Takes samples as they come, any number, [samples] or [samples, channels]; returns an event for each hop that they
    /// complete. Time is counted in samples, from the first one on. Before the first second is complete, it begins with
    /// silence. At rates other than 48 kHz, sound is worked on in blocks of 1024.
    fn sound(&self, py: Python<'_>, samples: &Bound<'_, PyAny>) -> PyResult<Vec<PyEvent>> {
        let Some(sound) = Sound::chunk(samples)? else { return Ok(Vec::new()) };
        if sound.channels != self.channels {
            let (found, channels) = (sound.channels, self.channels);
            let words = format!("the sound has {found} channels; the session was begun for {channels}");
            return Err(PyValueError::new_err(words));
        }
        let values = sound.values()?;
        let (events, damaged) = self.stream.work(py, |stream| {
            let Stream { session, resampler, damaged } = stream;
            let mut mono = Vec::new();
            let failed =
                |error: lookhear::preprocess::ResampleError| PyRuntimeError::new_err(error.to_string());
            resampler.push(values, &mut mono).map_err(failed)?;
            let mut events = Vec::new();
            session.sound(&mono, |event| events.push(PyEvent(event)));
            let before = std::mem::replace(damaged, resampler.damaged());
            Ok((events, *damaged - before))
        })?;
        warn_of_values(py, damaged)?;
        Ok(events)
    }
}
