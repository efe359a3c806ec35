//! A video, judged as `lookhear watch` does it: at every hop the newest frame with the second of sound that ends there.

use std::collections::VecDeque;
use std::iter::repeat_n;
use std::path::Path;
use std::sync::Arc;

use image::RgbImage;
use lookhear::media::{Decoder, FRAME_RATE, Input, Loss, MediaError, PATIENCE, Piece};
use lookhear::preprocess::SAMPLE_RATE;
use lookhear::{Event, Session};
use pyo3::prelude::*;

use crate::error::{MediaError as PyMediaError, of_media};
use crate::rows::Signals;

/// What was read of a video and not judged yet.
struct Clip {
    decoder: Decoder,
    frames: VecDeque<(f64, Arc<RgbImage>)>,
    sound: VecDeque<f32>,
    open: bool,
}

impl Clip {
    fn open(path: &Path) -> Result<Self, MediaError> {
        let decoder = Decoder::start(&Input::from(path), PATIENCE)?;
        Ok(Self { decoder, frames: VecDeque::new(), sound: VecDeque::new(), open: true })
    }

    fn read(&mut self) -> Result<(), MediaError> {
        match self.decoder.next_piece()? {
            Some(Piece::Picture(frame) | Piece::Held(frame)) => {
                self.frames.push_back((frame.t, frame.picture));
            }
            Some(Piece::Sound(samples)) => self.sound.extend(samples),
            Some(Piece::Silence(count)) => self.sound.extend(repeat_n(0.0, count)),
            None => self.open = false,
        }
        Ok(())
    }

    /// Whether neither a frame nor a sample is left.
    fn is_over(&mut self) -> Result<bool, MediaError> {
        while self.open && self.frames.is_empty() && self.sound.is_empty() {
            self.read()?;
        }
        Ok(self.frames.is_empty() && self.sound.is_empty())
    }

    /// So many samples, fewer at the end.
    fn samples(&mut self, count: usize) -> Result<Vec<f32>, MediaError> {
        while self.open && self.sound.len() < count {
            self.read()?;
        }
        Ok(self.sound.drain(..count.min(self.sound.len())).collect())
    }

    /// The newest frame up to `t` seconds, where there is a newer one than `shown` tells.
    fn frame(&mut self, t: f64, shown: Option<f64>) -> Result<Option<(f64, Arc<RgbImage>)>, MediaError> {
        // Frames lie on a grid: with the last before `t` there, none is waited for.
        let last = t - 1.0 / f64::from(FRAME_RATE) + 1e-6;
        let mut newest = None;
        loop {
            while self.frames.front().is_some_and(|(at, _)| *at <= t) {
                newest = self.frames.pop_front();
            }
            let at = newest.as_ref().map(|(at, _)| *at).or(shown);
            if at.is_some_and(|at| at > last) || !self.frames.is_empty() || !self.open {
                return Ok(newest);
            }
            self.read()?;
        }
    }
}

/// The decisions of all hops, and what of the file could not be used. The longer of picture and sound decides the end.
pub(crate) fn judge(mut session: Session, path: &Path, hop: f64) -> PyResult<(Vec<Event>, Loss)> {
    let mut clip = Clip::open(path).map_err(of_media)?;
    let (mut events, mut signals) = (Vec::new(), Signals::new());
    let (mut samples, mut shown) = (0, None);
    let (mut heard_to, mut seen_to) = (0.0_f64, 0.0_f64);
    for number in 1u64.. {
        if number > 1 && clip.is_over().map_err(of_media)? {
            break;
        }
        signals.check()?;
        // Counted from the start, as the session does.
        let t = number as f64 * hop;
        let count = (t * SAMPLE_RATE as f64).round() as usize - samples;
        let mut sound = clip.samples(count).map_err(of_media)?;
        if !sound.is_empty() {
            heard_to = (samples + sound.len()) as f64 / SAMPLE_RATE as f64;
        }
        sound.resize(count, 0.0);
        samples += count;
        if let Some((at, picture)) = clip.frame(t, shown).map_err(of_media)? {
            shown = Some(at);
            seen_to = seen_to.max(at + 1.0 / f64::from(FRAME_RATE));
            session.frame(Arc::unwrap_or_clone(picture));
        }
        if shown.is_none() {
            // What it ended with says more. One that goes on is ended here.
            if !clip.open {
                clip.decoder.finish().map_err(of_media)?;
            }
            return Err(PyMediaError::new_err(format!("{} ended before its first picture", path.display())));
        }
        // What is left is shorter than a hop.
        if number > 1 && t > heard_to.max(seen_to) + 1e-6 {
            break;
        }
        session.sound(&sound, |event| events.push(event));
    }
    // Read to its end: how it ended is told by the last piece.
    while clip.open {
        clip.read().map_err(of_media)?;
    }
    let damage = clip.decoder.finish().map_err(of_media)?;
    Ok((events, damage.map_or_else(Loss::default, |damage| damage.loss)))
}

/// How the names of media files end that a folder is searched for: `what` is that of Model.embed_file, or "video" for
/// Model.judge_video.
#[pyfunction]
pub(crate) fn endings(what: &str) -> PyResult<Vec<&'static str>> {
    use lookhear::media::endings::{PICTURES, SOUNDS, VIDEOS};
    let of = |kinds: &[&[&'static str]]| Ok(kinds.concat());
    match what {
        "audio" => of(&[&SOUNDS, &VIDEOS]),
        "vision" => of(&[&PICTURES, &VIDEOS]),
        "ave" => of(&[&SOUNDS, &VIDEOS, &PICTURES]),
        "video" => of(&[&VIDEOS]),
        _ => Err(pyo3::exceptions::PyValueError::new_err(format!(
            "what {what:?}: give audio, vision, ave or video"
        ))),
    }
}
