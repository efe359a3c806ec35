//! Whole sounds.

use std::ops::ControlFlow;
use std::path::Path;

use super::{Loss, MediaError, direct, sound_of};

/// Takes the next samples, and says whether it wants more.
pub(super) type Take<'a> = &'a mut dyn FnMut(&[f32]) -> ControlFlow<()>;

/// Hands over the sound of a file in parts: 48 kHz mono, -1..1, from the start of the file. Tells what of it is missing.
/// WAV, FLAC, Ogg Vorbis and MP3 are read directly, anything else through ffmpeg. It ends early if `take` says so.
///
/// # Errors
/// [`MediaError`]: not there, no sound track, not media.
pub fn sound_in_parts(path: &Path, take: Take) -> Result<Loss, MediaError> {
    match direct::sound(path, take) {
        Some(loss) => Ok(loss),
        None => through_ffmpeg(path, take),
    }
}

/// The whole sound of a file, as [`sound_in_parts`] gives it.
///
/// # Errors
/// As [`sound_in_parts`].
pub fn sound(path: &Path) -> Result<Vec<f32>, MediaError> {
    let mut all = Vec::new();
    sound_in_parts(path, &mut |part| {
        all.extend_from_slice(part);
        ControlFlow::Continue(())
    })?;
    Ok(all)
}

pub(super) fn through_ffmpeg(path: &Path, take: Take) -> Result<Loss, MediaError> {
    let mut sound = sound_of(path)?;
    let mut empty = true;
    while let Some(part) = sound.stream.next_chunk() {
        empty &= part.is_empty();
        if take(part).is_break() {
            return Ok(Loss::default());
        }
    }
    let values = sound.stream.damaged();
    let loss = sound.finish()?.and(Loss { places: 0, values });
    match empty {
        true => Err(MediaError::NoStream { input: path.display().to_string(), what: "sound" }),
        false => Ok(loss),
    }
}
