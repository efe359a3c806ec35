//! Sinks: what becomes of events.

mod lines;
mod snapshots;
mod terminal;
mod video;

pub use lines::{Json, Lines};
pub use snapshots::Snapshots;
pub use terminal::Terminal;
pub use video::Video;

use crate::overlay::{View, draw};
use crate::pipeline::Moment;
use image::RgbImage;

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
