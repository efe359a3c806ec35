//! `lookhear watch INPUT`.

use std::io::{self, BufWriter, IsTerminal};
use std::path::{Path, PathBuf};

use clap::Args;
use lookhear::capture::open_recorded;
use lookhear::media::endings::{VIDEOS, has_ending};
use lookhear::pipeline::{self, Sink, Summary};
use lookhear::sinks::{Json, Lines, Terminal, Video};

use super::config::named;
use super::{Failure, ModelArguments, RunArguments, controls};

#[derive(Args)]
pub(super) struct Watch {
    /// A file, a folder of files, a URL that ffmpeg reads (RTSP, HTTP), or - for standard input.
    input: String,
    /// Show the annotated picture in the terminal.
    #[arg(long, conflicts_with = "json")]
    show: bool,
    /// Write the annotated video (MP4), sound included. For a folder: a folder.
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    #[command(flatten)]
    run: RunArguments,
    /// Tell on standard error how long the network took.
    #[arg(long)]
    stats: bool,
    #[command(flatten)]
    model: ModelArguments,
}

impl Watch {
    pub(super) fn run(self) -> Result<(), Failure> {
        let settings = self.run.settings()?;
        let controls = controls()?;
        let mut judge = named(self.model.load()?, self.run.gallery.as_deref())?;
        let mut one = |input: &str, save: Option<PathBuf>| -> Result<(), Failure> {
            let source = open_recorded(input)?;
            let mut sinks = self.sinks(save)?;
            let summary = pipeline::run(source, &mut judge, &mut sinks, settings, &controls)?;
            if self.stats {
                report(input, &summary);
            }
            Ok(())
        };
        let folder = Path::new(&self.input);
        if !folder.is_dir() {
            return one(&self.input, self.save.clone());
        }
        let files = videos_in(folder)?;
        if let Some(save) = &self.save {
            std::fs::create_dir_all(save).map_err(|e| format!("{} cannot be made: {e}", save.display()))?;
        }
        let mut failed = 0;
        for file in &files {
            let name = file.file_name().unwrap_or_default();
            let save = self.save.as_ref().map(|folder| folder.join(name).with_extension("mp4"));
            if self.run.json || !self.show {
                eprintln!("{}", file.display());
            }
            // One bad file does not keep the others from being watched.
            if let Err(error) = one(&file.to_string_lossy(), save) {
                log::error!("{error}");
                failed += 1;
            }
        }
        match failed {
            0 => Ok(()),
            _ => Err(format!("{failed} of {} files could not be watched", files.len()).into()),
        }
    }

    fn sinks(&self, save: Option<PathBuf>) -> Result<Vec<Box<dyn Sink>>, Failure> {
        let stdout = io::stdout();
        let mut sinks: Vec<Box<dyn Sink>> = Vec::new();
        sinks.push(match (self.run.json, self.show && stdout.is_terminal()) {
            (true, _) => Box::new(Json(BufWriter::new(stdout))),
            (false, true) => Box::new(Terminal::new()),
            (false, false) => Box::new(Lines(BufWriter::new(stdout))),
        });
        if let Some(target) = save {
            sinks.push(Box::new(Video::new(target)?));
        }
        sinks.extend(self.run.snapshots()?);
        Ok(sinks)
    }
}

fn report(input: &str, summary: &Summary) {
    let each = summary.busy.as_secs_f64() * 1e3 / summary.events.max(1) as f64;
    eprintln!(
        "{input}: {} decisions over {:.2} s, {each:.1} ms each for preprocessing and network",
        summary.events, summary.seconds
    );
}

fn videos_in(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let cannot = |e: io::Error| format!("{} cannot be read: {e}", folder.display());
    let is_video = |path: &PathBuf| path.is_file() && has_ending(path, &VIDEOS);
    let entries: Result<Vec<_>, _> = std::fs::read_dir(folder).map_err(cannot)?.collect();
    let mut files: Vec<PathBuf> =
        entries.map_err(cannot)?.into_iter().map(|e| e.path()).filter(is_video).collect();
    files.sort();
    match files.is_empty() {
        true => Err(format!("{} holds no video file ({})", folder.display(), VIDEOS.join(", ")).into()),
        false => Ok(files),
    }
}
