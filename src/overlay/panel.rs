//! The panel below the picture: the decision in plain words, time, score, and the sound.

use super::canvas::{Area, Canvas, Shape};
use super::headline::{Headline, MUTED};
use super::text::Face;
use super::{View, clock, plots, state_color, unit};

/// Ground of the panel.
const GROUND: [u8; 3] = [15, 18, 25];

/// The empty part of the score bar.
const TRACK: [u8; 3] = [47, 55, 70];

/// Narrowest plot that still says something.
const CELL: i32 = 56;

/// Draws the panel into an area of at least 48 rows; what does not fit is left out.
pub(super) fn draw(canvas: &mut Canvas, area: Area, view: &View) {
    let color = state_color(view.event.state);
    let pad = (area.height * 9 / 100).min(area.width / 16).max(3);
    let rule = (area.height / 50).max(1);
    canvas.fill(area, GROUND);
    canvas.fill(Area { height: rule, ..area }, color);
    let inner = Area {
        x: area.x + pad,
        y: area.y + rule + pad,
        width: area.width - 2 * pad,
        height: area.height - rule - 2 * pad,
    };
    let time = clock(view.event.t);
    let headline = Headline::fit(inner.width, area.height, &time);
    headline.draw(canvas, inner, view.event, &time);
    let top = inner.y + headline.height() + (pad * 2 / 3).max(2);
    let rest = Area { y: top, height: inner.bottom() - top, ..inner };
    let gap = pad * 3 / 2;
    let wanted = if view.spectrogram.is_empty() { 2 } else { 3 };
    let count = ((rest.width + gap) / (CELL + gap)).clamp(1, wanted);
    let width = (rest.width - gap * (count - 1)) / count;
    let face = Face::fitting((area.height * 17 / 100).max(8).min(rest.height / 2));
    let cell = |index: i32| Cell {
        area: Area { x: rest.x + index * (width + gap), width, ..rest },
        face,
        gap: (pad / 2).max(2),
    };
    cell(0).score(canvas, view, if headline.timed { None } else { Some(&time) });
    if count > 1 {
        let plot = cell(1).captioned(canvas, "sound");
        plots::waveform(canvas, plot, view.sound);
    }
    if count > 2 {
        let plot = cell(2).captioned(canvas, "spectrum");
        plots::spectrogram(canvas, plot, view.spectrogram);
    }
}

/// One column of the lower part: a line of text with a plot below.
struct Cell {
    area: Area,
    face: Face,
    /// Between the text and the plot.
    gap: i32,
}

impl Cell {
    /// What is left below the text.
    fn below(&self) -> Area {
        let taken = self.face.height() + self.gap;
        Area { y: self.area.y + taken, height: self.area.height - taken, ..self.area }
    }

    /// The face of captions, and how much lower it starts to stand on the same line as numbers.
    fn caption(&self) -> (Face, i32) {
        let face = Face::fitting((self.face.height() * 3 / 4).max(10).min(self.face.height()));
        (face, self.face.baseline() - face.baseline())
    }

    /// Writes a caption; where the plot goes, which is the whole cell if a caption would take
    /// too much of it.
    fn captioned(&self, canvas: &mut Canvas, text: &str) -> Area {
        let (face, lower) = self.caption();
        let below = self.below();
        if below.height < 14 || face.width(text) > self.area.width {
            return self.area;
        }
        face.write(canvas, text, self.area.x, self.area.y + lower, MUTED);
        below
    }

    /// Score as a number and a bar, and its history; with the time, if it has no place elsewhere.
    fn score(&self, canvas: &mut Canvas, view: &View, time: Option<&str>) {
        let (score, color) = (view.event.score, state_color(view.event.state));
        let (small, lower) = self.caption();
        let space = self.face.advance();
        let mut left = self.area.x;
        let mut right = self.area.right();
        let number = if score.is_finite() { format!("{:.2}", unit(score)) } else { "--".into() };
        // Four characters for every number: the bar must not move.
        let needed = self.face.width("0.00") + space + CELL / 4;
        if let Some(time) = time
            && needed + small.width(time) + space <= right - left
        {
            right -= small.width(time);
            small.write(canvas, time, right, self.area.y + lower, MUTED);
            right -= space;
        }
        if needed + small.width("score") + space + CELL / 2 <= right - left {
            small.write(canvas, "score", left, self.area.y + lower, MUTED);
            left += small.width("score") + space;
        }
        self.face.write(canvas, &number, left, self.area.y, color);
        left += self.face.width("0.00") + space;
        let thick = (self.face.baseline() * 3 / 5).max(3);
        // Digits stand on the baseline and leave the top sixth of the line free.
        let y = self.area.y + (self.face.baseline() * 7 / 6 + 1 - thick).div_euclid(2);
        let bar = Area { x: left, y, width: right - left, height: thick };
        if bar.width > 2 * thick {
            let round = thick as f32 / 2.0;
            canvas.fill_shape(Shape::rounded(bar, round), TRACK, 1.0);
            let filled = (unit(score) * bar.width as f32).round() as i32;
            if filled > 0 {
                // Not shorter than it is thick: so the smallest score is a dot.
                let filled = Area { width: filled.max(thick), ..bar };
                canvas.fill_shape(Shape::rounded(filled, round), color, 1.0);
            }
        }
        plots::history(canvas, self.below(), view.scores, color);
    }
}
