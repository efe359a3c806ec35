//! Pictures and sound on one timeline, whatever their timestamps do.
//!
//! - Pictures lie on a grid; each stays until the next is due. Sound is one row of samples.
//! - Sound that comes up to [`TOLERANCE`] early or late follows what came before. Beyond that, silence fills what is
//!   missing, and what comes twice is heard once.
//! - A gap of more than [`GAP`] with neither picture nor sound is passed over: a clock was set, or a recording went on.
//! - What one stream lacks is not waited for longer than [`LEAD`] of the other, so that memory stays bounded.

use std::collections::VecDeque;
use std::sync::Arc;

use image::RgbImage;

use crate::preprocess::SAMPLE_RATE;
use crate::ring::VideoFrame;

/// Longest gap, in seconds, that is kept; longer ones are skipped.
pub const GAP: f64 = 60.0;
/// Seconds that timestamps of sound may be off: containers round them, and clocks drift.
const TOLERANCE: f64 = 0.1;
/// The tolerance while sound repeats what was heard already: new sound begins where the old ended.
const CLOSE: f64 = 0.005;
/// Seconds of one stream that wait for the other, and the most bytes of pictures.
const LEAD: f64 = 10.0;
const LEAD_BYTES: usize = 600 << 20;
/// How long the last picture lasts at most, in seconds.
const LAST: f64 = 1.0;

/// One of the two streams of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    /// What is seen.
    Picture,
    /// Sound: 48 kHz, 32-bit floating point.
    Sound,
}

/// What comes next on the timeline.
#[derive(Clone, Debug)]
pub enum Piece {
    /// The picture of the next moment of the grid.
    Picture(VideoFrame),
    /// The last picture again, where no new one came.
    Held(VideoFrame),
    /// Samples, 48 kHz mono.
    Sound(Vec<f32>),
    /// So many samples for which there is no sound.
    Silence(usize),
}

/// The moments at which pictures are wanted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Grid {
    /// So many a second, each with the picture whose time is nearest.
    Near(f64),
    /// So many a second, each with the newest picture that is not later.
    Latest(f64),
}

impl Grid {
    fn rate(self) -> f64 {
        match self {
            Self::Near(rate) | Self::Latest(rate) => rate,
        }
    }

    /// The first moment that shows a picture of time `t`.
    fn tick(self, t: f64) -> u64 {
        match self {
            Self::Near(rate) => (t * rate + 0.5).floor() as u64,
            // Timestamps are rounded to milliseconds.
            Self::Latest(rate) => ((t - 6e-4) * rate).ceil() as u64,
        }
    }
}

/// The waiting items of a stream.
struct Lane<T> {
    waiting: VecDeque<(f64, T)>,
    open: bool,
    /// Subtracted from its timestamps: what was passed over.
    shift: f64,
}

impl<T> Lane<T> {
    fn new(open: bool) -> Self {
        Self { waiting: VecDeque::new(), open, shift: 0.0 }
    }

    /// When the next item is due.
    fn due(&self) -> Option<f64> {
        self.waiting.front().map(|(t, _)| t - self.shift)
    }

    fn lead(&self) -> f64 {
        match (self.waiting.front(), self.waiting.back()) {
            (Some((first, _)), Some((last, _))) => last - first,
            _ => 0.0,
        }
    }
}

/// Takes the items of both streams in any order, gives pieces in the order of time.
pub(super) struct Timeline {
    grid: Grid,
    pictures: Lane<Arc<RgbImage>>,
    bytes: usize,
    sound: Lane<Vec<f32>>,
    /// The latest moment that either stream has come to.
    end: f64,
    /// Moments of the grid given so far.
    ticks: u64,
    shown: Option<(f64, Arc<RgbImage>)>,
    /// How long the picture before the last one stayed.
    stayed: f64,
    /// Samples given so far, silence among them.
    heard: u64,
    /// Whether the last sound that came was heard already.
    repeated: bool,
    /// Whether the last of them were silence: sound then begins where it belongs.
    silent: bool,
    ready: VecDeque<Piece>,
}

impl Timeline {
    /// A timeline; `pictures` and `sound` tell which streams there will be.
    pub(super) fn new(grid: Grid, pictures: bool, sound: bool) -> Self {
        Self {
            grid,
            pictures: Lane::new(pictures),
            bytes: 0,
            sound: Lane::new(sound),
            end: 0.0,
            ticks: 0,
            shown: None,
            stayed: 1.0 / grid.rate().max(1.0),
            heard: 0,
            repeated: false,
            silent: true,
            ready: VecDeque::new(),
        }
    }

    /// A picture of time `t` (seconds).
    pub(super) fn picture(&mut self, t: f64, picture: RgbImage) {
        self.bytes += picture.as_raw().len();
        self.pictures.waiting.push_back((t, Arc::new(picture)));
    }

    /// Samples, the first of time `t` (seconds).
    pub(super) fn sound(&mut self, t: f64, samples: Vec<f32>) {
        self.sound.waiting.push_back((t, samples));
    }

    /// No more will come of a stream.
    pub(super) fn close(&mut self, stream: Stream) {
        match stream {
            Stream::Picture => self.pictures.open = false,
            Stream::Sound => self.sound.open = false,
        }
    }

    /// Whether nothing more will come.
    pub(super) fn is_over(&self) -> bool {
        !self.pictures.open && !self.sound.open && self.ready.is_empty()
    }

    /// The next piece; `None`: more items are needed first, or it is over.
    pub(super) fn next_piece(&mut self) -> Option<Piece> {
        loop {
            if !self.pictures.open && self.pictures.waiting.is_empty() {
                self.show_last();
            }
            if let Some(piece) = self.ready.pop_front() {
                return Some(piece);
            }
            let full = self.pictures.lead() > LEAD || self.bytes > LEAD_BYTES;
            match (self.pictures.due(), self.sound.due()) {
                (Some(picture), Some(sound)) if full || picture <= sound => {
                    self.take_picture(picture > sound)
                }
                (Some(_), Some(_)) => self.take_sound(self.sound.lead() > LEAD),
                (Some(_), None) if full || !self.sound.open => self.take_picture(self.sound.open),
                (None, Some(_)) if self.sound.lead() > LEAD || !self.pictures.open => {
                    self.take_sound(self.pictures.open);
                }
                _ => return None,
            }
        }
    }

    /// The moment for the next item of a stream, after a gap was passed over. `alone`: the other stream does not wait
    /// for the same moment, so the gap is in this stream only.
    fn place(&mut self, stream: Stream, due: f64, alone: bool) -> f64 {
        let gap = due - self.end;
        if gap <= GAP {
            return due;
        }
        match stream {
            Stream::Picture => self.pictures.shift += gap,
            Stream::Sound => self.sound.shift += gap,
        }
        if !alone {
            match stream {
                Stream::Picture => self.sound.shift += gap,
                Stream::Sound => self.pictures.shift += gap,
            }
        }
        self.end
    }

    fn take_picture(&mut self, alone: bool) {
        let Some(due) = self.pictures.due() else { return };
        let t = self.place(Stream::Picture, due, alone);
        let Some((_, picture)) = self.pictures.waiting.pop_front() else { return };
        self.bytes -= picture.as_raw().len();
        if let Some((before, _)) = &self.shown {
            self.stayed = (t - before).clamp(0.0, LAST);
        } else {
            self.shown = Some((t, picture.clone()));
        }
        self.show(self.grid.tick(t), false);
        self.shown = Some((t, picture));
        self.end = self.end.max(t);
        if self.sound.open || !self.sound.waiting.is_empty() {
            self.silence(t - TOLERANCE);
        }
    }

    fn take_sound(&mut self, alone: bool) {
        let Some(due) = self.sound.due() else { return };
        let t = self.place(Stream::Sound, due, alone);
        let Some((_, mut samples)) = self.sound.waiting.pop_front() else { return };
        if self.shown.is_none() {
            self.shown = self.pictures.waiting.front().map(|(_, picture)| (t, picture.clone()));
        }
        if self.pictures.open || !self.pictures.waiting.is_empty() {
            // A picture that comes later than this sound: until then the one before stays.
            self.show(self.grid.tick(t), self.pictures.waiting.is_empty());
        }
        let late = self.heard as f64 / SAMPLE_RATE as f64 - t;
        self.repeated = late > if self.repeated { CLOSE } else { TOLERANCE };
        if self.repeated {
            samples.drain(..samples.len().min((late * SAMPLE_RATE as f64).round() as usize));
        } else if late < -TOLERANCE || self.silent {
            self.silence(t);
        }
        self.heard += samples.len() as u64;
        self.end = self.end.max(self.heard as f64 / SAMPLE_RATE as f64);
        if !samples.is_empty() {
            self.silent = false;
            self.ready.push_back(Piece::Sound(samples));
        }
    }

    /// Silence up to a moment.
    fn silence(&mut self, until: f64) {
        let missing = ((until * SAMPLE_RATE as f64).round().max(0.0) as u64).saturating_sub(self.heard);
        if missing > 0 {
            self.heard += missing;
            self.silent = true;
            self.ready.push_back(Piece::Silence(missing as usize));
        }
    }

    /// The picture that is shown, for all moments before `tick`.
    fn show(&mut self, tick: u64, held: bool) {
        let Some((_, picture)) = &self.shown else { return };
        while self.ticks < tick {
            let t = self.ticks as f64 / self.grid.rate();
            let frame = VideoFrame { t, captured: t, picture: picture.clone() };
            self.ready.push_back(if held { Piece::Held(frame) } else { Piece::Picture(frame) });
            self.ticks += 1;
        }
    }

    /// The last picture lasts as long as the one before.
    fn show_last(&mut self) {
        if let Some((t, _)) = &self.shown {
            self.show(self.grid.tick(t + self.stayed), false);
            self.shown = None;
        }
    }
}

#[cfg(test)]
mod tests;
