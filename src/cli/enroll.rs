//! `lookhear enroll NAME`: gives a thing a name by ten seconds of it.

use std::cell::RefCell;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use lookhear::capture::monitor::Health;
use lookhear::capture::open_recorded;
use lookhear::event::DeviceState;
use lookhear::gallery::{Enrolment, FEWEST, Gallery, Recording, check_name};
use lookhear::judge::Judge;
use lookhear::media::{self, Input};
use lookhear::output::{Existing, Output};
use lookhear::pipeline::{self, Controls, DecisionContext, PipelineSettings, Sink, SinkError};

use super::arguments::ModelArguments;
use super::devices::DeviceArguments;
use super::ending::{Failure, Unfinished, controls};

/// Seconds that a live recording may take longer than it should, until its devices deliver.
const PATIENCE: f64 = 20.0;

#[derive(Args)]
pub(super) struct Enroll {
    /// What the thing is to be called.
    #[arg(required_unless_present_any = ["list", "remove"], conflicts_with_all = ["list", "remove"])]
    name: Option<String>,
    /// How long to look and listen; 10 if left out, a file (--from) to its end.
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<f64>,
    /// Look and listen to a recorded file instead of camera and microphone.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["camera", "microphone"])]
    from: Option<OsString>,
    /// Keep what the name had before, say another side of the thing, or another room.
    #[arg(long)]
    add: bool,
    /// Tell which names there are.
    #[arg(long, conflicts_with = "remove")]
    list: bool,
    /// Forget a name.
    #[arg(long, value_name = "NAME")]
    remove: Option<String>,
    /// Where the names are kept; without it, in your folder of data.
    #[arg(long, value_name = "FILE")]
    gallery: Option<PathBuf>,
    #[command(flatten)]
    devices: DeviceArguments,
    #[command(flatten)]
    model: ModelArguments,
}

impl Enroll {
    pub(super) fn run(self) -> Result<(), Failure> {
        let path = self.gallery.clone().or_else(Gallery::default_path);
        let path =
            path.ok_or("this user has no home folder: say where the names are kept by --gallery FILE")?;
        if self.list {
            let gallery = Gallery::read(&path)?;
            for (name, entry) in gallery.entries() {
                say!(
                    "{name}  ({} moments, from a similarity of {:.2} on)",
                    entry.examples().len(),
                    entry.least()
                );
            }
            eprintln!("{} names in {}", gallery.entries().count(), path.display());
            return Ok(());
        }
        if let Some(name) = &self.remove {
            // Nothing is made where there is none.
            Gallery::read(&path)?;
            let _turn = Gallery::turn(&path)?;
            let mut gallery = Gallery::read(&path)?;
            gallery.remove(name)?;
            return Ok(gallery.save(&path)?);
        }
        // Everything that could fail is checked before the recording begins.
        let name = self.name.as_deref().unwrap_or_default();
        check_name(name)?;
        if self.seconds.is_some_and(|seconds| !(2.0..=600.0).contains(&seconds)) {
            return Err("--seconds: give 2 to 600".into());
        }
        if path.exists() {
            Output::check(&path, Existing::Replace)?;
        }
        let mut judge = self.model.load()?;
        gallery(&path, &judge)?;

        let recording = self.record(&mut judge).map_err(|error| match error.downcast_ref() {
            Some(Unfinished::Interrupted(_)) => {
                Unfinished::Interrupted(format!(": \"{name}\" is not enrolled")).into()
            }
            _ => Failure::from(format!("\"{name}\" is not enrolled: {error}")),
        })?;
        let good = recording.examples.len();
        // The file is read again under the lock: another enrolment may have added names meanwhile.
        let turn = Gallery::turn(&path)?;
        let mut gallery = gallery(&path, &judge)?;
        gallery.enroll(name, recording, self.add)?;
        gallery.save(&path)?;
        drop(turn);
        let [right, tried] = gallery.recalled(name);
        let told = match tried {
            // All of them share their second of sound with each other, so none is evidence for another.
            0 => String::new(),
            _ => format!("; {right} of {tried} of its moments are told from all else in the gallery"),
        };
        eprintln!("\"{name}\" is enrolled{told}.");
        if good < FEWEST {
            eprintln!(
                "It has only {good} moments, {FEWEST} are better: enroll more of it by --add, from another file or by \
                 the camera."
            );
        }
        if right * 2 < tried {
            eprintln!(
                "That is few: choose a sound or a view that is less like another one's, or enroll more by --add."
            );
        }
        eprintln!("Names are said by: lookhear live --gallery {}", path.display());
        Ok(())
    }

    /// Looks and listens.
    fn record(&self, judge: &mut Judge) -> Result<Recording, Failure> {
        let controls = controls()?;
        let (source, seconds, patience) = match &self.from {
            Some(file) => (open_recorded(&Input::typed(file), media::PATIENCE)?, self.seconds, 0.0),
            None => (self.devices.open(None), self.seconds.or(Some(10.0)), PATIENCE),
        };
        let even = judge.manifest().thresholds.even;
        let recorded = self.from.is_some();
        let collected = Rc::new(RefCell::new(Collected {
            enrolment: if recorded { Enrolment::of_recording(even) } else { Enrolment::new(even) },
            begun: None,
            complete: false,
        }));
        let collector = Collector {
            collected: collected.clone(),
            seconds,
            controls: controls.clone(),
            bar: bar(seconds)?,
        };
        let settings = PipelineSettings {
            end: seconds.map(|seconds| seconds + patience),
            ..PipelineSettings::default()
        };
        let mut sinks: Vec<Box<dyn Sink>> = vec![Box::new(collector)];
        let summary = pipeline::run(source, judge, &mut sinks, settings, &controls)?;
        let collected = collected.borrow();
        if controls.stop.load(Ordering::Relaxed) && !collected.complete {
            return Err(Unfinished::Interrupted(String::new()).into());
        }
        if let Some(damage) = &summary.damage {
            log::warn!("{damage}");
        }
        let trouble = summary.health.as_ref().map_or(String::new(), trouble);
        eprintln!(
            "{} of {} moments had sound and a match",
            collected.enrolment.good(),
            collected.enrolment.moments()
        );
        collected.enrolment.clone().finish().map_err(|e| format!("{e}{trouble}").into())
    }
}

/// The names so far.
fn gallery(path: &Path, judge: &Judge) -> Result<Gallery, Failure> {
    Ok(match path.exists() {
        true => Gallery::load(path, judge.model())?,
        false => Gallery::new(judge.model()),
    })
}

/// What a run has given so far.
struct Collected {
    enrolment: Enrolment,
    /// When both devices first delivered, in seconds.
    begun: Option<f64>,
    /// Whether it took as long as it should.
    complete: bool,
}

/// Hands moments to the enrolment from when both devices deliver, and ends the run in time.
struct Collector {
    collected: Rc<RefCell<Collected>>,
    seconds: Option<f64>,
    controls: Arc<Controls>,
    bar: ProgressBar,
}

impl Sink for Collector {
    fn take(&mut self, context: &DecisionContext) -> Result<(), SinkError> {
        let mut collected = self.collected.borrow_mut();
        if !delivering(context) {
            self.bar.set_message("waiting for camera and microphone");
            return Ok(());
        }
        let elapsed = context.event.t - *collected.begun.get_or_insert(context.event.t);
        collected.enrolment.take(context.event, context.signature, context.second);
        let (good, moments) = (collected.enrolment.good(), collected.enrolment.moments());
        self.bar.set_message(format!("{good} of {moments} moments had sound and a match"));
        self.bar.set_position((elapsed * 10.0) as u64);
        if self.seconds.is_some_and(|seconds| elapsed >= seconds) {
            collected.complete = true;
            self.controls.stop.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), SinkError> {
        self.bar.finish_and_clear();
        Ok(())
    }
}

/// Whether the camera shows and the microphone gives anything; recorded input always does.
fn delivering(context: &DecisionContext) -> bool {
    use DeviceState::{Blank, Live};
    context
        .event
        .devices
        .is_none_or(|devices| devices.camera == Live && [Live, Blank].contains(&devices.microphone))
}

/// The faults of the devices, to be appended to an error.
fn trouble(health: &Health) -> String {
    let both = [("camera", &health.camera), ("microphone", &health.microphone)];
    let wrong = both.iter().filter(|(_, device)| device.state != DeviceState::Live);
    wrong.map(|(what, device)| format!("; {} ({})", device.state.words(what), device.detail)).collect()
}

/// A progress bar in tenths of seconds, or a clock if the length is unknown.
fn bar(seconds: Option<f64>) -> Result<ProgressBar, Failure> {
    Ok(match seconds {
        Some(seconds) => {
            let style = ProgressStyle::with_template("{bar:30} {msg}")?;
            ProgressBar::new((seconds * 10.0) as u64).with_style(style)
        }
        None => {
            let style = ProgressStyle::with_template("{spinner} {elapsed_precise}  {msg}")?;
            ProgressBar::new_spinner().with_style(style)
        }
    })
}
