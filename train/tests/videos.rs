//! Sampling from real video files: pictures and sounds come from the right video at the right time.

mod common;

use common::{corpus, is_low, is_red, plain};
use lookhear_train::config::{Config, Mixture, Negatives};
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

#[test]
fn a_mixture_has_the_batches_of_its_scenes_and_of_its_clips_in_turn() {
    let (scenes, videos) = (corpus(), videos());
    let [corpus, videos] = [&scenes, &videos].map(|folder| Some(folder.path().into()));
    let of = |corpus: &Option<_>, videos: &Option<_>, mixture| {
        let (corpus, videos) = (corpus.clone(), videos.clone());
        let config = Config { corpus, videos, mixture, batch: 2, ..Config::default() };
        config.validate().unwrap();
        (Source::open(&config).unwrap(), config)
    };
    let batch = |(source, config): &(Source, Config), step| source.batch(config, step).unwrap();
    let (composed, real) = (of(&corpus, &None, None), of(&None, &videos, None));
    let both = of(&corpus, &videos, Some(Mixture { scenes: 2, clips: 1 }));
    for (step, part) in [(0, &composed), (1, &composed), (2, &real), (3, &composed), (5, &real)] {
        let (found, own) = (batch(&both, step), batch(part, step));
        assert!(found.pictures == own.pictures && found.sounds == own.sounds, "step {step}");
    }
    // What is only measured on sees both as often.
    let even = (both.0.evenly(), both.1);
    assert!(
        batch(&even, 1).sounds == batch(&real, 1).sounds
            && batch(&even, 2).sounds == batch(&composed, 2).sounds
    );
}
