//! `lookhear enroll` as its users call it: on files, of which some are of no use.

use std::path::Path;
use std::process::{Command, Output};

use lookhear::media::{Encoder, FRAME_RATE, Quality};
use lookhear::preprocess::SAMPLE_RATE;

fn lookhear(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lookhear")).args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Four seconds of a grey picture with the samples.
fn clip(path: &Path, grey: u8, sample: impl Fn(usize) -> f32) {
    let mut encoder = Encoder::start(path, (64, 48), Quality::Shown).unwrap();
    let samples: Vec<f32> = (0..4 * SAMPLE_RATE).map(sample).collect();
    for frame in samples.chunks(SAMPLE_RATE / FRAME_RATE as usize) {
        encoder.picture(&image::RgbImage::from_pixel(64, 48, image::Rgb([grey; 3]))).unwrap();
        encoder.sound(frame).unwrap();
    }
    encoder.finish().unwrap();
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
    clip(&quiet, 128, |_| 0.0);
    clip(&dark, 0, |n| (n as f32 * 0.1).sin() * 0.3);
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
