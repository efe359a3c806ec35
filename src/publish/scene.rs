//! Pictures of decisions, drawn for remote viewers.

use image::RgbImage;
use image::codecs::jpeg::JpegEncoder;

use crate::event::{Event, Map};
use crate::overlay::{mark, shrink};
use crate::pipeline::DecisionContext;

/// The largest picture that is sent, width and height: more takes time and tells no more.
const LARGEST: [u32; 2] = [960, 720];
/// JPEG quality, of 100.
const QUALITY: u8 = 80;

/// A copy of what is to be drawn.
pub(super) struct Scene {
    picture: RgbImage,
    map: Map,
    event: Event,
}

impl Scene {
    pub(super) fn of(context: &DecisionContext) -> Self {
        let event = Event { map: None, ..context.event.clone() };
        Self { picture: context.picture.clone(), map: context.map.clone(), event }
    }

    /// The picture with the place of the sound lit up. `None` of an empty picture, in which there is nothing to see.
    pub(super) fn jpeg(&self) -> Option<Vec<u8>> {
        let [width, height] = LARGEST;
        let small = (self.picture.width() > width || self.picture.height() > height)
            .then(|| shrink(&self.picture, width, height));
        let picture = mark(small.as_ref().unwrap_or(&self.picture), &self.map, &self.event);
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, QUALITY).encode_image(&picture).ok()?;
        Some(jpeg)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::State;
    use crate::publish::testing::event;

    #[test]
    fn a_large_picture_is_sent_smaller() {
        let scene = |width, height| Scene {
            picture: RgbImage::new(width, height),
            map: Map::default(),
            event: event(0.08, State::Silent),
        };
        let picture = image::load_from_memory(&scene(1920, 1080).jpeg().unwrap()).unwrap();
        assert_eq!((picture.width(), picture.height()), (960, 540));
        assert!(scene(0, 0).jpeg().is_none());
    }
}
