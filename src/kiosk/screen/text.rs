//! Writing: sets texts as large as they fit, and keeps what was set.

use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;

use cosmic_text::fontdb::Weight;
use cosmic_text::{
    Attrs, Buffer, CacheKeyFlags, Family, FontSystem, Metrics, Shaping, SwashCache, SwashContent, SwashImage,
    Wrap,
};

use super::error::ScreenError;
use super::fonts::{self, Found};
use super::surface::{Surface, pack};
use crate::language::Language;
use crate::overlay::canvas::Area;

/// Height of a line, in sizes of its font.
const LINE: f32 = 1.28;
/// Smallest size in pixels; a text that is still too large is left out.
const LEAST: f32 = 6.0;
/// How many set texts are kept; the numbers of the dial are a hundred.
const KEPT: usize = 512;

/// How a text is set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Manner {
    /// Size of the font in pixels, if there is room for it.
    pub(super) size: f32,
    /// Whether it is bold, if the font can be.
    pub(super) bold: bool,
    /// Whether lines are centred above each other, instead of starting on the left.
    pub(super) centred: bool,
}

impl Manner {
    /// Normal weight, on the left.
    pub(super) fn plain(size: f32) -> Self {
        Self { size, bold: false, centred: false }
    }

    /// Bold.
    pub(super) fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    /// Centred.
    pub(super) fn centred(self) -> Self {
        Self { centred: true, ..self }
    }
}

/// Width and height that a text may take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Room(pub(super) [i32; 2]);

impl From<Area> for Room {
    fn from(area: Area) -> Self {
        Self([area.width, area.height])
    }
}

/// A text that was set: how much of each pixel its letters cover.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// Size of the font in pixels; 0: there was no room, nothing is written.
    pub(super) size: f32,
    /// Width of the widest line.
    pub(super) width: i32,
    /// Height of all lines.
    pub(super) height: i32,
    /// Where the covered pixels begin, from the block's upper left corner: letters may reach over its edges.
    left: i32,
    top: i32,
    stride: usize,
    coverage: Vec<u8>,
}

impl Block {
    /// Writes it with its upper left corner at a place.
    pub(super) fn write(&self, surface: &mut Surface, x: i32, y: i32, color: [u8; 3]) {
        let color = pack(color);
        for (row, line) in self.coverage.chunks_exact(self.stride.max(1)).enumerate() {
            for (column, covered) in line.iter().enumerate().filter(|(_, covered)| **covered > 0) {
                // 255 becomes 256: wholly covered.
                let alpha = u32::from(*covered) + u32::from(*covered >> 7);
                surface.blend(x + self.left + column as i32, y + self.top + row as i32, color, alpha);
            }
        }
    }

    /// Writes it in the middle of an area.
    pub(super) fn write_centred(&self, surface: &mut Surface, area: Area, color: [u8; 3]) {
        let (x, y) = (area.x + (area.width - self.width) / 2, area.y + (area.height - self.height) / 2);
        self.write(surface, x, y, color);
    }

    /// The area that its letters cover when it is written at a place.
    #[cfg(test)]
    pub(super) fn ink(&self, x: i32, y: i32) -> Area {
        let height = self.coverage.len() / self.stride.max(1);
        Area { x: x + self.left, y: y + self.top, width: self.stride as i32, height: height as i32 }
    }
}

/// What distinguishes a set text from others: its letters, room and manner.
type Key = (String, [i32; 2], u32, [bool; 2]);

/// Sets texts in one language.
pub(super) struct Typesetter {
    fonts: FontSystem,
    cache: SwashCache,
    family: String,
    /// The weights of the family that are nearest to normal and to bold.
    weights: [Weight; 2],
    kept: HashMap<Key, Rc<Block>>,
}

impl Typesetter {
    /// Loads the fonts and chooses a family, as [`fonts::find`] does.
    pub(super) fn new(
        preferred: &[String],
        language: &Language,
        files: &[PathBuf],
    ) -> Result<Self, ScreenError> {
        let Found { fonts, family, weights } = fonts::find(preferred, language, files)?;
        Ok(Self { fonts, cache: SwashCache::new(), family, weights, kept: HashMap::new() })
    }

    /// Sets a text as large as it fits into a room, at most as large as the manner says, with
    /// lines of about the same length; the words stay whole. Without room for it the block is empty.
    pub(super) fn set(&mut self, text: &str, room: Room, manner: Manner) -> Rc<Block> {
        let key = (text.to_string(), room.0, manner.size.to_bits(), [manner.bold, manner.centred]);
        if let Some(block) = self.kept.get(&key) {
            return block.clone();
        }
        let block = Rc::new(self.fit(text, room.0, manner));
        if self.kept.len() >= KEPT {
            // Bounded, so that weeks of changing names do not fill the memory.
            self.kept.clear();
        }
        self.kept.insert(key, block.clone());
        block
    }

    /// Everything that was set and kept: text, room, block.
    #[cfg(test)]
    pub(super) fn kept(&self) -> impl Iterator<Item = (&str, Room, &Block)> {
        self.kept.iter().map(|((text, room, ..), block)| (text.as_str(), Room(*room), block.as_ref()))
    }

    fn fit(&mut self, text: &str, [width, height]: [i32; 2], manner: Manner) -> Block {
        let attributes = Attrs::new()
            .family(Family::Name(&self.family))
            .weight(self.weights[usize::from(manner.bold)])
            .cache_key_flags(CacheKeyFlags::DISABLE_HINTING);
        let mut buffer = Buffer::new(&mut self.fonts, Metrics::new(LEAST, LEAST * LINE));
        buffer.set_wrap(Wrap::Word);
        buffer.set_text(text, &attributes, Shaping::Advanced, None);
        let (fonts, wide) = (&mut self.fonts, width as f32);
        let mut size = manner.size.max(LEAST);
        let lines = loop {
            let (lines, widest) = lay_out(&mut buffer, fonts, size, wide);
            if lines > 0 && widest <= wide && (lines as f32 * size * LINE).ceil() <= height as f32 {
                break lines;
            }
            if size <= LEAST {
                return Block::default();
            }
            size = (size * 0.96).max(LEAST);
        };
        if lines > 1 {
            // As narrow as the same number of lines allows: so no word stands alone on the last one.
            let (mut narrow, mut enough) = (wide / lines as f32 * 0.9, wide);
            while enough - narrow > 2.0 {
                let middle = (narrow + enough) / 2.0;
                let (count, widest) = lay_out(&mut buffer, fonts, size, middle);
                if count == lines && widest <= middle { enough = middle } else { narrow = middle }
            }
            lay_out(&mut buffer, fonts, size, enough);
        }
        self.cover(&buffer, size, manner.centred)
    }

    /// The block of a buffer that was laid out.
    fn cover(&mut self, buffer: &Buffer, size: f32, centred: bool) -> Block {
        let width = buffer.layout_runs().map(|run| run.line_w).fold(0.0, f32::max);
        let mut images: Vec<(i32, i32, SwashImage)> = Vec::new();
        let mut lines = 0;
        for run in buffer.layout_runs() {
            lines += 1;
            let indent = if centred { (width - run.line_w) / 2.0 } else { 0.0 };
            for glyph in run.glyphs {
                let place = glyph.physical((indent, run.line_y), 1.0);
                let image = self.cache.get_image_uncached(&mut self.fonts, place.cache_key);
                let image = image.filter(|image| image.placement.width * image.placement.height > 0);
                images.extend(image.map(|i| (place.x + i.placement.left, place.y - i.placement.top, i)));
            }
        }
        let left = images.iter().map(|(x, ..)| *x).min().unwrap_or(0);
        let top = images.iter().map(|(_, y, _)| *y).min().unwrap_or(0);
        let right = images.iter().map(|(x, _, i)| x + i.placement.width as i32).max().unwrap_or(0);
        let bottom = images.iter().map(|(_, y, i)| y + i.placement.height as i32).max().unwrap_or(0);
        let stride = (right - left) as usize;
        let mut coverage = vec![0u8; stride * (bottom - top) as usize];
        for (x, y, image) in &images {
            let start = (y - top) as usize * stride + (x - left) as usize;
            for (row, line) in alphas(image).chunks_exact(image.placement.width as usize).enumerate() {
                for (kept, alpha) in coverage[start + row * stride..].iter_mut().zip(line) {
                    *kept = (*kept).max(*alpha);
                }
            }
        }
        let height = (lines as f32 * size * LINE).ceil() as i32;
        Block { size, width: width.ceil() as i32, height, left, top, stride, coverage }
    }
}

/// Lays a text out; the number of lines and the width of the widest.
fn lay_out(buffer: &mut Buffer, fonts: &mut FontSystem, size: f32, width: f32) -> (usize, f32) {
    buffer.set_metrics_and_size(Metrics::new(size, size * LINE), Some(width), None);
    buffer.shape_until_scroll(fonts, false);
    buffer.layout_runs().fold((0, 0.0), |(lines, widest), run| (lines + 1, f32::max(widest, run.line_w)))
}

/// How much of each pixel a glyph covers; of a coloured one, e.g. an emoji in a name, how opaque it is.
fn alphas(image: &SwashImage) -> Vec<u8> {
    match image.content {
        SwashContent::Mask => image.data.clone(),
        SwashContent::Color | SwashContent::SubpixelMask => {
            image.data.chunks_exact(4).map(|p| p[3]).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kiosk::screen::fonts::tests::latin_font;

    fn typesetter() -> Typesetter {
        let english = Language::built_in("en").expect("English");
        Typesetter::new(&[], &english, &[latin_font()]).expect("it has all letters")
    }

    #[test]
    fn a_text_is_as_large_as_fits_and_its_lines_are_even() {
        let mut typesetter = typesetter();
        let text = "I hear something, but I do not see it.";
        let one = typesetter.set(text, Room([2000, 60]), Manner::plain(40.0));
        assert_eq!((one.size, one.height), (40.0, 52), "one line");
        let two = typesetter.set(text, Room([500, 110]), Manner::plain(40.0));
        assert_eq!((two.size, two.height), (40.0, 103), "two lines");
        assert!(two.width < 460, "even lines: {}", two.width);
        let small = typesetter.set(text, Room([200, 30]), Manner::plain(40.0));
        assert!(small.size < 12.0 && small.width <= 200 && small.height <= 30, "{}", small.size);
        let none = typesetter.set(text, Room([20, 8]), Manner::plain(40.0));
        assert_eq!((none.size, none.width, none.coverage.len()), (0.0, 0, 0));
    }

    #[test]
    fn what_is_kept_has_a_bound() {
        let mut typesetter = typesetter();
        for number in 0..2 * KEPT {
            typesetter.set(&number.to_string(), Room([99, 20]), Manner::plain(9.0));
        }
        assert!(typesetter.kept.len() <= KEPT);
    }
}
