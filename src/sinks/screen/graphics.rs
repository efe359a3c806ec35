//! The camera's picture on the terminal: in pixels where it shows them (kitty, iTerm2 or Sixel
//! graphics), otherwise in half blocks.

use image::{DynamicImage, RgbImage};
use ratatui::Frame;
use ratatui::crossterm::terminal::window_size;
use ratatui::layout::{Rect, Size};
use ratatui_image::picker::{Picker, ProtocolType};
use ratatui_image::protocol::{StatefulProtocol, StatefulProtocolType};
use ratatui_image::{FontSize, Resize, StatefulImage};

use super::widgets::Picture;
use crate::overlay::shrink;

/// Pixels that are sent at most, in each direction, so that encoding does not hold up decisions; chosen, not
/// measured.
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
    /// The best protocol of the terminal, by its environment variables. Asking the terminal would mean reading its
    /// answer among the keys, and waiting where none comes.
    pub(super) fn of_terminal() -> Self {
        let variable = |name: &str| std::env::var(name).unwrap_or_default();
        let protocol = protocol_of(variable);
        let font = window_size().ok().and_then(|window| {
            let width = window.width.checked_div(window.columns).filter(|width| *width > 0)?;
            let height = window.height.checked_div(window.rows).filter(|height| *height > 0)?;
            Some(FontSize::new(width, height))
        });
        match (protocol, font) {
            (Some(protocol), Some(font)) => Self::with(protocol, font),
            _ => Self(None),
        }
    }

    /// A protocol, and the size of a character in pixels.
    pub(super) fn with(protocol: ProtocolType, font: FontSize) -> Self {
        let mut picker = Picker::halfblocks();
        picker.set_protocol_type(protocol);
        let protocol = picker.new_resize_protocol(DynamicImage::default()).protocol_type_owned();
        Self(Some(Pixels { font, protocol: Some(protocol) }))
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

/// The protocol of the terminal that an environment belongs to; `None`: none that is known.
fn protocol_of(variable: impl Fn(&str) -> String) -> Option<ProtocolType> {
    let (term, program) = (variable("TERM"), variable("TERM_PROGRAM"));
    // A multiplexer stands between, and hands graphics on only if it was told to.
    if !variable("TMUX").is_empty() || term.starts_with("screen") || term.starts_with("tmux") {
        return None;
    }
    match (program.as_str(), term.as_str()) {
        ("ghostty", _) | (_, "xterm-kitty" | "xterm-ghostty") => Some(ProtocolType::Kitty),
        // WezTerm has all three; this one is its best.
        ("iTerm.app" | "WezTerm", _) => Some(ProtocolType::Iterm2),
        (_, "foot" | "foot-extra" | "mlterm") => Some(ProtocolType::Sixel),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_terminals_are_known() {
        let found = |pairs: &[(&str, &str)]| {
            let value = |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
            protocol_of(|name| value(name).unwrap_or_default().to_string())
        };
        assert_eq!(found(&[("TERM", "xterm-kitty")]), Some(ProtocolType::Kitty));
        assert_eq!(
            found(&[("TERM_PROGRAM", "WezTerm"), ("TERM", "xterm-256color")]),
            Some(ProtocolType::Iterm2)
        );
        assert_eq!(found(&[("TERM", "foot")]), Some(ProtocolType::Sixel));
        assert_eq!(found(&[("TERM", "xterm-256color")]), None);
        assert_eq!(found(&[("TERM", "xterm-kitty"), ("TMUX", "/tmp/tmux-0/default,1,0")]), None);
        assert_eq!(found(&[]), None);
    }
}
