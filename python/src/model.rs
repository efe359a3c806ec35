//! A model: embeddings, and judging pairs.

use std::path::{Path, PathBuf};

use lookhear::embed::{Embedder, Pool, Settings, What};
use lookhear::engine::Setup;
use lookhear::gallery::Gallery;
use lookhear::judge::Judge;
use lookhear::media::Loss;
use lookhear::model::{Bundle, Manifest};
use lookhear::{Model, Session};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;

use crate::clip;
use crate::error::{ModelError, check_file, of_embedding, of_gallery, of_model, warn, warn_of_values};
use crate::event::PyEvent;
use crate::given::{self, Heard, Picture, Sound, loudest, rate, second_of};
use crate::guarded::Guarded;
use crate::rows::{Arrays, Rows};

/// What a model is made of, to be made again: a stream needs a network of its own.
#[derive(Clone, Default)]
pub(crate) struct Source {
    path: Option<PathBuf>,
    gallery: Option<PathBuf>,
    threads: Option<usize>,
}

impl Source {
    pub(crate) fn bundle(&self) -> PyResult<Bundle> {
        match &self.path {
            Some(path) => Bundle::load(path),
            None => Bundle::built_in(),
        }
        .map_err(of_model)
    }

    fn setup(&self) -> Setup {
        Setup { threads: self.threads, ..Setup::default() }
    }

    /// A network of its own, with the gallery's names.
    pub(crate) fn model(&self, bundle: Bundle) -> PyResult<Model> {
        let gallery = self.gallery(&bundle.hash)?;
        let model = Model::new(bundle, self.setup()).map_err(of_model)?;
        Ok(match gallery {
            Some(gallery) => model.with_gallery(gallery),
            None => model,
        })
    }

    fn gallery(&self, hash: &str) -> PyResult<Option<Gallery>> {
        let load = |path: &PathBuf| Gallery::load(path, hash).map_err(of_gallery);
        self.gallery.as_ref().map(load).transpose()
    }
}

/// A trained network, ready to embed and to judge.
///
/// `path` is a bundle; None: the built-in model. `gallery` is a file that `lookhear enroll` made: then events have
/// names. `threads` is how many threads compute, 1 to 64; None: one per processor.
///
/// Calls from several threads come one after the other; for more at once make several models with threads=1. A model
/// does not survive a fork: make it in each process.
///
/// Raises FileNotFoundError (and other kinds of OSError), ModelError.
#[pyclass(frozen, module = "lookhear", name = "Model")]
pub(crate) struct PyModel {
    embedder: Guarded<Embedder>,
    source: Source,
    hash: String,
    manifest: Manifest,
}

impl PyModel {
    /// The same model once more, for a stream.
    pub(crate) fn again(&self) -> PyResult<Model> {
        let bundle = self.source.bundle()?;
        match bundle.hash == self.hash {
            true => self.source.model(bundle),
            false => Err(ModelError::new_err("the model's file has changed since the model was made")),
        }
    }
}

#[pymethods]
impl PyModel {
    #[new]
    #[pyo3(signature = (path=None, *, gallery=None, threads=None))]
    fn new(
        py: Python<'_>,
        path: Option<PathBuf>,
        gallery: Option<PathBuf>,
        threads: Option<usize>,
    ) -> PyResult<Self> {
        if threads.is_some_and(|threads| !(1..=64).contains(&threads)) {
            return Err(PyValueError::new_err(
                "threads: give 1 to 64, or leave it out for one per processor",
            ));
        }
        let source = Source { path, gallery, threads };
        py.detach(|| {
            let bundle = source.bundle()?;
            let (hash, manifest) = (bundle.hash.clone(), bundle.manifest.clone());
            let mut judge = Judge::open(bundle, source.setup()).map_err(of_model)?;
            judge.set_gallery(source.gallery(&hash)?);
            let embedder = Embedder::new(judge, Settings::default()).map_err(of_embedding)?;
            Ok(Self { embedder: Guarded::new(embedder), source, hash, manifest })
        })
    }

    /// The file that the model was read from; None: the built-in one.
    #[getter]
    fn path(&self) -> Option<&Path> {
        self.source.path.as_deref()
    }

    /// SHA-256 of weights, layer table and thresholds, in hex. Embeddings of models with other hashes do not mix.
    #[getter]
    fn hash(&self) -> &str {
        &self.hash
    }

    /// The preset that the layer table came from.
    #[getter]
    fn name(&self) -> &str {
        &self.manifest.spec.name
    }

    /// The layer table: towers and heads.
    #[getter]
    fn spec<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        dict(py, serde_json::to_string(&self.manifest.spec))
    }

    /// From which score on a match is said ("on"), below which level it is silent ("silence", dB), and the like.
    #[getter]
    fn thresholds<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        dict(py, serde_json::to_string(&self.manifest.thresholds))
    }

    /// Values of an embedding.
    #[pyo3(signature = (what="audio", pool=None))]
    fn dims(&self, what: &str, pool: Option<&str>) -> PyResult<usize> {
        let settings = settings(what, pool, Settings::default().hop, true)?;
        settings.validate(&self.manifest.spec).map_err(of_embedding)?;
        Ok(settings.dims(&self.manifest.spec))
    }

    /// Embeds sound: a window of a second every `hop` seconds (0.005 to 60).
    ///
    /// `samples` is [samples] or [samples, channels]: float32 or float64 in -1..1, or int16, int32, uint8 over their
    /// whole range. `sr` is samples a second, 4000 to 768000. A contiguous float32 array is not copied: leave it alone
    /// until the call returns, while which other threads go on.
    ///
    /// With `center`, timestamps are the middles of the windows, and the first window begins with half a second of
    /// silence; else they are their starts. `pool` is what remains of the activation map: "grid" (4 x 3, frequency x
    /// time; the default) or "global" (1 x 1). what="ave" gives the space that sounds and pictures share.
    ///
    /// Returns embeddings, float32 [windows, dims], and timestamps in seconds, float64 [windows].
    /// Raises ValueError. Warns (DamageWarning) of values that are no numbers; they count as 0.
    #[pyo3(signature = (samples, sr, *, hop=0.1, center=true, pool=None, what="audio"))]
    #[expect(clippy::too_many_arguments, reason = "they have names in Python")]
    fn embed_audio<'py>(
        &self,
        py: Python<'py>,
        samples: &Bound<'py, PyAny>,
        sr: f64,
        hop: f64,
        center: bool,
        pool: Option<&str>,
        what: &str,
    ) -> PyResult<Arrays<'py>> {
        let settings = settings(what, pool, hop, center)?;
        if settings.what == What::Vision {
            return Err(PyValueError::new_err("what 'vision': sound is embedded as 'audio' or 'ave'"));
        }
        let (sound, rate) = (Sound::new(samples)?, rate(sr)?);
        let (values, channels) = (sound.values()?, sound.channels);
        let (rows, damaged) = self.embedder.work(py, |embedder| {
            let mut rows = begun(embedder, settings)?;
            let embedded = embedder.embed_sound(values, rate, channels, &mut |t, row, _| rows.keep(t, row));
            let damaged = embedded.map_err(|error| rows.failed(error))?;
            Ok((rows, damaged))
        })?;
        warn_of_values(py, damaged)?;
        rows.into_arrays(py)
    }

    /// Embeds a picture of any size.
    ///
    /// `image` is uint8 [height, width, 3], red first, or [height, width], grey; or a file, of a video its first frame
    /// or that of a moment ("clip.mp4@3.5").
    ///
    /// Returns float32 [dims]; with what="ave", the space that sounds and pictures share, [places, dims], row by row.
    /// Raises ValueError, FileNotFoundError, MediaError.
    #[pyo3(signature = (image, *, pool=None, what="vision"))]
    fn embed_image<'py>(
        &self,
        py: Python<'py>,
        image: &Bound<'py, PyAny>,
        pool: Option<&str>,
        what: &str,
    ) -> PyResult<Bound<'py, PyAny>> {
        let settings = settings(what, pool, Settings::default().hop, true)?;
        if settings.what == What::Audio {
            return Err(PyValueError::new_err("what 'audio': a picture is embedded as 'vision' or 'ave'"));
        }
        let picture = Picture::new(image)?;
        let rows = self.embedder.work(py, |embedder| {
            let mut rows = begun(embedder, settings)?;
            let embedded = embedder.embed_picture(&picture.read()?, &mut |t, row, _| rows.keep(t, row));
            embedded.map_err(|error| rows.failed(error))?;
            Ok(rows)
        })?;
        match settings.what {
            What::Ave => Ok(rows.into_arrays(py)?.0.into_any()),
            _ => Ok(rows.into_row(py).into_any()),
        }
    }

    /// Embeds the frames of a video, one every `hop` seconds: as embed_file with what="vision".
    #[pyo3(signature = (path, *, hop=0.1, pool=None))]
    fn embed_video<'py>(
        &self,
        py: Python<'py>,
        path: PathBuf,
        hop: f64,
        pool: Option<&str>,
    ) -> PyResult<Arrays<'py>> {
        self.embed_file(py, path, "vision", hop, true, pool)
    }

    /// Embeds a file, as `lookhear embed` does and with its numbers: its sound, its frames, or a still picture.
    ///
    /// Whatever ffmpeg reads; sound in WAV, FLAC, Ogg Vorbis and MP3 and the usual pictures are read without it.
    ///
    /// Returns embeddings, float32 [rows, dims], and timestamps in seconds, float64 [rows].
    /// Raises ValueError, FileNotFoundError, MediaError. Warns (DamageWarning) of what was damaged.
    #[pyo3(signature = (path, *, what="audio", hop=0.1, center=true, pool=None))]
    fn embed_file<'py>(
        &self,
        py: Python<'py>,
        path: PathBuf,
        what: &str,
        hop: f64,
        center: bool,
        pool: Option<&str>,
    ) -> PyResult<Arrays<'py>> {
        let settings = settings(what, pool, hop, center)?;
        check_file(&path)?;
        let (rows, loss): (Rows, Loss) = self.embedder.work(py, |embedder| {
            let mut rows = begun(embedder, settings)?;
            let embedded = embedder.embed_file(&path, &mut |t, row, _| rows.keep(t, row));
            let loss = embedded.map_err(|error| rows.failed(error))?;
            Ok((rows, loss))
        })?;
        warn_of_loss(py, &path, loss)?;
        rows.into_arrays(py)
    }

    /// Says whether a picture and a sound belong together, and where in the picture the sound comes from.
    ///
    /// `image` is as for embed_image, `samples` and `sr` as for embed_audio, or a file without `sr`. Of sound longer than a
    /// second the loudest second counts, of a file also the moment that is named ("clip.mp4@12").
    ///
    /// Raises and warns as the others do.
    #[pyo3(signature = (image, samples, sr=None))]
    fn judge<'py>(
        &self,
        py: Python<'py>,
        image: &Bound<'py, PyAny>,
        samples: &Bound<'py, PyAny>,
        sr: Option<f64>,
    ) -> PyResult<PyEvent> {
        let (picture, heard) = (Picture::new(image)?, Heard::new(samples, sr)?);
        let t = picture.moment();
        // The values are taken out while attached.
        let sound = match &heard {
            Heard::Array(sound, rate) => Ok((sound.values()?, *rate, sound.channels)),
            Heard::File(name) => Err(name),
        };
        let (event, damaged, words) = self.embedder.work(py, |embedder| {
            let (second, damaged, words) = match sound {
                Ok((values, rate, channels)) => {
                    let (second, damaged) = loudest(values, rate, channels)?;
                    (second, damaged, None)
                }
                Err(name) => {
                    let (second, words) = second_of(name)?;
                    (second, 0, words)
                }
            };
            Ok((embedder.judge().judge_pair(t, &picture.read()?, &second), damaged, words))
        })?;
        warn_of_values(py, damaged)?;
        words.map_or(Ok(()), |words| warn(py, &words))?;
        Ok(PyEvent(event))
    }

    /// Judges a video hop by hop, as `lookhear watch --json --map` does and with its numbers: at `hop`, 2 `hop`, ...
    /// (0.01 to 10 seconds) the newest frame with the second of sound that ends there.
    ///
    /// Raises and warns as embed_file does.
    #[pyo3(signature = (path, *, hop=0.08))]
    fn judge_video(&self, py: Python<'_>, path: PathBuf, hop: f64) -> PyResult<Vec<PyEvent>> {
        let hop = given::hop(hop)?;
        check_file(&path)?;
        // A stream has a network of its own: the one here is free for other threads.
        let (events, loss) = py.detach(|| clip::judge(Session::new(self.again()?, hop), &path, hop))?;
        warn_of_loss(py, &path, loss)?;
        Ok(events.into_iter().map(PyEvent).collect())
    }

    fn __repr__(&self) -> String {
        let path = self.source.path.as_ref().map_or("built in".into(), |path| path.display().to_string());
        format!("<lookhear.Model {} ({path}), SHA-256 {}>", self.manifest.spec.name, &self.hash[..12])
    }
}

fn warn_of_loss(py: Python<'_>, path: &Path, loss: Loss) -> PyResult<()> {
    match loss.is_nothing() {
        true => Ok(()),
        false => warn(py, &format!("{}: {loss}; the rest was used", path.display())),
    }
}

/// JSON as Python's own types.
fn dict<'py>(py: Python<'py>, json: serde_json::Result<String>) -> PyResult<Bound<'py, PyAny>> {
    let json = json.map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
    py.import("json")?.call_method1("loads", (json,))
}

fn settings(what: &str, pool: Option<&str>, hop: f64, center: bool) -> PyResult<Settings> {
    let unknown = |error: lookhear::UnknownName| PyValueError::new_err(error.to_string());
    let what = what.parse::<What>().map_err(unknown)?;
    if what == What::Ave && pool.is_some() {
        return Err(PyValueError::new_err(
            "pool: what 'ave' is not pooled to a grid; leave one of the two out",
        ));
    }
    let pool = pool.map_or(Ok(Pool::default()), str::parse).map_err(unknown)?;
    Ok(Settings { what, pool, hop, centred: center, ..Settings::default() })
}

/// Sets what is embedded, and how; rows to take the embeddings.
fn begun(embedder: &mut Embedder, settings: Settings) -> PyResult<Rows> {
    embedder.set_settings(settings).map_err(of_embedding)?;
    Ok(Rows::new(embedder.dims()))
}
