//! Weights for others: what `export --format onnx` writes, and what ONNX Runtime and PyTorch make of it.

mod common;

use std::path::{Path, PathBuf};
use std::process::{self, Command};

use burn::module::Param;
use burn::tensor::Device;
use common::corpus_of;
use image::RgbImage;
use lookhear::engine::{AudioEncoding, Backend, ImageEncoding, Judgement};
use lookhear::model::{Bundle, Manifest, Tensor, Weights};
use lookhear::output::{Existing, Output};
use lookhear::preprocess::{picture, spectrogram};
use lookhear_train::export;

/// The built-in model as a file.
const BUILT_IN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/lookhear-edge.safetensors");
/// The judge: ONNX Runtime and PyTorch.
const JUDGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/weights.py");
/// Pictures, each with a second of sound.
const PAIRS: usize = 3;

fn program(arguments: &[&str]) -> (bool, String) {
    let process::Output { status, stdout, stderr } =
        Command::new(env!("CARGO_BIN_EXE_lookhear-train")).args(arguments).output().unwrap();
    (status.success(), [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat())
}

fn done(arguments: &[&str]) -> String {
    let (success, said) = program(arguments);
    assert!(success, "{arguments:?}: {said}");
    said
}

fn refused(arguments: &[&str]) -> String {
    let (success, said) = program(arguments);
    assert!(!success, "{arguments:?}: {said}");
    said
}

#[test]
fn export_writes_onnx_and_keeps_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("model.onnx");
    let out = target.to_str().unwrap();
    let export = ["export", "--format", "onnx", BUILT_IN, "--out", out];
    let hash = Bundle::built_in().unwrap().hash;
    assert_eq!(done(&export), format!("{out}: opset 17, of the bundle {hash}\n"));
    let written = std::fs::read(&target).unwrap();
    assert!(refused(&export).contains("--force"));
    std::fs::write(&target, "mine").unwrap();
    assert!(refused(&export).contains(out) && std::fs::read(&target).unwrap() == b"mine");
    done(&[&export[..], &["--force"]].concat());
    assert_eq!(std::fs::read(&target).unwrap(), written);
}

#[test]
fn a_bundle_that_is_there_is_kept_and_nothing_is_measured_before() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("model.safetensors");
    std::fs::write(&target, "mine").unwrap();
    let out = ["--out", target.to_str().unwrap()];
    // Neither of the other files is there: the target is looked at first.
    let import = ["import", "no-weights", "--preset", "edge", "--corpus", "no-corpus", "--data", ""];
    for command in [
        &import[..],
        &["calibrate", "no-model", "--corpus", "no-corpus"],
        &["export", "no-run", "--data", ""],
    ] {
        assert!(refused(&[command, &out].concat()).contains("--force"), "{command:?}");
    }
    assert_eq!(std::fs::read(&target).unwrap(), b"mine");
}

#[test]
fn export_says_what_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    let (run, out) = (folder.path().to_str().unwrap(), "a-model");
    assert!(
        refused(&["export", "--format", "onnx", run, "--out", out]).contains("makes a bundle of a run first")
    );
    for format in [&["--format", "bundle"][..], &[]] {
        assert!(refused(&[&["export", run, "--out", out][..], format].concat()).contains("--data"));
    }
    assert!(refused(&["export", "--format", "onnx", JUDGE, "--out", out]).contains("not a LookHear bundle"));
    assert!(!Path::new(out).exists());
}

/// A picture with coloured waves, another for every `n`; neither its width nor its height is that of the tower.
fn scene(n: usize) -> RgbImage {
    let wave = |at: f32, channel: usize| (at * (0.02 + 0.03 * (n + channel) as f32)).sin() * 63.0;
    RgbImage::from_fn(300, 260, |x, y| {
        image::Rgb(std::array::from_fn(|c| (127.0 + wave(x as f32, c) + wave(y as f32, c + n)) as u8))
    })
}

/// A second of a few tones and of noise, others for every `n`.
fn sound(n: usize) -> Vec<f32> {
    let noise = |i: usize| ((i * (n + 1)) as u32).wrapping_mul(2_654_435_769) as f32 / u32::MAX as f32 - 0.5;
    let tone = |i: usize, step: f32| (i as f32 * step * (n + 1) as f32).sin();
    (0..48_000).map(|i| 0.2 * tone(i, 0.02) + 0.1 * tone(i, 0.11) + 0.05 * noise(i)).collect()
}

/// Adds the values of one pair to a tensor of all.
fn add(weights: &mut Weights, name: &str, shape: &[usize], values: &[f32]) {
    if weights.get(name).is_none() {
        let shape = [&[PAIRS][..], shape].concat();
        weights.insert(name, Tensor { shape, values: Vec::new() });
    }
    weights.get_mut(name).unwrap().values.extend(values);
}

/// What goes into the bundle's network and what flex makes of it, by the names of the ONNX model.
fn reference(bundle: &Bundle) -> Weights {
    let mut engine = bundle.engine(&Backend::Flex.into()).unwrap();
    let (spec, fit) = (&bundle.manifest.spec, bundle.manifest.preprocessing.fit);
    let share = bundle.manifest.thresholds.fusion_share;
    let mut all = Weights::default();
    for n in 0..PAIRS {
        let seen_by_tower = picture::normalize(&picture::square(&scene(n), fit, 224));
        let heard_by_tower = spectrogram::second(&sound(n));
        add(&mut all, "samples", &[48_000], &sound(n));
        add(&mut all, "picture", &[3, 224, 224], &seen_by_tower);
        add(&mut all, "spectrogram", &[257, 199], &heard_by_tower);
        let (mut seen, mut heard) = (ImageEncoding::default(), AudioEncoding::default());
        let mut judgement = Judgement::default();
        engine.encode_image(&seen_by_tower, &mut seen);
        engine.encode_audio(&heard_by_tower, &mut heard);
        engine.judge(&seen, &heard, &mut judgement);
        add(&mut all, "image_embedding", &[seen.embedding.len()], &seen.embedding);
        add(&mut all, "audio_embedding", &[heard.embedding.len()], &heard.embedding);
        add(&mut all, "score", &[], &[judgement.score(share)]);
        if let Some(fusion) = judgement.fusion {
            add(&mut all, "fusion", &[], &[fusion]);
        }
        let Some(dims) = spec.common_dims() else { continue };
        add(&mut all, "audio_projection", &[dims], &heard.projection);
        let Some(localization) = judgement.localization else {
            add(&mut all, "image_projection", &[dims], &seen.spatial_embeddings);
            continue;
        };
        let [rows, columns] = spec.map_size();
        add(&mut all, "localization", &[], &[localization]);
        add(&mut all, "map", &[rows, columns], &judgement.map.values);
        // The engine has the dimensions of a place side by side.
        let places = &seen.spatial_embeddings;
        let planes: Vec<f32> = (0..dims).flat_map(|d| places.iter().skip(d).step_by(dims)).copied().collect();
        add(&mut all, "image_projection", &[dims, rows, columns], &planes);
    }
    all
}

/// Random weights of AVOL-Net. The dot products of its head are of any size: scaled by 10, as they are before training, all
/// probabilities would be 0 or 1, or change with the last bit.
fn avol() -> Bundle {
    let random = export::random("avol", 7, None).unwrap();
    let mut network = random.network(&Device::flex()).unwrap();
    let head = network.localization.as_mut().unwrap();
    head.log_scale = Param::from_tensor(head.log_scale.val() * 0.0 - 5.0);
    let Manifest { spec, preprocessing, thresholds, training, .. } = random.manifest;
    Bundle::new(spec, network, preprocessing, thresholds, training, &[]).unwrap()
}

/// Bundles, by their names.
type Bundles = [(&'static str, Bundle); 3];

/// Lets Python judge bundles of three kinds against flex: `what` is `onnx` or `torch`. What it wrote is in the folder.
fn judged_by(what: &str) -> (tempfile::TempDir, Bundles) {
    let python =
        std::env::var("LOOKHEAR_PYTHON").expect("LOOKHEAR_PYTHON: the interpreter that .ci/onnx makes");
    let folder = tempfile::tempdir().unwrap();
    let file = |name: String| -> PathBuf { folder.path().join(name) };
    for n in 0..PAIRS {
        scene(n).save(file(format!("{n}.png"))).unwrap();
    }
    let ave = export::random("ave", 7, None).unwrap();
    let bundles = [("built-in", Bundle::built_in().unwrap()), ("ave", ave), ("avol", avol())];
    for (name, bundle) in &bundles {
        let [model, onnx] = ["safetensors", "onnx"].map(|ending| file(format!("{name}.{ending}")));
        export::write(bundle, Output::new(&model, Existing::Keep).unwrap()).unwrap();
        done(&["export", "--format", "onnx", model.to_str().unwrap(), "--out", onnx.to_str().unwrap()]);
        let reference = reference(bundle).to_safetensors([]).unwrap();
        std::fs::write(file(format!("{name}.reference")), reference).unwrap();
    }
    let names = bundles.each_ref().map(|(name, _)| *name);
    let judged = Command::new(python).args([JUDGE, what]).arg(folder.path()).args(names).output().unwrap();
    let said =
        [judged.stdout, judged.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    println!("{said}");
    assert!(judged.status.success(), "{said}");
    (folder, bundles)
}

#[test]
#[ignore = "needs ONNX Runtime: run by .ci/onnx"]
fn onnx_runtime_agrees_with_flex() {
    judged_by("onnx");
}

#[test]
#[ignore = "needs PyTorch: run by .ci/onnx"]
fn pytorch_agrees_with_flex_and_writes_bundles() {
    let (folder, bundles) = judged_by("torch");
    let file = |name: &str| -> PathBuf { folder.path().join(name) };
    for (name, bundle) in &bundles {
        let bytes = std::fs::read(file(&format!("{name}.weights"))).unwrap();
        assert_eq!(Weights::from_safetensors(bytes).unwrap(), bundle.weights().unwrap(), "{name}");
    }
    let (corpus, imported) = (corpus_of(8), file("imported.safetensors"));
    let weights = file("built-in.weights");
    let [weights, corpus, out] = [&weights, corpus.path(), &imported].map(|path| path.to_str().unwrap());
    let preset = &bundles[0].1.manifest.spec.name;
    done(&["import", weights, "--preset", preset, "--corpus", corpus, "--data", "a test", "--out", out]);
    let imported = Bundle::load(&imported).unwrap();
    assert_eq!(imported.weights().unwrap(), bundles[0].1.weights().unwrap());
    assert_eq!(imported.manifest.golden, bundles[0].1.manifest.golden);
}
