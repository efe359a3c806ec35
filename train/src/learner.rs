//! The training loop: batches in, a better network out, and never a step lost.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use burn::grad_clipping::GradientClippingConfig;
use burn::optim::decay::WeightDecayConfig;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::store::{BurnpackStore, ModuleSnapshot};
use burn::tensor::module::avg_pool2d;
use burn::tensor::ops::AvgPoolOptions;
use burn::tensor::{Device, Tensor, TensorData};
use lookhear::model::{Bundle, Network, Pooling, Spec};

use crate::Error;
use crate::average;
use crate::checkpoint::{self, Progress};
use crate::config::{Config, Negatives};
use crate::example::Batch;
use crate::loader::{Loader, Source};
use crate::loss::{Loss, Terms, loss};
use crate::report::Reporter;

/// A network in training.
pub struct Learner {
    config: Config,
    spec: Spec,
    device: Device,
    network: Network,
    /// Running mean of `network`; without gradients.
    average: Network,
    optimizer: ModuleOptimizer,
    /// Steps done, time spent.
    pub progress: Progress,
}

/// One step's figures.
pub struct Step {
    /// Total loss.
    pub loss: f32,
    /// Its parts: fusion, logistic, contrast.
    pub parts: [Option<f32>; 3],
}

impl Learner {
    /// A fresh network with random weights of the config's seed.
    ///
    /// # Errors
    /// The config names no preset.
    pub fn new(config: Config, device: Device) -> Result<Self, Error> {
        let spec = Spec::preset(&config.preset)
            .ok_or_else(|| Error::Other(format!("there is no preset {:?}", config.preset)))?;
        let inference = device.clone();
        let device = device.autodiff();
        device.seed(config.seed);
        let network = Network::new(&spec, &device);
        let optimizer = AdamConfig::new()
            .with_epsilon(1e-8)
            .with_weight_decay(Some(WeightDecayConfig::new(config.weight_decay as f32)))
            .with_grad_clipping(Some(GradientClippingConfig::Norm(config.clip)))
            .init();
        let average = average::follow(Network::new(&spec, &inference), &network, 0.0);
        Ok(Self { config, spec, device, network, average, optimizer, progress: Progress::default() })
    }

    /// Goes on from the checkpoint of a folder, if there is one.
    ///
    /// # Errors
    /// The checkpoint cannot be read, or belongs to another config.
    pub fn resume(mut self, folder: &Path) -> Result<Self, Error> {
        let fresh = checkpoint::State {
            network: self.network.clone(),
            average: self.average.clone(),
            optimizer: self.optimizer.clone(),
            progress: self.progress,
        };
        if let Some(state) = checkpoint::load(folder, &self.config, fresh)? {
            (self.network, self.average) = (state.network, state.average);
            (self.optimizer, self.progress) = (state.optimizer, state.progress);
        }
        Ok(self)
    }

    /// Begins with the weights of a bundle. Bundles have no batch norm left; it comes back with the statistics of
    /// one batch of the source.
    ///
    /// # Errors
    /// The bundle has another layer table, or a file cannot be read.
    pub fn begin_with(mut self, bundle: &Bundle, source: &Source) -> Result<Self, Error> {
        let theirs = &bundle.manifest.spec;
        if *theirs != self.spec {
            let why = format!("has the layers of {}; the recipe wants {}", theirs.name, self.spec.name);
            return Err(Error::Other(format!("the bundle {why}. Give a bundle of that preset")));
        }
        let batch = source.batch(&self.config, self.config.steps)?;
        let device = Device::flex();
        let input = |values, [c, h, w]: [usize; 3]| {
            Tensor::<4>::from_data(TensorData::new(values, [batch.size, c, h, w]), &device)
        };
        let (pictures, sounds) =
            (input(batch.pictures, self.spec.vision.input), input(batch.sounds, self.spec.audio.input));
        let network = bundle.network(&device)?.unfold(pictures, sounds);
        let failed = |e: &dyn std::fmt::Display| Error::Other(format!("the bundle's weights: {e}"));
        let mut store = BurnpackStore::from_bytes(None);
        network.save_into(&mut store).map_err(|e| failed(&e))?;
        let mut store = BurnpackStore::from_bytes(Some(store.get_bytes().map_err(|e| failed(&e))?));
        self.network.load_from(&mut store).map_err(|e| failed(&e))?;
        self.average = average::follow(self.average, &self.network, 0.0);
        Ok(self)
    }

    /// Writes the checkpoint of a folder.
    ///
    /// # Errors
    /// The folder cannot be written; the checkpoint before is still there.
    pub fn save(&self, folder: &Path) -> Result<(), Error> {
        let state = checkpoint::State {
            network: self.network.clone(),
            average: self.average.clone(),
            optimizer: self.optimizer.clone(),
            progress: self.progress,
        };
        checkpoint::save(folder, &self.config, &state)
    }

    /// One optimizer step.
    pub fn step(&mut self, batch: Batch) -> Step {
        let step = self.progress.steps;
        let n = batch.size;
        let tensor = |values, [c, h, w]: [usize; 3]| {
            Tensor::<4>::from_data(TensorData::new(values, [n, c, h, w]), &self.device)
        };
        let mut pictures = tensor(batch.pictures, self.spec.vision.input);
        let mut sounds = tensor(batch.sounds, self.spec.audio.input);
        let targets = Tensor::<2>::from_data(TensorData::new(batch.targets, [n, n]), &self.device);
        if self.config.halves(step) {
            (pictures, sounds) = (halve(pictures), halve(sounds));
        }
        let Loss { total, fusion, logistic, contrast } =
            loss(&self.network, pictures, sounds, targets, self.terms(step));
        let number = |t: Tensor<1>| t.into_scalar::<f32>();
        let parts = [fusion, logistic, contrast].map(|part| part.map(number));
        let figures = Step { loss: number(total.clone()), parts };
        let gradients = GradientsParams::from_grads(total.backward(), &self.network);
        let rate = self.config.rate_at(step);
        self.network = self.optimizer.step(rate, self.network.clone(), gradients);
        // At first the mean is over the few steps that there are.
        let decay = self.config.average.min((1.0 + step as f64) / (10.0 + step as f64));
        self.average = average::follow(self.average.clone(), &self.network, decay);
        self.progress.steps += 1;
        self.progress.pairs += n as u64;
        figures
    }

    fn terms(&self, step: u64) -> Terms {
        let pooling = self.spec.localization.map(|head| match head.pooling {
            Pooling::Max => Pooling::Max,
            Pooling::LogMeanExp { sharpness } => {
                Pooling::LogMeanExp { sharpness: self.config.sharpness_at(step, sharpness) }
            }
        });
        Terms {
            all_pairs: self.config.negatives == Negatives::Batch,
            fusion: self.config.fusion_weight,
            pooling,
        }
    }

    /// Trains until the config's last step, or until `stop` is set; saves in either case.
    ///
    /// # Errors
    /// A file of the corpus, or the folder of the run.
    pub fn fit(&mut self, source: Arc<Source>, folder: &Path, stop: &AtomicBool) -> Result<(), Error> {
        let mut loader = Loader::start(source, &self.config, self.progress.steps, 2);
        let mut reporter = Reporter::start(folder, &self.config, self.progress.steps)?;
        let mut last = Instant::now();
        while self.progress.steps < self.config.steps && !stop.load(Ordering::Relaxed) {
            let figures = self.step(loader.next_batch()?);
            if !figures.loss.is_finite() {
                return Err(Error::Other(format!(
                    "the loss is {} in step {}; the last checkpoint is kept. Lower learning_rate or clip",
                    figures.loss, self.progress.steps
                )));
            }
            self.progress.seconds += last.elapsed().as_secs_f64();
            last = Instant::now();
            reporter.step(&self.progress, &figures, self.config.rate_at(self.progress.steps))?;
            if self.progress.steps.is_multiple_of(self.config.checkpoint) {
                self.save(folder)?;
            }
        }
        self.save(folder)
    }

    /// The running mean of the network, for inference.
    pub fn network(&self) -> Network {
        self.average.clone()
    }

    /// The layer table.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }
}

/// Means over 2x2 values.
pub(crate) fn halve(x: Tensor<4>) -> Tensor<4> {
    avg_pool2d(x, AvgPoolOptions::new([2, 2]).with_stride([2, 2]))
}
