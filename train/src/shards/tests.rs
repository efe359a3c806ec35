//! Shards written by hand, read back, and damaged.

use std::path::Path;

use hound::{SampleFormat, WavSpec, WavWriter};
use image::{ImageFormat, Rgb, RgbImage};
use tar::{Builder, Header};

use super::*;
use crate::sampling::{Clips, SAMPLES_A_STEP};

/// A clip of two seconds: sample n is n / 4, frame k is k times 40 bright.
fn clip(key: &str, group: &str, rate: u32) -> Vec<(String, Vec<u8>)> {
    let mut wav = std::io::Cursor::new(Vec::new());
    let spec =
        WavSpec { channels: 1, sample_rate: rate, bits_per_sample: 16, sample_format: SampleFormat::Int };
    let mut writer = WavWriter::new(&mut wav, spec).unwrap();
    (0..96_000).for_each(|n| writer.write_sample((n / 4) as i16).unwrap());
    writer.finalize().unwrap();
    let mut files = Vec::new();
    for k in 0..5u8 {
        let mut jpeg = std::io::Cursor::new(Vec::new());
        RgbImage::from_pixel(16, 16, Rgb([40 * k; 3])).write_to(&mut jpeg, ImageFormat::Jpeg).unwrap();
        files.push((format!("{key}.{k:03}.jpg"), jpeg.into_inner()));
    }
    let sample = Sample {
        key: key.into(),
        video: "v".into(),
        start: 0.0,
        duration: 2.0,
        frames: (0..5).map(|k| f64::from(k) * 0.4).collect(),
        labels: vec![],
        split: Side::Train,
        group: group.into(),
        sha256: "0".into(),
    };
    files.push((format!("{key}.wav"), wav.into_inner()));
    files.push((format!("{key}.json"), serde_json::to_vec(&sample).unwrap()));
    files
}

fn write(path: &Path, files: &[(String, Vec<u8>)]) {
    let mut tar = Builder::new(std::fs::File::create(path).unwrap());
    for (name, bytes) in files {
        let mut header = Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, &bytes[..]).unwrap();
    }
    tar.finish().unwrap();
}

#[test]
fn a_step_is_a_step_of_frames_and_of_samples() {
    let folder = tempfile::tempdir().unwrap();
    write(
        &folder.path().join("train-000000.tar"),
        &[clip("a", "a", 48_000), clip("b", "b", 48_000)].concat(),
    );
    write(&folder.path().join("val-000000.tar"), &clip("c", "c", 48_000));
    let shards = Shards::open(folder.path(), Side::Train).unwrap();
    assert_eq!((shards.count(), shards.sources(), shards.source(1)), (2, 2, 1));
    assert_eq!(*shards.frames(1), [0, 10, 20, 30, 40]);
    for (k, step) in [0, 10, 20, 30, 40].into_iter().enumerate() {
        let red = shards.frame(1, step).unwrap().get_pixel(8, 8)[0];
        assert!(red.abs_diff(40 * k as u8) < 3, "frame {k} at step {step} is {red}");
    }
    assert!(shards.frame(1, 5).unwrap_err().to_string().contains("step 5"));
    for step in [0u32, 1, 12, 25] {
        let second = shards.second(1, step).unwrap();
        let first = step as usize * SAMPLES_A_STEP;
        assert_eq!(second.len(), 48_000);
        // Step 25 is one second, sample 48,000: not 25 s, not sample 25.
        assert_eq!((second[0] * 32768.0) as usize, first / 4);
        assert_eq!((second[47_999] * 32768.0) as usize, (first + 47_999) / 4);
    }
    assert_eq!(shards.split().len(), 12);
}

#[test]
fn damaged_and_foreign_shards_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("train-000000.tar");
    let complaint = |files: &[(String, Vec<u8>)]| {
        write(&path, files);
        Shards::open(folder.path(), Side::Train).err().unwrap().to_string()
    };
    let whole = [clip("a", "a", 48_000), clip("b", "b", 48_000)].concat();
    assert!(complaint(&whole[..13]).contains("clip b lacks its .wav or .json"));
    assert!(complaint(&whole[1..]).contains("clip a has 4 frames and 5 times"));
    assert!(complaint(&clip("a", "a", 44_100)).contains("instead of 48 kHz"));
    assert!(complaint(&clip("a", "a", 48_000)).contains("fewer than two source videos"));
    let twice = [clip("a", "a", 48_000), clip("b", "b", 48_000), clip("a", "a", 48_000)].concat();
    assert!(complaint(&twice).contains("clip a is also in"));
    write(&path, &whole);
    let size = std::fs::metadata(&path).unwrap().len();
    std::fs::File::options().write(true).open(&path).unwrap().set_len(size / 2).unwrap();
    let error = Shards::open(folder.path(), Side::Train).err().unwrap().to_string();
    assert!(error.contains("train-000000.tar: ") && error.contains("anew"), "{error}");
    let none = Shards::open(folder.path(), Side::Test).err().unwrap().to_string();
    assert!(none.contains("test-*.tar") && none.contains("prepare"), "{none}");
}
