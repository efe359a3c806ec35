//! Whole sounds.

use std::ops::ControlFlow;
use std::path::Path;

use super::direct::{self, Take};
use super::{Decoder, Input, Loss, MediaError, Piece};

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
    let mut decoder = Decoder::sound_of(&Input::from(path))?;
    let mut empty = true;
    while let Some(piece) = decoder.next_piece()? {
        let part = match piece {
            Piece::Sound(samples) => samples,
            Piece::Silence(count) => vec![0.0; count],
            Piece::Picture(_) | Piece::Held(_) => continue,
        };
        empty &= part.is_empty();
        if take(&part).is_break() {
            return Ok(Loss::default());
        }
    }
    let loss = decoder.finish()?.map_or_else(Loss::default, |damage| damage.loss);
    match empty {
        true => Err(MediaError::NoStream { input: path.display().to_string(), what: "sound" }),
        false => Ok(loss),
    }
}
