//! Merges a settings file with the command line, for the live commands.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use lookhear::gallery::{Gallery, GalleryError};
use lookhear::judge::Judge;
use lookhear::kiosk::Fault;
use lookhear::pipeline::{Controls, Sink};
use lookhear::profile::{Lines, Profile};
use lookhear::publish::{About, Publisher};

use super::arguments::ModelArguments;
use super::counting::Counting;
use super::ending::Failure;
use super::reload::{Reloader, Run, Settings};

/// Which settings file, if any.
#[derive(Args)]
pub(super) struct ConfigArgument {
    /// A settings file (see `lookhear check-config`); what is given here as well counts instead of what it says.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// A settings file as it was read.
pub(super) struct Config {
    /// `None`: there is none, and the defaults count.
    path: Option<PathBuf>,
    /// What it says.
    pub(super) profile: Profile,
    lines: Lines,
}

impl ConfigArgument {
    /// Reads the file, once: what it says later counts when it is read again.
    pub(super) fn load(&self) -> Result<Config, Failure> {
        let path = self.config.clone();
        let read = path.as_deref().map(Profile::load_with_lines).transpose()?;
        let (profile, lines) = read.unwrap_or_default();
        Ok(Config { path, profile, lines })
    }

    /// Whether SIGHUP asks for the file to be read again: where there is one, and no terminal that hangs up.
    pub(super) fn is_read_again(&self) -> bool {
        self.config.is_some() && !io::stdin().is_terminal()
    }
}

/// The network with the thresholds and the names of the settings.
pub(super) fn judge(model: &ModelArguments, profile: &Profile) -> Result<Judge, Fault> {
    let mut bundle = model.bundle()?;
    let thresholds = profile.decisions.thresholds(bundle.manifest.thresholds);
    bundle.manifest.thresholds = thresholds.map_err(|error| error.inside("decisions"))?;
    Ok(named(model.judge(bundle)?, profile.gallery.file.as_deref())?)
}

/// The judge, with the gallery if one is named.
pub(super) fn named(judge: Judge, gallery: Option<&Path>) -> Result<Judge, GalleryError> {
    Ok(match gallery {
        Some(path) => {
            let gallery = Gallery::load(path, judge.model())?;
            judge.with_gallery(gallery)
        }
        None => judge,
    })
}

/// The publisher if there is a settings file: that asks for one, or may do so later, when it is read again on SIGHUP.
/// `profile` says what counts in the run.
pub(super) fn publisher(
    config: &Config,
    profile: &Profile,
    runs: Vec<Run>,
    model: &ModelArguments,
    gallery: Option<&Path>,
) -> Result<Option<(Reloader, Publisher)>, Fault> {
    let Config { path, profile: file, lines } = config;
    let (Some(path), Some(first)) = (path, runs.first()) else { return Ok(None) };
    for rule in profile.rules_without_gallery() {
        log::warn!(
            "the rule {rule} waits for a name, but nothing is named: give a gallery (lookhear enroll)"
        );
    }
    let manifest = model.bundle()?.manifest;
    let about = About {
        version: env!("CARGO_PKG_VERSION").into(),
        preset: manifest.spec.name.clone(),
        model: first.model.clone(),
        sources: profile.sources.keys().cloned().collect(),
    };
    let controls = first.controls.clone();
    let publisher = Publisher::start(&profile.publish, &about)?.tell(controls.clone());
    let counting = Counting::new(publisher.station(), profile.clone(), (file, lines), manifest.thresholds);
    let settings = Settings {
        path: path.clone(),
        profile: file.clone(),
        gallery: gallery.map(Path::to_path_buf),
        thresholds: manifest.thresholds,
        runs,
        publish: publisher.reload(),
        counting,
    };
    Ok(Some((Reloader::new(settings, controls), publisher)))
}

/// The same for a run with one source: its sinks.
pub(super) fn publishers(
    config: &Config,
    profile: &Profile,
    judge: &Judge,
    controls: &Arc<Controls>,
    model: &ModelArguments,
    gallery: Option<&Path>,
) -> Result<Vec<Box<dyn Sink>>, Fault> {
    let run = Run { source: None, model: judge.model().into(), controls: controls.clone() };
    let Some((reloader, publisher)) = publisher(config, profile, vec![run], model, gallery)? else {
        return Ok(Vec::new());
    };
    Ok(vec![Box::new(reloader), Box::new(publisher)])
}
