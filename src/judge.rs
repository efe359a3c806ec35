//! Judges pictures with seconds of sound.
//!
//! Every use of the network goes through here: the pipeline, the command `judge`, evaluation.

use image::RgbImage;

use crate::decision::Decision;
use crate::engine::{ActivationMap, AudioEncoding, Engine, ImageEncoding, Judgement, Setup};
use crate::event::{Details, Event, Map, State, Verdict};
use crate::gallery::{Gallery, Signature};
use crate::localize::{Place, place, shown_map};
use crate::model::{Bundle, BundleError, Manifest, Thresholds};
use crate::preprocess::{NoiseGate, level, picture, spectrogram};

/// A bundle on an engine.
pub struct Judge {
    engine: Box<dyn Engine>,
    manifest: Manifest,
    model: String,
    gallery: Option<Gallery>,
}

impl Judge {
    /// Loads a bundle's network into an engine; the golden output is checked on the way.
    ///
    /// # Errors
    /// As [`Bundle::engine`].
    pub fn new(bundle: &Bundle, setup: impl Into<Setup>) -> Result<Self, BundleError> {
        Self::open(bundle.clone(), setup)
    }

    /// Like [`Judge::new`], but consumes the bundle.
    ///
    /// # Errors
    /// As [`Bundle::engine`].
    pub fn open(bundle: Bundle, setup: impl Into<Setup>) -> Result<Self, BundleError> {
        let (manifest, model) = (bundle.manifest.clone(), bundle.hash.clone());
        Ok(Self { engine: bundle.into_engine(&setup.into())?, manifest, model, gallery: None })
    }

    /// A bundle with an engine of one's own.
    pub fn with_engine(bundle: &Bundle, engine: Box<dyn Engine>) -> Self {
        Self { engine, manifest: bundle.manifest.clone(), model: bundle.hash.clone(), gallery: None }
    }

    /// What the bundle says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The bundle's hash: what a gallery must have been made with.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Names enrolled things from now on. [`Gallery::load`] checks that the gallery was made with this model.
    #[must_use]
    pub fn with_gallery(self, gallery: Gallery) -> Self {
        Self { gallery: Some(gallery), ..self }
    }

    /// As [`Judge::with_gallery`], for a judge at work; `None`: names nothing any more.
    pub fn set_gallery(&mut self, gallery: Option<Gallery>) {
        self.gallery = gallery;
    }

    /// Decides by other thresholds than the bundle's.
    pub fn set_thresholds(&mut self, thresholds: Thresholds) {
        self.manifest.thresholds = thresholds;
    }

    /// The gallery, if there is one.
    pub fn gallery(&self) -> Option<&Gallery> {
        self.gallery.as_ref()
    }

    /// The level under which nothing sounds: [`Thresholds::silence`].
    pub fn silence(&self) -> f32 {
        self.manifest.thresholds.silence
    }

    /// A decision that begins without a match.
    pub fn decision(&self) -> Decision {
        Decision::new(self.manifest.thresholds)
    }

    /// A decision on one moment that stands alone, as a photo with a sound does.
    pub fn single_decision(&self) -> Decision {
        Decision::single(self.manifest.thresholds)
    }

    /// Encodes a picture of any size by the vision tower.
    pub fn encode_image(&mut self, shown: &RgbImage) -> ImageEncoding {
        self.encode_square(&self.square(shown))
    }

    /// Encodes the next picture of a camera, of any size, without the noise that the gate keeps out of the network's
    /// input.
    pub fn encode_frame(&mut self, shown: &RgbImage, gate: &mut NoiseGate) -> ImageEncoding {
        let mut square = self.square(shown);
        gate.hold(&mut square);
        self.encode_square(&square)
    }

    fn encode_square(&mut self, square: &RgbImage) -> ImageEncoding {
        let mut seen = ImageEncoding::default();
        self.engine.encode_image(&picture::normalize(square), &mut seen);
        seen
    }

    /// A picture in the size that the vision tower takes.
    fn square(&self, shown: &RgbImage) -> RgbImage {
        let side = self.manifest.spec.vision.input[1] as u32;
        picture::square(shown, self.manifest.preprocessing.fit, side)
    }

    /// Encodes a second of sound `[257, 199]`, bin by bin, by the audio tower.
    pub fn encode_audio(&mut self, spectrogram: &[f32]) -> AudioEncoding {
        let mut heard = AudioEncoding::default();
        self.engine.encode_audio(spectrogram, &mut heard);
        heard
    }

    /// Encodes the last second of a stream, given as for [`Engine::encode_stream`].
    pub fn encode_stream(&mut self, columns: &[Vec<f32>], fresh: usize) -> AudioEncoding {
        let mut heard = AudioEncoding::default();
        self.engine.encode_stream(columns, fresh, &mut heard);
        heard
    }

    /// Runs the heads on both encodings.
    pub fn judge(&mut self, seen: &ImageEncoding, heard: &AudioEncoding) -> Judgement {
        let mut judgement = Judgement::default();
        self.engine.judge(seen, heard, &mut judgement);
        judgement
    }

    /// The AVC score, 0..1, as the bundle weighs the heads.
    pub fn score(&self, judgement: &Judgement) -> f32 {
        judgement.score(self.manifest.thresholds.fusion_share)
    }

    /// The vision tower's activation map of a picture of any size.
    pub fn image_activation_map(&mut self, shown: &RgbImage) -> ActivationMap {
        let mut map = ActivationMap::default();
        self.engine.image_activation_map(&picture::normalize(&self.square(shown)), &mut map);
        map
    }

    /// The audio tower's activation map of a second: `[257, 199]`, bin by bin.
    pub fn audio_activation_map(&mut self, spectrogram: &[f32]) -> ActivationMap {
        let mut map = ActivationMap::default();
        self.engine.audio_activation_map(spectrogram, &mut map);
        map
    }

    /// Where the object is in a shown picture of this size (pixels).
    pub fn place(&self, map: &Map, (width, height): (u32, u32)) -> Place {
        place(map, self.manifest.thresholds.extent).shown(self.manifest.preprocessing.fit, width, height)
    }

    /// A map over a shown picture of this size (pixels).
    pub fn shown_map(&self, map: &Map, (width, height): (u32, u32)) -> Map {
        shown_map(map, self.manifest.preprocessing.fit, width, height)
    }

    /// Judges a picture of any size with a second of sound (48 kHz, mono, -1..1; silence follows what is shorter), as a
    /// moment that stands alone. `t` (seconds) is what the event has for its time.
    pub fn judge_pair(&mut self, t: f64, picture: &RgbImage, second: &[f32]) -> Event {
        let seen = self.encode_image(picture);
        let heard = self.encode_audio(&spectrogram::second(second));
        self.judge_alone(t, (&seen, Shown::of(picture)), (&heard, level(second)), true)
    }

    /// Judges an encoded picture with an encoded second, whose level is known, as a moment that stands alone: nothing has
    /// to last, and of the gallery's names it gets the nearest. The event has the localization map if `map`.
    pub fn judge_alone(
        &mut self,
        t: f64,
        (seen, shown): (&ImageEncoding, Shown),
        (heard, level): (&AudioEncoding, f32),
        map: bool,
    ) -> Event {
        let judgement = self.judge(seen, heard);
        let verdict = self.decide(t, &judgement, shown, level, &mut self.single_decision());
        let gallery = self.gallery().filter(|_| verdict.state == State::Match);
        let signature = || Signature::new(seen, heard, &judgement.map);
        let name = gallery.and_then(|gallery| Some(gallery.name(&signature())?.name.to_string()));
        let map = map.then(|| self.shown_map(&judgement.map, shown.size).to_rows());
        Event::new(verdict, Details { name, map, ..Details::default() })
    }

    /// What is decided at the moment `t` (seconds) of a picture that was shown. `level` is that of the judged second.
    pub fn decide(
        &self,
        t: f64,
        judgement: &Judgement,
        shown: Shown,
        level: f32,
        decision: &mut Decision,
    ) -> Verdict {
        let score = if shown.dark { 0.0 } else { self.score(judgement) };
        let state = decision.update(t, score, level);
        let Place { peak, bounds } = self.place(&judgement.map, shown.size);
        let bounds = (state == State::Match).then_some(bounds);
        Verdict { t, score, state, peak, bounds, confidence: decision.confidence(state, score, level) }
    }
}

/// What a decision has to know of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Width and height, pixels.
    pub size: (u32, u32),
    /// As [`is_dark`] says.
    pub dark: bool,
}

impl Shown {
    /// Looks at a picture.
    pub fn of(picture: &RgbImage) -> Self {
        Self { size: picture.dimensions(), dark: is_dark(picture) }
    }
}

/// Whether a picture is black, as it is with a covered lens or without a camera. Nothing in view can sound then, so the
/// network's score does not count.
pub fn is_dark(picture: &RgbImage) -> bool {
    /// Of 255; chosen to lie above the noise of a covered sensor, not measured on many.
    const DARK: u8 = 24;
    picture.as_raw().iter().all(|value| *value < DARK)
}
