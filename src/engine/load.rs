//! From a bundle to an engine that has just given the golden output.

use super::choice::{Backend, NotBuiltIn, Setup};
use super::int::kernel::MissingKernel;
use super::int::{IntEngine, Loading};
use super::{Engine, Heard, Judgement, Seen};
use crate::model::{Bundle, BundleError, Golden, Spec};

impl Bundle {
    /// An engine that has just given the golden output.
    ///
    /// # Errors
    /// The backend is not built in, the weights do not fit, or the golden output is another.
    ///
    /// ```
    /// use lookhear::engine::{Engine, Seen, Setup};
    /// use lookhear::model::Bundle;
    ///
    /// let bundle = Bundle::built_in()?;
    /// let mut engine = bundle.engine(&Setup::default())?;
    /// let picture = vec![0.0; bundle.manifest.spec.vision.input.iter().product()];
    /// let mut seen = Seen::default();
    /// engine.see(&picture, &mut seen);
    /// assert_eq!(seen.embedding.len(), bundle.manifest.spec.vision.map_shape()[0]);
    /// # Ok::<(), lookhear::model::BundleError>(())
    /// ```
    pub fn engine(&self, setup: &Setup) -> Result<Box<dyn Engine>, BundleError> {
        self.clone().into_engine(setup)
    }

    /// The same for the last time: no weight is twice in memory.
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
    /// It gives another: it does not compute this bundle's network.
    pub fn check(&self, engine: &mut dyn Engine) -> Result<(), BundleError> {
        check_golden(engine, &self.manifest.spec, Some(&self.manifest.golden), self.path())
    }

    /// The same, the integer engine as what it is: it can do more than others.
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

/// What an engine says to the golden input.
pub(super) fn judge_golden(engine: &mut dyn Engine, spec: &Spec) -> Golden {
    let (picture, sound) = Golden::sample(spec);
    let (mut seen, mut heard) = (Seen::default(), Heard::default());
    engine.see(&picture, &mut seen);
    engine.hear(&sound, &mut heard);
    let mut judgement = Judgement::default();
    engine.judge(&seen, &heard, &mut judgement);
    let Judgement { fusion, localization, map } = judgement;
    Golden { fusion, localization, map: map.values }
}

/// An error unless the engine says what the bundle says that it says.
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
