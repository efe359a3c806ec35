//! `lookhear-train throughput`.

use std::path::PathBuf;

use clap::Args;
use lookhear_train::config::Config;
use lookhear_train::{Error, loader, throughput};

use super::device::device;
use super::preset::preset;

#[derive(Args)]
pub(super) struct Throughput {
    /// Which network.
    #[arg(long, default_value = "edge", value_parser = preset())]
    preset: String,
    /// Pairs a step.
    #[arg(long, default_value_t = 32)]
    batch: usize,
    /// Steps on the clock.
    #[arg(long, default_value_t = 10)]
    steps: u64,
    /// Halve both inputs, as recipes do for the first part of a run.
    #[arg(long)]
    half: bool,
    /// flex, wgpu, cuda, libtorch (CPU) or libtorch:0, ...; several, with commas in between, share the work.
    #[arg(long, default_value = "flex", value_delimiter = ',')]
    device: Vec<String>,
    /// Measure the loader on this corpus, too.
    #[arg(long, conflicts_with_all = ["videos", "shards"])]
    corpus: Option<PathBuf>,
    /// Measure the loader on these videos, too.
    #[arg(long, conflicts_with = "shards")]
    videos: Option<PathBuf>,
    /// Measure the loader on these shards, too.
    #[arg(long)]
    shards: Option<PathBuf>,
    /// One JSON object, with the layer table.
    #[arg(long)]
    json: bool,
}

/// Batches before the loader's clock starts.
const WARM_UP: u64 = 20;

impl Throughput {
    pub(super) fn run(self) -> Result<(), Error> {
        let config = Config {
            preset: self.preset.clone(),
            batch: self.batch,
            half_resolution: if self.half { 1.0 } else { 0.0 },
            corpus: self.corpus,
            videos: self.videos,
            shards: self.shards,
            ..Config::default()
        };
        let spec = config.spec()?;
        let devices = self.device.iter().map(|name| device(name)).collect::<Result<Vec<_>, Error>>()?;
        let trained = throughput::of_devices(&config, devices, self.steps)?;
        let threads = loader::threads();
        let has_data = [&config.corpus, &config.videos, &config.shards].into_iter().any(Option::is_some);
        let loaded = match has_data {
            true => Some(throughput::of_loader(&config, threads, WARM_UP, self.steps)?),
            false => None,
        };
        if self.json {
            let line = serde_json::json!({
                "preset": self.preset, "batch": self.batch, "half": self.half, "device": self.device.join(","),
                "pairs_per_second": trained, "loader_pairs_per_second": loaded, "spec": spec,
            });
            println!("{line}");
            return Ok(());
        }
        println!("{} on {}: {trained:.2} pairs/s", self.preset, self.device.join(","));
        if let Some(loaded) = loaded {
            println!(
                "loader alone, {threads} threads: {loaded:.2} pairs/s, {:.2} x what the device needs",
                loaded / trained
            );
        }
        Ok(())
    }
}
