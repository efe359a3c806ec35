//! `lookhear doctor --bench`: how fast this machine is, layer by layer, for people and for comparing machines.

use lookhear::built;
use lookhear::engine::Backend;
use lookhear::engine::int::{IntEngine, LayerTime, LayerTimes};
use serde::Serialize;

use super::super::arguments::ModelArguments;
use super::super::ending::Failure;
use super::updates::time_updates;

/// What was measured.
#[derive(Serialize)]
struct Report {
    /// LookHear's version, with the commit.
    version: String,
    /// The processor's name, where the system tells it.
    processor: Option<String>,
    preset: String,
    engine: &'static str,
    updates_per_second: f64,
    /// Milliseconds of an update: a picture, a hop of new sound, the heads.
    update_ms: f64,
    /// Seconds between decisions.
    hop: f64,
    /// Of the engine `int` alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    int: Option<Int>,
}

/// What only the integer engine knows.
#[derive(Serialize)]
struct Int {
    kernel: &'static str,
    threads: usize,
    /// Products that the kernel computes at most, in billions a second, with all threads.
    peak_gmac: f64,
    layers: Vec<Layer>,
}

#[derive(Serialize)]
struct Layer {
    tower: &'static str,
    name: String,
    ms: f64,
    /// Of the kernel's limit, 0 to 1.
    share: f64,
}

impl Int {
    fn measure(engine: &mut IntEngine) -> Self {
        let (kernel, threads) = engine.hardware();
        let LayerTimes { peak, layers } = engine.measure_layers();
        let layer = |time: LayerTime| Layer {
            share: time.share(peak),
            tower: time.tower,
            ms: time.seconds * 1e3,
            name: time.layer,
        };
        Self { kernel, threads, peak_gmac: peak / 1e9, layers: layers.into_iter().map(layer).collect() }
    }
}

/// Measures, and tells.
pub(super) fn run(model: &ModelArguments, hop: f64, json: bool) -> Result<(), Failure> {
    let bundle = model.bundle()?;
    let preset = bundle.manifest.spec.name.clone();
    let update_ms = time_updates(&mut model.judge(bundle.clone())?, hop);
    let int = match model.engine() {
        Backend::Int => Some(Int::measure(&mut bundle.into_int_engine(&model.setup())?)),
        _ => None,
    };
    let report = Report {
        version: built::version_and_commit(),
        processor: processor(),
        preset,
        engine: model.engine().name(),
        updates_per_second: 1e3 / update_ms,
        update_ms,
        hop,
        int,
    };
    if json {
        say!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        report.tell();
    }
    Ok(())
}

impl Report {
    fn tell(&self) {
        let Self { version, processor, preset, engine, updates_per_second, update_ms, hop, int } = self;
        say!("LookHear {version} on {}", processor.as_deref().unwrap_or("a processor without a name"));
        let due = hop * 1e3;
        say!(
            "preset {preset}, engine {engine}: {updates_per_second:.1} updates a second, {update_ms:.2} ms each; one is due every {due:.0} ms"
        );
        let Some(Int { kernel, threads, peak_gmac, layers }) = int else { return };
        say!("kernel {kernel}, threads {threads}: at most {peak_gmac:.1} billion products a second");
        say!("{:<8} {:<10} {:>9} {:>15}", "tower", "layer", "ms", "share of that");
        for Layer { tower, name, ms, share } in layers {
            say!("{tower:<8} {name:<10} {ms:>9.3} {:>13.0} %", 100.0 * share);
        }
    }
}

/// The processor's name, as Linux tells it; a small board may tell its own instead.
fn processor() -> Option<String> {
    let told = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let value = |key: &str| {
        let mut lines = told.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(name, _)| name.trim() == key).map(|(_, value)| value.trim().to_string())
    };
    value("model name").or_else(|| value("Model"))
}
