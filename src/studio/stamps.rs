//! Real photos with real sounds: Debian's package `tuxpaint-stamps-default`.

use std::path::Path;

use super::Performer;
use super::compose::trim;
use crate::media;
use crate::preprocess::SAMPLE_RATE;

/// Where the package puts them.
pub const STAMPS: &str = "/usr/share/tuxpaint/stamps";

/// The stamps that are shown, with their names: things of kinds that the shipped model was trained on. The
/// model never learned from these files.
const CHOSEN: [(&str, &str); 12] = [
    ("dog", "animals/mammals/dogs/dog"),
    ("cow", "animals/mammals/bovines/cow"),
    ("sheep", "animals/mammals/bovines/sheep"),
    ("lion", "animals/mammals/cats/lion"),
    ("tiger", "animals/mammals/cats/tiger"),
    ("rooster", "animals/birds/rooster"),
    ("hen", "animals/birds/hen"),
    ("crow", "animals/birds/crow"),
    ("lark", "animals/birds/lark"),
    ("seagull", "animals/birds/seagull"),
    ("drum kit", "hobbies/music/percussion/drumkit"),
    ("violin", "hobbies/music/string/violin"),
];

/// Those that the shipped model knows well all the same: it says "match" in 73 to 100 % of the decisions while they sound
/// (sixteen demos of six scenes), and in 0 to 24 % while others do.
pub(super) const FAVOURITES: [&str; 5] = ["dog", "sheep", "hen", "drum kit", "violin"];

/// Those of the chosen stamps that can be read.
pub(super) fn load(folder: &Path) -> Vec<Performer> {
    let one = |(name, file): (&str, &str)| {
        let picture = image::open(folder.join(format!("{file}.png"))).ok()?.to_rgba8();
        let mut sound = media::sound(&folder.join(format!("{file}.ogg"))).ok()?;
        normalize(&mut sound);
        Some(Performer { name: name.into(), picture: trim(&picture), sound })
    };
    CHOSEN.into_iter().filter_map(one).collect()
}

/// At most 4 seconds, peak at half of full scale: the recordings differ by 30 dB.
fn normalize(sound: &mut Vec<f32>) {
    sound.truncate(4 * SAMPLE_RATE);
    let peak = sound.iter().fold(1e-3f32, |m, s| m.max(s.abs()));
    sound.iter_mut().for_each(|s| *s *= 0.5 / peak);
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgba, RgbaImage};

    #[test]
    fn margins_go() {
        let mut picture = RgbaImage::new(20, 10);
        for (x, y) in [(5, 4), (9, 6)] {
            picture.put_pixel(x, y, Rgba([1, 2, 3, 255]));
        }
        assert_eq!(trim(&picture).dimensions(), (5, 3));
        assert_eq!(trim(&RgbaImage::new(4, 4)).dimensions(), (4, 4));
    }

    #[test]
    fn a_folder_without_stamps_gives_nothing() {
        assert!(load(Path::new("/nonexistent")).is_empty());
    }

    #[test]
    fn favourites_are_some_of_the_chosen() {
        assert!(FAVOURITES.iter().all(|favourite| CHOSEN.iter().any(|(name, _)| name == favourite)));
    }
}
