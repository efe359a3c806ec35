//! Training on shards: as on the videos that they were made of, and the same whenever a step is asked for.

mod common;

use std::sync::atomic::AtomicBool;

use common::{is_low, is_red, plain, settings};
use lookhear_train::config::{Config, Negatives};
use lookhear_train::loader::Source;
use lookhear_train::prepare::run;

#[test]
fn pairs_are_drawn_from_shards_as_from_videos() {
    let folder = tempfile::tempdir().unwrap();
    let (videos, out) = (folder.path().join("videos"), folder.path().join("out"));
    std::fs::create_dir_all(&videos).unwrap();
    plain(&videos.join("a.mp4"), "red", 300, "6");
    plain(&videos.join("b.mp4"), "blue", 6000, "6");
    run(&settings(&videos, &out), &AtomicBool::new(false)).unwrap().unwrap();
    let config =
        Config { shards: Some(out.clone()), batch: 8, negatives: Negatives::Sampled, ..Config::default() };
    config.validate().unwrap();
    let source = Source::open(&config).unwrap();
    let batch = source.batch(&config, 3).unwrap();
    let (picture, sound) = (batch.pictures.len() / 8, batch.sounds.len() / 8);
    for slot in 0..8 {
        let red = is_red(&batch.pictures[slot * picture..(slot + 1) * picture]);
        let low = is_low(&batch.sounds[slot * sound..(slot + 1) * sound]);
        let corresponds = batch.targets[slot * 8 + slot] == 1.0;
        assert_eq!(red == low, corresponds, "slot {slot}");
        assert_eq!(corresponds, slot % 2 == 0, "half of the pairs are negative, and of another video");
    }
    // Another process, another order of asking: the same step is the same batch.
    let source = Source::open(&config).unwrap();
    source.batch(&config, 9).unwrap();
    let again = source.batch(&config, 3).unwrap();
    assert!(
        again.pictures == batch.pictures && again.sounds == batch.sounds && again.targets == batch.targets
    );
}
