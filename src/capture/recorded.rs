//! Files and URLs.

use std::thread;

use super::Source;
use crate::media::{Decoder, MediaError, probe};
use crate::preprocess::SAMPLE_RATE;
use crate::ring::ring;

/// Opens a file, a URL that ffmpeg can read, or `-` for standard input.
///
/// # Errors
/// The input cannot be read, or has no picture or no sound.
pub fn open(input: &str) -> Result<Source, MediaError> {
    if input != "-" {
        probe(input)?;
    }
    let Decoder { mut pictures, mut samples, watcher } = Decoder::start(input)?;
    let (mut frame_producer, frames) = ring(32);
    let (mut sound_producer, sound) = ring(4 * SAMPLE_RATE);
    let seer = thread::spawn(move || {
        while let Some(frame) = pictures.next_frame() {
            if !frame_producer.push(frame) {
                break;
            }
        }
        Ok(())
    });
    let hearer = thread::spawn(move || {
        while let Some(chunk) = samples.next_chunk() {
            if !sound_producer.push_all(&mut chunk.iter().copied()) {
                break;
            }
        }
        Ok(())
    });
    Ok(Source::new(frames, sound, vec![seer, hearer, thread::spawn(move || watcher.watch())]))
}
