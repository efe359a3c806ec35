//! From a checkpoint to a bundle: fold, calibrate, write.

use std::io::Write;
use std::path::Path;

use burn::store::{ModuleSnapshot, SafetensorsStore};
use burn::tensor::Device;
use lookhear::engine::Backend;
use lookhear::judge::Judge;
use lookhear::model::{Bundle, BundleError, Network, Preset, Sample, Thresholds, Training};
use lookhear::output::Output;
use lookhear::preprocess::{Fit, Preprocessing};

use crate::Error;
use crate::checkpoint;
use crate::config::Config;
use crate::corpus::{Corpus, Split};
use crate::eval::{Scored, Setting, composed, extent, place_threshold};
use crate::learner::Learner;
use crate::loader::Source;
use crate::shards::{Shards, Side};

/// Scenes that the threshold is chosen on.
const CALIBRATION: usize = 1000;
/// Scenes on whose negatives the map's threshold is chosen.
const NEGATIVES: usize = 200;
/// Scenes on whose objects the extent is chosen.
const OBJECTS: usize = 400;
/// Batches of training examples that activation ranges are measured on.
const RANGE_BATCHES: u64 = 6;
/// Shares of the fusion head in the score, to choose from.
const SHARES: [f32; 5] = [0.5, 0.25, 0.0, 0.75, 1.0];
/// How far the score must fall below the threshold before a match ends.
const HYSTERESIS: f32 = 0.1;
/// Share of the sounds of what is not in view that may count as a match, on the training side. On held-out files it was
/// a point more with one model and no more with another; the goal there is at most one in ten.
const FALSE_ALARMS: f64 = 0.08;
/// Seconds for which an answer must last: three hops.
const HOLD: f32 = 0.24;

/// How the towers of a preset see pictures.
pub(crate) fn fit(preset: &str) -> Fit {
    Preset::find(preset).map_or(Fit::default(), |preset| preset.fit)
}

/// Training examples that the run has not seen, for activation ranges.
///
/// # Errors
/// The data cannot be read.
pub fn calibration(config: &Config) -> Result<Vec<Sample>, Error> {
    let source = Source::open(config)?.evenly();
    let mut samples = Vec::new();
    for step in 0..RANGE_BATCHES {
        let batch = source.batch(config, config.steps + step)?;
        let pictures = batch.pictures.chunks_exact(batch.pictures.len() / batch.size);
        let sounds = batch.sounds.chunks_exact(batch.sounds.len() / batch.size);
        samples.extend(pictures.zip(sounds).map(|(picture, sound)| (picture.to_vec(), sound.to_vec())));
    }
    Ok(samples)
}

/// The network of a run as a bundle. Its thresholds come from composed scenes of the TRAINING side: the one at
/// which most are answered rightly, the one that lets few false alarms through, the map's, and how far an object reaches. Nothing held out is
/// looked at.
///
/// # Errors
/// The run has no checkpoint, or its corpus cannot be read.
pub fn bundle(run: &Path, data: &str) -> Result<Bundle, Error> {
    let config: Config = checkpoint::config(run)?;
    let learner = Learner::new(config.clone(), Device::flex())?.resume(run)?;
    let preprocessing = Preprocessing::new(fit(&config.preset));
    let mut training = learner.progress().training(data, String::new());
    if let Some(folder) = &config.shards {
        training.split = Shards::open(folder, Side::Train)?.split().into();
    }
    let ranges = calibration(&config)?;
    let make = |thresholds, training| {
        let (spec, network) = (learner.spec().clone(), learner.network());
        Bundle::new(spec, network, preprocessing.clone(), thresholds, training, &ranges)
    };
    let Some(folder) = &config.corpus else {
        return Ok(make(Thresholds::default(), training)?);
    };
    let corpus = Corpus::open(folder, Split::Train)?;
    // Of a mixture, both.
    training.split = match training.split {
        clips if clips.is_empty() => corpus.split.clone(),
        clips => format!("{} {clips}", corpus.split),
    };
    with_threshold(&corpus, |thresholds| make(thresholds, training.clone()))
}

/// A bundle as it is, but with activation ranges and threshold measured on the training side of a corpus.
///
/// # Errors
/// The bundle or the corpus cannot be read.
pub fn calibrate(model: &Path, corpus: &Path) -> Result<Bundle, Error> {
    let bundle = Bundle::load(model)?;
    let (manifest, network) = (&bundle.manifest, bundle.network(&Device::flex())?);
    let config = Config { corpus: Some(corpus.to_path_buf()), ..Config::default() };
    let ranges = calibration(&config)?;
    with_threshold(&Corpus::open(corpus, Split::Train)?, |thresholds| {
        let (spec, preprocessing) = (manifest.spec.clone(), manifest.preprocessing.clone());
        Bundle::new(spec, network.clone(), preprocessing, thresholds, manifest.training.clone(), &ranges)
    })
}

/// Weights that were learned elsewhere as a bundle of a preset: a safetensors file with a bundle's names and shapes, batch
/// norm folded. Activation ranges and thresholds are measured on the training side of a corpus.
///
/// # Errors
/// The weights are not those of the preset, or a file cannot be read.
pub fn import(weights: &Path, preset: &str, training: Training, corpus: &Path) -> Result<Bundle, Error> {
    let config = Config { corpus: Some(corpus.to_path_buf()), preset: preset.into(), ..Config::default() };
    let spec = config.spec()?;
    let bytes = std::fs::read(weights).map_err(|e| Error::file(weights, e))?;
    let mut network = Network::new_folded(&spec, &Device::flex());
    let loaded = network.load_from(&mut SafetensorsStore::from_bytes(Some(bytes)));
    loaded.map_err(|e| Error::file(weights, format!("these are no weights of preset {preset}: {e}")))?;
    let ranges = calibration(&config)?;
    let preprocessing = Preprocessing::new(fit(preset));
    let corpus = Corpus::open(corpus, Split::Train)?;
    let training = Training { split: corpus.split.clone(), ..training };
    with_threshold(&corpus, |thresholds| {
        let (spec, preprocessing) = (spec.clone(), preprocessing.clone());
        Bundle::new(spec, network.clone(), preprocessing, thresholds, training.clone(), &ranges)
    })
}

/// Makes a bundle with the threshold that answers most scenes of a corpus rightly, and the one from which on
/// a match is said.
fn with_threshold(
    corpus: &Corpus,
    make: impl Fn(Thresholds) -> Result<Bundle, BundleError>,
) -> Result<Bundle, Error> {
    let mut judge = Judge::new(&make(Thresholds::default())?, Backend::Int)?;
    let mut setting = Setting { judge: &mut judge, corpus, n: CALIBRATION, seed: 1 };
    let mut scored = composed(&mut setting)?;
    let (mut fusion_share, mut most) = (0.5, 0);
    for share in SHARES {
        scored = Scored::weighed(scored, share);
        let right = Scored::right_at(&scored, Scored::best_threshold(&scored));
        if right > most {
            (fusion_share, most) = (share, right);
        }
    }
    let scored = Scored::weighed(scored, fusion_share);
    let even = Scored::best_threshold(&scored);
    let on = Scored::threshold_for(&scored, FALSE_ALARMS).max(even);
    let off = (on - HYSTERESIS).max(0.0);
    setting.n = OBJECTS;
    let extent = extent(&mut setting)?;
    let place = place_threshold(&mut Setting { n: NEGATIVES, ..setting })?;
    let thresholds =
        Thresholds { on, off, even, fusion_share, hold: HOLD, extent, place, ..Thresholds::default() };
    Ok(make(thresholds)?)
}

/// A network of a preset with random weights: the control beside every figure. Activation ranges are
/// measured on a corpus, if one is given.
///
/// # Errors
/// There is no such preset, or the corpus cannot be read.
pub fn random(preset: &str, seed: u64, corpus: Option<&Path>) -> Result<Bundle, Error> {
    let corpus = corpus.map(Path::to_path_buf);
    let config = Config { preset: preset.into(), seed, corpus, ..Default::default() };
    let ranges = if config.corpus.is_some() { calibration(&config)? } else { Vec::new() };
    let learner = Learner::new(config, Device::flex())?;
    let training = Training { data: "none: random weights".into(), ..Default::default() };
    let preprocessing = Preprocessing::new(fit(preset));
    Ok(Bundle::new(
        learner.spec().clone(),
        learner.network(),
        preprocessing,
        Thresholds::default(),
        training,
        &ranges,
    )?)
}

/// Writes a bundle. No half of it is ever in its place.
///
/// # Errors
/// The file cannot be written.
pub fn write(bundle: &Bundle, mut target: Output) -> Result<(), Error> {
    write_all(&mut target, bundle.as_bytes())?;
    Ok(target.complete()?)
}

/// Writes what a file is to hold.
pub(crate) fn write_all(target: &mut Output, bytes: &[u8]) -> Result<(), Error> {
    target.file().write_all(bytes).map_err(|e| Error::file(target.name(), e))
}
