//! The drawing that explains the network: a picture and a sound go through a tower each, and what comes out
//! is compared. Drawn three times as large with embedded-graphics, then shrunk, which makes its edges smooth.

use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::{Drawable, Point, Primitive, Size};
use embedded_graphics::primitives::{
    Circle, CornerRadii, Line, PrimitiveStyle, Rectangle, RoundedRectangle, StyledDrawable, Triangle,
};

use super::style::{Style, state_symbol};
use super::surface::{Surface, lerp, pack};
use super::text::{Manner, Room};
use super::theme::{Color, Theme};
use crate::event::State;
use crate::overlay::canvas::Area;
use crate::overlay::heat_color;

/// The drawing's own units, in which everything below is given.
const WIDTH: f32 = 1080.0;
const HEIGHT: f32 = 420.0;
/// Width to height.
pub(super) const ASPECT: f32 = WIDTH / HEIGHT;
/// How much larger it is drawn than it is shown.
const FINE: i32 = 3;
/// Middles of the upper row (picture) and the lower one (sound).
const ROWS: [f32; 2] = [92.0, 302.0];
/// Heights of the layers of a tower: they get smaller, as in the network.
const LAYERS: [f32; 5] = [150.0, 122.0, 94.0, 68.0, 44.0];
/// Heights of the bars of the sound: a bell that was struck and dies away.
const BARS: [f32; 11] = [10.0, 26.0, 104.0, 84.0, 92.0, 62.0, 70.0, 44.0, 34.0, 22.0, 12.0];
/// The numbers that come out of the towers, as shades.
const NUMBERS: [f32; 6] = [0.9, 0.25, 0.6, 0.4, 1.0, 0.3];

/// Draws it as large as it fits into an area, in its middle.
pub(super) fn draw(ground: &mut Surface, area: Area, unit: f32, style: &mut Style) {
    let scale = (area.width as f32 / WIDTH).min(area.height as f32 / HEIGHT);
    let (width, height) = ((WIDTH * scale) as i32, (HEIGHT * scale) as i32);
    if width <= 0 || height <= 0 {
        return;
    }
    let place =
        Area { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    let surface = Surface::new(width * FINE, height * FINE, style.theme.ground.0);
    let mut pen = Pen { surface, scale: scale * FINE as f32 };
    pen.drawing(&style.theme);
    shrink(&pen.surface, ground, place);
    let at = |[x, y]: [f32; 2]| [place.x as f32 + x * scale, place.y as f32 + y * scale];
    for (state, y) in [(State::Match, 20.0), (State::NoVisibleSource, 230.0)] {
        state_symbol(ground, at([924.0, y + 8.0]), 13.0 * scale, state, style.theme.state(state));
    }
    let language = style.language.clone();
    let size = (0.95 * unit).min(26.0 * scale);
    for (text, left, top, width, height) in [
        (&language.about_picture, 0.0, 174.0, 190.0, 34.0),
        (&language.about_sound, 0.0, 384.0, 190.0, 34.0),
        (&language.about_eye, 205.0, 174.0, 300.0, 34.0),
        (&language.about_ear, 205.0, 384.0, 300.0, 34.0),
        (&language.about_together, 850.0, 128.0, 230.0, 62.0),
        (&language.about_apart, 850.0, 338.0, 230.0, 62.0),
    ] {
        let [x, y] = at([left, top]).map(|v| v as i32);
        let label = Area { x, y, width: (width * scale) as i32, height: (height * scale) as i32 };
        style.line(ground, label, text, Manner::plain(size).centred(), style.theme.muted);
    }
    let [x, y] = at([792.0 - 50.0, ROWS_MIDDLE - 50.0]).map(|v| v as i32);
    let side = (100.0 * scale) as i32;
    let block = style.typesetter.set("= ?", Room([side, side]), Manner::plain(44.0 * scale).bold());
    block.write_centred(ground, Area { x, y, width: side, height: side }, style.theme.text.0);
}

/// Between both rows.
const ROWS_MIDDLE: f32 = (ROWS[0] + ROWS[1]) / 2.0;

/// Draws in the drawing's units on a larger surface.
struct Pen {
    surface: Surface,
    scale: f32,
}

impl Pen {
    fn drawing(&mut self, theme: &Theme) {
        for (row, color) in ROWS.into_iter().zip([theme.here, theme.unseen]) {
            self.card([0.0, row - 75.0], [190.0, 150.0], theme.panel);
            self.arrow([200.0, row], [236.0, row], theme.muted);
            for (index, height) in LAYERS.into_iter().enumerate() {
                let shade = mix(theme.panel, color, 0.45 + 0.55 * index as f32 / 4.0);
                self.card([248.0 + 44.0 * index as f32, row - height / 2.0], [32.0, height], shade);
            }
            self.arrow([470.0, row], [506.0, row], theme.muted);
            for (index, number) in NUMBERS.into_iter().enumerate() {
                let shade = mix(theme.panel, color, number);
                self.card([518.0 + 29.0 * index as f32, row - 14.0], [24.0, 28.0], shade);
            }
            let inward = if row < ROWS_MIDDLE { 1.0 } else { -1.0 };
            self.arrow([702.0, row + 8.0 * inward], [752.0, ROWS_MIDDLE - 54.0 * inward], theme.muted);
            self.arrow([836.0, ROWS_MIDDLE - 44.0 * inward], [898.0, row + 20.0 * inward], theme.muted);
        }
        self.bell([95.0, ROWS[0] + 2.0], 52.0, theme.unseen);
        for (index, height) in BARS.into_iter().enumerate() {
            self.card([19.0 + 14.0 * index as f32, ROWS[1] - height / 2.0], [9.0, height], theme.text);
        }
        self.disc([792.0, ROWS_MIDDLE], 54.0, theme.panel);
        for (row, same) in ROWS.into_iter().zip([true, false]) {
            self.card([910.0, row - 75.0], [110.0, 108.0], theme.panel);
            let middle = [965.0, row - 21.0];
            if same {
                // Rings of the map's own colours, from the cold edge to the hot middle.
                for step in 0u8..12 {
                    let share = f32::from(step) / 11.0;
                    let color = mix(theme.panel, Color(heat_color(0.3 + 0.55 * share)), 0.15 + 0.6 * share);
                    self.disc(middle, 50.0 - 2.8 * f32::from(step), color);
                }
            }
            let color = if same { theme.text } else { theme.quiet };
            self.bell(middle, 30.0, color);
        }
    }

    fn point(&self, [x, y]: [f32; 2]) -> Point {
        Point::new((x * self.scale).round() as i32, (y * self.scale).round() as i32)
    }

    fn length(&self, units: f32) -> u32 {
        (units * self.scale).round().max(1.0) as u32
    }

    /// A rectangle with rounded corners.
    fn card(&mut self, corner: [f32; 2], [width, height]: [f32; 2], color: Color) {
        let size = Size::new(self.length(width), self.length(height));
        let radius = self.length((width.min(height) / 4.0).min(14.0));
        let corners = CornerRadii::new(Size::new_equal(radius));
        let card = RoundedRectangle::new(Rectangle::new(self.point(corner), size), corners);
        infallible(card.draw_styled(&PrimitiveStyle::with_fill(rgb(color)), &mut self.surface));
    }

    fn disc(&mut self, centre: [f32; 2], radius: f32, color: Color) {
        let circle = Circle::with_center(self.point(centre), self.length(2.0 * radius));
        infallible(circle.draw_styled(&PrimitiveStyle::with_fill(rgb(color)), &mut self.surface));
    }

    /// A line with a head at its end.
    fn arrow(&mut self, from: [f32; 2], to: [f32; 2], color: Color) {
        let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
        let length = dx.hypot(dy).max(1.0);
        let (ux, uy) = (dx / length, dy / length);
        let neck = [to[0] - 13.0 * ux, to[1] - 13.0 * uy];
        let line = PrimitiveStyle::with_stroke(rgb(color), self.length(5.0));
        infallible(Line::new(self.point(from), self.point(neck)).draw_styled(&line, &mut self.surface));
        let side = |sign: f32| [neck[0] - sign * 10.0 * uy, neck[1] + sign * 10.0 * ux];
        self.triangle([to, side(1.0), side(-1.0)], color);
    }

    fn triangle(&mut self, corners: [[f32; 2]; 3], color: Color) {
        let [a, b, c] = corners.map(|corner| self.point(corner));
        let fill = PrimitiveStyle::with_fill(rgb(color));
        infallible(Triangle::new(a, b, c).into_styled(fill).draw(&mut self.surface));
    }

    /// A bell about a place, twice `r` high.
    fn bell(&mut self, [x, y]: [f32; 2], r: f32, color: Color) {
        self.disc([x, y - 0.85 * r], 0.16 * r, color);
        self.disc([x, y - 0.2 * r], 0.56 * r, color);
        let (top, bottom) = (y - 0.2 * r, y + 0.62 * r);
        let corner = |side: f32, row: f32, half: f32| [x + side * half * r, row];
        let [a, b] = [corner(-1.0, top, 0.56), corner(1.0, top, 0.56)];
        let [c, d] = [corner(-1.0, bottom, 0.86), corner(1.0, bottom, 0.86)];
        self.triangle([a, b, c], color);
        self.triangle([b, c, d], color);
        self.card([x - r, bottom - 0.04 * r], [2.0 * r, 0.2 * r], color);
        self.disc([x, y + 0.88 * r], 0.2 * r, color);
    }
}

/// Averages squares of `FINE` x `FINE` pixels into one.
fn shrink(fine: &Surface, ground: &mut Surface, place: Area) {
    let stride = fine.area().width as usize;
    let cells = (FINE * FINE) as u32;
    for y in 0..place.height {
        for x in 0..place.width {
            let mut sums = [0u32; 3];
            for row in 0..FINE as usize {
                let start = (y as usize * FINE as usize + row) * stride + x as usize * FINE as usize;
                for pixel in &fine.pixels()[start..start + FINE as usize] {
                    let [_, r, g, b] = pixel.to_be_bytes();
                    for (sum, channel) in sums.iter_mut().zip([r, g, b]) {
                        *sum += u32::from(channel);
                    }
                }
            }
            let color = pack(sums.map(|sum| ((sum + cells / 2) / cells) as u8));
            ground.blend(place.x + x, place.y + y, color, 256);
        }
    }
}

fn mix(under: Color, over: Color, share: f32) -> Color {
    let [_, r, g, b] = lerp(pack(under.0), pack(over.0), super::surface::amount(share)).to_be_bytes();
    Color([r, g, b])
}

fn rgb(Color([r, g, b]): Color) -> Rgb888 {
    Rgb888::new(r, g, b)
}

/// Drawing into memory cannot fail.
fn infallible(result: Result<(), std::convert::Infallible>) {
    let Ok(()) = result;
}
