//! Reads the settings again when SIGHUP asks for it, while the run goes on.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;

use lookhear::gallery::Gallery;
use lookhear::model::Thresholds;
use lookhear::pipeline::{Adjustments, Controls, DecisionContext, Sink, SinkError};
use lookhear::profile::{Camera, Decisions, Microphone, Profile};
use lookhear::publish::Reload;

use super::counting::Counting;
use super::ending::Failure;

/// A sink that gives nothing out: it looks, once a decision, whether settings are to be read.
pub(super) struct Reloader {
    settings: Arc<Settings>,
    controls: Arc<Controls>,
}

/// What is needed to read settings for a run.
pub(super) struct Settings {
    /// The file.
    pub(super) path: PathBuf,
    /// What it said at the start.
    pub(super) profile: Profile,
    /// A gallery that the command line names, whatever the file says.
    pub(super) gallery: Option<PathBuf>,
    /// The model's own thresholds.
    pub(super) thresholds: Thresholds,
    pub(super) runs: Vec<Run>,
    pub(super) publish: Reload,
    pub(super) counting: Counting,
}

/// The run of a source.
pub(super) struct Run {
    /// Its name; `None`: it is the only one.
    pub(super) source: Option<String>,
    /// The model's hash.
    pub(super) model: String,
    pub(super) controls: Arc<Controls>,
}

impl Reloader {
    pub(super) fn new(settings: Settings, controls: Arc<Controls>) -> Self {
        Self { settings: Arc::new(settings), controls }
    }
}

impl Sink for Reloader {
    fn take(&mut self, _: &DecisionContext) -> Result<(), SinkError> {
        if self.controls.reload.swap(false, Ordering::Relaxed) {
            let (settings, controls) = (self.settings.clone(), self.controls.clone());
            // A slow disk must not delay decisions.
            thread::spawn(move || {
                // Cleared before: outputs that cannot be begun are told under this name, too.
                controls.faults.set("settings", None);
                match settings.read() {
                    Ok(()) => log::info!("{}: read again", settings.path.display()),
                    Err(error) => {
                        let told = format!("{error}; what was set before still counts");
                        controls.faults.set("settings", Some(told));
                    }
                }
            });
        }
        Ok(())
    }
}

impl Settings {
    /// Reads the file, and hands over what it says. Nothing of a wrong one counts.
    fn read(&self) -> Result<(), Failure> {
        // It is told where there is one line.
        let (file, lines) = Profile::load_with_lines(&self.path).map_err(|error| error.short())?;
        let mut profile = file.clone();
        profile.gallery.file = self.gallery.clone().or(profile.gallery.file);
        let adjustments = self.runs.iter().map(|run| self.adjustments(run, &profile));
        let adjustments = adjustments.collect::<Result<Vec<Adjustments>, Failure>>()?;
        self.publish.ask(profile.publish.clone()).map_err(|error| error.inside("publish"))?;
        for (run, adjustments) in self.runs.iter().zip(adjustments) {
            *run.controls.adjustments.lock() = adjustments;
        }
        self.counting.read_again(&file, &lines, &profile.gallery);
        let later = waiting(&self.profile, &profile);
        if !later.is_empty() {
            log::warn!("changes of {} count from the next start", later.join(", "));
        }
        Ok(())
    }

    /// What the file says of a run. A source that is not there any more stays as it is until the next start.
    fn adjustments(&self, run: &Run, profile: &Profile) -> Result<Adjustments, Failure> {
        let own = match &run.source {
            None => profile.clone(),
            Some(name) => match profile.sources.get(name) {
                Some(source) => profile.of_source(source),
                None => return Ok(Adjustments::default()),
            },
        };
        let thresholds = own.decisions.thresholds(self.thresholds);
        let thresholds = thresholds.map_err(|error| error.inside("decisions"))?;
        // Also where the name of the file is the same: there may be another thing in it.
        let gallery = own.gallery.file.as_deref().map(|file| Gallery::load(file, &run.model)).transpose()?;
        Ok(Adjustments { thresholds: Some(thresholds), gallery: Some(gallery) })
    }
}

/// Tables and keys that have changed and count only from the next start.
fn waiting(before: &Profile, now: &Profile) -> Vec<&'static str> {
    let (was, is) = (runs(before), runs(now));
    let devices = |runs: &[(Option<&str>, Profile)]| -> Vec<(Option<String>, Camera, Microphone)> {
        let device = |(name, own): &(Option<&str>, Profile)| {
            (name.map(str::to_owned), own.camera.clone(), own.microphone.clone())
        };
        runs.iter().map(device).collect()
    };
    // Of sources that are on one side only, the devices are told already.
    let changed = |key: fn(&Decisions) -> (f64, bool)| {
        was.iter().any(|(name, old)| {
            let new = is.iter().find(|(other, _)| other == name);
            new.is_some_and(|(_, new)| key(&new.decisions) != key(&old.decisions))
        })
    };
    [
        ("the devices", devices(&was) != devices(&is)),
        ("[model]", before.model != now.model),
        ("[kiosk]", before.kiosk != now.kiosk),
        ("decisions.hop", changed(|decisions| (decisions.hop, false))),
        ("decisions.swap", changed(|decisions| (decisions.swap, false))),
        ("decisions.sleep", changed(|decisions| (0.0, decisions.sleep))),
        ("decisions.noise_gate", changed(|decisions| (f64::from(decisions.noise_gate), false))),
    ]
    .into_iter()
    .filter_map(|(what, changed)| changed.then_some(what))
    .collect()
}

/// The settings of each run with the name of its source, if there are several.
fn runs(profile: &Profile) -> Vec<(Option<&str>, Profile)> {
    if profile.sources.is_empty() {
        return vec![(None, profile.clone())];
    }
    let own = profile.sources.iter();
    own.map(|(name, source)| (Some(name.as_str()), profile.of_source(source))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_for_the_next_start_is_told() {
        let waiting = |before: &str, now: &str| {
            let parse = |text: &str| Profile::parse(text, "station.toml").unwrap();
            waiting(&parse(before), &parse(now))
        };
        let several = "sources.barn.camera.name = 'studio'\nsources.yard.decisions.hop = 0.2";
        for (before, now, told) in [
            ("", "decisions.on = 0.5\ndecisions.off = 0.2\ngallery.file = 'names'", vec![]),
            ("", "[publish.file]\npath = 'events'", vec![]),
            ("", "camera.name = 'Webcam'", vec!["the devices"]),
            ("", several, vec!["the devices"]),
            ("", "decisions.swap = 0\ndecisions.sleep = false", vec!["decisions.swap", "decisions.sleep"]),
            ("", "decisions.noise_gate = 3", vec!["decisions.noise_gate"]),
            ("", "model.threads = 2\nkiosk.language = 'de'", vec!["[model]", "[kiosk]"]),
            (several, "sources.barn.camera.name = 'studio'\nsources.yard = {}", vec!["decisions.hop"]),
            // Of all sources that say nothing themselves: barn.
            (several, &format!("{several}\ndecisions.hop = 0.1"), vec!["decisions.hop"]),
            (several, &format!("{several}\nsources.yard.gallery.file = 'names'"), vec![]),
        ] {
            assert_eq!(waiting(before, now), told, "{before:?} -> {now:?}");
        }
    }
}
