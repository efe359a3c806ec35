//! Whole sounds and single pictures.

use std::process::Output;

use image::RgbImage;

use super::process::{ffmpeg, killed, last_words, missing};
use super::{Input, MediaError, direct, filters, probe};
use crate::preprocess::SAMPLE_RATE;

fn run(input: &Input, before: &[&str], after: &[&str]) -> Result<Vec<u8>, MediaError> {
    let mut command = ffmpeg();
    let output = input.add_to(command.args(before)).args(after).output().map_err(missing("ffmpeg"))?;
    let Output { status, stdout, stderr } = output;
    let input = input.to_string();
    killed(&input, status)?;
    if status.success() && !stdout.is_empty() {
        return Ok(stdout);
    }
    let reason = last_words(&String::from_utf8_lossy(&stderr));
    if reason.contains("matches no streams") {
        let what = if after.contains(&"f32le") { "sound" } else { "picture" };
        return Err(MediaError::NoStream { input, what });
    }
    Err(MediaError::Unreadable { input, reason })
}

pub(super) fn decode_sound(input: &Input, before: &[&str]) -> Result<Vec<f32>, MediaError> {
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
pub fn sound(input: impl Into<Input>) -> Result<Vec<f32>, MediaError> {
    let input = input.into();
    let direct = if let Input::File(path) = &input { direct::sound(path) } else { None };
    match direct {
        Some(sound) => Ok(sound),
        None => decode_sound(&input, &[]),
    }
}

/// The second of sound around a moment (seconds) of a file; before the start there is silence.
///
/// # Errors
/// As [`sound`], or the moment lies beyond the end.
pub fn sound_at(input: impl Into<Input>, seconds: f64) -> Result<Vec<f32>, MediaError> {
    let start = seconds - 0.5;
    let from = format!("{:.6}", start.max(0.0));
    let length = format!("{:.6}", 1.0 + start.min(0.0));
    let mut samples = decode_sound(&input.into(), &["-ss", &from, "-t", &length])?;
    let silence = (-start.min(0.0) * SAMPLE_RATE as f64).round() as usize;
    samples.splice(0..0, std::iter::repeat_n(0.0, silence));
    Ok(samples)
}

/// A picture file. JPEG and PNG are read directly, anything else through ffmpeg.
///
/// # Errors
/// [`MediaError`]: not there, or no picture.
pub fn picture(input: impl Into<Input>) -> Result<RgbImage, MediaError> {
    let input = input.into();
    let Input::File(path) = &input else { return frame_at(input, 0.0) };
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
pub fn frame_at(input: impl Into<Input>, seconds: f64) -> Result<RgbImage, MediaError> {
    let input = input.into();
    let transfer = if input.is_regular() { probe::transfer(&input)? } else { None };
    let from = format!("{:.6}", seconds.max(0.0));
    let filter = filters::still(transfer);
    let after = ["-map", "0:v:0", "-frames:v", "1", "-vf", &filter, "-f", "image2pipe", "-c:v", "ppm", "-"];
    let bytes = run(&input, &["-ss", &from], &after)?;
    super::read_ppm(&mut &bytes[..])
        .ok()
        .flatten()
        .ok_or_else(|| MediaError::Unreadable { input: input.to_string(), reason: "no frame there".into() })
}
