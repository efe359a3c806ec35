//! Single pictures, by what is in the file and not by what it is called.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::os::fd::AsFd;
use std::path::Path;

use image::error::ImageError;
use image::{DynamicImage, ImageDecoder, ImageReader, Limits, Rgb, RgbImage, Rgba};

use super::MediaError;
use super::guard::guarded;
use super::moments::{Found, Wanted, moments};

/// The background of transparent pictures: white.
const BEHIND: [u8; 3] = [255; 3];

/// Most bytes that decoding a picture may take: 100 megapixels. Larger ones are made smaller by ffmpeg.
const LARGEST: u64 = 400 << 20;

/// Most bytes of a picture that comes through a pipe.
const LONGEST: u64 = 512 << 20;

/// A picture file as a viewer shows it: turned as the camera was held (EXIF), transparent parts over white, of 16 bits the
/// upper 8, of an animation the first frame. JPEG, PNG, WebP, GIF, TIFF and BMP are read directly, whatever their names,
/// anything else through ffmpeg, of videos the first frame.
///
/// # Errors
/// [`MediaError`]: not there, or no picture.
pub fn picture(path: &Path) -> Result<RgbImage, MediaError> {
    let unreadable = |reason: String| MediaError::Unreadable { input: path.display().to_string(), reason };
    let file = open(path).map_err(|error| unreadable(error.to_string()))?;
    let regular = file.metadata().is_ok_and(|file| file.is_file());
    let decoded = match regular {
        true => guarded(|| decode(BufReader::new(file))),
        // A pipe is read once, and pictures are read forwards and backwards.
        false => {
            let mut bytes = Vec::new();
            let read = file.take(LONGEST).read_to_end(&mut bytes);
            guarded(|| read.map_err(ImageError::IoError).and_then(|_| decode(Cursor::new(bytes))))
        }
    };
    match decoded {
        Some(Ok(picture)) => Ok(picture),
        Some(Err(ImageError::Unsupported(_) | ImageError::Limits(_))) | None if regular => {
            frame_at(path, 0.0)
        }
        Some(Err(ImageError::Unsupported(_))) | None => {
            let known = "from a pipe, pictures of JPEG, PNG, WebP, GIF, TIFF and BMP are read; this is none";
            Err(unreadable(known.into()))
        }
        Some(Err(error)) => Err(unreadable(error.to_string())),
    }
}

/// `-` is standard input, unless there is a file of that name.
fn open(path: &Path) -> io::Result<File> {
    match path.as_os_str() == "-" && !path.exists() {
        true => Ok(File::from(io::stdin().as_fd().try_clone_to_owned()?)),
        false => File::open(path),
    }
}

fn decode(file: impl std::io::BufRead + std::io::Seek) -> Result<RgbImage, ImageError> {
    let mut reader = ImageReader::new(file).with_guessed_format()?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(LARGEST);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    // A damaged EXIF orientation does not make the picture unreadable.
    let orientation = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    Ok(if picture.color().has_alpha() { laid_over(&picture.into_rgba8()) } else { picture.into_rgb8() })
}

/// A picture over [`BEHIND`].
fn laid_over(picture: &image::RgbaImage) -> RgbImage {
    let mix = |Rgba([r, g, b, a]): &Rgba<u8>| {
        let channel = |front: u8, behind: u8| {
            let (front, behind, a) = (u32::from(front), u32::from(behind), u32::from(*a));
            ((front * a + behind * (255 - a) + 127) / 255) as u8
        };
        Rgb([channel(*r, BEHIND[0]), channel(*g, BEHIND[1]), channel(*b, BEHIND[2])])
    };
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| mix(picture.get_pixel(x, y)))
}

/// Whether a file is a picture and not a video or a sound, by how it begins.
pub fn is_still(path: &Path) -> bool {
    let mut start = Vec::new();
    // Only regular files are probed: reading a pipe would consume it.
    let file = File::open(path).ok().filter(|file| file.metadata().is_ok_and(|file| file.is_file()));
    let read = file.map(|file| file.take(64).read_to_end(&mut start));
    read.is_some_and(|read| read.is_ok()) && image::guess_format(&start).is_ok()
}

/// The video frame that is shown at a moment (seconds).
///
/// # Errors
/// [`MediaError`]: not there, no picture, or the moment lies beyond the file's end.
pub fn frame_at(path: &Path, seconds: f64) -> Result<RgbImage, MediaError> {
    match one(path, Wanted::Picture(seconds.max(0.0)))? {
        Found::Picture(picture) => Ok(picture),
        Found::Second(_) => Err(nothing(path)),
    }
}

/// The second of sound around a moment (seconds) of a file; before its start and after its end there is silence.
///
/// # Errors
/// [`MediaError`]: not there, no sound, or the moment lies beyond the file's end.
pub fn sound_at(path: &Path, seconds: f64) -> Result<Vec<f32>, MediaError> {
    match one(path, Wanted::Second(seconds))? {
        Found::Second(second) => Ok(second),
        Found::Picture(_) => Err(nothing(path)),
    }
}

fn one(path: &Path, wanted: Wanted) -> Result<Found, MediaError> {
    let mut found = None;
    moments(path, &[wanted], &mut |_, one| found = Some(one));
    found.unwrap_or_else(|| Err(nothing(path)))
}

fn nothing(path: &Path) -> MediaError {
    MediaError::Unreadable { input: path.display().to_string(), reason: "nothing is there".into() }
}

#[cfg(test)]
mod tests;
