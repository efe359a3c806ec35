//! A corpus that anyone can have: the photos and sounds of Debian's package `tuxpaint-stamps-default`.
//!
//! Every object is a class of its own, with one photo and one recording. Both are one source, so that the held-out
//! side consists of objects that were never learned from.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use image::{DynamicImage, Pixel, Rgb, RgbImage, RgbaImage, imageops};
use lookhear::studio;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::Error;
use crate::compose::SIDE;
use crate::cutout;

/// Folders of the package with photos of things that can be heard; the others hold letters, flags and drawings.
const GROUPS: [&str; 7] = ["animals", "food", "hobbies", "household", "naturalforces", "space", "vehicles"];
/// How many drawn backgrounds are added.
const BACKGROUNDS: usize = 60;
/// Plain ground around an object's photo, in pixels.
const MARGIN: u32 = 4;

/// Writes a corpus, as [`Corpus::open`](crate::corpus::Corpus::open) reads it, of the stamps in a folder. Returns the
/// number of objects.
///
/// # Errors
/// The folder has no stamps with sounds, a photo cannot be read, or `out` cannot be written.
pub fn corpus(stamps: &Path, out: &Path) -> Result<usize, Error> {
    let mut found = BTreeMap::new();
    for group in GROUPS.map(|group| stamps.join(group)).iter().filter(|group| group.is_dir()) {
        find(group, &mut found)?;
    }
    if found.is_empty() {
        return Err(Error::file(stamps, "no photos with sounds here; apt install tuxpaint-stamps-default"));
    }
    let mut manifest = String::from("class\tkind\tfile\tsource\toriginal_name\n");
    for (name, stamp) in &found {
        let photo = format!("photos/{name}/{name}.png");
        let sound = format!("sounds/{name}/{name}.ogg");
        let [object, recording] = ["png", "ogg"].map(|ending| stamp.with_extension(ending));
        let object = image::open(&object).map_err(|e| Error::file(&object, e))?.to_rgba8();
        save(&on_plain_ground(&object), &out.join(&photo))?;
        fs::copy(&recording, created(&out.join(&sound))?).map_err(|e| Error::file(&recording, e))?;
        for (kind, file) in [("photo", photo), ("sound", sound)] {
            manifest += &format!("{name}\t{kind}\t{file}\tstamps\t{name}\n");
        }
    }
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    for i in 0..BACKGROUNDS {
        let file = out.join(format!("photos/_background/{i:02}.png"));
        save(&studio::backdrop(SIDE, SIDE, &mut rng), &file)?;
    }
    let file = out.join("manifest.tsv");
    fs::write(&file, manifest).map_err(|e| Error::file(&file, e))?;
    Ok(found.len())
}

/// Photos with a sound beside them, by name and without ending.
fn find(folder: &Path, found: &mut BTreeMap<String, PathBuf>) -> Result<(), Error> {
    for entry in fs::read_dir(folder).map_err(|e| Error::file(folder, e))? {
        let path = entry.map_err(|e| Error::file(folder, e))?.path();
        if path.is_dir() {
            find(&path, found)?;
        } else if path.extension().is_some_and(|ending| ending == "png")
            && path.with_extension("ogg").is_file()
            && let Some(name) = path.file_stem()
        {
            found.insert(name.to_string_lossy().into_owned(), path.with_extension(""));
        }
    }
    Ok(())
}

/// The object before white, grey or black, whichever its outline has least of: so that it can be cut out again.
fn on_plain_ground(object: &RgbaImage) -> RgbImage {
    let like = |ground: &Rgb<u8>| outline(object).filter(|colour| cutout::alike(colour, ground)).count();
    let grounds = [255, 128, 0].map(|level| Rgb([level; 3]));
    let ground = grounds.into_iter().min_by_key(like).unwrap_or(grounds[0]);
    let (width, height) = (object.width() + 2 * MARGIN, object.height() + 2 * MARGIN);
    let mut photo = RgbaImage::from_pixel(width, height, ground.to_rgba());
    imageops::overlay(&mut photo, object, MARGIN.into(), MARGIN.into());
    DynamicImage::from(photo).into_rgb8()
}

/// The colours where the object ends: what is next to transparent pixels or to the photo's edge.
fn outline(object: &RgbaImage) -> impl Iterator<Item = Rgb<u8>> {
    let solid = |x: u32, y: u32| object.get_pixel_checked(x, y).is_some_and(|pixel| pixel.0[3] >= 128);
    let ends = move |x: u32, y: u32| {
        !(solid(x.wrapping_sub(1), y) && solid(x + 1, y) && solid(x, y.wrapping_sub(1)) && solid(x, y + 1))
    };
    let pixels = object.enumerate_pixels();
    pixels.filter(move |(x, y, _)| solid(*x, *y) && ends(*x, *y)).map(|(_, _, pixel)| pixel.to_rgb())
}

/// The path, after its folder was made.
fn created(path: &Path) -> Result<&Path, Error> {
    path.parent().map_or(Ok(()), fs::create_dir_all).map_err(|e| Error::file(path, e))?;
    Ok(path)
}

fn save(picture: &RgbImage, path: &Path) -> Result<(), Error> {
    picture.save(created(path)?).map_err(|e| Error::file(path, e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::{Corpus, Split};

    #[test]
    fn a_white_object_is_not_put_before_white() {
        let object = RgbaImage::from_fn(40, 30, |x, y| {
            let inside = (10..30).contains(&x) && (8..22).contains(&y);
            image::Rgba([250, 250, 250, if inside { 255 } else { 0 }])
        });
        assert_eq!(outline(&object).count(), 2 * 20 + 2 * 12);
        let photo = on_plain_ground(&object);
        assert_eq!(photo.dimensions(), (48, 38));
        let cut = cutout::cut_out(&photo).unwrap();
        assert_eq!(cut.dimensions(), (20, 14));
    }

    #[test]
    fn photo_and_recording_of_an_object_are_on_one_side() {
        let [stamps, out] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let animals = stamps.path().join("animals/mammals");
        fs::create_dir_all(&animals).unwrap();
        for i in 0..30 {
            RgbaImage::from_pixel(20, 20, image::Rgba([i, 0, 0, 255]))
                .save(animals.join(format!("a{i}.png")))
                .unwrap();
            fs::write(animals.join(format!("a{i}.ogg")), "a sound").unwrap();
            fs::write(animals.join(format!("a{i}_desc.ogg")), "a description").unwrap();
        }
        assert_eq!(corpus(stamps.path(), out.path()).unwrap(), 30);
        let [train, held_out] =
            [Split::Train, Split::HeldOut].map(|side| Corpus::open(out.path(), side).unwrap());
        assert_eq!(train.taught.len() + held_out.taught.len(), 30);
        assert!(train.unheard.is_empty() && train.unseen.is_empty());
        assert_eq!(train.backgrounds.len() + held_out.backgrounds.len(), BACKGROUNDS);
    }

    #[test]
    fn a_folder_without_stamps_is_named() {
        let empty = tempfile::tempdir().unwrap();
        let error = corpus(empty.path(), empty.path()).unwrap_err().to_string();
        assert!(error.contains("tuxpaint-stamps-default"), "{error}");
    }
}
