//! Real photos with real sounds: Debian's package `tuxpaint-stamps-default`.

use std::path::Path;

use super::Performer;
use super::compose::trim;
use crate::media;
use crate::preprocess::SAMPLE_RATE;

/// Where the package puts them.
pub const STAMPS: &str = "/usr/share/tuxpaint/stamps";

/// What of it is shown, and what it is called: photos whose kind the shipped model was taught. The
/// model never learned from these files. `true`: it says "match" in most decisions while they sound all the same (in
/// sixteen demos of six scenes in 73 to 100 %; while others sound in 0 to 24 %).
const CHOSEN: [(&str, &str, bool); 12] = [
    ("dog", "animals/mammals/dogs/dog", true),
    ("cow", "animals/mammals/bovines/cow", false),
    ("sheep", "animals/mammals/bovines/sheep", true),
    ("lion", "animals/mammals/cats/lion", false),
    ("tiger", "animals/mammals/cats/tiger", false),
    ("rooster", "animals/birds/rooster", false),
    ("hen", "animals/birds/hen", true),
    ("crow", "animals/birds/crow", false),
    ("lark", "animals/birds/lark", false),
    ("seagull", "animals/birds/seagull", false),
    ("drum kit", "hobbies/music/percussion/drumkit", true),
    ("violin", "hobbies/music/string/violin", true),
];

/// Those of the chosen stamps that can be read; `favourites`: only what the shipped model knows well.
pub(super) fn load(folder: &Path, favourites: bool) -> Vec<Performer> {
    let wanted = CHOSEN.into_iter().filter(|(_, _, favourite)| *favourite || !favourites);
    let performer = |(name, file, _): (&str, &str, bool)| {
        let picture = image::open(folder.join(format!("{file}.png"))).ok()?.to_rgba8();
        let mut sound = media::sound(&folder.join(format!("{file}.ogg"))).ok()?;
        normalize(&mut sound);
        Some(Performer { name: name.into(), picture: trim(&picture), sound })
    };
    wanted.filter_map(performer).collect()
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
        assert!(load(Path::new("/nonexistent"), false).is_empty());
    }

    #[test]
    fn favourites_are_some_of_all() {
        let names =
            |favourites| load(Path::new(STAMPS), favourites).into_iter().map(|p| p.name).collect::<Vec<_>>();
        // Where the package is missing, both are empty.
        let (all, favourites) = (names(false), names(true));
        assert!(favourites.iter().all(|name| all.contains(name)));
        assert_eq!((all.len(), favourites.len()), if all.is_empty() { (0, 0) } else { (CHOSEN.len(), 5) });
    }
}
