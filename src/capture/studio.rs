//! The virtual studio as camera and microphone: at its own pace for a demo, in real time as live devices.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::Source;
use super::device::{Camera, CameraFrame, Chunk, DeviceError, Microphone};
use crate::media::FRAME_RATE;
use crate::preprocess::SAMPLE_RATE;
use crate::ring::{VideoFrame, ring};
use crate::studio::Play;

/// Plays a play, as fast as it is watched.
pub fn open(play: Play) -> Source {
    let (mut frame_producer, frames) = ring(32);
    let (mut sound_producer, sound) = ring(4 * SAMPLE_RATE);
    let frames_an_act = (Play::ACT * f64::from(FRAME_RATE)).round() as usize;
    let (pictures, sounds): (Vec<_>, Vec<_>) =
        play.acts.into_iter().map(|act| (Arc::new(act.picture), act.sound)).unzip();
    let camera = thread::spawn(move || {
        for number in 0..pictures.len() * frames_an_act {
            let picture = pictures[number / frames_an_act].clone();
            let t = number as f64 / f64::from(FRAME_RATE);
            if !frame_producer.push(VideoFrame { t, captured: t, picture }) {
                break;
            }
        }
        Ok(None)
    });
    let microphone = thread::spawn(move || {
        sound_producer.push_all(&mut sounds.into_iter().flatten());
        Ok(None)
    });
    Source::new(frames, sound, vec![camera, microphone])
}

/// A play without an end, on a stage that both virtual devices look at.
pub struct Stage {
    play: Play,
    begun: Instant,
}

impl Stage {
    /// Begins the play now.
    pub fn new(play: Play) -> Arc<Self> {
        Arc::new(Self { play, begun: Instant::now() })
    }

    /// A camera of 30 frames a second.
    pub fn camera(self: &Arc<Self>) -> StudioCamera {
        StudioCamera { stage: self.clone(), next: Instant::now() }
    }

    /// A microphone of 48 kHz, mono.
    pub fn microphone(self: &Arc<Self>) -> StudioMicrophone {
        let position = (self.begun.elapsed().as_secs_f64() * SAMPLE_RATE as f64) as usize;
        StudioMicrophone { stage: self.clone(), position }
    }
}

fn sleep_until(due: Instant) {
    thread::sleep(due.saturating_duration_since(Instant::now()));
}

/// Sees a [`Stage`].
pub struct StudioCamera {
    stage: Arc<Stage>,
    next: Instant,
}

impl Camera for StudioCamera {
    fn frame(&mut self) -> Result<CameraFrame, DeviceError> {
        sleep_until(self.next);
        let captured = self.next;
        self.next = (self.next + Duration::from_secs(1) / 30).max(Instant::now() - Duration::from_secs(1));
        let acts = &self.stage.play.acts;
        let act = (captured.saturating_duration_since(self.stage.begun).as_secs_f64() / Play::ACT) as usize;
        Ok(CameraFrame { captured, picture: acts[act % acts.len()].picture.clone(), lost: 0 })
    }

    fn format(&self) -> String {
        "virtual studio, 30 fps".into()
    }
}

/// Hears a [`Stage`].
pub struct StudioMicrophone {
    stage: Arc<Stage>,
    /// Samples since the play began.
    position: usize,
}

impl Microphone for StudioMicrophone {
    fn chunk(&mut self) -> Result<Chunk, DeviceError> {
        const CHUNK: usize = SAMPLE_RATE / 100;
        let at = |position: usize| Duration::from_secs_f64(position as f64 / SAMPLE_RATE as f64);
        let captured = self.stage.begun + at(self.position);
        sleep_until(self.stage.begun + at(self.position + CHUNK));
        let acts = &self.stage.play.acts;
        let sample = |position: usize| {
            let length = acts[0].sound.len().max(1);
            acts[position / length % acts.len()].sound.get(position % length).copied().unwrap_or(0.0)
        };
        let interleaved = (self.position..self.position + CHUNK).map(sample).collect();
        self.position += CHUNK;
        Ok(Chunk { captured, interleaved, lost: 0, xruns: 0, invalid: 0 })
    }

    fn rate(&self) -> u32 {
        SAMPLE_RATE as u32
    }

    fn channels(&self) -> usize {
        1
    }
}
