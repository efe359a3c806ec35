//! Pictures and sounds as Python gives them.

use image::RgbImage;
use lookhear::batch::Name;
use lookhear::media;
use lookhear::preprocess::{Loudness, Resampler};
use numpy::{
    Element, PyArrayDescrMethods, PyArrayDyn, PyArrayMethods, PyReadonlyArrayDyn, PyUntypedArray,
    PyUntypedArrayMethods,
};
use pyo3::exceptions::{PyFileNotFoundError, PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::error::{check_file, of_media};

/// A file, or a moment of a file, as the command line takes it (`clip.mp4@3.5`); `None`: it is no path at all.
fn name(given: &Bound<'_, PyAny>) -> PyResult<Option<Name>> {
    let Ok(path) = given.extract::<std::path::PathBuf>() else { return Ok(None) };
    let name = Name::new(path);
    match name.hint() {
        Some(hint) => Err(PyFileNotFoundError::new_err(format!("{}: {hint}", name.shown()))),
        None => check_file(name.file()).map(|()| Some(name)),
    }
}

/// An array, or what NumPy makes one of: lists, pictures of PIL. No copy is made of what is an array already.
fn array<'py>(given: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyUntypedArray>> {
    Ok(given
        .py()
        .import("numpy")?
        .call_method1("require", (given, None::<u8>, ["ALIGNED", "ENSUREARRAY"]))?
        .cast_into()?)
}

/// `float64 [480, 640, 3]`.
fn described(array: &Bound<'_, PyUntypedArray>) -> String {
    format!("{} {:?}", array.dtype(), array.shape())
}

/// The values where they lie, if that is row by row. (`as_slice` alone would also give those of a Fortran array.)
fn row_major<'a, T: Element>(array: &'a PyReadonlyArrayDyn<'_, T>) -> Option<&'a [T]> {
    array.as_slice().ok().filter(|_| array.is_c_contiguous())
}

/// The values, row by row.
fn values<T: Element + Copy>(array: &PyReadonlyArrayDyn<'_, T>) -> Vec<T> {
    match row_major(array) {
        Some(values) => values.to_vec(),
        None => array.as_array().iter().copied().collect(),
    }
}

/// A picture; a file is not read yet.
pub(crate) enum Picture {
    Ready(RgbImage),
    File(Name),
}

impl Picture {
    /// Takes a path, or an array of `uint8`: `[height, width, 3]` in the order red, green, blue, or `[height, width]`, grey.
    pub(crate) fn new(given: &Bound<'_, PyAny>) -> PyResult<Self> {
        if let Some(name) = name(given)? {
            return Ok(Self::File(name));
        }
        let array = array(given)?;
        let wrong = |advice: &str| {
            let words = "a picture is a path or an array of uint8 [height, width, 3] or [height, width]";
            PyValueError::new_err(format!("{words}, not {}{advice}", described(&array)))
        };
        let Ok(bytes) = array.cast::<PyArrayDyn<u8>>() else {
            return Err(match array.dtype().kind() {
                b'f' => wrong("; of values 0..1, make (255 * picture).round().astype('uint8')"),
                _ => wrong(""),
            });
        };
        let bytes = bytes.try_readonly()?;
        let (height, width, pixels) = match *array.shape() {
            [0, ..] | [_, 0, ..] => return Err(wrong("")),
            [height, width, 3] => (height, width, values(&bytes)),
            [height, width] => {
                (height, width, values(&bytes).into_iter().flat_map(|grey| [grey; 3]).collect())
            }
            [_, _, 4] => return Err(wrong("; leave the fourth channel out: picture[..., :3]")),
            _ => return Err(wrong("")),
        };
        let sides = u32::try_from(width).ok().zip(u32::try_from(height).ok());
        let picture = sides.and_then(|(width, height)| RgbImage::from_raw(width, height, pixels));
        picture.map(Self::Ready).ok_or_else(|| wrong(""))
    }

    /// The picture itself.
    pub(crate) fn read(self) -> PyResult<RgbImage> {
        match self {
            Self::Ready(picture) => Ok(picture),
            Self::File(name) => match name.moment() {
                Some(moment) => media::frame_at(name.file(), moment).map_err(of_media),
                None => media::picture(name.file()).map_err(of_media),
            },
        }
    }

    /// Seconds into the file; 0 of anything but a moment of a file.
    pub(crate) fn moment(&self) -> f64 {
        match self {
            Self::Ready(_) => 0.0,
            Self::File(name) => name.moment().unwrap_or(0.0),
        }
    }
}

/// Interleaved samples, -1..1. Those of a contiguous array of `float32` stay where they are.
pub(crate) enum Samples<'py> {
    Borrowed(PyReadonlyArrayDyn<'py, f32>),
    Owned(Vec<f32>),
}

/// Sound in memory.
pub(crate) struct Sound<'py> {
    samples: Samples<'py>,
    pub(crate) channels: usize,
}

impl<'py> Sound<'py> {
    /// Takes an array `[samples]` or `[samples, channels]`, of `float32` or `float64` (-1..1) or of integers, whose range
    /// becomes -1..1.
    pub(crate) fn new(given: &Bound<'py, PyAny>) -> PyResult<Self> {
        let array = array(given)?;
        let wrong = |advice: &str| {
            let words = "sound is an array [samples] or [samples, channels] of float32, float64, int16, int32 or uint8";
            PyValueError::new_err(format!("{words}, not {}{advice}", described(&array)))
        };
        let channels = match *array.shape() {
            [0, ..] => return Err(wrong(": it is empty")),
            [_] => 1,
            [samples, channels] if channels > 64 && samples <= 64 => return Err(wrong("; transpose it")),
            [_, channels] if channels > 0 => channels,
            _ => return Err(wrong("")),
        };
        let samples = if let Ok(array) = array.cast::<PyArrayDyn<f32>>() {
            let array = array.try_readonly()?;
            match row_major(&array) {
                Some(_) => Samples::Borrowed(array),
                None => Samples::Owned(values(&array)),
            }
        } else if let Ok(array) = array.cast::<PyArrayDyn<f64>>() {
            Samples::Owned(scaled(&array.try_readonly()?, |sample| sample as f32))
        } else if let Ok(array) = array.cast::<PyArrayDyn<i16>>() {
            Samples::Owned(scaled(&array.try_readonly()?, |sample| f32::from(sample) / 32_768.0))
        } else if let Ok(array) = array.cast::<PyArrayDyn<i32>>() {
            Samples::Owned(scaled(&array.try_readonly()?, |sample| {
                (f64::from(sample) / 2_147_483_648.0) as f32
            }))
        } else if let Ok(array) = array.cast::<PyArrayDyn<u8>>() {
            Samples::Owned(scaled(&array.try_readonly()?, |sample| (f32::from(sample) - 128.0) / 128.0))
        } else {
            return Err(wrong(""));
        };
        Ok(Self { samples, channels })
    }

    /// As [`Sound::new`], of a part of a stream, which may be empty.
    pub(crate) fn chunk(given: &Bound<'py, PyAny>) -> PyResult<Option<Self>> {
        let empty = array(given)?.shape().first() == Some(&0);
        if empty { Ok(None) } else { Self::new(given).map(Some) }
    }

    /// Interleaved samples.
    pub(crate) fn values(&self) -> PyResult<&[f32]> {
        match &self.samples {
            Samples::Borrowed(array) => Ok(array.as_slice()?),
            Samples::Owned(values) => Ok(values),
        }
    }
}

fn scaled<T: Element + Copy>(array: &PyReadonlyArrayDyn<'_, T>, scale: impl Fn(T) -> f32) -> Vec<f32> {
    array.as_array().iter().map(|sample| scale(*sample)).collect()
}

/// A rate in whole samples a second.
pub(crate) fn rate(sr: f64) -> PyResult<usize> {
    match sr.fract() == 0.0 && sr >= 1.0 {
        // Beyond what can be used in any case.
        true => Ok(sr.min(1e9) as usize),
        false => Err(PyValueError::new_err(format!("sr {sr}: give whole samples a second, 4000 to 768000"))),
    }
}

/// Seconds between decisions.
pub(crate) fn hop(hop: f64) -> PyResult<f64> {
    match (0.01..=10.0).contains(&hop) {
        true => Ok(hop),
        false => Err(PyValueError::new_err(format!("hop {hop}: give 0.01 to 10 seconds"))),
    }
}

/// What a picture is judged with: the loudest second of a sound, or the moment that was named.
pub(crate) enum Heard<'py> {
    Array(Sound<'py>, usize),
    File(Name),
}

impl<'py> Heard<'py> {
    /// Takes a path, or an array as [`Sound::new`] does, of which the rate must be known.
    pub(crate) fn new(given: &Bound<'py, PyAny>, sr: Option<f64>) -> PyResult<Self> {
        match (name(given)?, sr) {
            (Some(_), Some(_)) => Err(PyTypeError::new_err("sr: a file tells its rate itself; leave sr out")),
            (Some(name), None) => Ok(Self::File(name)),
            (None, Some(sr)) => Ok(Self::Array(Sound::new(given)?, rate(sr)?)),
            (None, None) => Err(PyTypeError::new_err("sr: samples need their rate, in samples a second")),
        }
    }
}

/// The loudest second of interleaved samples as 48 kHz mono, and how many of the values were no numbers.
pub(crate) fn loudest(interleaved: &[f32], rate: usize, channels: usize) -> PyResult<(Vec<f32>, u64)> {
    let refused = |error: lookhear::preprocess::ResampleError| PyValueError::new_err(error.to_string());
    let mut resampler = Resampler::new(rate, channels, Loudness::Power).map_err(refused)?;
    let mut mono = Vec::new();
    resampler.push(interleaved, &mut mono).map_err(refused)?;
    resampler.finish(&mut mono).map_err(refused)?;
    Ok((media::loudest_part(&mono), resampler.damaged()))
}

/// The second of a file, as `lookhear judge` takes it, and in words what of it was damaged.
pub(crate) fn second_of(name: &Name) -> PyResult<(Vec<f32>, Option<String>)> {
    match name.moment() {
        Some(moment) => media::sound_at(name.file(), moment).map(|second| (second, None)),
        None => media::loudest_second(name.file()).map(|(second, loss)| {
            let damaged =
                (!loss.is_nothing()).then(|| format!("{}: {loss}; the rest was used", name.shown()));
            (second, damaged)
        }),
    }
    .map_err(of_media)
}
