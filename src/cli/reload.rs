//! Reads the settings again when SIGHUP asks for it, while the run goes on.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;

use lookhear::gallery::Gallery;
use lookhear::model::Thresholds;
use lookhear::pipeline::{Adjustments, Controls, DecisionContext, Sink, SinkError};
use lookhear::profile::{Decisions, Profile};
use lookhear::publish::Reload;
use parking_lot::Mutex;

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
    /// What it said last.
    pub(super) profile: Mutex<Profile>,
    /// A gallery that the command line names, whatever the file says.
    pub(super) gallery: Option<PathBuf>,
    /// The model's own thresholds.
    pub(super) thresholds: Thresholds,
    /// The model's hash.
    pub(super) model: String,
    pub(super) publish: Reload,
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
                let path = settings.path.display();
                let told = settings.read(&controls).err();
                match &told {
                    None => log::info!("{path}: read again"),
                    Some(error) => log::error!("{error}; what was set before still counts"),
                }
                controls.faults.set("settings", told.map(|error| format!("not read again: {error}")));
            });
        }
        Ok(())
    }
}

impl Settings {
    /// Reads the file, and hands over what it says. Nothing of a wrong one counts.
    fn read(&self, controls: &Controls) -> Result<(), Failure> {
        let mut profile = Profile::load(&self.path)?;
        profile.gallery.file = self.gallery.clone().or(profile.gallery.file);
        let mut before = self.profile.lock();
        let thresholds = profile.decisions.thresholds(self.thresholds);
        let thresholds = thresholds.map_err(|error| error.inside("decisions"))?;
        // Also where the name of the file is the same: there may be another thing in it.
        let gallery =
            profile.gallery.file.as_deref().map(|file| Gallery::load(file, &self.model)).transpose()?;
        self.publish.ask(profile.publish.clone()).map_err(|error| error.inside("publish"))?;
        *controls.adjustments.lock() = Adjustments { thresholds: Some(thresholds), gallery: Some(gallery) };
        let later = waiting(&before, &profile);
        if !later.is_empty() {
            log::warn!("changes of {} count from the next start", later.join(", "));
        }
        *before = profile;
        Ok(())
    }
}

/// Tables and keys that have changed and count only from the next start.
fn waiting(before: &Profile, now: &Profile) -> Vec<&'static str> {
    let timing = |Decisions { hop, swap, sleep, .. }: &Decisions| (*hop, *swap, *sleep);
    [
        ("[camera]", before.camera != now.camera),
        ("[microphone]", before.microphone != now.microphone),
        ("[model]", before.model != now.model),
        ("[kiosk]", before.kiosk != now.kiosk),
        ("decisions.hop, swap and sleep", timing(&before.decisions) != timing(&now.decisions)),
    ]
    .into_iter()
    .filter_map(|(what, changed)| changed.then_some(what))
    .collect()
}
