//! What everything is drawn with, and the small things that several pages show.

use super::scene::Scene;
use super::surface::Surface;
use super::text::{Block, Manner, Room, Typesetter};
use super::theme::{Color, Theme};
use crate::event::State;
use crate::language::Language;
use crate::overlay::canvas::{Area, Shape};

/// Colours, texts and letters.
pub(super) struct Style {
    pub(super) theme: Theme,
    pub(super) language: Language,
    pub(super) typesetter: Typesetter,
}

impl Style {
    /// The answer of a scene in words.
    pub(super) fn answer(&self, scene: &Scene) -> String {
        match (scene.state, scene.name) {
            (State::Match, Some(name)) => self.language.here_named.replace("{name}", name),
            (State::Silent, _) if scene.deaf => self.language.microphone_trouble.clone(),
            (state, _) => self.sentence(state),
        }
    }

    fn sentence(&self, state: State) -> String {
        match state {
            State::Match => self.language.here.clone(),
            State::NoVisibleSource => self.language.unseen.clone(),
            State::Silent => self.language.quiet.clone(),
        }
    }

    /// The size at which the answer of every state fits, so that it does not jump from one to the other.
    pub(super) fn sentence_size(&mut self, room: Room) -> f32 {
        let largest = Manner::plain(room.0[1] as f32).bold();
        let size = |state| {
            let text = self.sentence(state);
            self.typesetter.set(&text, room, largest).size
        };
        [State::Match, State::NoVisibleSource, State::Silent].map(size).into_iter().fold(f32::MAX, f32::min)
    }

    /// A short text in a rounded box with a symbol before it; what it covers. It hangs from the upper left
    /// corner of an area, or from the upper right one.
    pub(super) fn tag(&mut self, surface: &mut Surface, within: Area, tag: Tag) -> Area {
        let (size, pad) = (tag.size, (tag.size * 0.55) as i32);
        let symbol = if tag.symbol.is_some() { (size * 1.25) as i32 } else { 0 };
        let room = Room([within.width - 2 * pad - symbol, (within.height - pad).min((size * 2.7) as i32)]);
        let block = self.typesetter.set(tag.text, room, Manner::plain(size));
        if block.size == 0.0 {
            return Area { width: 0, height: 0, ..within };
        }
        let (width, height) = (block.width + 2 * pad + symbol, block.height + pad);
        let x = if tag.right { within.right() - width } else { within.x };
        let area = Area { x, y: within.y, width, height };
        let all = surface.area();
        surface.fill_shape(all, Shape::rounded(area, size * 0.7), tag.ground.0, tag.opacity);
        if let Some(draw) = tag.symbol {
            draw(surface, [(x + pad) as f32 + size * 0.45, area.y as f32 + height as f32 / 2.0], size);
        }
        block.write(surface, x + pad + symbol, area.y + pad / 2, tag.ink.0);
        area
    }

    /// A text in the middle of an area's height, at its left edge or centred, as its manner says.
    pub(super) fn line(
        &mut self,
        surface: &mut Surface,
        area: Area,
        text: &str,
        manner: Manner,
        color: Color,
    ) {
        let block = self.typesetter.set(text, area.into(), manner);
        put(&block, surface, area, manner, color);
    }
}

/// Writes a block at the left edge or in the middle of an area, as its manner says.
fn put(block: &Block, surface: &mut Surface, area: Area, manner: Manner, color: Color) {
    if manner.centred {
        block.write_centred(surface, area, color.0);
    } else {
        block.write(surface, area.x, area.y + (area.height - block.height) / 2, color.0);
    }
}

/// Draws a symbol about a place, for letters of a size.
pub(super) type Symbol<'a> = dyn Fn(&mut Surface, [f32; 2], f32) + 'a;

/// What a tag looks like.
pub(super) struct Tag<'a> {
    pub(super) text: &'a str,
    pub(super) size: f32,
    pub(super) symbol: Option<&'a Symbol<'a>>,
    pub(super) ground: Color,
    pub(super) opacity: f32,
    pub(super) ink: Color,
    /// Whether it hangs on the right.
    pub(super) right: bool,
}

/// A disc, a ring or a dash about a place: tells the states apart without colour.
pub(super) fn state_symbol(surface: &mut Surface, centre: [f32; 2], radius: f32, state: State, color: Color) {
    let all = surface.area();
    match state {
        State::Match => surface.fill_shape(all, Shape::circle(centre, radius), color.0, 1.0),
        State::NoVisibleSource => {
            let line = radius * 0.4;
            surface.stroke_shape(all, Shape::circle(centre, radius - line / 2.0), line, color.0, 1.0);
        }
        State::Silent => {
            let half = [radius, radius * 0.24];
            surface.fill_shape(all, Shape { centre, half, radius: half[1] }, color.0, 1.0);
        }
    }
}
