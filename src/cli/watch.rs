//! `lookhear watch INPUT`.

mod jobs;
mod table;

use std::cell::RefCell;
use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use clap::Args;
use lookhear::capture::open_recorded;
use lookhear::judge::Judge;
use lookhear::media::{Input, PATIENCE};
use lookhear::output::Output;
use lookhear::pipeline::{self, Controls, PipelineSettings, Sink, Summary};
use lookhear::sinks::{Changes, Digest, Json, Lines, NamedJson, Snapshots, Terminal, Video};

use super::arguments::{ModelArguments, RunArguments};
use super::config::named;
use super::ending::{Failure, Unfinished, answers, controls};
use jobs::{Job, Jobs};
use table::Row;

#[derive(Args)]
pub(super) struct Watch {
    /// Files, folders of files, URLs that ffmpeg reads (RTSP, HTTP), or - for standard input.
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<OsString>,
    /// Seconds without anything new from the source, after which it is given up.
    #[arg(long, value_name = "SECONDS", default_value_t = PATIENCE.as_secs_f64())]
    stall: f64,
    /// Show the annotated picture in the terminal; q ends it.
    #[arg(long, conflicts_with = "json")]
    show: bool,
    /// A line for every decision, not only when something changes.
    #[arg(long, conflicts_with_all = ["json", "show"])]
    every: bool,
    /// Write the annotated video (MP4), sound included. Of a folder or several inputs: a folder.
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

/// Most characters of a file's name that lines leave room for.
const NAME: usize = 32;

impl Watch {
    pub(super) fn run(self) -> Result<(), Failure> {
        let settings = self.run.settings()?;
        let patience = self.patience()?;
        let jobs = self.jobs()?;
        let controls = controls()?;
        let judge = named(self.model.load()?, self.run.gallery.as_deref())?;
        let mut run = Run { watch: self, judge, settings, patience, controls: controls.clone(), names: None };
        match (jobs.many, &jobs.all[..]) {
            (false, [job]) => run.one(job, &Rc::default())?,
            _ => run.all(&jobs)?,
        }
        match controls.interrupted.load(Ordering::Relaxed) {
            true => Err(Unfinished::Interrupted(String::new()).into()),
            false => Ok(()),
        }
    }

    fn patience(&self) -> Result<Duration, Failure> {
        let patience = Duration::try_from_secs_f64(self.stall).ok().filter(|stall| !stall.is_zero());
        patience.ok_or_else(|| format!("--stall {}: give seconds, more than 0", self.stall).into())
    }

    /// The inputs, none of which is opened before every output is known to be possible.
    fn jobs(&self) -> Result<Jobs, Failure> {
        let mut jobs = Jobs::of(&self.inputs)?;
        if let Some(save) = &self.save {
            jobs.save(save, self.run.existing())?;
        }
        if self.run.snapshots.is_some() {
            jobs.tell_apart()?;
        }
        Ok(jobs)
    }
}

/// Everything that watching an input needs.
struct Run {
    watch: Watch,
    judge: Judge,
    settings: PipelineSettings,
    patience: Duration,
    controls: Arc<Controls>,
    /// Of many inputs, how much room lines leave for their names.
    names: Option<usize>,
}

impl Run {
    /// Watches the inputs one after the other; a bad one does not stop the others.
    fn all(&mut self, jobs: &Jobs) -> Result<(), Failure> {
        let length = |job: &Job| shown(&job.name).chars().count().min(NAME);
        self.names = jobs.all.iter().map(length).max();
        let (mut rows, mut failed, mut damaged) = (Vec::new(), 0, 0);
        for job in &jobs.all {
            if self.controls.stop.load(Ordering::Relaxed) {
                break;
            }
            if self.watch.run.json || self.watch.every {
                eprintln!("{}", Path::new(&job.input).display());
            }
            let digest = Rc::<RefCell<Digest>>::default();
            let outcome = self.one(job, &digest);
            if let Err(error) = &outcome {
                log::error!("{error}");
                match error.downcast_ref() {
                    Some(Unfinished::Damaged(_)) => damaged += 1,
                    _ => failed += 1,
                }
            }
            let trouble = outcome.err().map(|error| error.to_string());
            rows.push(Row { name: shown(&job.name), digest: *digest.borrow(), trouble });
        }
        if !(self.watch.run.json || self.watch.every || self.watch.show) {
            say!("\n{}", table::table(&rows));
        }
        let total = jobs.all.len();
        match (failed, damaged) {
            _ if self.controls.interrupted.load(Ordering::Relaxed) => {
                Err(Unfinished::Interrupted(format!(" at file {} of {total}", rows.len())).into())
            }
            (0, 0) => Ok(()),
            (0, _) => Err(Unfinished::Damaged(format!("{damaged} of {total} files are damaged")).into()),
            _ => Err(format!("{failed} of {total} files could not be watched").into()),
        }
    }

    fn one(&mut self, job: &Job, digest: &Rc<RefCell<Digest>>) -> Result<(), Failure> {
        // Sinks are opened before the input, so that nothing is decoded in vain.
        let mut sinks = self.sinks(job, digest)?;
        let input = Input::typed(&job.input);
        let source = open_recorded(&input, self.patience)?;
        let summary = pipeline::run(source, &mut self.judge, &mut sinks, self.settings, &self.controls)?;
        drop(sinks); // Gives the terminal back.
        if self.watch.stats {
            report(&input, &summary);
        }
        summary.damage.map_or(Ok(()), |damage| Err(Unfinished::Damaged(damage).into()))
    }

    fn sinks(&self, job: &Job, digest: &Rc<RefCell<Digest>>) -> Result<Vec<Box<dyn Sink>>, Failure> {
        let Watch { run, show, every, .. } = &self.watch;
        let mut sinks: Vec<Box<dyn Sink>> = Vec::new();
        if let Some(target) = &job.save {
            sinks.push(Box::new(Video::new(Output::new(target, run.existing())?)));
        }
        if let Some(folder) = &run.snapshots {
            sinks.push(Box::new(Snapshots::new(folder.clone(), &job.name, run.existing())?));
        }
        let out = answers(&self.controls, sinks.is_empty());
        sinks.push(match self.names {
            _ if *show && io::stdout().is_terminal() => Box::new(Terminal::new(self.controls.clone())),
            Some(_) if run.json => {
                Box::new(NamedJson { out, file: job.input.to_string_lossy().into_owned() })
            }
            None if run.json => Box::new(Json(out)),
            _ if *every => Box::new(Lines(out)),
            names => {
                let prefix = names.map_or(String::new(), |width| format!("{:<width$}", shown(&job.name)));
                Box::new(Changes::new(out, prefix, digest.clone()))
            }
        });
        Ok(sinks)
    }
}

/// A name for a line: without line breaks and the like.
fn shown(name: &OsStr) -> String {
    name.to_string_lossy().chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn report(input: &Input, summary: &Summary) {
    let each = summary.busy.as_secs_f64() * 1e3 / summary.events.max(1) as f64;
    eprintln!(
        "{input}: {} decisions over {:.2} s, {each:.1} ms each for preprocessing and network",
        summary.events, summary.seconds
    );
}
