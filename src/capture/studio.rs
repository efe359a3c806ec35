//! The virtual studio as camera and microphone.

use std::thread;

use super::Source;
use crate::media::FRAME_RATE;
use crate::preprocess::SAMPLE_RATE;
use crate::ring::{VideoFrame, ring};
use crate::studio::Play;

/// Plays a play.
pub fn open(play: Play) -> Source {
    let (mut frame_producer, frames) = ring(32);
    let (mut sound_producer, sound) = ring(4 * SAMPLE_RATE);
    let frames_an_act = (Play::ACT * f64::from(FRAME_RATE)).round() as usize;
    let (pictures, sounds): (Vec<_>, Vec<_>) =
        play.acts.into_iter().map(|act| (act.picture, act.sound)).unzip();
    let camera = thread::spawn(move || {
        for number in 0..pictures.len() * frames_an_act {
            let picture = pictures[number / frames_an_act].clone();
            let t = number as f64 / f64::from(FRAME_RATE);
            if !frame_producer.push(VideoFrame { t, picture }) {
                break;
            }
        }
        Ok(())
    });
    let microphone = thread::spawn(move || {
        sound_producer.push_all(&mut sounds.into_iter().flatten());
        Ok(())
    });
    Source::new(frames, sound, vec![camera, microphone])
}
