//! Sampling from real video files: pictures and sounds come from the right video at the right time.

use std::path::Path;
use std::process::Command;

use lookhear_train::config::{Config, Negatives};
use lookhear_train::loader::Source;
use lookhear_train::sampling::Clips;
use lookhear_train::videos::Videos;
use tempfile::TempDir;

/// Two videos of three seconds: a red one with a low tone, a blue one with a high tone.
fn videos() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, color, hertz) in [("a.mp4", "red", 300), ("b.mp4", "blue", 6000)] {
        make(&folder.path().join(name), color, &format!("sine=frequency={hertz}:sample_rate=48000"), "3");
    }
    make(&folder.path().join("short.mp4"), "green", "anullsrc", "0.5");
    std::fs::write(folder.path().join("notes.txt"), "no video").unwrap();
    folder
}

fn make(path: &Path, color: &str, sound: &str, seconds: &str) {
    let picture = format!("color=c={color}:size=160x120:rate=25");
    let status = Command::new("ffmpeg")
        .args(["-v", "error", "-f", "lavfi", "-t", seconds, "-i", &picture])
        .args(["-f", "lavfi", "-t", seconds, "-i", sound])
        .arg(path)
        .status();
    assert!(status.unwrap().success());
}

/// Whether a picture `[3, 224, 224]` is red rather than blue.
fn is_red(picture: &[f32]) -> bool {
    let plane = picture.len() / 3;
    picture[..plane].iter().sum::<f32>() > picture[2 * plane..].iter().sum::<f32>()
}

/// Whether a spectrogram `[257, 199]` has more below 1 kHz than at 6 kHz.
fn is_low(sound: &[f32]) -> bool {
    let bin = |b: usize| sound[b * 199..(b + 1) * 199].iter().sum::<f32>();
    bin(3) > bin(64)
}

#[test]
fn positives_come_from_one_video_and_negatives_from_two() {
    let folder = videos();
    assert_eq!(Videos::open(folder.path()).unwrap().count(), 2, "what is too short or no video is left out");
    let config = Config {
        videos: Some(folder.path().into()),
        batch: 8,
        negatives: Negatives::Sampled,
        ..Config::default()
    };
    let source = Source::open(&config).unwrap();
    let batch = source.batch(&config, 0).unwrap();
    let (picture, sound) = (batch.pictures.len() / 8, batch.sounds.len() / 8);
    for slot in 0..8 {
        let red = is_red(&batch.pictures[slot * picture..(slot + 1) * picture]);
        let low = is_low(&batch.sounds[slot * sound..(slot + 1) * sound]);
        let corresponds = batch.targets[slot * 8 + slot] == 1.0;
        assert_eq!(red == low, corresponds, "slot {slot}");
        assert_eq!(corresponds, slot % 2 == 0, "half of the pairs are negative");
    }
    // Every picture of the batch with every sound of it.
    for (i, target) in batch.targets.iter().enumerate() {
        let red = is_red(&batch.pictures[i / 8 * picture..(i / 8 + 1) * picture]);
        let low = is_low(&batch.sounds[i % 8 * sound..(i % 8 + 1) * sound]);
        assert_eq!(*target == 1.0, red == low);
    }
    let again = source.batch(&config, 0).unwrap();
    assert_eq!((again.pictures, again.sounds), (batch.pictures, batch.sounds), "a step is always the same");
}
