//! A session exactly as it was judged: played again by `lookhear watch`, it gives the same decisions.

use std::path::{Path, PathBuf};

use crate::media::{Encoder, FRAME_RATE, Quality};
use crate::output::Output;
use crate::pipeline::{DecisionContext, Sink, SinkError};

/// Writes `session.mkv` into a folder, or `session-2.mkv` and so on if there is one already.
pub struct Recorder {
    target: PathBuf,
    /// Taken at the first decision.
    output: Option<Output>,
    encoder: Option<Encoder>,
    written: u64,
}

impl Recorder {
    /// Makes the folder and tries whether it can be written; begins with the first decision.
    ///
    /// # Errors
    /// The folder cannot be made or written.
    pub fn new(folder: &Path) -> Result<Self, SinkError> {
        let unwritable = |source| SinkError::Io { output: folder.display().to_string(), source };
        std::fs::create_dir_all(folder).map_err(unwritable)?;
        let output = Output::free(folder, "session", "mkv")?;
        Ok(Self { target: output.name().into(), output: Some(output), encoder: None, written: 0 })
    }

    /// Where it goes.
    pub fn target(&self) -> &Path {
        &self.target
    }
}

impl Sink for Recorder {
    fn take(&mut self, context: &DecisionContext) -> Result<(), SinkError> {
        if let Some(output) = self.output.take() {
            self.encoder = Some(Encoder::start(output, context.picture.dimensions(), Quality::Exact)?);
        }
        let Some(encoder) = &mut self.encoder else { return Ok(()) };
        let written = &mut self.written;
        let fresh = context.frames.iter().filter(|frame| {
            // A frame that is shown for several decisions comes with each of them.
            let number = (frame.t * f64::from(FRAME_RATE)).round() as u64;
            let fresh = number >= *written;
            *written = (number + 1).max(*written);
            fresh
        });
        Ok(encoder.add(fresh.map(|frame| &*frame.picture), context.sound)?)
    }

    fn finish(&mut self) -> Result<(), SinkError> {
        self.encoder.take().map_or(Ok(()), |encoder| Ok(encoder.finish()?))
    }
}
