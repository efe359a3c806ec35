//! The front door: a trained network, ready to judge.

use std::path::Path;

use image::RgbImage;

use crate::engine::{Engine, Setup};
use crate::event::Event;
use crate::gallery::Gallery;
use crate::judge::Judge;
use crate::model::{Bundle, BundleError, Manifest};

/// A trained network on an engine, ready to judge pictures with sounds.
///
/// ```
/// use image::RgbImage;
/// use lookhear::{Model, State};
///
/// let mut model = Model::built_in()?;
/// let picture = RgbImage::new(640, 360);
/// let silence = vec![0.0; lookhear::preprocess::SAMPLE_RATE];
/// let event = model.judge(&picture, &silence);
/// assert_eq!(event.state, State::Silent);
/// # Ok::<(), lookhear::model::BundleError>(())
/// ```
pub struct Model {
    judge: Judge,
}

impl Model {
    /// The model that is built in, on the integer engine with a thread per processor.
    ///
    /// # Errors
    /// None in a released LookHear.
    pub fn built_in() -> Result<Self, BundleError> {
        Self::new(Bundle::built_in()?, Setup::default())
    }

    /// A bundle that was trained elsewhere, on the same engine.
    ///
    /// # Errors
    /// [`BundleError`] names the file and what is wrong with it.
    ///
    /// ```
    /// let error = lookhear::Model::open("no/such/model.safetensors").err().expect("no such file");
    /// assert!(error.to_string().contains("no/such/model.safetensors"));
    /// ```
    pub fn open(path: impl AsRef<Path>) -> Result<Self, BundleError> {
        Self::new(Bundle::load(path.as_ref())?, Setup::default())
    }

    /// A bundle on an engine of choice.
    ///
    /// # Errors
    /// As [`Bundle::engine`].
    ///
    /// ```
    /// use lookhear::engine::Setup;
    /// use lookhear::model::Bundle;
    ///
    /// let one_thread = Setup { threads: Some(1), ..Setup::default() };
    /// let model = lookhear::Model::new(Bundle::built_in()?, one_thread)?;
    /// assert_eq!(model.manifest().spec.name, "edge-swift");
    /// # Ok::<(), lookhear::model::BundleError>(())
    /// ```
    pub fn new(bundle: Bundle, setup: impl Into<Setup>) -> Result<Self, BundleError> {
        Ok(Self { judge: Judge::open(bundle, setup)? })
    }

    /// A bundle with an engine of one's own. [`Bundle::check`] says whether that computes the bundle's network.
    pub fn with_engine(bundle: &Bundle, engine: Box<dyn Engine>) -> Self {
        Self { judge: Judge::with_engine(bundle, engine) }
    }

    /// Names enrolled things from now on. [`Gallery::load`] checks that the gallery was made with this model.
    #[must_use]
    pub fn with_gallery(self, gallery: Gallery) -> Self {
        Self { judge: self.judge.with_gallery(gallery) }
    }

    /// What the bundle says of itself: layer table, thresholds, training.
    pub fn manifest(&self) -> &Manifest {
        self.judge.manifest()
    }

    /// Whether a picture (RGB, any size) and a second of sound (48,000 samples, mono, -1..1) belong together, and where in
    /// the picture the sound comes from.
    ///
    /// Shorter sound is followed by silence; what is beyond a second is ignored. The event has the time 0, and the
    /// localization map, which covers the whole picture; of several calls, none depends on another, so that a match need not
    /// last to be said.
    pub fn judge(&mut self, picture: &RgbImage, second: &[f32]) -> Event {
        self.judge.judge_pair(0.0, picture, second)
    }

    /// Everything that can be asked of a model: towers and heads by themselves, embeddings, activation maps.
    pub fn into_judge(self) -> Judge {
        self.judge
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::State;

    /// Models go to whichever thread needs them.
    #[test]
    fn a_model_can_be_sent() {
        fn is_send<T: Send>() {}
        is_send::<Model>();
    }

    #[test]
    fn an_event_is_complete() {
        let mut model = Model::built_in().unwrap();
        let picture = RgbImage::from_fn(320, 180, |x, y| image::Rgb([x as u8, y as u8, (x ^ y) as u8]));
        let tone: Vec<f32> = (0..48_000).map(|n| (n as f32 * 0.05).sin() * 0.3).collect();
        let event = model.judge(&picture, &tone);
        assert_ne!(event.state, State::Silent);
        assert!((0.0..=1.0).contains(&event.score));
        // As the built-in model says it of this picture and this tone: see the thresholds of its bundle.
        let matched = event.score >= model.manifest().thresholds.on;
        assert_eq!(event.state == State::Match, matched, "no moment before it is needed");
        let map = event.map.clone().unwrap();
        assert_eq!((map.len(), map[0].len()), (14, 14));
        assert_eq!(model.judge(&picture, &tone), event, "nothing is left of the call before");
    }
}
