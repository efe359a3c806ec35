//! The camera's picture on the terminal: in pixels where it shows them (kitty, iTerm2 or Sixel
//! graphics), otherwise in half blocks.

use image::{DynamicImage, RgbImage};
use ratatui::Frame;
use ratatui::layout::{Rect, Size};
use ratatui_image::picker::{Picker, ProtocolType};
use ratatui_image::protocol::{StatefulProtocol, StatefulProtocolType};
use ratatui_image::{FontSize, Resize, StatefulImage};

use super::widgets::Picture;
use crate::overlay::shrink;

/// Pixels that are sent at most, in each direction: more take longer to encode than a decision lasts.
const LARGEST: (u32, u32) = (480, 360);

/// How pictures get onto the terminal.
#[derive(Default)]
pub(super) struct Graphics(Option<Pixels>);

struct Pixels {
    font: FontSize,
    /// Kept from picture to picture: the terminal then replaces the one before, instead of keeping both.
    protocol: Option<StatefulProtocolType>,
}

impl Graphics {
    /// Asks the terminal. To be called after it was taken over, before its keys are read.
    pub(super) fn ask() -> Self {
        Picker::from_query_stdio().map_or(Self(None), |picker| Self::with(&picker))
    }

    /// What a terminal said of itself.
    pub(super) fn with(picker: &Picker) -> Self {
        if picker.protocol_type() == ProtocolType::Halfblocks {
            return Self(None);
        }
        let protocol = picker.new_resize_protocol(DynamicImage::default()).protocol_type_owned();
        Self(Some(Pixels { font: picker.font_size(), protocol: Some(protocol) }))
    }

    /// Shows a picture, as large as it fits, centred.
    pub(super) fn show(&mut self, frame: &mut Frame, area: Rect, picture: &RgbImage) {
        let Some(pixels) = &mut self.0 else {
            frame.render_widget(Picture(picture), area);
            return;
        };
        let Some(protocol) = pixels.protocol.take() else { return };
        let Size { width, height } = area.as_size();
        let (w, h) = (
            u32::from(width) * u32::from(pixels.font.width),
            u32::from(height) * u32::from(pixels.font.height),
        );
        let small = DynamicImage::ImageRgb8(shrink(picture, w.min(LARGEST.0), h.min(LARGEST.1)));
        let mut protocol = StatefulProtocol::new(small, pixels.font, None, protocol);
        let size = protocol.size_for(Resize::Fit(None), area.as_size());
        let centred = Rect {
            x: area.x + (width - size.width.min(width)) / 2,
            y: area.y + (height - size.height.min(height)) / 2,
            width: size.width.min(width),
            height: size.height.min(height),
        };
        frame.render_stateful_widget(
            StatefulImage::default().resize(Resize::Fit(None)),
            centred,
            &mut protocol,
        );
        pixels.protocol = Some(protocol.protocol_type_owned());
    }
}
