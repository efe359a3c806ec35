//! Files, addresses and standard input.

use std::iter::repeat_n;
use std::thread;
use std::time::Duration;

use super::Source;
use crate::media::{Damage, Decoder, Input, MediaError, Piece};
use crate::preprocess::SAMPLE_RATE;
use crate::ring::{Producer, VideoFrame, ring};

/// Opens what ffmpeg can read. `patience`: how long it may give nothing before it is given up.
///
/// # Errors
/// The input cannot be read, or has no picture or no sound.
pub fn open(input: &Input, patience: Duration) -> Result<Source, MediaError> {
    let decoder = Decoder::start(input, patience)?;
    let canceller = decoder.canceller();
    let (frame_producer, frames) = ring(32);
    let (sound_producer, sound) = ring(4 * SAMPLE_RATE);
    let reader = thread::spawn(move || read(decoder, frame_producer, sound_producer));
    Ok(Source::new(frames, sound, vec![reader]).with_canceller(canceller))
}

fn read(
    mut decoder: Decoder,
    mut frames: Producer<VideoFrame>,
    mut sound: Producer<f32>,
) -> Result<Option<Damage>, MediaError> {
    while let Some(piece) = decoder.next_piece()? {
        let wanted = match piece {
            Piece::Picture(frame) | Piece::Held(frame) => frames.push(frame),
            Piece::Sound(samples) => sound.push_all(&mut samples.into_iter()),
            Piece::Silence(count) => sound.push_all(&mut repeat_n(0.0, count)),
        };
        if !wanted {
            return Ok(None);
        }
    }
    decoder.finish()
}
