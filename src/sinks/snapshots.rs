//! Annotated pictures, one for each time that something new is seen to sound.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use super::{annotate, save};
use crate::event::State;
use crate::output::{Existing, Output, shortened};
use crate::pipeline::{DecisionContext, Sink, SinkError};

/// Saves a PNG whenever a match begins, and one every five seconds that it lasts.
pub struct Snapshots {
    folder: PathBuf,
    /// Begins the names of the pictures.
    name: OsString,
    existing: Existing,
    last: Option<f64>,
}

/// Seconds between two pictures of one match.
const EVERY: f64 = 5.0;

impl Snapshots {
    /// Makes the folder if it is not there. `name` tells the pictures of one input from those of others; what is there
    /// of an earlier run is replaced, or else the new picture gets a number: `name-000012.40-2.png`.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn new(folder: PathBuf, name: &OsStr, existing: Existing) -> Result<Self, SinkError> {
        std::fs::create_dir_all(&folder)
            .map_err(|source| SinkError::Io { output: folder.display().to_string(), source })?;
        Ok(Self { folder, name: shortened(name), existing, last: None })
    }
}

impl Sink for Snapshots {
    fn take(&mut self, context: &DecisionContext) -> Result<(), SinkError> {
        let t = context.event.t;
        if context.event.state != State::Match {
            self.last = None;
            return Ok(());
        }
        if self.last.is_some_and(|last| t - last < EVERY) {
            return Ok(());
        }
        self.last = Some(t);
        let mut stem = self.name.clone();
        stem.push(format!("-{t:09.2}"));
        let output = match self.existing {
            Existing::Keep => Output::free(&self.folder, stem, "png"),
            Existing::Replace => {
                stem.push(".png");
                Output::new(&self.folder.join(stem), Existing::Replace)
            }
        };
        save(&annotate(context, context.picture), output?)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::event::Event;
    use crate::publish::testing::with_context;

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn pictures_of_several_inputs_and_runs_lie_beside_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let event = Event { t: 0.8, ..Event::example(State::Match) };
        let watch = |name: &str, existing| {
            let mut sink = Snapshots::new(folder.path().into(), name.as_ref(), existing).unwrap();
            with_context(&event, |context| sink.take(context).unwrap());
        };
        for name in ["one.mp4", "two.mp4", "one.mkv"] {
            watch(name, Existing::Keep);
        }
        let once = ["one.mkv-000000.80.png", "one.mp4-000000.80.png", "two.mp4-000000.80.png"];
        assert_eq!(names(folder.path()), once);
        watch("one.mp4", Existing::Replace);
        assert_eq!(names(folder.path()), once);
        watch("one.mp4", Existing::Keep);
        assert!(names(folder.path()).contains(&"one.mp4-000000.80-2.png".into()));
        watch(&"x".repeat(255), Existing::Keep);
        assert_eq!(names(folder.path()).len(), 5);
        let picture = image::open(folder.path().join(once[0])).unwrap();
        assert_eq!(picture.width(), 64);
    }
}
