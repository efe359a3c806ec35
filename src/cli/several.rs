//! `lookhear live` with several cameras and microphones: a run each, and what they tell together.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};

use lookhear::console::Answers;
use lookhear::judge::Judge;
use lookhear::kiosk::Fault;
use lookhear::pipeline::{self, Controls, PipelineSettings, Sink, Summary};
use lookhear::profile::Profile;
use lookhear::publish::Publisher;
use lookhear::sinks::{DeviceLog, Heartbeat, Json, Lines, Shared, Sourced, Unheard};
use parking_lot::Mutex;

use super::config::{Config, judge, publisher};
use super::devices::DeviceArguments;
use super::ending::{Failure, answers, controls_of_run};
use super::live::{Live, report};
use super::reload::{Reloader, Run};

/// One camera with its microphone, ready to run.
struct Source {
    name: String,
    devices: DeviceArguments,
    /// Milliseconds to add to the camera's times.
    offset: Option<f64>,
    judge: Judge,
    settings: PipelineSettings,
    json: bool,
    controls: Arc<Controls>,
    out: Together,
    heartbeat: Heartbeat,
    publisher: Option<Arc<Mutex<Publisher>>>,
    reloader: Option<Reloader>,
}

impl Live {
    /// Runs all sources of the settings until one of them fails, or the end is asked for.
    pub(super) fn several(self, config: &Config) -> Result<(), Failure> {
        self.refuse_what_is_for_one()?;
        let profile = &config.profile;
        let main = controls_of_run(self.config.is_read_again())?;
        let mut model = self.model.or(&profile.model);
        let counts = Profile { model: model.settings(), ..profile.clone() };
        model.share(profile.sources.len());
        let out = Together::new(answers(&main, profile.publish.is_off()));
        let heartbeat = Heartbeat::new();
        let mut sources = Vec::new();
        for (name, source) in &profile.sources {
            let own = profile.of_source(source);
            let first = sources.is_empty();
            sources.push(Source {
                name: name.clone(),
                devices: self.devices.clone().or(&own),
                offset: own.camera.offset_ms,
                judge: judge(&model, &own).map_err(|error| -> Failure { error })?,
                settings: PipelineSettings {
                    hop: own.decisions.hop,
                    swap: own.decisions.swap,
                    sleep: own.decisions.sleep,
                    noise_gate: own.decisions.noise_gate,
                    end: self.seconds,
                    map: self.run.map,
                },
                json: self.run.json,
                // Whatever ends one ends all. The first tells the faults of the outputs, too.
                controls: match first {
                    true => main.clone(),
                    false => Arc::new(Controls { stop: main.stop.clone(), ..Controls::default() }),
                },
                out: out.clone(),
                heartbeat: if first { heartbeat.clone() } else { heartbeat.another() },
                publisher: None,
                reloader: None,
            });
        }
        let runs = sources.iter().map(Source::run_to_adjust).collect();
        let published = publisher(config, &counts, runs, &model, None);
        let (reloader, publisher) = published.map_err(|error| -> Failure { error })?.unzip();
        let publisher = publisher.map(|publisher| Arc::new(Mutex::new(publisher)));
        sources.iter_mut().for_each(|source| source.publisher = publisher.clone());
        if let Some(first) = sources.first_mut() {
            first.reloader = reloader;
        }
        let workers: Vec<(String, JoinHandle<_>)> =
            sources.into_iter().map(Source::start).collect::<io::Result<_>>()?;
        let mut failed = None;
        for (name, worker) in workers {
            match worker.join() {
                Ok(Ok(summary)) if self.stats => {
                    eprintln!("{name}:");
                    report(&summary);
                }
                Ok(Ok(_)) => {}
                Ok(Err(fault)) => failed = failed.or(Some(format!("{name}: {fault}"))),
                Err(_) => {
                    let broke =
                        format!("{name} broke down. This is a mistake in the program: please report it");
                    failed = failed.or(Some(broke));
                }
            }
        }
        if let Some(publisher) = publisher {
            publisher.lock().finish()?;
        }
        failed.map_or(Ok(()), |failed| Err(failed.into()))
    }

    /// Some things can be asked only of one camera.
    fn refuse_what_is_for_one(&self) -> Result<(), Failure> {
        let devices = !self.devices.camera.is_empty() || !self.devices.microphone.is_empty();
        let asked = [
            ("--camera and --microphone", devices),
            ("--offset", self.offset.is_some()),
            ("--hop", self.run.hop.is_some()),
            ("--swap", self.swap.is_some()),
            ("--noise-gate", self.run.noise_gate.is_some()),
            ("--gallery", self.run.gallery.is_some()),
            ("--record", self.record.is_some()),
            ("--save", self.save.is_some()),
            ("--stream", self.stream.is_some()),
            ("--snapshots", self.run.snapshots.is_some()),
        ];
        match asked.iter().find(|(_, asked)| *asked) {
            Some((what, _)) => Err(format!(
                "{what} cannot be given to several sources: say it in the settings ([sources.NAME], \
                 [publish.history]), or use settings with one camera"
            )
            .into()),
            None => Ok(()),
        }
    }
}

impl Source {
    fn run_to_adjust(&self) -> Run {
        let (source, model) = (Some(self.name.clone()), self.judge.model().to_string());
        Run { source, model, controls: self.controls.clone() }
    }

    fn start(self) -> io::Result<(String, JoinHandle<Result<Summary, Fault>>)> {
        let name = self.name.clone();
        let work = move || {
            let stop = self.controls.stop.clone();
            let ended = self.run();
            stop.store(true, Ordering::Relaxed);
            ended
        };
        Ok((name.clone(), thread::Builder::new().name(name).spawn(work)?))
    }

    fn run(self) -> Result<Summary, Fault> {
        let Self { name, mut judge, json, controls, out, .. } = self;
        let lines: Box<dyn Sink> = match json {
            true => Box::new(Json(out)),
            false => Box::new(Unheard::new(Lines(out))),
        };
        let mut sinks: Vec<Box<dyn Sink>> = vec![Box::new(DeviceLog::new(controls.clone()).of(&name)), lines];
        sinks.extend(self.reloader.map(|reloader| Box::new(reloader) as Box<dyn Sink>));
        sinks.extend(self.publisher.map(|publisher| Box::new(Shared(publisher)) as Box<dyn Sink>));
        // The heartbeat is the last sink, so that it stops if another output hangs.
        sinks.push(Box::new(self.heartbeat));
        let mut sinks: Vec<Box<dyn Sink>> = vec![Box::new(Sourced::new(&name, sinks))];
        let source = self.devices.open(self.offset.map(|ms| ms / 1e3));
        Ok(pipeline::run(source, &mut judge, &mut sinks, self.settings, &controls)?)
    }
}

/// Standard output for several runs: one whole line at a time.
#[derive(Clone)]
struct Together {
    out: Arc<Mutex<Answers>>,
    line: Vec<u8>,
}

impl Together {
    fn new(out: Answers) -> Self {
        Self { out: Arc::new(Mutex::new(out)), line: Vec::new() }
    }
}

impl Write for Together {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut out = self.out.lock();
        out.write_all(&self.line)?;
        self.line.clear();
        out.flush()
    }
}
