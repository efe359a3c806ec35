//! Annotated pictures, one for each time that something new is seen to sound.

use std::path::PathBuf;

use super::annotate;
use crate::event::State;
use crate::pipeline::{Moment, Sink, SinkError};

/// Saves a PNG whenever a match begins, and one every five seconds that it lasts.
pub struct Snapshots {
    folder: PathBuf,
    last: Option<f64>,
}

/// Seconds between two pictures of one match.
const EVERY: f64 = 5.0;

impl Snapshots {
    /// Makes the folder if it is not there.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn new(folder: PathBuf) -> Result<Self, SinkError> {
        std::fs::create_dir_all(&folder)
            .map_err(|source| SinkError::Io { output: folder.display().to_string(), source })?;
        Ok(Self { folder, last: None })
    }
}

impl Sink for Snapshots {
    fn take(&mut self, moment: &Moment) -> Result<(), SinkError> {
        let t = moment.event.t;
        if moment.event.state != State::Match {
            self.last = None;
            return Ok(());
        }
        if self.last.is_some_and(|last| t - last < EVERY) {
            return Ok(());
        }
        self.last = Some(t);
        let path = self.folder.join(format!("{t:09.2}.png"));
        let failed = |e: image::ImageError| SinkError::Io {
            output: path.display().to_string(),
            source: std::io::Error::other(e),
        };
        let mut png = std::io::Cursor::new(Vec::new());
        annotate(moment, moment.picture).write_to(&mut png, image::ImageFormat::Png).map_err(failed)?;
        std::fs::write(&path, png.into_inner())
            .map_err(|source| SinkError::Io { output: path.display().to_string(), source })
    }
}
