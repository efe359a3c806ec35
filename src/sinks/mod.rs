//! Sinks for decisions.

mod changes;
mod device_log;
mod heartbeat;
mod keys;
mod lines;
mod persistent;
mod recorder;
#[cfg(feature = "terminal")]
mod screen;
mod snapshots;
mod sourced;
#[cfg(feature = "terminal")]
mod terminal;
mod unheard;
mod video;

pub use changes::{Changes, Digest};
pub use device_log::DeviceLog;
pub use heartbeat::Heartbeat;
pub use lines::{Json, Lines, NamedJson};
pub use persistent::Persistent;
pub use recorder::Recorder;
#[cfg(feature = "terminal")]
pub use screen::Screen;
pub use snapshots::Snapshots;
pub use sourced::{Shared, Sourced};
#[cfg(feature = "terminal")]
pub use terminal::Terminal;
pub use unheard::Unheard;
pub use video::Video;

use std::io::{self, BufWriter, Write};

use crate::output::Output;
use crate::overlay::{View, draw};
use crate::pipeline::{DecisionContext, SinkError};
use image::{ImageError, ImageFormat, RgbImage};

/// Writes a picture as PNG.
fn save(picture: &RgbImage, mut output: Output) -> Result<(), SinkError> {
    let mut file = BufWriter::new(output.file());
    let written = picture.write_to(&mut file, ImageFormat::Png).map_err(|error| match error {
        ImageError::IoError(error) => error,
        error => io::Error::other(error),
    });
    let written = written.and_then(|()| file.flush());
    drop(file);
    let failed = |source| SinkError::Io { output: output.name().display().to_string(), source };
    written.map_err(failed)?;
    Ok(output.complete()?)
}

/// The annotated picture of a decision, drawn over `picture`.
fn annotate(context: &DecisionContext, picture: &RgbImage) -> RgbImage {
    draw(&View {
        frame: picture,
        map: context.map,
        event: context.event,
        sound: context.second,
        spectrogram: context.columns,
        scores: context.scores,
    })
}
