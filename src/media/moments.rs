//! Moments of a file: frames, and seconds of sound around them. All that lie close together come from one run of
//! `ffmpeg`, as starting it and finding the place takes longer than decoding a few seconds.

use std::collections::BTreeSet;
use std::io::{self, BufReader, Read};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use command_fds::{CommandFdExt, FdMapping};
use image::RgbImage;

use super::filters;
use super::process::{Process, ffmpeg, missing};
use super::samples::Samples;
use super::{Input, Loss, MediaError, probe, read_ppm};
use crate::preprocess::SAMPLE_RATE;

/// Seconds between two moments from which on another run is cheaper than decoding what lies between.
const APART: f64 = 5.0;
/// Most seconds and most moments of a run: its sound is kept until its end.
const LONGEST: f64 = 60.0;
const MOST: usize = 64;
/// Moments are told apart down to a millisecond.
const TICKS: f64 = 1000.0;
/// No file lasts longer, in seconds: four months.
const FARTHEST: f64 = 1e7;
/// Seconds before a moment in which a file without an index is certain to have a picture that stands on its own.
const APPROACH: f64 = 10.0;

/// A request for a picture or a second of sound, at a moment (seconds, 0 or more).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wanted {
    /// The video frame that is shown then.
    Picture(f64),
    /// The second of sound around it; what lies before the sound or after it is silence.
    Second(f64),
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// Upright, with square pixels.
    Picture(RgbImage),
    /// 48,000 samples of mono.
    Second(Vec<f32>),
}

impl Wanted {
    /// The moment.
    pub fn t(self) -> f64 {
        match self {
            Self::Picture(t) | Self::Second(t) => t,
        }
    }

    /// Seconds at which it begins.
    fn start(self) -> f64 {
        match self {
            Self::Picture(t) => t,
            Self::Second(t) => (t - 0.5).max(0.0),
        }
    }
}

/// Which of the moments of a file are read together, by their places in `wanted`: each [`moments`] of its own.
pub fn neighbours(wanted: &[Wanted]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|a, b| wanted[*a].start().total_cmp(&wanted[*b].start()));
    let mut runs: Vec<Vec<usize>> = Vec::new();
    for index in order {
        let t = wanted[index].start();
        match runs.last_mut() {
            Some(run)
                if run.len() < MOST
                    && t - wanted[run[0]].start() < LONGEST
                    && t - wanted[run[run.len() - 1]].start() < APART =>
            {
                run.push(index);
            }
            _ => runs.push(vec![index]),
        }
    }
    runs
}

/// Reads moments that are [`neighbours`] of each other, and hands over what was found at each, by its place in `wanted`.
///
/// A frame is the newest that is not later than its moment, and stays until the file's end, as in a player. Returned is
/// what could not be used of what was read for that.
pub fn moments(
    path: &Path,
    wanted: &[Wanted],
    take: &mut dyn FnMut(usize, Result<Found, MediaError>),
) -> Loss {
    let all: Vec<usize> = (0..wanted.len()).collect();
    Run { path, wanted }.read(&all, take)
}

/// The moments of one file.
struct Run<'a> {
    path: &'a Path,
    wanted: &'a [Wanted],
}

/// Takes what was found, by its place.
type Take<'a> = &'a mut dyn FnMut(usize, Result<Found, MediaError>);

impl Run<'_> {
    fn read(&self, these: &[usize], take: Take) -> Loss {
        let (these, beyond): (Vec<usize>, Vec<usize>) =
            these.iter().partition(|index| self.wanted[**index].t() <= FARTHEST);
        for index in beyond {
            let lasts = self.inside(self.wanted[index].t());
            take(index, lasts.and_then(|()| Err(self.unreadable("it does not last that long"))));
        }
        let begin = these.iter().map(|index| self.wanted[*index].start()).fold(f64::INFINITY, f64::min);
        if !begin.is_finite() {
            return Loss::default();
        }
        let indexed = is_indexed(self.path);
        let start = if indexed { begin } else { (begin - APPROACH).max(0.0) };
        let (pictures, seconds): (Vec<usize>, Vec<usize>) =
            these.iter().partition(|index| matches!(self.wanted[**index], Wanted::Picture(_)));
        let tick = |index: usize| ((self.wanted[index].t() - start) * TICKS).round() as u64;
        let ticks: BTreeSet<u64> = pictures.iter().map(|index| tick(*index)).collect();
        let ends = seconds.iter().map(|index| self.wanted[*index].t() + 0.5 - start);
        let length = ends.fold(0.0, f64::max);
        let mut left = pictures.clone();
        let shown = |(tick_shown, picture): (u64, RgbImage)| {
            left.retain(|index| {
                let here = tick(*index) == tick_shown;
                if here {
                    take(*index, Ok(Found::Picture(picture.clone())));
                }
                !here
            });
        };
        let arguments = Arguments { start, ticks: &ticks, hold: "", length };
        let Outcome { sound, mut loss, complaint } =
            arguments.decode(self.path, shown).unwrap_or_else(Outcome::failed);
        if !indexed && start > 0.0 {
            // Where it begins to read, a packet is cut in two, which is nobody's damage.
            loss.places = 0;
        }
        if let (Some(MediaError::NoStream { .. }), false, false) =
            (&complaint, pictures.is_empty(), seconds.is_empty())
        {
            // One of the two streams is missing; the other may still be readable.
            return self.read(&pictures, take).and(self.read(&seconds, take));
        }
        for index in left {
            take(
                index,
                match &complaint {
                    Some(complaint) => Err(complaint.again()),
                    None => self.last_shown(self.wanted[index].t()),
                },
            );
        }
        for index in seconds {
            let t = self.wanted[index].t();
            let whole = sound.len() as f64 >= (t + 0.5 - start) * SAMPLE_RATE as f64 - 1.0;
            take(
                index,
                match &complaint {
                    Some(complaint) if !whole => Err(complaint.again()),
                    _ => self.second(&sound, start, t),
                },
            );
        }
        loss
    }

    /// The second around `t`, of sound that begins at `start`.
    fn second(&self, sound: &[f32], start: f64, t: f64) -> Result<Found, MediaError> {
        let place = |seconds: f64| (seconds * SAMPLE_RATE as f64).round() as i64;
        let from = place(t - 0.5 - start);
        let at = |n: usize| usize::try_from(from + n as i64).ok().and_then(|n| sound.get(n)).copied();
        if from + SAMPLE_RATE as i64 <= 0 || from >= sound.len() as i64 {
            self.inside(t)?;
        }
        Ok(Found::Second((0..SAMPLE_RATE).map(|n| at(n).unwrap_or(0.0)).collect()))
    }

    /// The last frame, which is still shown at `t`.
    fn last_shown(&self, t: f64) -> Result<Found, MediaError> {
        self.inside(t)?;
        for start in [(t - APPROACH).max(0.0), 0.0] {
            let mut last = None;
            let ticks = BTreeSet::from([((t - start) * TICKS).round() as u64]);
            let hold = "tpad=stop=-1:stop_mode=clone,";
            let arguments = Arguments { start, ticks: &ticks, hold, length: 0.0 };
            arguments.decode(self.path, |(_, picture)| last = Some(picture))?;
            if let Some(picture) = last {
                return Ok(Found::Picture(picture));
            }
        }
        Err(self.unreadable("it has no picture there"))
    }

    /// Whether the file lasts until `t`.
    fn inside(&self, t: f64) -> Result<(), MediaError> {
        let input = Input::from(self.path);
        // What was streamed does not say how long it is.
        let seconds =
            probe::seconds(&input)?.map_or_else(|| probe::last(&input), |seconds| Ok(Some(seconds)))?;
        match seconds {
            // The length is rounded and may be a little short.
            Some(seconds) if t > seconds + 0.1 => {
                Err(MediaError::Beyond { input: self.path.display().to_string(), moment: t, seconds })
            }
            _ => Ok(()),
        }
    }

    fn unreadable(&self, reason: &str) -> MediaError {
        MediaError::Unreadable { input: self.path.display().to_string(), reason: reason.into() }
    }
}

/// What `ffmpeg` is asked for.
struct Arguments<'a> {
    /// Seconds at which it begins to read.
    start: f64,
    /// Of the frames: milliseconds after `start`.
    ticks: &'a BTreeSet<u64>,
    /// A filter that holds the last frame, or nothing.
    hold: &'a str,
    /// Seconds of sound.
    length: f64,
}

/// The result of a run of `ffmpeg`.
struct Outcome {
    sound: Vec<f32>,
    /// What was damaged of what was read.
    loss: Loss,
    /// Why some or all moments could not be read.
    complaint: Option<MediaError>,
}

impl Outcome {
    fn failed(error: MediaError) -> Self {
        Self { sound: Vec::new(), loss: Loss::default(), complaint: Some(error) }
    }
}

impl Arguments<'_> {
    /// Hands over the frames as they come; the sound is complete at the end.
    fn decode(&self, path: &Path, mut shown: impl FnMut((u64, RgbImage))) -> Result<Outcome, MediaError> {
        let input = Input::from(path);
        let (reader, writer) = io::pipe().map_err(missing("ffmpeg"))?;
        let mut command = self.command(&input)?;
        let mapping = FdMapping { parent_fd: OwnedFd::from(writer), child_fd: 3 };
        command.fd_mappings(vec![mapping]).map_err(|e| missing("ffmpeg")(io::Error::other(e)))?;
        let (mut process, stdout) = Process::start(command, &input.to_string())?;
        let sound = thread::spawn(move || {
            let mut all = Vec::new();
            let mut samples = Samples::new(reader);
            while let Some(chunk) = samples.next_chunk() {
                all.extend_from_slice(chunk);
            }
            (all, samples.damaged())
        });
        let (mut pipe, mut seen) = (BufReader::with_capacity(1 << 20, stdout), false);
        for tick in self.ticks {
            let Ok(Some(picture)) = read_ppm(&mut pipe) else { break };
            seen = true;
            shown((*tick, picture));
        }
        let (sound, values) = sound.join().unwrap_or_default();
        let (damage, complaint) = match process.finish(seen || !sound.is_empty()) {
            Ok(damage) => (damage, None),
            Err(error) => (None, Some(error)),
        };
        let loss = damage.map_or_else(Loss::default, |damage| damage.loss).and(Loss { places: 0, values });
        Ok(Outcome { sound, loss, complaint })
    }

    fn command(&self, input: &Input) -> Result<Command, MediaError> {
        let mut command = ffmpeg();
        // Not the accurate seek: it drops the frame that is shown at the start, if it began to be shown before. And none at
        // all to the beginning: raw streams would lose what they have.
        if self.start > 0.0 {
            command.args(["-noaccurate_seek", "-ss", &format!("{:.6}", self.start)]);
        }
        input.add_to(&mut command).stdin(Stdio::null());
        if !self.ticks.is_empty() {
            let these: Vec<String> = self.ticks.iter().map(|tick| format!("eq(n,{tick})")).collect();
            // A frame every millisecond (the same one again and again, which costs next to nothing), rounded up: each
            // is the newest that is not later.
            let (these, picture) = (these.join("+"), filters::picture(probe::coding(input)?));
            let filter = format!("fps={TICKS}:start_time=0:round=up,{}select='{these}',{picture}", self.hold);
            command.args(["-map", "0:v:0", "-vf", &filter, "-frames:v", &self.ticks.len().to_string()]);
            command.args(["-fps_mode", "passthrough", "-f", "image2pipe", "-c:v", "ppm", "pipe:1"]);
        }
        if self.length > 0.0 {
            let filter = format!("aresample={SAMPLE_RATE}:async=1:first_pts=0");
            command.args(["-map", "0:a:0", "-af", &filter, "-t", &format!("{:.6}", self.length)]);
            command.args(["-ac", "2", "-f", "f32le", "pipe:3"]);
        }
        Ok(command)
    }
}

/// Whether `ffmpeg` finds the picture that stands on its own before a moment: MPEG's streams have no index.
fn is_indexed(path: &Path) -> bool {
    let mut start = [0; 512];
    let read = std::fs::File::open(path).and_then(|mut file| file.read(&mut start)).unwrap_or(0);
    let start = &start[..read];
    let synchronized = [188, 192, 204].iter().any(|length| {
        let offset = if *length == 192 { 4 } else { 0 };
        [offset, offset + length].iter().all(|at| start.get(*at) == Some(&0x47))
    });
    !(synchronized || start.starts_with(&[0, 0, 1, 0xba]))
}

#[cfg(test)]
mod tests;
