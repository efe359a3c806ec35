//! Whole sounds and single pictures.

use std::path::Path;
use std::process::Output;

use image::RgbImage;

use super::{MediaError, as_argument, direct, ffmpeg, last_words, missing};
use crate::preprocess::SAMPLE_RATE;

fn run(input: &str, before: &[&str], after: &[&str]) -> Result<Vec<u8>, MediaError> {
    let output = ffmpeg()
        .args(before)
        .args(["-i", &as_argument(input)])
        .args(after)
        .output()
        .map_err(missing("ffmpeg"))?;
    let Output { status, stdout, stderr } = output;
    if status.success() && !stdout.is_empty() {
        return Ok(stdout);
    }
    let reason = last_words(&String::from_utf8_lossy(&stderr));
    if reason.contains("matches no streams") {
        let what = if after.contains(&"f32le") { "sound" } else { "picture" };
        return Err(MediaError::NoStream { input: input.into(), what });
    }
    Err(MediaError::Unreadable { input: input.into(), reason })
}

pub(super) fn decode_sound(input: &str, before: &[&str]) -> Result<Vec<f32>, MediaError> {
    let rate = SAMPLE_RATE.to_string();
    let after = ["-map", "0:a:0", "-ac", "1", "-ar", &rate, "-f", "f32le", "-"];
    let bytes = run(input, before, &after)?;
    let (samples, _) = bytes.as_chunks::<4>();
    Ok(samples.iter().map(|b| f32::from_le_bytes(*b)).collect())
}

/// The whole sound of a file: 48 kHz mono, -1..1. WAV, FLAC, Ogg Vorbis and MP3 are read directly, anything else
/// through ffmpeg.
///
/// # Errors
/// [`MediaError`]: not there, no sound track, not media.
pub fn sound(path: &Path) -> Result<Vec<f32>, MediaError> {
    match direct::sound(path) {
        Some(sound) => Ok(sound),
        None => decode_sound(&path.to_string_lossy(), &[]),
    }
}

/// The second of sound around a moment (seconds) of a file; before the start there is silence.
///
/// # Errors
/// As [`sound`], or the moment lies beyond the end.
pub fn sound_at(path: &Path, seconds: f64) -> Result<Vec<f32>, MediaError> {
    let start = seconds - 0.5;
    let from = format!("{:.6}", start.max(0.0));
    let length = format!("{:.6}", 1.0 + start.min(0.0));
    let mut samples = decode_sound(&path.to_string_lossy(), &["-ss", &from, "-t", &length])?;
    let silence = (-start.min(0.0) * SAMPLE_RATE as f64).round() as usize;
    samples.splice(0..0, std::iter::repeat_n(0.0, silence));
    Ok(samples)
}

/// A picture file. JPEG and PNG are read directly, anything else through ffmpeg.
///
/// # Errors
/// [`MediaError`]: not there, or no picture.
pub fn picture(path: &Path) -> Result<RgbImage, MediaError> {
    match image::open(path) {
        Ok(picture) => Ok(picture.to_rgb8()),
        Err(image::ImageError::Unsupported(_)) => frame_at(path, 0.0),
        Err(error) => {
            Err(MediaError::Unreadable { input: path.display().to_string(), reason: error.to_string() })
        }
    }
}

/// The video frame that is shown at a moment (seconds).
///
/// # Errors
/// As [`picture`], or the moment lies beyond the end.
pub fn frame_at(path: &Path, seconds: f64) -> Result<RgbImage, MediaError> {
    let input = path.to_string_lossy();
    let from = format!("{:.6}", seconds.max(0.0));
    let after = ["-map", "0:v:0", "-frames:v", "1", "-f", "image2pipe", "-c:v", "ppm", "-"];
    let bytes = run(&input, &["-ss", &from], &after)?;
    super::decoder::read_ppm(&mut &bytes[..])
        .ok()
        .flatten()
        .ok_or_else(|| MediaError::Unreadable { input: input.into(), reason: "no frame there".into() })
}
