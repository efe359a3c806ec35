//! Loads a bundle into an engine and checks its golden output.

use super::choice::{Backend, NotBuiltIn, Setup};
use super::int::kernel::MissingKernel;
use super::int::{IntEngine, Loading};
use super::{AudioEncoding, Engine, ImageEncoding, Judgement};
use crate::model::{Bundle, BundleError, Golden, Spec};

impl Bundle {
    /// Loads the bundle into an engine, and checks that the engine gives the golden output.
    ///
    /// # Errors
    /// The backend is not built in, the weights do not fit, or the golden output differs.
    ///
    /// ```
    /// use lookhear::engine::{Engine, ImageEncoding, Setup};
    /// use lookhear::model::Bundle;
    ///
    /// let bundle = Bundle::built_in()?;
    /// let mut engine = bundle.engine(&Setup::default())?;
    /// let picture = vec![0.0; bundle.manifest.spec.vision.input.iter().product()];
    /// let mut seen = ImageEncoding::default();
    /// engine.encode_image(&picture, &mut seen);
    /// assert_eq!(seen.embedding.len(), bundle.manifest.spec.vision.map_shape()[0]);
    /// # Ok::<(), lookhear::model::BundleError>(())
    /// ```
    pub fn engine(&self, setup: &Setup) -> Result<Box<dyn Engine>, BundleError> {
        self.clone().into_engine(setup)
    }

    /// Like [`Bundle::engine`], but consumes the bundle, so that no weight is in memory twice.
    ///
    /// # Errors
    /// As [`Bundle::engine`].
    pub fn into_engine(self, setup: &Setup) -> Result<Box<dyn Engine>, BundleError> {
        match setup.backend {
            Backend::Int => Ok(Box::new(self.into_int_engine(setup)?)),
            #[cfg(feature = "burn")]
            backend => Ok(Box::new(self.into_burn_engine(backend)?)),
            #[cfg(not(feature = "burn"))]
            backend => Err(NotBuiltIn { backend }.into()),
        }
    }

    /// Checks that an engine gives the golden output, of floating point.
    ///
    /// # Errors
    /// The output differs: the engine does not compute this bundle's network.
    pub fn check(&self, engine: &mut dyn Engine) -> Result<(), BundleError> {
        check_golden(engine, &self.manifest.spec, Some(&self.manifest.golden), self.path())
    }

    /// Like [`Bundle::into_engine`], but returns the integer engine itself, which has more methods than the trait.
    ///
    /// # Errors
    /// As [`Bundle::engine`].
    pub fn into_int_engine(mut self, setup: &Setup) -> Result<IntEngine, BundleError> {
        let _loading = Loading::begin();
        let path = self.path().to_string();
        let no_ranges = || BundleError::NoRanges { path: path.clone() };
        let ranges = self.manifest.ranges.take().ok_or_else(no_ranges)?;
        let kernel = setup.kernel.kernel()?;
        let (spec, golden) = (self.manifest.spec.clone(), self.manifest.golden_int.take());
        let damaged = |reason: String| BundleError::Damaged { path: path.clone(), reason };
        let weights = self.into_weights().map_err(|e| damaged(e.to_string()))?;
        let mut engine = IntEngine::new(&spec, weights, &ranges, kernel, setup.threads())
            .map_err(|e| damaged(e.to_string()))?;
        check_golden(&mut engine, &spec, golden.as_ref(), &path)?;
        Ok(engine)
    }
}

impl From<NotBuiltIn> for BundleError {
    fn from(error: NotBuiltIn) -> Self {
        Self::Engine(Box::new(error))
    }
}

impl From<MissingKernel> for BundleError {
    fn from(error: MissingKernel) -> Self {
        Self::Engine(Box::new(error))
    }
}

/// The output of an engine for the golden input.
pub(super) fn judge_golden(engine: &mut dyn Engine, spec: &Spec) -> Golden {
    let (picture, sound) = Golden::sample(spec);
    let (mut seen, mut heard) = (ImageEncoding::default(), AudioEncoding::default());
    engine.encode_image(&picture, &mut seen);
    engine.encode_audio(&sound, &mut heard);
    let mut judgement = Judgement::default();
    engine.judge(&seen, &heard, &mut judgement);
    let Judgement { fusion, localization, map } = judgement;
    Golden { fusion, localization, map: map.values }
}

/// Checks that the engine reproduces the bundle's golden output.
pub(super) fn check_golden(
    engine: &mut dyn Engine,
    spec: &Spec,
    golden: Option<&Golden>,
    path: &str,
) -> Result<(), BundleError> {
    let found = judge_golden(engine, spec);
    match golden.is_some_and(|golden| golden.agrees_with(&found)) {
        true => Ok(()),
        false => {
            let reason = "its golden output does not match".into();
            Err(BundleError::Damaged { path: path.into(), reason })
        }
    }
}
