//! The input again, with heatmap, box, score and waveform drawn over it, and its own sound.

use super::annotate;
use crate::media::{Encoder, FRAME_RATE, Quality};
use crate::output::Output;
use crate::pipeline::{DecisionContext, Sink, SinkError};

/// Writes an MP4 file.
pub struct Video {
    /// Taken at the first decision.
    output: Option<Output>,
    title: Option<&'static str>,
    encoder: Option<Encoder>,
    written: u64,
}

impl Video {
    /// Starts at the first decision.
    pub fn new(output: Output) -> Self {
        Self { output: Some(output), title: None, encoder: None, written: 0 }
    }

    /// Writes a title into the file.
    #[must_use]
    pub fn titled(self, title: &'static str) -> Self {
        Self { title: Some(title), ..self }
    }
}

impl Sink for Video {
    fn take(&mut self, context: &DecisionContext) -> Result<(), SinkError> {
        // Every frame time up to now gets a picture: the frame that was shown then.
        let due = (context.event.t * f64::from(FRAME_RATE) + 1e-6) as u64;
        // The encoder begins with a picture, and then wants sound before it takes many more.
        let mut sound = context.sound;
        while self.written < due {
            let t = self.written as f64 / f64::from(FRAME_RATE) + 1e-6;
            let frame = context.frames.iter().rev().find(|frame| frame.t <= t);
            let picture = annotate(context, frame.map_or(context.picture, |frame| &frame.picture));
            if let Some(output) = self.output.take() {
                let size = picture.dimensions();
                self.encoder = Some(Encoder::titled(output, size, Quality::Shown, self.title)?);
            }
            if let Some(encoder) = &mut self.encoder {
                encoder.add([&picture], std::mem::take(&mut sound))?;
            }
            self.written += 1;
        }
        Ok(self.encoder.as_mut().map_or(Ok(()), |encoder| encoder.add([], sound))?)
    }

    fn finish(&mut self) -> Result<(), SinkError> {
        self.encoder.take().map_or(Ok(()), |encoder| Ok(encoder.finish()?))
    }
}
