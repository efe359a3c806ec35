//! The first lines of the panel: the decision in a plain sentence, with a symbol and the time.

use super::canvas::{Area, Canvas, Shape};
use super::state_color;
use super::text::Face;
use crate::event::{Event, State};

/// Text that matters.
const BRIGHT: [u8; 3] = [242, 245, 250];

/// Text that only explains.
pub(super) const MUTED: [u8; 3] = [150, 161, 180];

/// How the sentence is set: the same for all states, so that nothing jumps when the state changes.
pub(super) struct Headline {
    face: Face,
    /// Most lines that any sentence needs.
    lines: i32,
    /// Width left for the sentence, in pixels.
    room: i32,
    /// Whether the time stands on the same line.
    pub(super) timed: bool,
}

impl Headline {
    /// The largest setting for a width and the height of the panel: on one line with the time if
    /// that is legible, else on several.
    pub(super) fn fit(width: i32, panel: i32, time: &str) -> Self {
        let height = (panel / 5).max(13).min(panel * 27 / 100);
        let faces = Face::up_to(height);
        let legible = (panel * 13 / 100).max(8);
        for &face in faces.iter().filter(|face| face.height() >= legible) {
            let room = width - symbol_width(face);
            let time = Self::time_face(face).width(time) + 2 * face.advance();
            if lines(face, room - time) == 1 {
                return Self { face, lines: 1, room: room - time, timed: true };
            }
        }
        let set = |face: Face| {
            let room = width - if width < 100 { 0 } else { symbol_width(face) };
            Self { face, lines: lines(face, room), room, timed: false }
        };
        let fits = |setting: &Self| setting.height() <= panel / 2;
        faces.iter().map(|&face| set(face)).find(fits).unwrap_or_else(|| {
            let face = Face::fitting(0);
            let most = (panel / 2 / face.height()).max(1);
            let setting = set(face);
            Self { lines: setting.lines.min(most), ..setting }
        })
    }

    /// The time is a step smaller than the sentence.
    fn time_face(face: Face) -> Face {
        Face::fitting((face.height() * 3 / 4).max(10).min(face.height()))
    }

    /// Height of all lines in pixels.
    pub(super) fn height(&self) -> i32 {
        self.lines * self.face.height()
    }

    /// Writes symbol, sentence and time.
    pub(super) fn draw(&self, canvas: &mut Canvas, area: Area, event: &Event, time: &str) {
        let face = self.face;
        let indent = if self.timed || area.width >= 100 { symbol_width(face) } else { 0 };
        if indent > 0 {
            symbol(canvas, area.x, area.y, face, event.state);
        }
        let lines = face.wrap(event.plain_sentence(), self.room);
        for (line, row) in lines.iter().zip(0..self.lines) {
            face.write(canvas, line, area.x + indent, area.y + row * face.height(), BRIGHT);
        }
        if self.timed {
            let small = Self::time_face(face);
            let x = area.right() - small.width(time);
            small.write(canvas, time, x, area.y + face.baseline() - small.baseline(), MUTED);
        }
    }
}

/// Most lines that the sentence of any state takes.
fn lines(face: Face, width: i32) -> i32 {
    let count = |state: State| face.wrap(state.sentence(), width).len() as i32;
    [State::Silent, State::Match, State::NoVisibleSource].map(count).into_iter().max().unwrap_or(1)
}

/// Width of the symbol before the sentence, with the gap after it.
fn symbol_width(face: Face) -> i32 {
    face.baseline() + face.advance() / 2
}

/// A disc, a ring or a dash: tells the states apart without colour.
fn symbol(canvas: &mut Canvas, x: i32, y: i32, face: Face, state: State) {
    let size = face.baseline() as f32;
    let radius = size * 0.37;
    let centre = [x as f32 + radius + 0.5, y as f32 + size * 0.58];
    let color = state_color(state);
    match state {
        State::Match => canvas.fill_shape(Shape::circle(centre, radius), color, 1.0),
        State::NoVisibleSource => {
            let line = size * 0.16;
            canvas.stroke_shape(Shape::circle(centre, radius - line / 2.0), line, color, 1.0);
        }
        State::Silent => {
            let half = [radius, (size * 0.09).max(0.8)];
            canvas.fill_shape(Shape { centre, half, radius: half[1] }, color, 1.0);
        }
    }
}
