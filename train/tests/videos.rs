//! Sampling from real video files: pictures and sounds come from the right video at the right time.

mod common;

use common::{is_low, is_red, plain};
use lookhear_train::config::{Config, Negatives};
use lookhear_train::loader::Source;
use lookhear_train::sampling::Clips;
use lookhear_train::videos::Videos;
use tempfile::TempDir;

/// Two videos of three seconds: a red one with a low tone, a blue one with a high tone.
fn videos() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, color, hertz) in [("a.mp4", "red", 300), ("b.mp4", "blue", 6000)] {
        plain(&folder.path().join(name), color, hertz, "3");
    }
    plain(&folder.path().join("short.mp4"), "green", 300, "0.5");
    std::fs::write(folder.path().join("notes.txt"), "no video").unwrap();
    folder
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
