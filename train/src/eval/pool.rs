//! What the experiments on units and embeddings look at: held-out pictures and seconds of sound, every class as often
//! as every other.

use image::RgbImage;
use lookhear::engine::ActivationMap;
use lookhear::judge::Judge;
use lookhear::preprocess::spectrogram;
use rand::seq::SliceRandom;

use super::Setting;
use crate::Error;
use crate::example::random_second;

/// Things with a class each.
pub(super) struct Pool<T> {
    /// Names of the classes.
    pub(super) classes: Vec<String>,
    /// Class and thing.
    pub(super) items: Vec<(usize, T)>,
}

/// Pictures of a pool.
///
/// # Errors
/// A file cannot be read.
pub(super) fn pictures(setting: &Setting) -> Result<Pool<RgbImage>, Error> {
    let mut rng = setting.rng(10);
    let corpus = setting.corpus;
    let mut items = Vec::new();
    let each = (setting.n / corpus.taught.len()).max(1);
    for (class, files) in corpus.taught.iter().enumerate() {
        let mut order: Vec<usize> = (0..files.photos.len()).collect();
        order.shuffle(&mut rng);
        for file in order.into_iter().take(each) {
            items.push((class, (*files.photos[file].picture()?).clone()));
        }
    }
    Ok(Pool { classes: names(setting), items })
}

/// Seconds of a pool; recordings are used more than once if there are fewer than seconds wanted.
///
/// # Errors
/// A file cannot be read.
pub(super) fn seconds(setting: &Setting) -> Result<Pool<Vec<f32>>, Error> {
    let mut rng = setting.rng(11);
    let corpus = setting.corpus;
    let mut items = Vec::new();
    let each = (setting.n / corpus.taught.len()).max(1);
    for (class, files) in corpus.taught.iter().enumerate() {
        let mut order: Vec<usize> = (0..files.sounds.len()).collect();
        order.shuffle(&mut rng);
        for file in order.into_iter().cycle().take(each) {
            items.push((class, random_second(&files.sounds[file].sound()?, &mut rng)));
        }
    }
    Ok(Pool { classes: names(setting), items })
}

fn names(setting: &Setting) -> Vec<String> {
    setting.corpus.taught.iter().map(|class| class.name.clone()).collect()
}

impl<T> Pool<T> {
    /// The classes of the items.
    pub(super) fn labels(&self) -> Vec<usize> {
        self.items.iter().map(|(class, _)| *class).collect()
    }
}

impl Pool<RgbImage> {
    /// The activation map of each picture.
    pub(super) fn maps(&self, judge: &mut Judge) -> Vec<ActivationMap> {
        self.items.iter().map(|(_, picture)| judge.image_activation_map(picture)).collect()
    }
}

impl Pool<Vec<f32>> {
    /// The activation map of each second.
    pub(super) fn maps(&self, judge: &mut Judge) -> Vec<ActivationMap> {
        self.items
            .iter()
            .map(|(_, second)| judge.audio_activation_map(&spectrogram::second(second)))
            .collect()
    }
}

/// pool4 of each map, `[channels]`.
pub(super) fn embeddings(maps: &[ActivationMap]) -> Vec<Vec<f32>> {
    maps.iter().map(|map| map.pool(1, 1)).collect()
}
