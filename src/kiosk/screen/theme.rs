//! How a kiosk looks: colours, fonts, and what is left out.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::event::State;
use crate::validation::{ValidationError, first};

/// A colour, written `"#rrggbb"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Color(pub [u8; 3]);

impl Color {
    /// Lightness as people see it, 0 (black) to 1 (white): the relative luminance of WCAG 2.
    pub fn luminance(self) -> f32 {
        let linear = |channel: u8| {
            let share = f32::from(channel) / 255.0;
            if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        let [r, g, b] = self.0.map(linear);
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    /// Contrast with another colour, 1 (none) to 21 (black on white), as in WCAG 2.
    pub fn contrast(self, other: Self) -> f32 {
        let (a, b) = (self.luminance() + 0.05, other.luminance() + 0.05);
        a.max(b) / a.min(b)
    }

    /// Black or white, whichever is easier to read on this colour.
    pub fn ink(self) -> Self {
        let [black, white] = [Self([0x10; 3]), Self([0xff; 3])];
        if self.contrast(black) > self.contrast(white) { black } else { white }
    }
}

/// A text that is no colour.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is no colour: write it as \"#rrggbb\", for example \"#ffb347\"")]
pub struct ColorError(pub String);

impl TryFrom<String> for Color {
    type Error = ColorError;

    fn try_from(text: String) -> Result<Self, ColorError> {
        let digits =
            text.strip_prefix('#').filter(|d| d.len() == 6 && d.bytes().all(|b| b.is_ascii_hexdigit()));
        let value = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let [_, r, g, b] = value.ok_or(ColorError(text))?.to_be_bytes();
        Ok(Self([r, g, b]))
    }
}

impl From<Color> for String {
    fn from(Color([r, g, b]): Color) -> Self {
        format!("#{r:02x}{g:02x}{b:02x}")
    }
}

/// How a kiosk looks. What is not given is as in [`Theme::dark`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Theme {
    /// Behind everything.
    pub ground: Color,
    /// Behind what stands on the ground: tracks, banners, cards.
    pub panel: Color,
    /// Text that matters.
    pub text: Color,
    /// Text that explains.
    pub muted: Color,
    /// Stands for: what sounds is in the picture.
    pub here: Color,
    /// Stands for: something sounds that is not in the picture.
    pub unseen: Color,
    /// Stands for: it is quiet.
    pub quiet: Color,
    /// The line around the sounding object; on the camera's picture, whatever that shows.
    pub outline: Color,
    /// Names of font families, the preferred one first; the first that is installed and has all letters
    /// of the language is taken.
    pub fonts: Vec<String>,
    /// How much the map lights the picture, 0 (not at all) to 1.
    pub heat: f32,
    /// Whether the score is shown as a dial.
    pub dial: bool,
    /// Whether the spectrogram is shown as a ribbon.
    pub ribbon: bool,
}

impl Default for Theme {
    fn default() -> Self {
        Self::dark()
    }
}

impl Theme {
    /// Names of the themes that are built in.
    pub const BUILT_IN: [&'static str; 2] = ["dark", "light"];

    /// Light text on dark blue, for dim rooms: the picture stands out.
    pub fn dark() -> Self {
        Self {
            ground: Color([0x0d, 0x12, 0x1d]),
            panel: Color([0x1d, 0x26, 0x37]),
            text: Color([0xf4, 0xf6, 0xfa]),
            muted: Color([0xaa, 0xb5, 0xc8]),
            here: Color([0x4f, 0xdc, 0xb4]),
            unseen: Color([0xff, 0xb3, 0x47]),
            quiet: Color([0x93, 0xa0, 0xb6]),
            outline: Color([0xff, 0xf1, 0xc2]),
            fonts: ["Noto Sans", "DejaVu Sans", "Liberation Sans", "Noto Sans CJK SC", "FreeSans"]
                .map(Into::into)
                .into(),
            heat: 0.6,
            dial: true,
            ribbon: true,
        }
    }

    /// Dark text on a warm white, for bright rooms.
    pub fn light() -> Self {
        Self {
            ground: Color([0xf7, 0xf5, 0xf0]),
            panel: Color([0xe6, 0xe3, 0xda]),
            text: Color([0x18, 0x1d, 0x27]),
            muted: Color([0x50, 0x59, 0x68]),
            here: Color([0x00, 0x7a, 0x63]),
            unseen: Color([0xa8, 0x5a, 0x00]),
            quiet: Color([0x66, 0x70, 0x80]),
            ..Self::dark()
        }
    }

    /// A built-in theme by its name; `None` if there is none of that name ([`Theme::BUILT_IN`]).
    pub fn built_in(name: &str) -> Option<Self> {
        match name {
            "dark" => Some(Self::dark()),
            "light" => Some(Self::light()),
            _ => None,
        }
    }

    /// The colour that stands for a state.
    pub fn state(&self, state: State) -> Color {
        match state {
            State::Silent => self.quiet,
            State::Match => self.here,
            State::NoVisibleSource => self.unseen,
        }
    }

    /// Every value out of range, and every colour that is too close to what is behind it: everything must be read, text
    /// by level AA of WCAG 2 (4.5 to 1), the colours of the states by its rule for graphics (3 to 1).
    pub fn mistakes(&self) -> Vec<ValidationError> {
        let grounds = [("ground", self.ground), ("panel", self.panel)];
        let hidden = |(key, color, least): (&str, Color, f32)| {
            grounds.into_iter().find_map(|(behind, ground)| {
                let contrast = color.contrast(ground);
                let (color, ground) = (String::from(color), String::from(ground));
                let message = format!(
                    "{color} is hard to see on {behind} ({ground}): the contrast is {contrast:.1} to 1 and must be at least \
                     {least} to 1; make it lighter or darker"
                );
                (contrast < least).then(|| ValidationError::new(key, message).because_of(&[behind]))
            })
        };
        let colors = [
            ("text", self.text, 4.5),
            ("muted", self.muted, 4.5),
            ("here", self.here, 3.0),
            ("unseen", self.unseen, 3.0),
            ("quiet", self.quiet, 3.0),
        ];
        let heat = (!(0.0..=1.0).contains(&self.heat))
            .then(|| ValidationError::new("heat", format!("{} is not from 0 to 1", self.heat)));
        colors.into_iter().filter_map(hidden).chain(heat).collect()
    }

    /// Checks every value.
    ///
    /// # Errors
    /// The first of the [`mistakes`](Self::mistakes).
    pub fn validate(&self) -> Result<(), ValidationError> {
        first(self.mistakes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_themes_can_be_read() {
        for name in Theme::BUILT_IN {
            let theme = Theme::built_in(name).expect("it is built in");
            assert_eq!(theme.validate(), Ok(()), "{name}");
        }
        assert_eq!(Theme::built_in("pink"), None);
    }

    #[test]
    fn what_cannot_be_read_is_refused_by_its_key() {
        let grey = Theme { muted: Color([0x40; 3]), ..Theme::dark() };
        let error = grey.validate().expect_err("grey on dark blue");
        assert_eq!(error.key, "muted");
        assert!(error.message.contains("#404040") && error.message.contains("ground"), "{error}");
        for heat in [-0.1, 1.1, f32::NAN] {
            assert_eq!(Theme { heat, ..Theme::dark() }.validate().expect_err("out of range").key, "heat");
        }
    }

    #[test]
    fn a_theme_is_written_as_it_is_read_and_knows_no_other_keys() {
        let theme = Theme { heat: 0.25, dial: false, ..Theme::light() };
        let text = toml::to_string(&theme).expect("it can be written");
        assert!(text.contains("here = \"#007a63\""), "{text}");
        assert_eq!(toml::from_str::<Theme>(&text).expect("it can be read"), theme);
        assert_eq!(toml::from_str::<Theme>("").expect("everything has a default"), Theme::dark());
        assert!(toml::from_str::<Theme>("colour = 3").is_err());
        for wrong in ["ffb347", "#ffb34", "#ffb34g", "#ffb3477", "#+fb347", "red", ""] {
            let error = toml::from_str::<Theme>(&format!("here = {wrong:?}")).expect_err(wrong);
            assert!(error.to_string().contains("#rrggbb"), "{error}");
        }
    }

    #[test]
    fn contrast_is_what_the_standard_says() {
        let (black, white) = (Color([0; 3]), Color([255; 3]));
        assert!((black.contrast(white) - 21.0).abs() < 0.01);
        assert!(
            (Color([0x77; 3]).contrast(white) - 4.48).abs() < 0.01,
            "the well-known grey that just fails"
        );
    }
}
