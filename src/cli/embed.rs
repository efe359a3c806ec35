//! `lookhear embed INPUTS --out FOLDER`.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use lookhear::embed::{
    EmbedError, Embedder, Existing, Format, Job, Label, Pool, Settings, Space, Table, What, jobs,
};
use lookhear::media::{Loss, MediaError};
use lookhear::output::OutputError;
use lookhear::pipeline::Controls;

use super::arguments::ModelArguments;
use super::ending::{Failure, Unfinished, controls};

#[derive(Args)]
pub(super) struct Embed {
    /// Files, or folders to search with their sub-folders.
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<PathBuf>,
    /// Where the embeddings go: a file for each input (clip_audio.npz, clip_image.npz; other settings are in the name, too), in
    /// the same sub-folders.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// What is embedded: audio, vision, or ave (the space that sounds and pictures share).
    #[arg(long, default_value = "audio")]
    what: What,
    /// tower (the default), or shared: the space that sounds and pictures share, where `lookhear search` finds the one by the
    /// other.
    #[arg(long)]
    space: Option<Space>,
    /// What remains of the activation map: grid (4 x 3 for audio, 4 x 4 for vision; the default) or global.
    #[arg(long)]
    pool: Option<Pool>,
    /// Seconds from one window of sound, or video frame, to the next.
    #[arg(long, default_value_t = Settings::default().hop, value_name = "SECONDS", allow_negative_numbers = true)]
    hop: f64,
    /// Let timestamps mark the start of each window of sound, not its middle.
    #[arg(long)]
    uncentred: bool,
    /// npz, parquet, or both with a comma between.
    #[arg(long, default_value = "npz", value_delimiter = ',')]
    format: Vec<Format>,
    /// Make outputs anew that are there, and replace files that `embed` did not make.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    model: ModelArguments,
}

/// A run over all inputs.
struct Run {
    embedder: Embedder,
    label: Label,
    out: PathBuf,
    formats: Vec<Format>,
    force: bool,
    controls: Arc<Controls>,
    bar: ProgressBar,
}

impl Embed {
    pub(super) fn run(self) -> Result<(), Failure> {
        if self.what == What::Ave && self.pool.is_some() {
            return Err("--pool: --what ave is not pooled to a grid; leave one of the two out".into());
        }
        if self.what == What::Ave && self.space.is_some() {
            return Err("--space: --what ave is the shared space; leave one of the two out".into());
        }
        if self.space == Some(Space::Shared) && self.pool.is_some() {
            return Err("--pool: --space shared is not pooled to a grid; leave one of the two out".into());
        }
        let settings = Settings {
            what: self.what,
            space: self.space.unwrap_or_default(),
            pool: self.pool.unwrap_or_default(),
            hop: self.hop,
            centred: !self.uncentred,
        };
        let bundle = self.model.bundle()?;
        settings.validate(&bundle.manifest.spec)?;
        let jobs = jobs(&self.inputs, &self.out, &settings)?;
        let label = Label::new(&bundle.hash, self.model.engine().name(), &settings);
        let embedder = Embedder::new(self.model.judge(bundle)?, settings)?;
        let unusable = |e: std::io::Error| format!("{} cannot be written: {e}", self.out.display());
        std::fs::create_dir_all(&self.out).map_err(unusable)?;
        let style =
            ProgressStyle::with_template("{bar:30} {pos}/{len}  {elapsed_precise} + {eta_precise}  {msg}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        Run {
            embedder,
            label,
            out: self.out,
            formats: self.format,
            force: self.force,
            controls: controls()?,
            bar: ProgressBar::new(jobs.len() as u64).with_style(style),
        }
        .all(&jobs)
    }
}

impl Run {
    fn all(mut self, jobs: &[Job]) -> Result<(), Failure> {
        let (mut made, mut failed, mut damaged) = (0, 0, 0);
        for (n, job) in jobs.iter().enumerate() {
            match self.one(job) {
                Ok(None) => {}
                Ok(Some(loss)) => {
                    made += 1;
                    if !loss.is_nothing() {
                        let input = job.input.display();
                        self.bar.suspend(|| log::warn!("{input}: {loss}; the rest was used"));
                        damaged += 1;
                    }
                }
                Err(EmbedError::Stopped) => {
                    self.bar.finish_and_clear();
                    let total = jobs.len();
                    let words = format!(" after {n} of {total} files; the same command goes on");
                    return Err(Unfinished::Interrupted(words).into());
                }
                // Further files would fail as well.
                Err(
                    error @ (EmbedError::Io { .. }
                    | EmbedError::Output(OutputError::Io { .. })
                    | EmbedError::Media(MediaError::Missing { .. })),
                ) => {
                    self.bar.finish_and_clear();
                    return Err(error.into());
                }
                // A bad file does not stop the files after it.
                Err(error) => {
                    self.bar.suspend(|| log::error!("{error}"));
                    failed += 1;
                }
            }
            self.bar.inc(1);
        }
        self.bar.finish_and_clear();
        let (total, same, dims) = (jobs.len(), jobs.len() - made - failed, self.embedder.dims());
        eprintln!("{made} of {total} files embedded, {same} up to date; {dims} dimensions");
        match (failed, damaged) {
            (0, 0) => Ok(()),
            (0, _) => Err(Unfinished::Damaged(format!("{damaged} of {total} files were damaged")).into()),
            _ => Err(format!("{failed} of {total} files could not be embedded").into()),
        }
    }

    /// What could not be used of the file; `None`: nothing had to be made.
    fn one(&mut self, job: &Job) -> Result<Option<Loss>, EmbedError> {
        if self.controls.stop.load(Ordering::Relaxed) {
            return Err(EmbedError::Stopped);
        }
        let label = self.label.of(&job.input);
        let mut missing = Vec::new();
        for format in &self.formats {
            let target = job.output(*format);
            match format.existing(&target, &label, &job.input) {
                Existing::Foreign if !self.force => {
                    return Err(EmbedError::Foreign { output: target.display().to_string() });
                }
                Existing::Other if !self.force => {
                    return Err(EmbedError::Other { output: target.display().to_string() });
                }
                Existing::Same if !self.force => {}
                _ => missing.push((*format, target)),
            }
        }
        if missing.is_empty() {
            return Ok(None);
        }
        let io = |path: &Path| {
            let output = path.display().to_string();
            move |source| EmbedError::Io { output, source }
        };
        let mut table = Table::new(&self.out, self.embedder.dims()).map_err(io(&self.out))?;
        let name = job.input.file_name().unwrap_or_default().to_string_lossy();
        let Self { embedder, controls, bar, .. } = self;
        let loss = embedder.embed(&job.input, &mut table, |t| {
            bar.set_message(format!("{name} {t:.0} s"));
            match controls.stop.load(Ordering::Relaxed) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        })?;
        for (format, target) in missing {
            let folder = target.parent().unwrap_or(&self.out);
            std::fs::create_dir_all(folder).map_err(io(folder))?;
            format.write(&target, &mut table, &label)?;
        }
        Ok(Some(loss))
    }
}
