//! Text in the fonts of embedded-graphics, chosen by height and enlarged with smooth edges where
//! the largest of them is too small.

use std::convert::Infallible;

use embedded_graphics::mono_font::{MonoFont, MonoTextStyle, ascii};
use embedded_graphics::pixelcolor::{BinaryColor, Rgb888};
use embedded_graphics::prelude::*;
use embedded_graphics::text::{Baseline, Text};

use super::canvas::Canvas;

/// Fonts at their own size, smallest first; bold where there is a bold one, for contrast.
const PLAIN: [&MonoFont<'static>; 8] = [
    &ascii::FONT_4X6,
    &ascii::FONT_5X8,
    &ascii::FONT_6X10,
    &ascii::FONT_6X13_BOLD,
    &ascii::FONT_7X13_BOLD,
    &ascii::FONT_8X13_BOLD,
    &ascii::FONT_9X15_BOLD,
    &ascii::FONT_9X18_BOLD,
];

/// Fonts that stay beautiful when enlarged, smallest first.
const ENLARGED: [&MonoFont<'static>; 2] = [&ascii::FONT_8X13_BOLD, &ascii::FONT_9X15_BOLD];

/// A font at a size.
#[derive(Clone, Copy)]
pub(super) struct Face {
    font: &'static MonoFont<'static>,
    scale: i32,
}

impl Face {
    /// All faces up to a height in pixels, largest first; the smallest of all even if it is higher.
    pub(super) fn up_to(height: i32) -> Vec<Self> {
        let plain = PLAIN.iter().map(|&font| Self { font, scale: 1 });
        let enlarged = (2..=16).flat_map(|scale| ENLARGED.iter().map(move |&font| Self { font, scale }));
        let mut faces: Vec<Self> = plain.chain(enlarged).filter(|face| face.height() <= height).collect();
        faces.sort_by_key(|face| std::cmp::Reverse((face.height(), face.advance())));
        if faces.is_empty() {
            faces.push(Self { font: PLAIN[0], scale: 1 });
        }
        faces
    }

    /// The largest face up to a height in pixels.
    pub(super) fn fitting(height: i32) -> Self {
        Self::up_to(height).first().copied().unwrap_or(Self { font: PLAIN[0], scale: 1 })
    }

    /// Height of a line in pixels.
    pub(super) fn height(self) -> i32 {
        self.font.character_size.height as i32 * self.scale
    }

    /// From the top of a line to the line that letters stand on, in pixels.
    pub(super) fn baseline(self) -> i32 {
        self.font.baseline as i32 * self.scale
    }

    /// Width of one character in pixels.
    pub(super) fn advance(self) -> i32 {
        (self.font.character_size.width + self.font.character_spacing) as i32 * self.scale
    }

    /// Width of a text on one line in pixels.
    pub(super) fn width(self, text: &str) -> i32 {
        self.advance() * text.chars().count() as i32
    }

    /// The text in lines no wider than `width` pixels, broken between words, or within a word
    /// that is too long by itself.
    pub(super) fn wrap(self, text: &str, width: i32) -> Vec<String> {
        let most = (width / self.advance()).max(1) as usize;
        let mut lines: Vec<String> = Vec::new();
        for word in text.split_whitespace() {
            let letters: Vec<char> = word.chars().collect();
            for (part, piece) in letters.chunks(most).enumerate() {
                let piece: String = piece.iter().collect();
                match lines.last_mut() {
                    Some(line) if part == 0 && line.chars().count() + 1 + piece.chars().count() <= most => {
                        line.push(' ');
                        line.push_str(&piece);
                    }
                    _ => lines.push(piece),
                }
            }
        }
        lines
    }

    /// Writes a text on one line, with its upper left corner at `x`, `y`.
    pub(super) fn write(self, canvas: &mut Canvas, text: &str, x: i32, y: i32, color: [u8; 3]) {
        if self.scale == 1 {
            let ink = Rgb888::new(color[0], color[1], color[2]);
            let style = MonoTextStyle::new(self.font, ink);
            // Drawing on this canvas cannot fail: its error type has no values.
            let Ok(_) = Text::with_baseline(text, Point::new(x, y), style, Baseline::Top).draw(canvas);
            return;
        }
        let mask = Mask::of(self.font, text);
        for row in 0..self.height() {
            for column in 0..self.width(text) {
                let middle = |pixel: i32| (pixel as f32 + 0.5) / self.scale as f32 - 0.5;
                let alpha = mask.cover(middle(column), middle(row), self.scale as f32);
                if alpha > 0.0 {
                    canvas.blend(x + column, y + row, color, alpha);
                }
            }
        }
    }
}

/// A text at the own size of its font: which pixels are ink.
struct Mask {
    size: Size,
    ink: Vec<bool>,
}

impl Mask {
    /// Draws a text on one line.
    fn of(font: &'static MonoFont<'static>, text: &str) -> Self {
        let advance = font.character_size.width + font.character_spacing;
        let size = Size::new(advance * text.chars().count() as u32, font.character_size.height);
        let mut mask = Self { size, ink: vec![false; (size.width * size.height) as usize] };
        let style = MonoTextStyle::new(font, BinaryColor::On);
        let Ok(_) = Text::with_baseline(text, Point::zero(), style, Baseline::Top).draw(&mut mask);
        mask
    }

    /// Ink of one pixel, 0 or 1.
    fn at(&self, x: i32, y: i32) -> f32 {
        f32::from(u8::from(self.index(x, y).is_some_and(|index| self.ink[index])))
    }

    /// Place of a pixel, if it is inside.
    fn index(&self, x: i32, y: i32) -> Option<usize> {
        let (x, y) = (u32::try_from(x).ok()?, u32::try_from(y).ok()?);
        (x < self.size.width && y < self.size.height).then_some((y * self.size.width + x) as usize)
    }

    /// Ink at a place between pixels, 0..1. Bilinear values are sharpened about one half: that
    /// rounds the stairs of an enlarged bitmap off instead of blurring it.
    fn cover(&self, x: f32, y: f32, scale: f32) -> f32 {
        let (left, top) = (x.floor(), y.floor());
        let (fx, fy) = (x - left, y - top);
        let (left, top) = (left as i32, top as i32);
        let upper = self.at(left, top) * (1.0 - fx) + self.at(left + 1, top) * fx;
        let lower = self.at(left, top + 1) * (1.0 - fx) + self.at(left + 1, top + 1) * fx;
        let value = upper * (1.0 - fy) + lower * fy;
        ((value - 0.5) * scale * 1.2 + 0.5).clamp(0.0, 1.0)
    }
}

impl DrawTarget for Mask {
    type Color = BinaryColor;
    type Error = Infallible;

    fn draw_iter<I>(&mut self, pixels: I) -> Result<(), Infallible>
    where
        I: IntoIterator<Item = Pixel<BinaryColor>>,
    {
        for Pixel(point, color) in pixels {
            if let Some(index) = self.index(point.x, point.y) {
                self.ink[index] = color.is_on();
            }
        }
        Ok(())
    }
}

impl OriginDimensions for Mask {
    fn size(&self) -> Size {
        self.size
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::RgbImage;

    #[test]
    fn faces_are_as_high_as_allowed_and_sorted() {
        for height in 6..200 {
            let faces = Face::up_to(height);
            assert!(faces.windows(2).all(|pair| pair[0].height() >= pair[1].height()));
            assert!(faces[0].height() <= height && faces[0].height() * 2 >= height, "{height}");
        }
        assert_eq!(Face::fitting(1).height(), 6);
    }

    #[test]
    fn lines_are_never_wider_than_asked_and_lose_no_letter() {
        let text = "I hear something, but I do not see it.";
        let face = Face::fitting(10);
        for width in [1, 20, 61, 100, 150, 1000] {
            let lines = face.wrap(text, width);
            assert!(lines.iter().all(|line| face.width(line) <= width.max(face.advance())));
            let letters = |s: &str| s.chars().filter(|c| *c != ' ').collect::<String>();
            assert_eq!(letters(&lines.concat()), letters(text));
        }
        assert_eq!(face.wrap(text, 1000), [text]);
    }

    #[test]
    fn enlarged_text_fills_its_cells_and_no_more() {
        let face = Face::fitting(30);
        assert!(face.scale > 1);
        let mut picture = RgbImage::new(80, 40);
        face.write(&mut Canvas::new(&mut picture), "HI", 5, 4, [255; 3]);
        let inside = |x: u32, y: u32| {
            (5..5 + face.width("HI")).contains(&(x as i32)) && (4..4 + face.height()).contains(&(y as i32))
        };
        assert!(picture.enumerate_pixels().all(|(x, y, p)| inside(x, y) || p.0 == [0; 3]));
        assert!(picture.pixels().filter(|p| p.0 == [255; 3]).count() > 60);
    }
}
