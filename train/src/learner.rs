//! The training loop: batches in, a better network out, and never a step lost.
//!
//! Optimizer, clipping, gradients and devices are Burn's. The loop is not Burn's `Learner`: that one counts in
//! epochs over a dataset and goes on at the start of one, this one goes on in the middle and computes the same bits.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use burn::grad_clipping::GradientClippingConfig;
use burn::optim::decay::WeightDecayConfig;
use burn::optim::{AdamConfig, ModuleOptimizer};
use burn::tensor::{Device, Tensor, TensorData};
use lookhear::model::{Bundle, Network, Pooling, Spec};

use crate::checkpoint::{self, Before, Progress, State};
use crate::config::{Config, Negatives};
use crate::ema;
use crate::example::Batch;
use crate::loader::{self, Loader, Source};
use crate::loss::Terms;
pub use crate::parallel::Step;
use crate::parallel::Work;
use crate::report::{Reporter, Words};
use crate::widen::widened;
use crate::{ConfigError, Error};

/// What a run tells of itself.
const WORDS: Words = Words {
    parts: ["fusion", "logistic", "contrast"],
    validation: "validation loss",
    curve: "loss/validation",
    examples: "pairs",
};

/// Adam as all training here has it.
pub(crate) fn adam(weight_decay: f64, clip: f32) -> ModuleOptimizer {
    AdamConfig::new()
        .with_epsilon(1e-8)
        .with_weight_decay(Some(WeightDecayConfig::new(weight_decay as f32)))
        .with_grad_clipping(Some(GradientClippingConfig::Norm(clip)))
        .init()
}

/// A network in training.
pub struct Learner {
    config: Config,
    spec: Spec,
    /// The first device holds the network; the others compute parts of the batch.
    devices: Vec<Device>,
    state: State,
}

impl Learner {
    /// A fresh network with random weights of the config's seed.
    ///
    /// # Errors
    /// The config names no preset.
    pub fn new(config: Config, device: Device) -> Result<Self, Error> {
        Self::on_devices(config, vec![device])
    }

    /// A learner on several devices, each of which works on its part of every batch (data-parallel training). The
    /// running statistics of batch norm are those of the first device's parts.
    ///
    /// # Errors
    /// The config names no preset, or its batch cannot be divided among the devices.
    pub fn on_devices(config: Config, devices: Vec<Device>) -> Result<Self, Error> {
        let spec = config.spec()?;
        let parts = devices.len() * config.accumulate;
        if parts == 0 || !config.batch.is_multiple_of(parts) || config.batch / parts < 2 {
            let (batch, devices, accumulate) = (config.batch, devices.len(), config.accumulate);
            return Err(ConfigError::Batch { batch, devices, accumulate }.into());
        }
        let inference = devices[0].clone();
        let devices: Vec<Device> = devices.into_iter().map(Device::autodiff).collect();
        devices[0].seed(config.seed);
        let network = Network::new(&spec, &devices[0]);
        let optimizer = adam(config.weight_decay, config.clip);
        let ema = ema::update(Network::new(&spec, &inference), &network, 0.0);
        let state = State { network, ema, optimizer, progress: Progress::default() };
        Ok(Self { config, spec, devices, state })
    }

    /// Goes on from the checkpoint of a folder, if there is one.
    ///
    /// # Errors
    /// The checkpoint cannot be read, or belongs to another config.
    pub fn resume(mut self, folder: &Path) -> Result<Self, Error> {
        if let Some(state) = checkpoint::load(folder, &self.config, self.state.clone())? {
            self.state = state;
        }
        Ok(self)
    }

    /// Begins with the weights of a bundle; of one with fewer channels, they are copied to as many as there are here.
    /// Bundles have no batch norm left; it comes back with the statistics of one batch of the source.
    ///
    /// # Errors
    /// The bundle has another layer table, or a file cannot be read.
    pub fn begin_with(mut self, bundle: &Bundle, source: &Source) -> Result<Self, Error> {
        let network = widened(bundle, &self.spec, self.config.seed)?;
        let batch = source.batch(&self.config, self.config.steps)?;
        let device = Device::flex();
        let input = |values, [c, h, w]: [usize; 3]| {
            Tensor::<4>::from_data(TensorData::new(values, [batch.size, c, h, w]), &device)
        };
        let (pictures, sounds) =
            (input(batch.pictures, self.spec.vision.input), input(batch.sounds, self.spec.audio.input));
        checkpoint::transplant(&network.unfold(pictures, sounds), &mut self.state.network)?;
        self.state.ema = ema::update(self.state.ema, &self.state.network, 0.0);
        self.state.progress.before = Before::of(&bundle.manifest.training);
        Ok(self)
    }

    /// Writes the checkpoint of a folder.
    ///
    /// # Errors
    /// The folder cannot be written; the checkpoint before is still there.
    pub fn save(&self, folder: &Path) -> Result<(), Error> {
        checkpoint::save(folder, &self.config, &self.state)
    }

    /// One optimizer step.
    pub fn step(&mut self, batch: Batch) -> Step {
        let step = self.state.progress.steps;
        let n = batch.size;
        let (gradients, figures) = self.work(step).gradients(&self.state.network, batch, &self.devices);
        let State { network, ema, optimizer, progress } = &mut self.state;
        *network = optimizer.step(self.config.rate_at(step), network.clone(), gradients);
        *ema = ema::update(ema.clone(), network, ema::decay(self.config.average, step));
        progress.steps += 1;
        progress.pairs += n as u64;
        figures
    }

    fn work(&self, step: u64) -> Work<'_> {
        Work {
            spec: &self.spec,
            half_resolution: self.config.at_half_resolution(step),
            terms: self.terms(step),
            parts: self.devices.len() * self.config.accumulate,
        }
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

    /// The running mean's loss on a few batches of the validation side, always the same.
    fn validate(&self, source: &Source) -> Result<f32, Error> {
        const BATCHES: u64 = 4;
        let work = self.work(self.state.progress.steps.saturating_sub(1));
        let device = self.devices[0].clone().inner();
        let mut sum = 0.0;
        for number in 0..BATCHES {
            let batch = source.batch(&self.config, number)?;
            sum += work.loss(&self.state.ema, batch, &device).total.into_scalar::<f32>();
        }
        Ok(sum / BATCHES as f32)
    }

    /// Whether the validation side has got no better for long.
    fn is_out_of_patience(&self) -> bool {
        self.config.patience > 0 && self.state.progress.since_best >= self.config.patience
    }

    /// Looks at the validation side, and keeps what is best so far in `folder`.
    fn look(&mut self, source: &Source, folder: &Path, reporter: &mut Reporter) -> Result<(), Error> {
        let loss = self.validate(source)?;
        let progress = &mut self.state.progress;
        let is_best = progress.best.is_none_or(|best| loss < best);
        (progress.best, progress.since_best) =
            if is_best { (Some(loss), 0) } else { (progress.best, progress.since_best + 1) };
        reporter.validation(progress, loss)?;
        if is_best {
            let best = folder.join("best");
            std::fs::create_dir_all(&best).map_err(|e| Error::file(&best, e))?;
            self.save(&best)?;
        }
        Ok(())
    }

    /// Trains until the config's last step, until the validation side gets no better for long, or until `stop` is set;
    /// saves in any case.
    ///
    /// # Errors
    /// A file of the corpus, or the folder of the run.
    pub fn fit(&mut self, source: Arc<Source>, folder: &Path, stop: &AtomicBool) -> Result<(), Error> {
        let done = self.state.progress.steps;
        let mut loader = Loader::start(source, &self.config, done, loader::threads());
        let mut reporter = Reporter::start(folder, &WORDS, self.config.steps, done)?;
        let validation = match self.config.validate {
            0 => None,
            _ => Some(Source::open_validation(&self.config)?),
        };
        let mut last = Instant::now();
        while self.state.progress.steps < self.config.steps
            && !self.is_out_of_patience()
            && !stop.load(Ordering::Relaxed)
        {
            let figures = self.step(loader.next_batch()?);
            if !figures.loss.is_finite() {
                return Err(Error::Diverged { loss: figures.loss, step: self.state.progress.steps });
            }
            let progress = &mut self.state.progress;
            progress.seconds += last.elapsed().as_secs_f64();
            last = Instant::now();
            let steps = progress.steps;
            reporter.step(progress, &figures, self.config.rate_at(steps - 1))?;
            if steps < self.config.steps
                && self.config.at_half_resolution(steps) != self.config.at_half_resolution(steps - 1)
            {
                // Losses at different resolutions do not compare.
                (progress.best, progress.since_best) = (None, 0);
            }
            if let Some(source) = validation.as_ref().filter(|_| steps.is_multiple_of(self.config.validate)) {
                self.look(source, folder, &mut reporter)?;
            }
            if steps.is_multiple_of(self.config.checkpoint) {
                self.save(folder)?;
            }
        }
        reporter.finish()?;
        self.save(folder)
    }

    /// The running mean of the network, for inference.
    pub fn network(&self) -> Network {
        self.state.ema.clone()
    }

    /// Steps done, time spent.
    pub fn progress(&self) -> Progress {
        self.state.progress
    }

    /// The layer table.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }
}
