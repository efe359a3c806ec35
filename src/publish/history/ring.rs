//! The last seconds of picture and sound, for clips that begin before anybody knew.

use std::collections::VecDeque;
use std::sync::Arc;

use image::RgbImage;

use crate::media::FRAME_RATE;
use crate::preprocess::SAMPLE_RATE;
use crate::ring::VideoFrame;

/// Samples that go with a video frame.
const SAMPLES: u64 = SAMPLE_RATE as u64 / FRAME_RATE as u64;

/// Some of the stream: frames, and sound.
#[derive(Debug, Default)]
pub(super) struct Piece {
    pub(super) frames: Vec<Arc<RgbImage>>,
    pub(super) sound: Vec<f32>,
}

/// Keeps the last seconds.
#[derive(Debug)]
pub(super) struct Ring {
    /// How many frames are kept.
    room: u64,
    frames: VecDeque<(u64, Arc<RgbImage>)>,
    sound: VecDeque<f32>,
    /// The number of the next frame.
    next: u64,
    /// Samples so far, of all that came.
    heard: u64,
}

impl Ring {
    /// Room for so many seconds.
    pub(super) fn new(seconds: f64) -> Self {
        let room = (seconds * f64::from(FRAME_RATE)).ceil() as u64 + 1;
        Self { room, frames: VecDeque::new(), sound: VecDeque::new(), next: 0, heard: 0 }
    }

    /// Takes what came with a decision, and returns what of it is new: a frame that is shown for several decisions comes
    /// with each of them.
    pub(super) fn push(&mut self, frames: &[VideoFrame], sound: &[f32]) -> Piece {
        let mut piece = Piece { frames: Vec::new(), sound: sound.to_vec() };
        for frame in frames {
            let number = (frame.t * f64::from(FRAME_RATE)).round() as u64;
            if number >= self.next {
                self.next = number + 1;
                self.frames.push_back((number, frame.picture.clone()));
                piece.frames.push(frame.picture.clone());
            }
        }
        self.sound.extend(sound);
        self.heard += sound.len() as u64;
        let first = self.next.saturating_sub(self.room);
        while self.frames.front().is_some_and(|(number, _)| *number < first) {
            self.frames.pop_front();
        }
        let kept = self.heard.saturating_sub(first * SAMPLES) as usize;
        self.sound.drain(..self.sound.len().saturating_sub(kept));
        piece
    }

    /// What came since a moment (seconds), as far as it is kept: it begins with a frame and the sound from the same
    /// moment on.
    pub(super) fn since(&self, t: f64) -> Piece {
        let wanted = (t.max(0.0) * f64::from(FRAME_RATE)).floor() as u64;
        let kept = self.frames.front().map_or(self.next, |(number, _)| *number);
        let begin = wanted.max(kept);
        let frames = self.frames.iter().filter(|(number, _)| *number >= begin);
        let before = (self.heard - self.sound.len() as u64).max(begin * SAMPLES);
        let skip = before - (self.heard - self.sound.len() as u64);
        Piece {
            frames: frames.map(|(_, picture)| picture.clone()).collect(),
            sound: self.sound.iter().skip(skip as usize).copied().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tenth of a second in two decisions: frames tell their number by their width, samples theirs.
    fn fill(ring: &mut Ring, from: u64, to: u64) -> Vec<Piece> {
        (from..to)
            .map(|n| {
                let frame = |n: u64| VideoFrame {
                    t: n as f64 / f64::from(FRAME_RATE),
                    captured: 0.0,
                    picture: Arc::new(RgbImage::new(n as u32 + 1, 1)),
                };
                let sound: Vec<f32> = (n * SAMPLES..(n + 1) * SAMPLES).map(|n| n as f32).collect();
                // The frame before is shown with this decision, too.
                ring.push(&[frame(n.saturating_sub(1)), frame(n)], &sound)
            })
            .collect()
    }

    #[test]
    fn a_piece_has_each_frame_once_and_begins_with_its_sound() {
        let mut ring = Ring::new(1.0);
        let pieces = fill(&mut ring, 0, 100);
        assert!(pieces.iter().all(|piece| piece.frames.len() == 1));
        let piece = ring.since(3.6);
        let widths: Vec<u32> = piece.frames.iter().map(|frame| frame.width()).collect();
        assert_eq!(widths, (91..=100).collect::<Vec<_>>());
        assert_eq!((piece.sound[0], piece.sound.len() as u64), ((90 * SAMPLES) as f32, 10 * SAMPLES));
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for() {
        let mut ring = Ring::new(1.0);
        fill(&mut ring, 0, 500);
        let piece = ring.since(0.0);
        assert_eq!(piece.frames.len() as u64, u64::from(FRAME_RATE) + 1);
        assert_eq!(piece.sound.len(), piece.frames.len() * SAMPLES as usize);
        assert!(Ring::new(1.0).since(5.0).frames.is_empty());
    }
}
