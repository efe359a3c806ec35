//! Sinks: what becomes of events.

mod device_log;
mod heartbeat;
mod lines;
mod persistent;
mod recorder;
#[cfg(feature = "terminal")]
mod screen;
mod snapshots;
#[cfg(feature = "terminal")]
mod terminal;
mod video;

pub use device_log::DeviceLog;
pub use heartbeat::Heartbeat;
pub use lines::{Json, Lines};
pub use persistent::Persistent;
pub use recorder::Recorder;
#[cfg(feature = "terminal")]
pub use screen::Screen;
pub use snapshots::Snapshots;
#[cfg(feature = "terminal")]
pub use terminal::Terminal;
pub use video::Video;

use std::path::Path;

use crate::overlay::{View, draw};
use crate::pipeline::{Moment, SinkError};
use image::RgbImage;

/// Whether a file can be made in a folder: asks the system, rather than guessing from permissions.
fn writable(folder: &Path, file: &Path) -> Result<(), SinkError> {
    let unwritable = |source| SinkError::Io { output: file.display().to_string(), source };
    tempfile::tempfile_in(folder).map(drop).map_err(unwritable)
}

/// The annotated picture of a moment, drawn over `picture`.
fn annotate(moment: &Moment, picture: &RgbImage) -> RgbImage {
    draw(&View {
        frame: picture,
        map: moment.map,
        event: moment.event,
        sound: moment.second,
        spectrogram: moment.columns,
        scores: moment.scores,
    })
}
