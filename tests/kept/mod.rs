//! Episodes that a history already holds.

use std::path::Path;

use image::{Rgb, RgbImage};
use lookhear::event::State;
use lookhear::history::{Episode, Files, Store};

/// An episode of two seconds that is over, with the time of day at which it starts and that at which it ends.
pub(crate) fn episode(id: String, [start, end]: [String; 2]) -> Episode {
    Episode {
        id,
        source: "barn".into(),
        state: State::Match,
        name: None,
        start,
        end,
        t_start: 1.0,
        t_end: 3.0,
        over: true,
        decisions: 25,
        best_score: 0.75,
        bounds: Some([0.125, 0.25, 0.5, 0.75]),
        snapshot: None,
        clip: None,
    }
}

/// Keeps it with a picture.
pub(crate) fn keep(folder: &Path, mut episode: Episode) -> Episode {
    let (store, files) = (Store::create(folder).unwrap(), Files::new(folder));
    let (picture, snapshot) = files.place("snapshots", &episode, "jpg").unwrap();
    RgbImage::from_pixel(320, 240, Rgb([60, 90, 200])).save(picture).unwrap();
    episode.snapshot = Some(snapshot);
    store.put(&episode).unwrap();
    episode
}
