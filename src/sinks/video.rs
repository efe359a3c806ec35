//! The input again, with heatmap, box, score and waveform drawn over it, and its own sound.

use super::annotate;
use crate::media::{Encoder, FRAME_RATE, Push, Quality};
use crate::output::Output;
use crate::pipeline::{DecisionContext, Sink, SinkError};

/// Writes an MP4 file, or sends a stream.
pub struct Video {
    /// Taken at the first decision.
    target: Option<Target>,
    title: Option<&'static str>,
    encoder: Option<Encoder>,
    /// Frames so far; `None` before the first.
    written: Option<u64>,
}

enum Target {
    File(Output),
    Stream(Push),
}

impl Video {
    /// A file, begun at the first decision.
    pub fn new(output: Output) -> Self {
        Self::to(Target::File(output))
    }

    /// A stream, begun at the first decision.
    pub fn stream(push: Push) -> Self {
        Self::to(Target::Stream(push))
    }

    fn to(target: Target) -> Self {
        Self { target: Some(target), title: None, encoder: None, written: None }
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
        // A file begins with the run; a stream that is begun anew, after a failure, begins now.
        let mut written = self.written.unwrap_or(match self.target {
            Some(Target::Stream(_)) => due.saturating_sub(1),
            _ => 0,
        });
        // The encoder begins with a picture, and then wants sound before it takes many more.
        let mut sound = context.sound;
        while written < due {
            let t = written as f64 / f64::from(FRAME_RATE) + 1e-6;
            let frame = context.frames.iter().rev().find(|frame| frame.t <= t);
            let picture = annotate(context, frame.map_or(context.picture, |frame| &frame.picture));
            let size = picture.dimensions();
            self.encoder = match self.target.take() {
                Some(Target::File(output)) => {
                    Some(Encoder::titled(output, size, Quality::Shown, self.title)?)
                }
                Some(Target::Stream(push)) => Some(Encoder::stream(push, size)?),
                None => self.encoder.take(),
            };
            if let Some(encoder) = &mut self.encoder {
                encoder.add([&picture], std::mem::take(&mut sound))?;
            }
            written += 1;
        }
        self.written = Some(written);
        Ok(self.encoder.as_mut().map_or(Ok(()), |encoder| encoder.add([], sound))?)
    }

    fn finish(&mut self) -> Result<(), SinkError> {
        self.encoder.take().map_or(Ok(()), |encoder| Ok(encoder.finish()?))
    }
}
