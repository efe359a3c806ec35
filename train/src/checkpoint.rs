//! Checkpoints: everything that the next step depends on, replaced as a whole or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::optim::ModuleOptimizer;
use lookhear::model::Network;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::config::Config;

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Optimizer steps done.
    pub steps: u64,
    /// Pictures shown, each with one sound.
    pub pairs: u64,
    /// Seconds spent in training.
    pub seconds: f64,
}

#[derive(Serialize, Deserialize)]
struct State {
    progress: Progress,
    config: Config,
}

/// Where the checkpoint is: `checkpoint.old` if `save` was cut off between its two renames.
fn path(folder: &Path) -> PathBuf {
    let newest = folder.join("checkpoint");
    let before = folder.join("checkpoint.old");
    if !newest.exists() && before.exists() { before } else { newest }
}

fn state(target: &Path) -> Result<State, Error> {
    let file = target.join("state.json");
    let json = fs::read_to_string(&file).map_err(|e| Error::file(&file, e))?;
    serde_json::from_str(&json).map_err(|e| Error::file(&file, e))
}

/// The config of the run in a folder.
///
/// # Errors
/// There is no checkpoint.
pub fn config(folder: &Path) -> Result<Config, Error> {
    Ok(state(&path(folder))?.config)
}

/// Writes into a new folder beside the old checkpoint, then puts it in its place.
///
/// # Errors
/// Names the file that could not be written.
pub fn save(
    folder: &Path,
    config: &Config,
    network: &Network,
    optimizer: &ModuleOptimizer,
    progress: &Progress,
) -> Result<(), Error> {
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
    network.clone().save_file(fresh.join("network.bpk")).map_err(|e| Error::file(&fresh, e))?;
    optimizer.save(fresh.join("optimizer.bpk")).map_err(|e| Error::file(&fresh, e))?;
    let state = State { progress: *progress, config: config.clone() };
    let json = serde_json::to_string_pretty(&state).map_err(|e| Error::file(&fresh, e))?;
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

/// Reads the checkpoint of a folder into a network and an optimizer of the same config.
///
/// # Errors
/// The checkpoint is damaged, or its config differs in more than the number of steps between checkpoints.
pub fn load(
    folder: &Path,
    config: &Config,
    network: Network,
    optimizer: ModuleOptimizer,
) -> Result<Option<(Network, ModuleOptimizer, Progress)>, Error> {
    let target = path(folder);
    if !target.exists() {
        return Ok(None);
    }
    let State { progress, config: theirs } = state(&target)?;
    let comparable = Config { checkpoint: config.checkpoint, ..theirs };
    if comparable != *config {
        let why =
            "this checkpoint was made with another config; give --out another folder, or the same config";
        return Err(Error::file(&target, why));
    }
    let network = network
        .try_load_file(target.join("network.bpk"))
        .map_err(|e| Error::file(&target.join("network.bpk"), e))?;
    let optimizer = optimizer
        .load(target.join("optimizer.bpk"))
        .map_err(|e| Error::file(&target.join("optimizer.bpk"), e))?;
    Ok(Some((network, optimizer, progress)))
}
