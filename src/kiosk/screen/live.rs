//! The live page: picture, answer, dial and ribbon.

use super::camera::{Camera, View};
use super::dial::Dial;
use super::layout::{Layout, cut_left};
use super::marks;
use super::ribbon::Ribbon;
use super::scene::Scene;
use super::style::{Style, state_symbol};
use super::surface::Surface;
use super::text::Manner;

/// The live page for one size of screen and of frames.
pub(super) struct Live {
    frame: (u32, u32),
    pub(super) layout: Layout,
    /// The static parts of the page, drawn once.
    ground: Surface,
    dial: Option<Dial>,
    pub(super) ribbon: Option<Ribbon>,
    /// Size of the answer's letters.
    size: f32,
}

impl Live {
    /// Lays the page out for frames of a size.
    pub(super) fn new(width: i32, height: i32, frame: (u32, u32), style: &mut Style) -> Self {
        let aspect = frame.0.max(1) as f32 / frame.1.max(1) as f32;
        let layout = Layout::new(width, height, aspect, &style.theme);
        let Layout { unit, title, .. } = layout;
        let mut ground = Surface::new(width, height, style.theme.ground.0);
        let block =
            style.typesetter.set(&style.language.title, title.into(), Manner::plain(1.9 * unit).bold());
        block.write(&mut ground, title.x, title.y, style.theme.text.0);
        let hint = style.language.hint_about.clone();
        style.line(&mut ground, layout.hint, &hint, Manner::plain(unit), style.theme.muted);
        let dial = layout.dial.map(|area| Dial::new(area, unit, style, &mut ground));
        let ribbon = layout.ribbon.map(|area| Ribbon::new(area, unit, style, &mut ground));
        let mut room = layout.sentence;
        cut_left(&mut room, indent(&layout), 0);
        let size = style.sentence_size(room.into());
        Self { frame, layout, ground, dial, ribbon, size }
    }

    /// Whether it was laid out for frames of this size.
    pub(super) fn is_for(&self, frame: (u32, u32)) -> bool {
        self.frame == frame
    }

    /// Draws a scene.
    pub(super) fn draw(
        &mut self,
        scene: &Scene,
        camera: &mut Camera,
        style: &mut Style,
        surface: &mut Surface,
    ) {
        surface.copy_from(&self.ground);
        let Layout { unit, picture, sentence, .. } = self.layout;
        let ground = style.theme.ground.0;
        if let Some(view) = View::whole(self.frame, picture, scene.mirror) {
            camera.draw(surface, &view, scene, style.theme.heat);
            marks::outline(surface, &view, scene, style, unit);
            surface.round_corners(view.area, unit.min(view.area.height as f32 / 8.0), ground);
            marks::signs(surface, view.area, scene, style, unit);
        }
        let mut room = sentence;
        let symbol = cut_left(&mut room, indent(&self.layout), 0);
        let radius = symbol.width as f32 * 0.33;
        let centre = [symbol.x as f32 + radius, symbol.y as f32 + symbol.height as f32 / 2.0];
        state_symbol(surface, centre, radius, scene.state, style.theme.state(scene.state));
        let text = style.answer(scene);
        let manner = Manner::plain(self.size).bold();
        style.line(surface, room, &text, manner, style.theme.text);
        if let Some(dial) = &self.dial {
            dial.draw(scene, style, surface);
        }
        if let Some(ribbon) = &mut self.ribbon {
            ribbon.draw(scene, surface, unit * 0.5, ground);
        }
    }
}

/// Width that the symbol before the answer takes, with the gap after it.
pub(super) fn indent(layout: &Layout) -> i32 {
    (layout.sentence.height * 6 / 10).min(layout.sentence.width / 10)
}
