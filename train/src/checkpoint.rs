//! Checkpoints: everything that the next step depends on, replaced as a whole or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::optim::ModuleOptimizer;
use burn::store::{BurnpackStore, ModuleSnapshot};
use lookhear::model::{Network, Training};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::config::{Config, differences};

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Optimizer steps done.
    pub steps: u64,
    /// Pictures shown, each with one sound; in a distillation, pictures or seconds of sound.
    pub pairs: u64,
    /// Seconds spent in training.
    pub seconds: f64,
    /// Lowest loss on the validation side so far, at the resolution of now; in a distillation, the highest cosine.
    #[serde(default)]
    pub best: Option<f32>,
    /// Number of validations since the best one.
    #[serde(default)]
    pub since_best: u64,
    /// Training that the initial bundle had already had.
    #[serde(default)]
    pub before: Before,
}

/// Training that went before a run; see [`Progress`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Before {
    /// Optimizer steps.
    pub steps: u64,
    /// Pictures shown.
    pub pairs: u64,
    /// Hours.
    pub hours: f64,
}

impl Before {
    /// What a bundle says of itself.
    pub(crate) fn of(training: &Training) -> Self {
        Self { steps: training.steps, pairs: training.pairs, hours: training.hours }
    }
}

impl Progress {
    /// Figures of the run and of the training before it, for a bundle.
    pub fn training(&self, data: &str, split: String) -> Training {
        let hours = self.before.hours + self.seconds / 3600.0;
        Training {
            data: data.into(),
            steps: self.before.steps + self.steps,
            pairs: self.before.pairs + self.pairs,
            hours: (hours * 100.0).round() / 100.0,
            split,
        }
    }
}

/// What a checkpoint belongs to: a run goes on with the same.
pub trait Settings: Clone + PartialEq + Serialize + DeserializeOwned {
    /// Itself, but for what may change while a run goes on: that is as in `here`.
    fn going_on_as(self, here: &Self) -> Self;
}

impl Settings for Config {
    fn going_on_as(self, here: &Self) -> Self {
        Self { checkpoint: here.checkpoint, ..self }
    }
}

/// Everything that the next step depends on.
#[derive(Clone)]
pub struct State<M = Network> {
    /// What is trained.
    pub network: M,
    /// Exponential moving average of the network's parameters; without gradients.
    pub ema: M,
    /// State of the optimizer: Adam's moments.
    pub optimizer: ModuleOptimizer,
    /// How far it is.
    pub progress: Progress,
}

#[derive(Serialize, Deserialize)]
struct Header<C> {
    progress: Progress,
    config: C,
}

/// Where the checkpoint is: `checkpoint.old` if `save` was cut off between its two renames.
fn path(folder: &Path) -> PathBuf {
    let newest = folder.join("checkpoint");
    let before = folder.join("checkpoint.old");
    if !newest.exists() && before.exists() { before } else { newest }
}

fn header<C: Settings>(target: &Path) -> Result<Header<C>, Error> {
    let file = target.join("state.json");
    let json = fs::read_to_string(&file).map_err(|e| Error::file(&file, e))?;
    serde_json::from_str(&json).map_err(|e| {
        Error::file(&file, format!("this is no checkpoint of such a run: {e}. Give --out another folder"))
    })
}

/// The config of the run in a folder.
///
/// # Errors
/// There is no checkpoint.
pub fn config<C: Settings>(folder: &Path) -> Result<C, Error> {
    Ok(header(&path(folder))?.config)
}

/// The config of the run in a folder, and how far it is.
///
/// # Errors
/// There is no checkpoint.
pub(crate) fn run(folder: &Path) -> Result<(Config, Progress), Error> {
    let Header { progress, config } = header(&path(folder))?;
    Ok((config, progress))
}

/// Gives `to` the parameters of `from`, which may live on a device of another backend.
///
/// # Errors
/// The two are of different layer tables.
pub(crate) fn transplant<M: Module>(from: &M, to: &mut M) -> Result<(), Error> {
    let failed = |e: &dyn std::fmt::Display| Error::Weights { reason: e.to_string() };
    let mut store = BurnpackStore::from_bytes(None);
    from.save_into(&mut store).map_err(|e| failed(&e))?;
    let mut store = BurnpackStore::from_bytes(Some(store.get_bytes().map_err(|e| failed(&e))?));
    to.load_from(&mut store).map_err(|e| failed(&e))?;
    Ok(())
}

/// Writes into a new folder beside the old checkpoint, then puts it in its place.
///
/// # Errors
/// Names the file that could not be written.
pub fn save<M: Module>(folder: &Path, config: &impl Settings, state: &State<M>) -> Result<(), Error> {
    let (target, fresh, old) =
        (folder.join("checkpoint"), folder.join("checkpoint.new"), folder.join("checkpoint.old"));
    let at = |p: &Path| {
        let p = p.to_path_buf();
        move |e: std::io::Error| Error::file(&p, e)
    };
    if fresh.exists() {
        fs::remove_dir_all(&fresh).map_err(at(&fresh))?;
    }
    fs::create_dir_all(&fresh).map_err(at(&fresh))?;
    for (network, name) in [(&state.network, "network.bpk"), (&state.ema, "average.bpk")] {
        network.clone().save_file(fresh.join(name)).map_err(|e| Error::file(&fresh, e))?;
    }
    state.optimizer.save(fresh.join("optimizer.bpk")).map_err(|e| Error::file(&fresh, e))?;
    let header = Header { progress: state.progress, config: config.clone() };
    let json = serde_json::to_string_pretty(&header).map_err(|e| Error::file(&fresh, e))?;
    fs::write(fresh.join("state.json"), json).map_err(at(&fresh))?;
    if old.exists() {
        fs::remove_dir_all(&old).map_err(at(&old))?;
    }
    if target.exists() {
        fs::rename(&target, &old).map_err(at(&old))?;
    }
    fs::rename(&fresh, &target).map_err(at(&target))?;
    let _ = fs::remove_dir_all(&old); // Left over, it does no harm; the next save takes it away.
    Ok(())
}

/// Reads the checkpoint of a folder into a fresh state of the same config; `None`: there is no checkpoint.
///
/// # Errors
/// The checkpoint is damaged, or its config differs in more than the number of steps between checkpoints.
pub fn load<M: Module, C: Settings>(
    folder: &Path,
    config: &C,
    fresh: State<M>,
) -> Result<Option<State<M>>, Error> {
    let target = path(folder);
    if !target.exists() {
        return Ok(None);
    }
    let Header { progress, config: theirs } = header::<C>(&target)?;
    let comparable = theirs.going_on_as(config);
    if comparable != *config {
        let why = format!(
            "this checkpoint was made with another config: {}. Give --out another folder, or the same config",
            differences(&comparable, config)
        );
        return Err(Error::file(&target, why));
    }
    let network = |network: M, name| {
        let file = target.join(name);
        network.try_load_file(&file).map_err(|e| Error::file(&file, e))
    };
    let optimizer = target.join("optimizer.bpk");
    Ok(Some(State {
        network: network(fresh.network, "network.bpk")?,
        ema: network(fresh.ema, "average.bpk")?,
        optimizer: fresh.optimizer.load(&optimizer).map_err(|e| Error::file(&optimizer, e))?,
        progress,
    }))
}
