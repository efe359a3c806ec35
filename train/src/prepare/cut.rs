//! One clip: decoded once, sound and frames on one clock, encoded for a shard.

use std::io::Cursor;

use hound::{SampleFormat, WavSpec, WavWriter};
use image::RgbImage;
use image::codecs::jpeg::JpegEncoder;
use lookhear::media::{Decoder, FRAME_RATE, Input, Piece};
use lookhear::preprocess::{SAMPLE_RATE, picture};

use super::plan::Clip;
use super::report::Reason;
use super::settings::Settings;
use crate::Error;
use crate::sampling::{SAMPLES_A_STEP, STEPS};
use crate::shards::Sample;

// The decoder's frames lie on the grid that moments are drawn from.
const _: () = assert!(FRAME_RATE == STEPS);

/// Full scale is 1; what stays below -60 dB is silence to any listener.
const SILENCE: f32 = 0.001;

/// What became of a clip.
pub(super) enum Made {
    /// Its files.
    Files(Files),
    /// It was left out.
    Left(Reason, String),
}

/// The files of a clip.
pub(super) struct Files {
    pub(super) sample: Sample,
    /// JPEG.
    pub(super) frames: Vec<Vec<u8>>,
    pub(super) wav: Vec<u8>,
}

/// Decodes and encodes a clip.
///
/// # Errors
/// ffmpeg is missing, or was ended before it was done.
pub(super) fn cut(clip: &Clip, settings: &Settings) -> Result<Made, Error> {
    let mut decoder = Decoder::span(&Input::from(&clip.path), clip.from, clip.seconds)?;
    let (mut frames, mut shown, mut sound) = (Vec::new(), 0, Vec::new());
    // What is only held or silent counts where something follows.
    let (mut held, mut silent) = (Vec::new(), 0);
    let ended = loop {
        match decoder.next_piece() {
            Ok(Some(Piece::Held(frame))) => held.push(frame),
            Ok(Some(Piece::Picture(frame))) => {
                for frame in held.drain(..).chain([frame]) {
                    if shown == step_of(frames.len(), settings.fps) {
                        frames.push(jpeg(&frame.picture, settings).map_err(|e| Error::file(&clip.path, e))?);
                    }
                    shown += 1;
                }
            }
            Ok(Some(Piece::Silence(count))) => silent += count,
            Ok(Some(Piece::Sound(samples))) => {
                sound.resize(sound.len() + std::mem::take(&mut silent), 0.0);
                sound.extend(samples);
            }
            Ok(None) => break decoder.finish(),
            Err(error) => break Err(error),
        }
    };
    // A clip with damage in it is no example to learn from.
    let left = match ended {
        Ok(None) => None,
        Ok(Some(damage)) => Some((Reason::Unreadable, damage.to_string())),
        Err(error) => Some(Reason::of(error)?),
    };
    if let Some((reason, detail)) = left {
        return Ok(Made::Left(reason, detail));
    }

    // As far as there are both, in whole steps.
    let wanted = (clip.seconds * f64::from(STEPS)).round() as u32;
    let steps = shown.min((sound.len() / SAMPLES_A_STEP) as u32).min(wanted);
    let at = format!("from second {} on", clip.from);
    if steps < STEPS {
        let heard = sound.len() as f64 / SAMPLE_RATE as f64;
        let detail = format!("{at} it has {shown} frames of {STEPS} a second and {heard} s of sound");
        return Ok(Made::Left(Reason::TooShort, detail));
    }
    sound.truncate(steps as usize * SAMPLES_A_STEP);
    if sound.iter().all(|s| s.abs() < SILENCE) {
        return Ok(Made::Left(Reason::Silent, format!("{at} nothing is louder than -60 dB")));
    }
    let places: Vec<u32> =
        (0..frames.len()).map(|n| step_of(n, settings.fps)).take_while(|step| *step < steps).collect();
    frames.truncate(places.len());
    let seconds = |steps: u32| f64::from(steps) / f64::from(STEPS);
    let sample = Sample {
        key: clip.key.clone(),
        video: clip.video.clone(),
        start: clip.start,
        duration: seconds(steps),
        frames: places.into_iter().map(seconds).collect(),
        labels: clip.labels.clone(),
        split: clip.side,
        group: clip.group.clone(),
        sha256: clip.sha256.clone(),
    };
    let wav = wav(&sound).map_err(|e| Error::file(&clip.path, e))?;
    Ok(Made::Files(Files { sample, frames, wav }))
}

/// Step of the grid at which the n-th frame is taken: the nearest to `n / fps` seconds.
fn step_of(n: usize, fps: f64) -> u32 {
    (n as f64 * f64::from(STEPS) / fps).round() as u32
}

/// A frame with its shorter side at most as long as wanted.
fn jpeg(frame: &RgbImage, settings: &Settings) -> image::ImageResult<Vec<u8>> {
    let (w, h) = frame.dimensions();
    let scale = (f64::from(settings.side) / f64::from(w.min(h))).min(1.0);
    let smaller = |side: u32| (f64::from(side) * scale).round() as u32;
    let area = [0.0, 0.0, f64::from(w), f64::from(h)];
    let frame = picture::resize(frame, area, smaller(w), smaller(h));
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, settings.quality).encode_image(&frame)?;
    Ok(bytes)
}

fn wav(sound: &[f32]) -> hound::Result<Vec<u8>> {
    let spec = WavSpec {
        channels: 1,
        sample_rate: SAMPLE_RATE as u32,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let mut bytes = Vec::with_capacity(sound.len() * 2 + 64);
    let mut writer = WavWriter::new(Cursor::new(&mut bytes), spec)?;
    for sample in sound {
        writer.write_sample((sample.clamp(-1.0, 1.0) * 32767.0).round() as i16)?;
    }
    writer.finalize()?;
    Ok(bytes)
}
