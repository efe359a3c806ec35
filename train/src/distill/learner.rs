//! The training loop of a distillation: batches in, a tower out that makes of them what its teacher does.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use lookhear::model::{Bundle, Network, Spec, Thresholds, Training};
use lookhear::output::{Existing, Output};
use lookhear::preprocess::Preprocessing;
use serde::{Deserialize, Serialize};

use super::lessons::{Batch, Lessons};
use super::recipe::{Recipe, Sense};
use super::student::{Guess, Loss, Student, Truth, Weights};
use crate::Error;
use crate::checkpoint::{self, Before, Progress, Settings, State};
use crate::ema;
use crate::export;
use crate::learner::{Step, adam};
use crate::loader::{self, Loader};
use crate::parallel::halve;
use crate::report::{Reporter, Words};
use crate::widen::widened;

/// The name of the result in a run's folder.
pub const RESULT: &str = "tower.safetensors";

const PICTURES: Words = Words {
    parts: ["vector", "similarity", "places"],
    validation: "cosine on the validation side",
    curve: "cosine/validation",
    examples: "pictures",
};
const SOUNDS: Words = Words { examples: "seconds", ..PICTURES };

impl Sense {
    fn words(self) -> &'static Words {
        match self {
            Self::Vision => &PICTURES,
            Self::Audio => &SOUNDS,
        }
    }

    /// What a batch is made of, for people.
    pub fn examples(self) -> &'static str {
        self.words().examples
    }
}

/// What a checkpoint belongs to.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Setup {
    recipe: Recipe,
    /// Names the teacher's vectors: the file may have been written anew.
    vectors: String,
}

impl Settings for Setup {
    fn going_on_as(mut self, here: &Self) -> Self {
        self.recipe.checkpoint = here.recipe.checkpoint;
        self
    }
}

/// A tower that learns from a teacher.
pub struct Distillation {
    setup: Setup,
    spec: Spec,
    /// With autodiff.
    device: Device,
    lessons: Arc<Lessons>,
    state: State<Student>,
}

impl Distillation {
    /// A tower with random weights of the recipe's seed, the same on every device.
    ///
    /// # Errors
    /// The recipe names no preset.
    pub fn new(recipe: Recipe, lessons: Arc<Lessons>, device: Device) -> Result<Self, Error> {
        let spec = recipe.spec()?;
        let (dims, grid) = (lessons.teacher().dims, lessons.teacher().grid);
        let student = |device: &Device| Student::new(&spec, recipe.tower, dims, grid, device);
        let inference = device.clone();
        let device = device.autodiff();
        let mut network = student(&device);
        // Weights are drawn when they are first read, which is now.
        Device::flex().seed(recipe.seed);
        checkpoint::transplant(&student(&Device::flex()), &mut network)?;
        let ema = ema::update(student(&inference), &network, 0.0);
        let optimizer = adam(recipe.weight_decay, recipe.clip);
        let state = State { network, ema, optimizer, progress: Progress::default() };
        let setup = Setup { recipe, vectors: lessons.teacher().fingerprint.clone() };
        Ok(Self { setup, spec, device, lessons, state })
    }

    /// Goes on from the checkpoint of a folder, if there is one.
    ///
    /// # Errors
    /// The checkpoint cannot be read, or belongs to another recipe or to other vectors; or the run is not at its end, and
    /// its [`RESULT`] is there already: that is another's.
    pub fn resume(mut self, folder: &Path) -> Result<Self, Error> {
        if let Some(state) = checkpoint::load(folder, &self.setup, self.state.clone())? {
            self.state = state;
        }
        let target = folder.join(RESULT);
        match fs::symlink_metadata(&target) {
            Ok(_) if !self.is_done() => Err(anothers(&target)),
            _ => Ok(self),
        }
    }

    /// Whether the recipe's last step is done.
    pub fn is_done(&self) -> bool {
        self.state.progress.steps >= self.setup.recipe.steps
    }

    /// Begins with the tower of a bundle, as [`crate::learner::Learner::begin_with`] does.
    ///
    /// # Errors
    /// The bundle has another layer table, or a file cannot be read.
    pub fn begin_with(mut self, bundle: &Bundle) -> Result<Self, Error> {
        let recipe = &self.setup.recipe;
        let network = widened(bundle, &self.spec, recipe.seed)?;
        let batch = self.lessons.batch(recipe.steps)?;
        let flex = Device::flex();
        let inputs = self.inputs(&batch, &flex);
        // The other tower stays as it is; it gets as little as it can.
        let idle = |channels| Tensor::zeros([batch.size, channels, 32, 32], &flex);
        let mut network = match recipe.tower {
            Sense::Vision => network.unfold(inputs, idle(self.spec.audio.input[0])),
            Sense::Audio => network.unfold(idle(self.spec.vision.input[0]), inputs),
        };
        checkpoint::transplant(recipe.tower.tower(&mut network), &mut self.state.network.tower)?;
        self.state.ema = ema::update(self.state.ema, &self.state.network, 0.0);
        self.state.progress.before = Before::of(&bundle.manifest.training);
        Ok(self)
    }

    /// Writes the checkpoint of a folder.
    ///
    /// # Errors
    /// The folder cannot be written; the checkpoint before is still there.
    pub fn save(&self, folder: &Path) -> Result<(), Error> {
        checkpoint::save(folder, &self.setup, &self.state)
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        self.state.progress
    }

    fn inputs(&self, batch: &Batch, device: &Device) -> Tensor<4> {
        let [c, h, w] = self.setup.recipe.tower.layers(&self.spec).input;
        Tensor::from_data(TensorData::new(batch.inputs.clone(), [batch.size, c, h, w]), device)
    }

    /// What a student makes of a batch in a step, and what the teacher does.
    fn compare(&self, student: &Student, batch: Batch, step: u64, device: &Device) -> (Guess, Truth) {
        let (n, teacher) = (batch.size, self.lessons.teacher());
        let mut inputs = self.inputs(&batch, device);
        if self.setup.recipe.at_half_resolution(step) {
            inputs = halve(inputs);
        }
        let vectors = Tensor::from_data(TensorData::new(batch.vectors, [n, teacher.dims]), device);
        let maps = teacher.grid.map(|grid| {
            let shape = [n, grid.channels, grid.side, grid.side];
            Tensor::from_data(TensorData::new(batch.maps, shape), device)
        });
        (student.forward(inputs, teacher.grid.map(|grid| grid.side)), Truth { vectors, maps })
    }

    /// One optimizer step.
    pub fn step(&mut self, batch: Batch) -> Step {
        let (step, n) = (self.state.progress.steps, batch.size);
        let recipe = &self.setup.recipe;
        let weights = Weights { similarity: recipe.similarity, places: recipe.places };
        let (guess, truth) = self.compare(&self.state.network, batch, step, &self.device);
        let Loss { total, vector, similarity, places } = guess.loss(truth, weights);
        let number = |t: Tensor<1>| t.into_scalar::<f32>();
        let parts = [Some(vector), similarity, places].map(|part| part.map(number));
        let figures = Step { loss: number(total.clone()), parts };
        let State { network, ema, optimizer, progress } = &mut self.state;
        let gradients = GradientsParams::from_grads(total.backward(), network);
        *network = optimizer.step(recipe.rate_at(step), network.clone(), gradients);
        *ema = ema::update(ema.clone(), network, ema::decay(recipe.average, step));
        progress.steps += 1;
        progress.pairs += n as u64;
        figures
    }

    /// Mean cosine of the running mean's vectors with the teacher's (z-scored both) on the validation side, at the
    /// resolution of now.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn validate(&self) -> Result<f32, Error> {
        let (step, device) = (self.state.progress.steps.saturating_sub(1), self.device.clone().inner());
        let (mut sum, mut count, mut number) = (0.0, 0, 0);
        while let Some(batch) = self.lessons.validation(number)? {
            count += batch.size;
            let (guess, truth) = self.compare(&self.state.ema, batch, step, &device);
            sum += guess.cosine_sum(truth);
            number += 1;
        }
        Ok(sum / count.max(1) as f32)
    }

    /// Trains until the recipe's last step, or until `stop` is set; saves in any case.
    ///
    /// # Errors
    /// A file of the folder that is learned from, or the folder of the run.
    pub fn learn(&mut self, folder: &Path, stop: &AtomicBool) -> Result<(), Error> {
        let (recipe, done) = (self.setup.recipe.clone(), self.state.progress.steps);
        let lessons = self.lessons.clone();
        let mut loader =
            Loader::ahead(done..recipe.steps, loader::threads(), move |step| lessons.batch(step));
        let mut reporter = Reporter::start(folder, recipe.tower.words(), recipe.steps, done)?;
        let mut last = Instant::now();
        while self.state.progress.steps < recipe.steps && !stop.load(Ordering::Relaxed) {
            let figures = self.step(loader.next_batch()?);
            if !figures.loss.is_finite() {
                return Err(Error::Diverged { loss: figures.loss, step: self.state.progress.steps });
            }
            let progress = &mut self.state.progress;
            progress.seconds += last.elapsed().as_secs_f64();
            last = Instant::now();
            let steps = progress.steps;
            reporter.step(progress, &figures, recipe.rate_at(steps))?;
            if recipe.validate > 0 && (steps.is_multiple_of(recipe.validate) || steps == recipe.steps) {
                let cosine = self.validate()?;
                let progress = &mut self.state.progress;
                progress.best = Some(progress.best.map_or(cosine, |best| best.max(cosine)));
                reporter.validation(progress, cosine)?;
            }
            if steps.is_multiple_of(recipe.checkpoint) {
                self.save(folder)?;
            }
        }
        reporter.finish()?;
        self.save(folder)
    }

    /// The running mean's tower as a bundle that training begins with; the other tower and the heads are those of `from`,
    /// or random. Thresholds and ranges are not measured: no head has learned this tower yet.
    ///
    /// # Errors
    /// The bundle has another layer table.
    pub fn bundle(&self, from: Option<&Bundle>) -> Result<Bundle, Error> {
        let (recipe, teacher, flex) = (&self.setup.recipe, self.lessons.teacher(), Device::flex());
        let mut student = Student::new(&self.spec, recipe.tower, teacher.dims, teacher.grid, &flex);
        checkpoint::transplant(&self.state.ema, &mut student)?;
        // What is random is drawn when the bundle is put together.
        flex.seed(recipe.seed);
        let mut network = match from {
            Some(bundle) => widened(bundle, &self.spec, recipe.seed)?,
            None => Network::new(&self.spec, &flex),
        };
        *recipe.tower.tower(&mut network) = student.tower;
        let file = recipe.teacher()?.file_name().unwrap_or_default().to_string_lossy();
        let (tower, count, examples) = (recipe.tower.name(), self.lessons.count(), recipe.tower.examples());
        let who = teacher.name.as_deref().map_or_else(String::new, |name| format!(" of {name}"));
        let rest = from.map_or_else(
            || "the rest random".into(),
            |bundle| format!("begun with, and the rest: {}", bundle.manifest.training.data),
        );
        let data = format!("{tower} tower: vectors{who} for {count} {examples} ({file}); {rest}");
        let training = self.state.progress.training(&data, self.lessons.split().into());
        let preprocessing = Preprocessing::new(export::fit(&recipe.preset));
        let thresholds = from.map_or_else(Thresholds::default, |bundle| bundle.manifest.thresholds);
        Ok(Bundle::new(self.spec.clone(), network, preprocessing, thresholds, training, &[])?)
    }

    /// Writes [`Distillation::bundle`] as the [`RESULT`] of a run's folder, whole or not at all.
    ///
    /// # Errors
    /// Something else is there already, or it cannot be written.
    pub fn finish(&self, folder: &Path, from: Option<&Bundle>) -> Result<(), Error> {
        let (target, bundle) = (folder.join(RESULT), self.bundle(from)?);
        match fs::read(&target).map(|bytes| self.is_result(bytes, &bundle)) {
            Ok(true) => Ok(()),
            Ok(false) => Err(anothers(&target)),
            Err(_) => export::write(&bundle, Output::new(&target, Existing::Keep)?),
        }
    }

    /// Whether a file is the bundle already: the same tower, learned in as many steps from the same. Hours are not
    /// compared, whose last digit a checkpoint does not keep.
    fn is_result(&self, bytes: Vec<u8>, bundle: &Bundle) -> bool {
        let Ok(found) = Bundle::from_bytes(bytes, RESULT.into()) else { return false };
        let told = |bundle: &Bundle| {
            let Training { data, steps, pairs, split, .. } = &bundle.manifest.training;
            (data.clone(), *steps, *pairs, split.clone())
        };
        let (Ok(ours), Ok(theirs)) = (bundle.weights(), found.weights()) else { return false };
        let tower = format!("{}.", self.setup.recipe.tower.name());
        let mut learned = ours.iter().filter(|(name, _)| name.starts_with(&tower));
        told(&found) == told(bundle) && learned.all(|(name, tensor)| theirs.get(name) == Some(tensor))
    }
}

fn anothers(target: &Path) -> Error {
    Error::file(
        target,
        "it is there already, and not of this run: move it away, or give --out another folder",
    )
}
