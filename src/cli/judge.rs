//! `lookhear judge IMAGE SOUND` and `lookhear judge --pairs FILE.tsv`.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use image::RgbImage;
use lookhear::event::Event;
use lookhear::judge::{Judge, level};
use lookhear::media::{self, MediaError};
use lookhear::preprocess::{SAMPLE_RATE, spectrogram};
use serde::Serialize;

use super::{Failure, ModelArguments};

#[derive(Args)]
pub(super) struct JudgeArguments {
    /// A picture, or a moment of a video: clip.mp4@3.5
    #[arg(required_unless_present = "pairs", requires = "sound")]
    picture: Option<String>,
    /// A sound, or a moment of a sound or video: clip.mp4@3.5. Without a moment, its loudest second.
    sound: Option<String>,
    /// Judge many: a file with a picture, a tab and a sound on each line.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["picture", "sound"])]
    pairs: Option<PathBuf>,
    /// Add the localization map.
    #[arg(long)]
    map: bool,
    #[command(flatten)]
    model: ModelArguments,
}

/// An event with the names of what was judged.
#[derive(Serialize)]
struct Answer<'a> {
    picture: &'a str,
    sound: &'a str,
    #[serde(flatten)]
    event: Event,
}

impl JudgeArguments {
    pub(super) fn run(self) -> Result<(), Failure> {
        let pairs = match (&self.pairs, self.picture, self.sound) {
            (Some(file), _, _) => read_pairs(file)?,
            (None, Some(picture), Some(sound)) => vec![(picture, sound)],
            (None, _, _) => return Err("give a picture and a sound, or --pairs FILE".into()),
        };
        let mut judge = self.model.load()?;
        let mut out = std::io::stdout().lock();
        let mut failed = 0;
        for (picture, sound) in &pairs {
            match answer(&mut judge, picture, sound, self.map) {
                Ok(event) => {
                    serde_json::to_writer(&mut out, &Answer { picture, sound, event })?;
                    out.write_all(b"\n")?;
                }
                Err(error) if self.pairs.is_none() => return Err(error.into()),
                // One bad line does not cost the thousands after it.
                Err(error) => {
                    log::error!("{error}");
                    failed += 1;
                }
            }
        }
        match failed {
            0 => Ok(()),
            _ => Err(format!("{failed} of {} pairs could not be judged", pairs.len()).into()),
        }
    }
}

fn answer(judge: &mut Judge, picture: &str, sound: &str, map: bool) -> Result<Event, MediaError> {
    let (picture, moment) = load_picture(picture)?;
    let second = load_sound(sound)?;
    let spectrogram = spectrogram::second(&second);
    let (seen, heard) = (judge.see(&picture), judge.hear(&spectrogram));
    let judgement = judge.judge(&seen, &heard);
    let size = picture.dimensions();
    let mut event = judge.event(moment, &judgement, &picture, level(&second), &mut judge.decision());
    event.map = map.then(|| judge.shown_map(&judgement.map, size).to_rows());
    Ok(event)
}

/// `file@seconds` in two, unless a file has just this name.
fn moment(name: &str) -> (&Path, Option<f64>) {
    let split = name.rsplit_once('@').and_then(|(file, t)| Some((file, t.parse::<f64>().ok()?)));
    match split {
        Some((file, t)) if t >= 0.0 && !Path::new(name).exists() => (Path::new(file), Some(t)),
        _ => (Path::new(name), None),
    }
}

fn load_picture(name: &str) -> Result<(RgbImage, f64), MediaError> {
    match moment(name) {
        (file, Some(t)) => Ok((media::frame_at(file, t)?, t)),
        (file, None) => Ok((media::picture(file)?, 0.0)),
    }
}

fn load_sound(name: &str) -> Result<Vec<f32>, MediaError> {
    match moment(name) {
        (file, Some(t)) => media::sound_at(file, t),
        (file, None) => Ok(loudest_second(&media::sound(file)?).to_vec()),
    }
}

/// The second with the most energy, on a grid of a tenth of a second.
fn loudest_second(samples: &[f32]) -> &[f32] {
    let last = samples.len().saturating_sub(SAMPLE_RATE);
    let starts = (0..last + 1).step_by(SAMPLE_RATE / 10);
    let second = |start: usize| &samples[start..samples.len().min(start + SAMPLE_RATE)];
    let energy = |start: &usize| second(*start).iter().map(|s| f64::from(*s).powi(2)).sum::<f64>();
    // Of equally loud ones the first, hence from the end.
    second(starts.rev().max_by(|a, b| energy(a).total_cmp(&energy(b))).unwrap_or(0))
}

fn read_pairs(file: &Path) -> Result<Vec<(String, String)>, Failure> {
    let text =
        std::fs::read_to_string(file).map_err(|e| format!("{} cannot be read: {e}", file.display()))?;
    let mut pairs = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let (picture, sound) = line.split_once('\t').ok_or_else(|| {
            format!("{}, line {}: there must be a tab between picture and sound", file.display(), number + 1)
        })?;
        pairs.push((picture.trim().into(), sound.trim().into()));
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_split_from_names() {
        assert_eq!(moment("clip.mp4@3.5"), (Path::new("clip.mp4"), Some(3.5)));
        assert_eq!(moment("me@home.png"), (Path::new("me@home.png"), None));
        assert_eq!(moment("clip.mp4"), (Path::new("clip.mp4"), None));
    }

    #[test]
    fn the_loudest_second_is_found() {
        let mut samples = vec![0.0; 5 * SAMPLE_RATE];
        samples[3 * SAMPLE_RATE..4 * SAMPLE_RATE].fill(0.5);
        assert_eq!(loudest_second(&samples), [0.5; SAMPLE_RATE]);
        assert_eq!(loudest_second(&[0.1; 10]), [0.1; 10]);
    }
}
