//! Examples from real videos, sampled as the paper does (section 2.2 and 3).

use std::path::{Path, PathBuf};

use lookhear::media;
use lookhear::preprocess::{picture, spectrogram};
use lookhear::studio::compose::{self, Scene};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::Error;
use crate::compose::SIDE;
use crate::example::Example;

/// Frames and seconds start on this grid (seconds), for both classes alike: if only positives did,
/// the grid itself would tell them from negatives.
pub const GRID: f64 = 0.04;

/// A folder of videos that have picture and sound, of at least a second.
pub struct Videos {
    files: Vec<(PathBuf, f64)>,
}

/// A moment of a video: a frame and a second of sound that overlap.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// When the frame is shown, in seconds.
    pub frame: f64,
    /// When the second of sound begins, in seconds.
    pub sound: f64,
}

/// A random moment of a video of the given length (seconds, at least 1): the frame lies within the
/// second of sound, everything lies within the video and on the [`GRID`].
pub fn moment(length: f64, rng: &mut impl Rng) -> Moment {
    let last = ((length - 1.0).max(0.0) / GRID).floor() as u64;
    let start = rng.random_range(0..=last);
    let within = rng.random_range(0..(1.0 / GRID) as u64);
    Moment { frame: (start + within) as f64 * GRID, sound: start as f64 * GRID }
}

impl Videos {
    /// Reads a folder's file names and the videos' lengths; files that cannot serve are named on
    /// standard error and left out.
    ///
    /// # Errors
    /// The folder cannot be read, or fewer than two videos in it can serve.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let entries = std::fs::read_dir(folder).map_err(|e| Error::file(folder, e))?;
        let mut paths: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
        paths.sort();
        let mut files = Vec::new();
        for path in paths.into_iter().filter(|p| p.is_file()) {
            match media::probe(&path.to_string_lossy()) {
                Ok(probe) if probe.seconds >= 1.0 => files.push((path, probe.seconds)),
                Ok(_) => eprintln!("left out: {} is shorter than a second", path.display()),
                Err(error) => eprintln!("left out: {error}"),
            }
        }
        match files.len() {
            0 | 1 => {
                Err(Error::file(folder, "fewer than two videos in it have a second of picture and sound"))
            }
            _ => Ok(Self { files }),
        }
    }

    /// Number of videos.
    pub fn count(&self) -> usize {
        self.files.len()
    }

    /// The picture of one video with the sound of another (or, for a positive, of the same one).
    /// Both draw their moments in the same way.
    ///
    /// # Errors
    /// ffmpeg cannot read a video.
    pub fn example(&self, seen: usize, heard: usize, rng: &mut ChaCha8Rng) -> Result<Example, Error> {
        let (path, length) = &self.files[seen];
        let here = moment(*length, rng);
        let photo = media::frame_at(path, here.frame)?;
        let area = compose::random_area(&photo, 1.0, 0.85, rng);
        let mut scene = Scene { picture: picture::resize(&photo, area, SIDE, SIDE), boxes: vec![] };
        compose::jitter(&mut scene, 0.2, true, rng);

        let (path, length) = &self.files[heard];
        let there = if seen == heard { here } else { moment(*length, rng) };
        let mut second = media::sound_at(path, there.sound + 0.5)?;
        let gain: f32 = rng.random_range(0.9..1.1);
        second.iter_mut().for_each(|s| *s *= gain);
        Ok(Example {
            picture: picture::normalize(&scene.picture),
            sound: spectrogram::second(&second),
            seen: vec![seen as u32],
            heard: Some(heard as u32),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn frame_and_second_overlap_within_the_video_and_on_the_grid() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for _ in 0..5000 {
            let length = rng.random_range(1.0..12.0);
            let Moment { frame, sound } = moment(length, &mut rng);
            assert!(sound >= 0.0 && sound + 1.0 <= length + 1e-9);
            assert!(frame >= sound - 1e-9 && frame < sound + 1.0);
            for time in [frame, sound] {
                let steps = time / GRID;
                assert!((steps - steps.round()).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn frames_of_both_classes_lie_alike_in_their_videos() {
        // Positives and negatives both take `moment`; the place of the frame in the grid's cells
        // must not tell them apart: the mean place is the same within noise.
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let mut mean = |n: usize| (0..n).map(|_| moment(10.0, &mut rng).frame).sum::<f64>() / n as f64;
        assert!((mean(4000) - mean(4000)).abs() < 0.2);
    }
}
