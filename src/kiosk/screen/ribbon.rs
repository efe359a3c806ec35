//! The sound of the last seconds as a ribbon that runs to the left, with labels of time and pitch.

use super::layout::{cut_bottom, cut_left, cut_top};
use super::scene::{RIBBON_SECONDS, Scene};
use super::style::Style;
use super::surface::{Surface, pack};
use super::text::{Manner, Room};
use crate::overlay::canvas::Area;
use crate::overlay::heat_color;
use crate::preprocess::SAMPLE_RATE;
use crate::preprocess::spectrogram::{BINS, HOP};

/// Columns that the ribbon spans.
const SPAN: usize = RIBBON_SECONDS * SAMPLE_RATE / HOP;
/// Value of a column that gets the hottest colour.
const LOUD: f32 = 2.6;
/// Pitches with a label, in kHz, the most telling first.
const PITCHES: [f32; 6] = [1.0, 4.0, 12.0, 0.25, 20.0, 8.0];

/// A ribbon that was laid out.
pub(super) struct Ribbon {
    plot: Area,
    /// Which bins each row of the plot shows, the upper row first.
    bins: Vec<std::ops::Range<usize>>,
    /// Which column each pixel of a row shows, counted from the newest.
    ages: Vec<usize>,
    /// Colours of 256 values.
    colors: Vec<u32>,
    /// The plot as values, column by column.
    squeezed: Vec<u8>,
}

impl Ribbon {
    /// Lays a ribbon out and draws what does not change on the ground: labels.
    pub(super) fn new(area: Area, size: f32, style: &mut Style, ground: &mut Surface) -> Self {
        let Style { theme, language, typesetter, .. } = style;
        let size = (size * 0.8).max(9.0);
        let line = (size * 1.35) as i32;
        let mut plot = area;
        // A title only where the ribbon is high enough to spare it.
        if area.height > 6 * line {
            let title = cut_top(&mut plot, line, line / 5);
            let block = typesetter.set(&language.ribbon_title, title.into(), Manner::plain(size));
            block.write(ground, title.x, title.y, theme.muted.0);
        }
        let mut times = cut_bottom(&mut plot, line, line / 8);
        let pitch = |khz: f32| language.ribbon_pitch.replace("{khz}", &khz.to_string());
        let room = Room([area.width / 4, line]);
        let labels: Vec<_> = PITCHES
            .iter()
            .map(|khz| (*khz, typesetter.set(&pitch(*khz), room, Manner::plain(size))))
            .collect();
        let widest = labels.iter().map(|(_, block)| block.width).max().unwrap_or(0);
        let left = cut_left(&mut plot, widest, line / 3);
        cut_left(&mut times, widest, line / 3);
        let mut taken: Vec<i32> = Vec::new();
        for (khz, block) in labels {
            let y = plot.bottom() - (height_of(khz) * plot.height as f32) as i32 - block.height / 2;
            let y = y.clamp(plot.y, (plot.bottom() - block.height).max(plot.y));
            let free = taken.iter().all(|other| other.abs_diff(y) as i32 >= block.height * 9 / 10);
            if free && block.height <= plot.height {
                taken.push(y);
                block.write(ground, left.right() - block.width, y, theme.muted.0);
            }
        }
        for seconds in 0..=RIBBON_SECONDS {
            let text = match seconds {
                0 => language.ribbon_now.clone(),
                _ => language.ribbon_ago.replace("{seconds}", &seconds.to_string()),
            };
            let block = typesetter.set(&text, Room([times.width / 4, times.height]), Manner::plain(size));
            let place = times.right() - times.width * seconds as i32 / RIBBON_SECONDS as i32;
            // The first and the last label stand inside; between them only every second one has room.
            let x = match seconds {
                0 => place - block.width,
                RIBBON_SECONDS => place,
                _ => place - block.width / 2,
            };
            if seconds % 2 == 0 {
                block.write(ground, x, times.y, theme.muted.0);
            }
        }
        let plot = ground.clip(plot);
        let rows = plot.height.max(0) as usize;
        let bin = |share: f32| ((share * share * BINS as f32) as usize).min(BINS);
        let edges = |row: usize| {
            let (low, high) = ((rows - 1 - row) as f32 / rows as f32, (rows - row) as f32 / rows as f32);
            let first = bin(low).min(BINS - 1);
            first..bin(high).max(first + 1)
        };
        let width = plot.width.max(0) as usize;
        let colors = (0..256).map(|value| pack(heat_color(value as f32 / 255.0))).collect();
        Self {
            bins: (0..rows).map(edges).collect(),
            ages: (0..width).map(|x| (width - 1 - x) * SPAN / width).collect(),
            plot,
            colors,
            squeezed: Vec::new(),
        }
    }

    /// Draws the columns; where there is none yet, it is as in silence.
    pub(super) fn draw(&mut self, scene: &Scene, surface: &mut Surface, radius: f32, around: [u8; 3]) {
        let columns = &scene.columns[scene.columns.len().saturating_sub(SPAN)..];
        let rows = self.bins.len();
        self.squeezed.clear();
        // The newest first.
        for column in columns.iter().rev() {
            let mean = |bins: &std::ops::Range<usize>| {
                let values = column.get(bins.clone()).unwrap_or_default();
                let sum: f32 = values.iter().sum();
                // What is not a number becomes 0 here.
                (sum / values.len().max(1) as f32 * (255.0 / LOUD)) as u8
            };
            self.squeezed.extend(self.bins.iter().map(mean));
        }
        let silence = self.colors[0];
        for (row, y) in (self.plot.y..self.plot.bottom()).enumerate() {
            let pixels = surface.row_mut(y, self.plot.x, self.plot.right());
            for (pixel, age) in pixels.iter_mut().zip(&self.ages) {
                let value = self.squeezed.get(age * rows + row);
                *pixel = value.map_or(silence, |value| self.colors[usize::from(*value)]);
            }
        }
        surface.round_corners(self.plot, radius.min(self.plot.height as f32 / 3.0), around);
    }

    /// Where the sound is, for tests.
    #[cfg(test)]
    pub(super) fn plot(&self) -> Area {
        self.plot
    }
}

/// How high a pitch stands on the ribbon, 0 to 1: low ones get more room than they have bins, because most
/// of what sounds is down there.
fn height_of(khz: f32) -> f32 {
    (khz * 2000.0 / SAMPLE_RATE as f32).sqrt()
}
