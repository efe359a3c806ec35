//! The page that explains to visitors how it works.

use super::illustration::{self, ASPECT};
use super::layout::{cut_bottom, cut_left, cut_top, unit};
use super::scene::Scene;
use super::style::Style;
use super::surface::Surface;
use super::text::{Manner, Room};
use crate::overlay::canvas::{Area, Shape};

/// The page for one size of screen.
pub(super) struct About {
    unit: f32,
    /// The static parts of the page, drawn once.
    ground: Surface,
    /// Where the sentence on privacy goes.
    privacy: Area,
}

impl About {
    /// Lays the page out and draws it.
    pub(super) fn new(width: i32, height: i32, style: &mut Style) -> Self {
        let unit = unit(width, height);
        let [margin, gap] = [1.8, 1.2].map(|units| (units * unit) as i32);
        let tall = height > width;
        let mut ground = Surface::new(width, height, style.theme.ground.0);
        let mut rest = ground.area().inset(margin);
        let title = cut_top(&mut rest, height * if tall { 6 } else { 9 } / 100, gap / 2);
        let hint = cut_bottom(&mut rest, (1.5 * unit) as i32, gap / 2);
        let privacy = cut_bottom(&mut rest, (if tall { 4.6 } else { 2.6 } * unit) as i32, gap);
        let drawing = match tall {
            true => (rest.width as f32 / ASPECT) as i32,
            false => rest.height * 56 / 100,
        };
        let drawing = cut_top(&mut rest, drawing, gap);

        let (theme, language) = (style.theme.clone(), style.language.clone());
        style.line(&mut ground, title, &language.about_title, Manner::plain(2.4 * unit).bold(), theme.text);
        style.line(&mut ground, hint, &language.hint_back, Manner::plain(unit), theme.muted);
        illustration::draw(&mut ground, drawing, unit, style);
        let texts = [&language.about_look, &language.about_compare, &language.about_learn];
        steps(&mut ground, rest, tall, unit, style, texts);
        let all = ground.area();
        ground.fill_shape(all, Shape::rounded(privacy, 0.8 * unit), theme.panel.0, 1.0);
        let mut privacy = privacy.inset((0.5 * unit) as i32);
        let lock = cut_left(&mut privacy, (1.6 * unit) as i32, (0.5 * unit) as i32);
        draw_lock(&mut ground, lock, unit, style);
        Self { unit, ground, privacy }
    }

    /// Draws a scene.
    pub(super) fn draw(&self, scene: &Scene, style: &mut Style, surface: &mut Surface) {
        surface.copy_from(&self.ground);
        let language = &style.language;
        let text = if scene.recording { &language.about_recording } else { &language.about_private }.clone();
        style.line(surface, self.privacy, &text, Manner::plain(1.1 * self.unit), style.theme.text);
    }
}

/// Three numbered texts, beside each other or one below the other, in letters of the same size.
fn steps(ground: &mut Surface, area: Area, tall: bool, unit: f32, style: &mut Style, texts: [&String; 3]) {
    let gap = (1.6 * unit) as i32;
    let disc = (2.0 * unit) as i32;
    let cell = |index: i32| match tall {
        true => {
            let height = (area.height - 2 * gap / 2) / 3;
            Area { y: area.y + index * (height + gap / 2), height, ..area }
        }
        false => {
            let width = (area.width - 2 * gap) / 3;
            Area { x: area.x + index * (width + gap), width, ..area }
        }
    };
    let room = |index: i32| {
        let mut room = cell(index);
        cut_left(&mut room, disc, disc / 4);
        room
    };
    let size =
        texts.iter().map(|text| style.typesetter.set(text, room(0).into(), Manner::plain(1.2 * unit)).size);
    let size = size.fold(f32::MAX, f32::min);
    for (index, text) in (0..).zip(texts) {
        let (cell, room) = (cell(index), room(index));
        let radius = disc as f32 / 2.0;
        let centre = [cell.x as f32 + radius, cell.y as f32 + radius];
        let all = ground.area();
        ground.fill_shape(all, Shape::circle(centre, radius), style.theme.panel.0, 1.0);
        let number = (index + 1).to_string();
        let block = style.typesetter.set(&number, Room([disc, disc]), Manner::plain(1.1 * unit).bold());
        block.write_centred(ground, Area { width: disc, height: disc, ..cell }, style.theme.text.0);
        let block = style.typesetter.set(text, room.into(), Manner::plain(size));
        block.write(ground, room.x, room.y, style.theme.text.0);
    }
}

/// A closed lock.
fn draw_lock(ground: &mut Surface, area: Area, unit: f32, style: &Style) {
    let (x, y) = (area.x as f32 + area.width as f32 / 2.0, area.y as f32 + area.height as f32 / 2.0);
    let color = style.theme.here.0;
    let clip = ground.area();
    let bow = Shape { centre: [x, y - 0.15 * unit], half: [0.36 * unit, 0.5 * unit], radius: 0.36 * unit };
    ground.stroke_shape(clip, bow, 0.17 * unit, color, 1.0);
    let body = Shape { centre: [x, y + 0.3 * unit], half: [0.6 * unit, 0.45 * unit], radius: 0.14 * unit };
    ground.fill_shape(clip, body, color, 1.0);
}
