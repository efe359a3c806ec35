//! `lookhear-train prepare`: videos to shards.

use std::path::PathBuf;

use lookhear_train::Error;
use lookhear_train::prepare::{self, Format, Settings};

use super::signals::stopped_by_signals;

/// What to prepare.
#[derive(clap::Args)]
pub(super) struct Prepare {
    /// Folder with the videos; its subfolders are searched, too.
    videos: PathBuf,
    /// Folder for the shards. The same command goes on where an earlier one stopped.
    #[arg(long)]
    out: PathBuf,
    /// Table of clips; once for each of a data set's tables. Without one every video is cut from its beginning to
    /// its end.
    #[arg(long, requires = "format")]
    csv: Vec<PathBuf>,
    /// Whose tables they are.
    #[arg(long, requires = "csv")]
    format: Option<Format>,
    /// Length of a clip, at most.
    #[arg(long, default_value_t = 10.0)]
    clip_seconds: f64,
    /// Frames a second.
    #[arg(long, default_value_t = 5.0)]
    fps: f64,
    /// Shorter side of a frame, at most.
    #[arg(long, default_value_t = 256)]
    side: u32,
    /// Quality of the JPEG frames.
    #[arg(long, default_value_t = 90)]
    quality: u8,
    /// Clips in a shard; 10 seconds take about 2 MB.
    #[arg(long, default_value_t = 500)]
    shard_clips: usize,
    /// Share for the test side, where the table has no split.
    #[arg(long, default_value_t = 0.1)]
    held_out: f64,
    /// Share for the validation side, likewise.
    #[arg(long, default_value_t = 0.05)]
    validation: f64,
    /// Videos that are worked on at a time [default: number of cores].
    #[arg(long)]
    jobs: Option<usize>,
}

impl Prepare {
    /// Prepares, and says on standard output what was made and what was left out.
    pub(super) fn run(self) -> Result<(), Error> {
        let stop = stopped_by_signals()?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let settings = Settings {
            videos: self.videos,
            tables: self.format.map(|format| (self.csv, format)),
            out: self.out,
            clip_seconds: self.clip_seconds,
            fps: self.fps,
            side: self.side,
            quality: self.quality,
            shard_clips: self.shard_clips,
            held_out: self.held_out,
            validation: self.validation,
            jobs: self.jobs.unwrap_or(cores),
        };
        let out = settings.out.display();
        match prepare::run(&settings, &stop)? {
            Some(summary) => {
                println!("{summary}\n{out}/report.jsonl names every file that was left out");
                Ok(())
            }
            None => {
                let words = format!("complete shards are in {out}, and the same command goes on");
                Err(Error::Interrupted(words))
            }
        }
    }
}
