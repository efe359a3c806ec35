//! Stopping and going on is the same as never stopping.

mod common;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use burn::tensor::{Device, Tensor};
use common::{corpus, corpus_of};
#[cfg(feature = "wgpu")]
use lookhear::model::Training;
use lookhear::model::{Bundle, Thresholds};
use lookhear::preprocess::{Fit, Preprocessing};
use lookhear_train::config::{Config, Negatives};
use lookhear_train::learner::Learner;
use lookhear_train::loader::Source;

fn config(folder: &Path, negatives: Negatives) -> Config {
    Config {
        corpus: Some(folder.into()),
        batch: 4,
        steps: 6,
        warmup: 0,
        half_resolution: 0.5,
        checkpoint: 100,
        negatives,
        ..Config::default()
    }
}

fn losses(learner: &mut Learner, source: &Source, config: &Config, steps: std::ops::Range<u64>) -> Vec<f32> {
    steps.map(|step| learner.step(source.batch(config, step).unwrap()).loss).collect()
}

/// What the running mean makes of a grey picture.
fn mapped(learner: &Learner) -> Vec<f32> {
    let network = learner.network();
    let device = network.vision.convs[0].conv.weight.val().device();
    let picture = Tensor::<4>::full([1, 3, 64, 64], 0.3, &device);
    network.vision.forward(picture).into_data().try_to_vec().unwrap()
}

#[test]
fn resuming_gives_the_same_losses_as_not_stopping() {
    let folder = corpus();
    for negatives in [Negatives::Batch, Negatives::Sampled] {
        let config = config(folder.path(), negatives);
        let source = Source::open(&config).unwrap();
        let mut whole = Learner::new(config.clone(), Device::flex()).unwrap();
        let expected = losses(&mut whole, &source, &config, 0..5);

        let run = tempfile::tempdir().unwrap();
        let mut first = Learner::new(config.clone(), Device::flex()).unwrap();
        let mut found = losses(&mut first, &source, &config, 0..2);
        first.save(run.path()).unwrap();
        drop(first);
        let mut second = Learner::new(config.clone(), Device::flex()).unwrap().resume(run.path()).unwrap();
        assert_eq!(second.progress().steps, 2);
        found.extend(losses(&mut second, &source, &config, 2..5));
        assert_eq!(found, expected, "bit for bit");
        assert!(mapped(&whole) == mapped(&second), "the running mean, too");
        assert!(expected.iter().all(|loss| loss.is_finite()));
    }
}

#[test]
fn a_stopped_run_is_saved_and_ends_where_an_unstopped_one_ends() {
    let folder = corpus();
    let config = Config { steps: 3, ..config(folder.path(), Negatives::Batch) };
    let source = Arc::new(Source::open(&config).unwrap());
    let run = tempfile::tempdir().unwrap();
    let mut learner = Learner::new(config.clone(), Device::flex()).unwrap();
    let stopped = AtomicBool::new(true);
    learner.fit(source.clone(), run.path(), &stopped).unwrap();
    let mut learner = Learner::new(config.clone(), Device::flex()).unwrap().resume(run.path()).unwrap();
    learner.fit(source, run.path(), &AtomicBool::new(false)).unwrap();
    assert_eq!(learner.progress().steps, 3);
    let metrics = std::fs::read_to_string(run.path().join("metrics.jsonl")).unwrap();
    let last: serde_json::Value = serde_json::from_str(metrics.lines().last().unwrap()).unwrap();
    assert_eq!(last["step"], 3, "the last step is there, too: {metrics}");
    assert!(last["learning_rate"].as_f64().unwrap() > 0.0, "that of the last step: {metrics}");
    let table = std::fs::read_to_string(run.path().join("metrics.csv")).unwrap();
    let rows: Vec<&str> = table.lines().collect();
    assert!(rows[0].starts_with("step,loss,") && rows.last().unwrap().starts_with("3,"), "{table}");
    assert_eq!(rows.iter().filter(|row| row.starts_with("step")).count(), 1, "{table}");
    let event_files = std::fs::read_dir(run.path()).unwrap().filter(|entry| {
        entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("events.out.tfevents.")
    });
    assert_eq!(event_files.count(), 2, "one for each time that the run began or went on");

    let other = Config { seed: 99, ..config };
    let error = Learner::new(other, Device::flex()).unwrap().resume(run.path()).err().unwrap().to_string();
    assert!(error.contains("another config: seed is 1 there, 99 here. "), "{error}");
}

/// Two workers are one with the doubled batch, but for batch norm, which sees a worker's part at a time.
#[test]
fn two_workers_are_as_good_as_one_with_the_doubled_batch() {
    let folder = corpus();
    let config = Config {
        batch: 32,
        steps: 8,
        cosine: false,
        half_resolution: 1.0,
        learning_rate: 1e-4,
        unpaired: 0.0,
        ..config(folder.path(), Negatives::Sampled)
    };
    let source = Source::open(&config).unwrap();
    let curve = |devices: usize, config: &Config| {
        let devices = vec![Device::flex(); devices];
        let mut learner = Learner::on_devices(config.clone(), devices).unwrap();
        losses(&mut learner, &source, config, 0..8)
    };
    let (one, two) = (curve(1, &config), curve(2, &config));
    let off: Vec<f32> = one.iter().zip(&two).map(|(a, b)| (a - b).abs() / a).collect();
    assert!(off.iter().sum::<f32>() / 8.0 < 0.1, "{one:?} {two:?}");
    // The same parts, one after the other: the very same curve.
    let accumulated = curve(1, &Config { accumulate: 2, ..config.clone() });
    assert_eq!(accumulated, two);

    let error = Learner::on_devices(config, vec![Device::flex(); 3]).err().unwrap().to_string();
    assert!(error.contains("batch = 32") && error.contains("multiple of 3"), "{error}");
}

/// Runs on whatever Vulkan there is; on a machine without a GPU that is Mesa's software renderer.
#[cfg(feature = "wgpu")]
#[test]
fn a_step_on_wgpu_agrees_with_flex() {
    let folder = corpus();
    let config = Config { half_resolution: 1.0, ..config(folder.path(), Negatives::Batch) };
    let source = Source::open(&config).unwrap();
    // Devices draw other random numbers: both begin with the same bundle.
    let start = Learner::new(config.clone(), Device::flex()).unwrap();
    let (thresholds, training) = (Thresholds::default(), Training::default());
    let preprocessing = Preprocessing::new(Fit::Stretch);
    let bundle =
        Bundle::new(start.spec().clone(), start.network(), preprocessing, thresholds, training, &[]).unwrap();
    let trained = |device: Device| {
        let mut learner = Learner::new(config.clone(), device).unwrap().begin_with(&bundle, &source).unwrap();
        let losses = losses(&mut learner, &source, &config, 0..2);
        (losses, mapped(&learner))
    };
    let (flex, wgpu) = (trained(Device::flex()), trained(lookhear::engine::Backend::Wgpu.device().unwrap()));
    for (a, b) in flex.0.iter().zip(&wgpu.0) {
        assert!((a - b).abs() < 1e-3 * a.abs(), "{flex:?} {wgpu:?}");
    }
    let worst = flex.1.iter().zip(&wgpu.1).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst < 2e-2, "off by {worst}");
}

#[test]
fn a_bundle_is_where_training_goes_on() {
    let folder = corpus();
    let config = config(folder.path(), Negatives::Batch);
    let source = Source::open(&config).unwrap();
    let mut first = Learner::new(config.clone(), Device::flex()).unwrap();
    losses(&mut first, &source, &config, 0..3);
    let preprocessing = Preprocessing::new(Fit::Stretch);
    let (thresholds, training) = (Thresholds::default(), first.progress().training("colours", String::new()));
    let bundle =
        Bundle::new(first.spec().clone(), first.network(), preprocessing, thresholds, training, &[]).unwrap();
    let other_seed = Config { seed: 7, ..config.clone() };
    let mut second = Learner::new(other_seed, Device::flex()).unwrap().begin_with(&bundle, &source).unwrap();
    let (a, b) = (mapped(&first), mapped(&second));
    let worst = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst < 1e-2, "off by {worst}");
    assert!(losses(&mut second, &source, &config, 0..1)[0].is_finite());
    let all = second.progress().training("colours", String::new());
    assert_eq!((all.steps, all.pairs), (3 + 1, 4 * (3 + 1)), "what went before counts");

    let l3 = Config { preset: "l3".into(), ..config };
    let error = Learner::new(l3, Device::flex()).unwrap().begin_with(&bundle, &source).err().unwrap();
    assert!(error.to_string().contains("edge"), "{error}");
}

#[test]
fn what_is_best_on_the_validation_side_is_kept_and_training_ends_when_it_gets_no_better() {
    let folder = corpus_of(80);
    // A rate at which nothing is learned: after the first look, none is better for long.
    let config = Config {
        steps: 40,
        half_resolution: 1.0,
        learning_rate: 1e-12,
        average: 0.0,
        validate: 2,
        patience: 2,
        ..config(folder.path(), Negatives::Batch)
    };
    let source = Arc::new(Source::open(&config).unwrap());
    let run = tempfile::tempdir().unwrap();
    let mut learner = Learner::new(config.clone(), Device::flex()).unwrap();
    learner.fit(source, run.path(), &AtomicBool::new(false)).unwrap();
    let progress = learner.progress();
    assert!(progress.steps < 40, "{progress:?}");
    assert_eq!(progress.since_best, 2);
    let best = Learner::new(config, Device::flex()).unwrap().resume(&run.path().join("best")).unwrap();
    assert_eq!(best.progress().steps, progress.steps - 4);
    let metrics = std::fs::read_to_string(run.path().join("metrics.jsonl")).unwrap();
    assert!(metrics.lines().filter(|line| line.contains("validation")).count() >= 3, "{metrics}");
}

#[test]
fn a_few_steps_lower_the_loss() {
    let folder = corpus();
    let config =
        Config { steps: 40, learning_rate: 2e-3, unpaired: 0.0, ..config(folder.path(), Negatives::Batch) };
    let config = Config { half_resolution: 1.0, cosine: false, ..config };
    let source = Source::open(&config).unwrap();
    let mut learner = Learner::new(config.clone(), Device::flex()).unwrap();
    let losses = losses(&mut learner, &source, &config, 0..40);
    let mean = |part: &[f32]| part.iter().sum::<f32>() / part.len() as f32;
    let (early, late) = (mean(&losses[..8]), mean(&losses[32..]));
    assert!(late < 0.85 * early, "{early} -> {late}");
}

#[test]
fn configs_with_mistakes_are_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("recipe.toml");
    let complaint = |text: &str| {
        std::fs::write(&file, text).unwrap();
        Config::load(&file, None).unwrap_err().to_string()
    };
    assert!(complaint("corpus = 'x'\nbach = 3").contains("bach"));
    assert!(complaint("corpus = 'x'\npreset = 'l4'").contains("l4"));
    assert!(complaint("corpus = 'x'\nbatch = 1").contains("batch = 1"));
    assert!(complaint("corpus = 'x'\nunpaired = 2.0").contains("unpaired = 2"));
    assert!(complaint("").contains("one of --corpus, --videos and --shards"));
}
