//! The score as a dial from 0 to 100, with its words.

use std::f32::consts::{FRAC_PI_4, PI, TAU};

use super::layout::{cut_bottom, cut_top};
use super::scene::Scene;
use super::style::Style;
use super::surface::{Surface, amount, pack};
use super::text::Manner;
use crate::event::State;
use crate::language::Language;
use crate::overlay::canvas::Area;
use crate::overlay::unit;

/// The arc is open below by a quarter of the circle.
const OPEN: f32 = FRAC_PI_4;
/// Readings below this are low.
const LOW: u32 = 34;
/// Readings from here on are high.
const HIGH: u32 = 67;
/// The reading that separates the answers: a match reads at least this, an unseen source less.
const EVEN: u32 = 50;

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
        let reading = Reading::of(scene.state, scene.score);
        let words = reading.words(&style.language).clone();
        if let Some(along) = reading.along() {
            let color = pack(style.theme.state(scene.state).0);
            for dot in &self.arc {
                // The end of the arc lies between two pixels.
                let inside = ((along - dot.along) * self.length + 0.5).clamp(0.0, 1.0);
                surface.blend(dot.x, dot.y, color, dot.covered * amount(inside) / 256);
            }
        }
        let large = Manner::plain(self.number.height as f32).bold();
        // As large as the widest number allows, so that it does not jump.
        let size = style.typesetter.set("100", self.number.into(), large).size;
        let block = style.typesetter.set(&reading.number(), self.number.into(), Manner { size, ..large });
        block.write_centred(surface, self.number, style.theme.text.0);
        let manner = Manner::plain(1.15 * self.size).centred();
        let block = style.typesetter.set(&words, self.word.into(), manner);
        block.write_centred(surface, self.word, style.theme.text.0);
    }
}

/// What number, word and arc say, all three: 0 to 100, or nothing in silence.
///
/// It follows from the answer that stands above it. The answer is more stable than the score. If the score briefly
/// contradicts the answer, the dial stops at the value that still agrees with it, so that it never reads "86, very
/// likely" beside "I do not see it".
#[derive(Clone, Copy, Debug, PartialEq)]
struct Reading(Option<f32>);

impl Reading {
    fn of(state: State, score: f32) -> Self {
        let (score, even) = (unit(score) * 100.0, EVEN as f32);
        Self(match state {
            State::Silent => None,
            State::Match => Some(score.max(even)),
            State::NoVisibleSource => Some(score.min(even - 1.0)),
        })
    }

    /// How far the arc is filled, 0..1.
    fn along(self) -> Option<f32> {
        self.0.map(|reading| reading / 100.0)
    }

    fn hundredths(self) -> Option<u32> {
        self.0.map(|reading| reading.round() as u32)
    }

    fn number(self) -> String {
        self.hundredths().map_or("–".into(), |hundredths| hundredths.to_string())
    }

    fn words(self, language: &Language) -> &String {
        match self.hundredths() {
            None => &language.dial_none,
            Some(0..LOW) => &language.dial_low,
            Some(LOW..HIGH) => &language.dial_middle,
            Some(_) => &language.dial_high,
        }
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
    fn the_dial_agrees_with_the_answer_at_every_score() {
        let language = Language::built_in("en").expect("English");
        let strange = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -1.0, 2.0];
        for score in (0..=1000).map(|score| score as f32 / 1000.0).chain(strange) {
            let reading = |state| Reading::of(state, score);
            let (here, unseen, quiet) =
                (reading(State::Match), reading(State::NoVisibleSource), reading(State::Silent));
            assert!((50..=100).contains(&here.hundredths().expect("a number")), "{score}: {here:?}");
            assert!((0..50).contains(&unseen.hundredths().expect("a number")), "{score}: {unseen:?}");
            assert_ne!(here.words(&language), &language.dial_low, "{score}");
            assert_ne!(unseen.words(&language), &language.dial_high, "{score}");
            assert_eq!((quiet.along(), quiet.number().as_str()), (None, "–"));
            assert_eq!(quiet.words(&language), &language.dial_none);
            for reading in [here, unseen] {
                let number: f32 = reading.number().parse().expect("a number");
                let along = reading.along().expect("an arc");
                assert!((along * 100.0 - number).abs() < 0.501, "arc {along} and number {number} agree");
            }
            // Where score and answer agree, the score is shown as it is.
            let agrees = if score >= 0.5 { here } else { unseen };
            if (0.0..=1.0).contains(&score) && !(0.49..0.5).contains(&score) {
                assert_eq!(agrees.hundredths(), Some((score * 100.0).round() as u32), "{score}");
            }
        }
    }

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
