//! Pictures in cells of text: two pixels to a character.

use image::RgbImage;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;
use ratatui::widgets::Widget;

use crate::overlay::{heat_color, shrink};
use crate::preprocess::spectrogram::BINS;

fn color([r, g, b]: [u8; 3]) -> Color {
    Color::Rgb(r, g, b)
}

/// Two pixels, one above the other.
fn put(buffer: &mut Buffer, x: u16, y: u16, upper: [u8; 3], lower: Option<[u8; 3]>) {
    let Some(cell) = buffer.cell_mut((x, y)) else { return };
    cell.set_char('▀').set_fg(color(upper));
    if let Some(lower) = lower {
        cell.set_bg(color(lower));
    }
}

/// A picture, as large as it fits, centred.
pub(super) struct Picture<'a>(pub(super) &'a RgbImage);

impl Widget for Picture<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let small = shrink(self.0, u32::from(area.width), u32::from(area.height) * 2);
        let (left, top) =
            ((area.width - small.width() as u16) / 2, (area.height - small.height().div_ceil(2) as u16) / 2);
        for y in (0..small.height()).step_by(2) {
            for x in 0..small.width() {
                let lower = small.get_pixel_checked(x, y + 1).map(|pixel| pixel.0);
                let upper = small.get_pixel(x, y).0;
                put(buffer, area.x + left + x as u16, area.y + top + (y / 2) as u16, upper, lower);
            }
        }
    }
}

/// Columns of a spectrogram, the newest on the right, low frequencies below.
pub(super) struct Spectrogram<'a>(pub(super) &'a [Vec<f32>]);

/// Value of a loud sound.
const LOUD: f32 = 2.4;

impl Widget for Spectrogram<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let (wide, high) = (usize::from(area.width), usize::from(area.height) * 2);
        if wide == 0 || high == 0 || self.0.is_empty() {
            return;
        }
        let pixel = |x: usize, y: usize| {
            let columns =
                x * self.0.len() / wide..((x + 1) * self.0.len() / wide).max(x * self.0.len() / wide + 1);
            // Rows grow wider towards high frequencies, as hearing does.
            let edge = |row: usize| ((row as f32 / high as f32).powi(2) * BINS as f32) as usize;
            let row = high - 1 - y;
            let bins = edge(row)..edge(row + 1).max(edge(row) + 1).min(BINS);
            let loudest = self.0[columns].iter().flat_map(|column| column.get(bins.clone()).unwrap_or(&[]));
            heat_color(loudest.fold(0.0f32, |m, v| m.max(*v)) / LOUD)
        };
        for y in (0..high).step_by(2) {
            for x in 0..wide {
                put(buffer, area.x + x as u16, area.y + (y / 2) as u16, pixel(x, y), Some(pixel(x, y + 1)));
            }
        }
    }
}
