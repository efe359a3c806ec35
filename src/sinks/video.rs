//! The input again, with heatmap, box, score and waveform drawn over it, and its own sound.

use std::path::PathBuf;

use super::{annotate, writable};
use crate::media::{Encoder, FRAME_RATE, Quality};
use crate::pipeline::{Moment, Sink, SinkError};

/// Writes an MP4 file.
pub struct Video {
    target: PathBuf,
    encoder: Option<Encoder>,
    written: u64,
}

impl Video {
    /// Tries whether the file can be written, and starts at the first decision.
    ///
    /// # Errors
    /// The target is a folder, or lies in a folder that is not there or cannot be written.
    pub fn new(target: PathBuf) -> Result<Self, SinkError> {
        let folder = match target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => std::path::Path::new("."),
        };
        if target.is_dir() {
            let source = std::io::Error::other("it is a folder; give a file name, e.g. out.mp4");
            return Err(SinkError::Io { output: target.display().to_string(), source });
        }
        writable(folder, &target)?;
        Ok(Self { target, encoder: None, written: 0 })
    }
}

impl Sink for Video {
    fn take(&mut self, moment: &Moment) -> Result<(), SinkError> {
        // Every frame time up to now gets a picture: the frame that was shown then.
        let due = (moment.event.t * f64::from(FRAME_RATE) + 1e-6) as u64;
        while self.written < due {
            let t = self.written as f64 / f64::from(FRAME_RATE) + 1e-6;
            let frame = moment.frames.iter().rev().find(|frame| frame.t <= t);
            let picture = annotate(moment, frame.map_or(moment.picture, |frame| &frame.picture));
            let encoder = match &mut self.encoder {
                Some(encoder) => encoder,
                None => {
                    self.encoder.insert(Encoder::start(&self.target, picture.dimensions(), Quality::Shown)?)
                }
            };
            encoder.picture(&picture)?;
            self.written += 1;
        }
        if let Some(encoder) = &mut self.encoder {
            encoder.sound(moment.sound)?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), SinkError> {
        self.encoder.take().map_or(Ok(()), |encoder| Ok(encoder.finish()?))
    }
}
