//! `lookhear enroll` as its users call it: on files, of which some are of no use.

use std::f32::consts::TAU;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use burn::tensor::Device;
use image::{Rgb, RgbImage};
use lookhear::event::{Event, State};
use lookhear::media::{Encoder, FRAME_RATE, Quality};
use lookhear::model::{Bundle, Thresholds};
use lookhear::output::{self, Existing};
use lookhear::preprocess::SAMPLE_RATE;

fn lookhear(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lookhear")).args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Four seconds of a picture with the samples.
fn clip(path: &Path, picture: &RgbImage, sample: impl Fn(usize) -> f32) {
    let mut encoder =
        Encoder::start(output::Output::new(path, Existing::Keep).unwrap(), (64, 48), Quality::Shown).unwrap();
    let samples: Vec<f32> = (0..4 * SAMPLE_RATE).map(sample).collect();
    for frame in samples.chunks(SAMPLE_RATE / FRAME_RATE as usize) {
        encoder.add([picture], frame).unwrap();
    }
    encoder.finish().unwrap();
}

fn grey(value: u8) -> RgbImage {
    RgbImage::from_pixel(64, 48, Rgb([value; 3]))
}

/// The shipped model, made to believe that everything in view is what sounds: here it matters what is told apart.
fn credulous(folder: &Path) -> PathBuf {
    let shipped = Bundle::load(Path::new("models/lookhear-edge.safetensors")).unwrap();
    let (network, manifest) = (shipped.network(&Device::flex()).unwrap(), shipped.manifest);
    let thresholds = Thresholds { on: 1e-6, off: 0.0, even: 0.0, hold: 0.0, ..manifest.thresholds };
    let parts = (manifest.spec, manifest.preprocessing, manifest.training);
    let bundle = Bundle::new(parts.0, network, parts.1, thresholds, parts.2, &[]).unwrap();
    let path = folder.join("credulous.safetensors");
    std::fs::write(&path, bundle.as_bytes()).unwrap();
    path
}

#[test]
fn what_was_enrolled_is_called_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
    let (model, gallery) = (credulous(folder.path()), file("gallery"));
    let model = model.to_str().unwrap();
    // A striped thing that hums, and a dotted one that clicks.
    let stripes =
        RgbImage::from_fn(64, 48, |x, _| Rgb(if x / 6 % 2 == 0 { [220, 40, 30] } else { [250; 3] }));
    let dots = RgbImage::from_fn(64, 48, |x, y| {
        Rgb(if (x % 16).abs_diff(8) + (y % 16).abs_diff(8) < 6 { [20, 60, 220] } else { [10, 90, 20] })
    });
    let hum = |n: usize| (n as f32 * 220.0 * TAU / SAMPLE_RATE as f32).sin() * 0.3;
    let clicks = |n: usize| if n % 4800 < 96 { (n as f32 * 0.9).sin() * 0.8 } else { 0.0 };
    clip(Path::new(&file("hummer.mp4")), &stripes, hum);
    clip(Path::new(&file("clicker.mp4")), &dots, clicks);
    // At the same time: neither loses what the other adds.
    let begun = ["hummer", "clicker"].map(|name| {
        let video = file(&format!("{name}.mp4"));
        let mut enroll = Command::new(env!("CARGO_BIN_EXE_lookhear"));
        enroll.args(["enroll", name, "--from", &video, "--gallery", &gallery, "--model", model]);
        (name, enroll.stderr(Stdio::piped()).spawn().unwrap())
    });
    for (name, enroll) in begun {
        let output = enroll.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        assert!(said(&output).contains(&format!("\"{name}\" is enrolled")), "{}", said(&output));
    }
    let list = lookhear(&["enroll", "--list", "--gallery", &gallery]).stdout;
    let list = String::from_utf8(list).unwrap();
    assert_eq!(list.lines().filter(|line| line.contains("moments")).count(), 2, "{list}");

    let named = |video: &str| -> Vec<Option<String>> {
        let output = lookhear(&["watch", &file(video), "--json", "--gallery", &gallery, "--model", model]);
        assert!(output.status.success(), "{}", said(&output));
        let lines = String::from_utf8(output.stdout).unwrap();
        let events = lines.lines().map(|line| serde_json::from_str::<Event>(line).unwrap());
        events.filter(|event| event.state == State::Match).map(|event| event.name).collect()
    };
    for name in ["hummer", "clicker"] {
        let names = named(&format!("{name}.mp4"));
        let right = names.iter().filter(|found| found.as_deref() == Some(name)).count();
        assert!(right * 2 > names.len() && names.len() > 10, "{names:?}");
        assert!(names.iter().flatten().all(|found| found == name), "{names:?}");
    }

    let output = lookhear(&["enroll", "--remove", "hummer", "--gallery", &gallery]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(named("hummer.mp4").iter().flatten().all(|name| name == "clicker"));
}

#[test]
fn of_a_short_recording_what_there_is_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
    let (model, gallery) = (credulous(folder.path()), file("gallery"));
    let hum = |n: usize| (n as f32 * 220.0 * TAU / SAMPLE_RATE as f32).sin() * 0.3;
    // Sound in the last half second alone: a few moments.
    clip(Path::new(&file("short.mp4")), &grey(128), |n| if n < 168_000 { 0.0 } else { hum(n) });
    let arguments = ["enroll", "hummer", "--from", &file("short.mp4"), "--gallery", &gallery];
    let output = lookhear(&[&arguments[..], &["--model", model.to_str().unwrap()]].concat());
    let said = said(&output);
    assert!(output.status.success() && said.contains("\"hummer\" is enrolled."), "{said}");
    assert!(said.contains("moments, 25 are better") && said.contains("--add"), "{said}");
}

#[test]
fn what_makes_no_name_is_told_with_the_remedy_and_leaves_no_gallery() {
    let folder = tempfile::tempdir().unwrap();
    let gallery = folder.path().join("gallery");
    let enroll = |name: &str, file: &Path| {
        let (gallery, file) = (gallery.to_str().unwrap(), file.to_str().unwrap());
        let output = lookhear(&["enroll", name, "--from", file, "--gallery", gallery]);
        assert!(!output.status.success());
        said(&output)
    };
    let (quiet, dark) = (folder.path().join("quiet.mp4"), folder.path().join("dark.mp4"));
    clip(&quiet, &grey(128), |_| 0.0);
    clip(&dark, &grey(0), |n| (n as f32 * 0.1).sin() * 0.3);
    let error = enroll("bell", &quiet);
    assert!(error.contains("only 0 of") && error.contains("microphone"), "{error}");
    let error = enroll("bell", &dark);
    assert!(error.contains("in only 0 of them") && error.contains("camera"), "{error}");
    let error = enroll("a\tbell", &quiet);
    assert!(error.contains("a\\tbell") && error.contains("not printable"), "{error}");
    let error = enroll("bell", &folder.path().join("none.mp4"));
    assert!(error.contains("none.mp4"), "{error}");
    assert!(!gallery.exists());
    let error = said(&lookhear(&["watch", quiet.to_str().unwrap(), "--gallery", gallery.to_str().unwrap()]));
    assert!(error.contains("lookhear enroll"), "{error}");
}
