//! The score as a dial from 0 to 100, with its words.

use std::f32::consts::{FRAC_PI_4, PI, TAU};

use super::layout::{cut_bottom, cut_top};
use super::scene::Scene;
use super::style::Style;
use super::surface::{Surface, amount, pack};
use super::text::Manner;
use crate::event::State;
use crate::overlay::canvas::Area;
use crate::overlay::unit;

/// The arc is open below by a quarter of the circle.
const OPEN: f32 = FRAC_PI_4;
/// Scores below are low, in hundredths.
const LOW: u32 = 34;
/// Scores from here on are high, in hundredths.
const HIGH: u32 = 67;

/// A dial that was laid out.
pub(super) struct Dial {
    /// Pixels of the arc.
    arc: Vec<Dot>,
    /// Its length in pixels.
    length: f32,
    /// Where the number and the word below it go.
    number: Area,
    word: Area,
    size: f32,
}

/// A pixel of the arc.
struct Dot {
    x: i32,
    y: i32,
    /// How much of it the arc covers, 0..=256.
    covered: u32,
    /// How far along the arc it lies, 0..1.
    along: f32,
}

impl Dial {
    /// Lays a dial out and draws what does not change on the ground: title and track.
    pub(super) fn new(area: Area, size: f32, style: &mut Style, ground: &mut Surface) -> Self {
        let mut rest = area;
        let title = cut_top(&mut rest, (2.7 * size) as i32, (0.5 * size) as i32);
        let manner = Manner::plain(size).centred();
        let block = style.typesetter.set(&style.language.dial_title, title.into(), manner);
        block.write_centred(ground, title, style.theme.muted.0);
        let word = cut_bottom(&mut rest, (1.8 * size) as i32, 0);
        let radius = (rest.width.min(rest.height * 100 / 86) as f32 / 2.0 - 1.0).max(0.0);
        let centre = [rest.x as f32 + rest.width as f32 / 2.0, rest.y as f32 + radius + 1.0];
        let thick = radius * 0.2;
        let arc = arc(centre, radius, thick);
        for dot in &arc {
            ground.blend(dot.x, dot.y, pack(style.theme.panel.0), dot.covered);
        }
        let half = (radius - thick) * 0.72;
        let corner = [centre[0] - half, centre[1] - half * 0.75].map(|v| v as i32);
        let number =
            Area { x: corner[0], y: corner[1], width: (2.0 * half) as i32, height: (1.5 * half) as i32 };
        // The word stands close below the arc, wherever that ends.
        let below = (centre[1] + radius * 0.72 + 0.2 * size) as i32;
        let word = Area { y: word.y.min(below), ..word };
        let length = 2.0 * (PI - OPEN) * (radius - thick / 2.0);
        Self { arc, length, number, word, size }
    }

    /// Draws the score. In silence there is nothing to tell, so there is no number.
    pub(super) fn draw(&self, scene: &Scene, style: &mut Style, surface: &mut Surface) {
        let score = unit(scene.score);
        let hundredths = (score * 100.0).round() as u32;
        let quiet = scene.state == State::Silent;
        let language = &style.language;
        let words = match hundredths {
            _ if quiet => &language.dial_none,
            0..LOW => &language.dial_low,
            LOW..HIGH => &language.dial_middle,
            _ => &language.dial_high,
        };
        if !quiet {
            let color = pack(style.theme.state(scene.state).0);
            for dot in &self.arc {
                // The end of the arc lies between two pixels.
                let inside = ((score - dot.along) * self.length + 0.5).clamp(0.0, 1.0);
                surface.blend(dot.x, dot.y, color, dot.covered * amount(inside) / 256);
            }
        }
        let large = Manner::plain(self.number.height as f32).bold();
        // As large as the widest number allows, so that it does not jump.
        let size = style.typesetter.set("100", self.number.into(), large).size;
        let number = if quiet { "–".to_string() } else { hundredths.to_string() };
        let block = style.typesetter.set(&number, self.number.into(), Manner { size, ..large });
        block.write_centred(surface, self.number, style.theme.text.0);
        let manner = Manner::plain(1.15 * self.size).centred();
        let block = style.typesetter.set(words, self.word.into(), manner);
        block.write_centred(surface, self.word, style.theme.text.0);
    }
}

/// The pixels of an arc that is open below, `thick` pixels wide inside of a radius, with round ends.
fn arc(centre: [f32; 2], radius: f32, thick: f32) -> Vec<Dot> {
    let middle = radius - thick / 2.0;
    let sweep = 2.0 * (PI - OPEN);
    let mut dots = Vec::new();
    let range = |centre: f32| (centre - radius).floor() as i32..(centre + radius).ceil() as i32;
    for y in range(centre[1]) {
        for x in range(centre[0]) {
            let (dx, dy) = (x as f32 + 0.5 - centre[0], y as f32 + 0.5 - centre[1]);
            // From straight down, clockwise, 0 to 2 pi.
            let angle = (-dx).atan2(dy).rem_euclid(TAU);
            let along = (angle - OPEN) / sweep;
            let end = |angle: f32| (dx + angle.sin() * middle).hypot(dy - angle.cos() * middle);
            let away = if (0.0..=1.0).contains(&along) {
                (dx.hypot(dy) - middle).abs()
            } else {
                end(OPEN).min(end(TAU - OPEN))
            };
            let covered = amount(thick / 2.0 + 0.5 - away);
            if covered > 0 {
                dots.push(Dot { x, y, covered, along: along.clamp(0.0, 1.0) });
            }
        }
    }
    dots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arc_begins_and_ends_below_and_runs_clockwise() {
        let dots = arc([50.0, 50.0], 40.0, 8.0);
        let at = |x: i32, y: i32| dots.iter().find(|dot| (dot.x, dot.y) == (x, y)).map(|dot| dot.along);
        assert!(at(50, 86).is_none(), "open below");
        let (left, top, right) = (at(13, 50), at(50, 13), at(86, 50));
        assert!((left.expect("left") - 1.0 / 6.0).abs() < 0.02, "{left:?}");
        assert!((top.expect("top") - 0.5).abs() < 0.02, "{top:?}");
        assert!((right.expect("right") - 5.0 / 6.0).abs() < 0.02, "{right:?}");
        assert!(dots.iter().all(|dot| (10..90).contains(&dot.x) && (10..90).contains(&dot.y)));
    }
}
