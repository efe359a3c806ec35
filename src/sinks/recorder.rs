//! A session exactly as it was judged: played again by `lookhear watch`, it gives the same decisions.

use std::path::{Path, PathBuf};

use super::writable;
use crate::media::{Encoder, FRAME_RATE, Quality};
use crate::pipeline::{Moment, Sink, SinkError};

/// Writes `session.mkv` into a folder, or `session-2.mkv` and so on if there is one already.
pub struct Recorder {
    target: PathBuf,
    encoder: Option<Encoder>,
    written: u64,
}

impl Recorder {
    /// Makes the folder and tries whether it can be written; begins with the first decision.
    ///
    /// # Errors
    /// It cannot.
    pub fn new(folder: &Path) -> Result<Self, SinkError> {
        let unwritable = |source| SinkError::Io { output: folder.display().to_string(), source };
        std::fs::create_dir_all(folder).map_err(unwritable)?;
        let name = |n: u32| if n == 1 { "session.mkv".to_string() } else { format!("session-{n}.mkv") };
        let target = (1..).map(|n| folder.join(name(n))).find(|path| !path.exists()).unwrap_or_default();
        writable(folder, &target)?;
        Ok(Self { target, encoder: None, written: 0 })
    }

    /// Where it goes.
    pub fn target(&self) -> &Path {
        &self.target
    }
}

impl Sink for Recorder {
    fn take(&mut self, moment: &Moment) -> Result<(), SinkError> {
        let encoder = match &mut self.encoder {
            Some(encoder) => encoder,
            None => self.encoder.insert(Encoder::start(
                &self.target,
                moment.picture.dimensions(),
                Quality::Exact,
            )?),
        };
        for frame in moment.frames {
            // A frame that is shown for several decisions comes with each of them.
            let number = (frame.t * f64::from(FRAME_RATE)).round() as u64;
            if number >= self.written {
                encoder.picture(&frame.picture)?;
                self.written = number + 1;
            }
        }
        encoder.sound(moment.sound)?;
        Ok(())
    }

    fn finish(&mut self) -> Result<(), SinkError> {
        self.encoder.take().map_or(Ok(()), |encoder| Ok(encoder.finish()?))
    }
}
