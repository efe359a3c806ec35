//! The page while nobody is there: a large picture, and an invitation below it.

use super::camera::{Camera, View};
use super::layout::{cut_bottom, cut_left, unit};
use super::marks;
use super::scene::Scene;
use super::style::{Style, Tag};
use super::surface::Surface;
use super::text::Manner;
use crate::overlay::canvas::{Area, Shape};

/// Seconds that a ring takes from the middle to the edge.
const RING: f64 = 3.6;
/// Rings at a time.
const RINGS: usize = 3;

/// Draws a scene.
pub(super) fn draw(scene: &Scene, camera: &mut Camera, style: &mut Style, surface: &mut Surface) {
    let mut picture = surface.area();
    let unit = unit(picture.width, picture.height);
    let tall = picture.height > picture.width;
    let mut band = cut_bottom(&mut picture, surface.area().height * if tall { 20 } else { 27 } / 100, 0);
    surface.fill(band, style.theme.ground.0);
    match View::filling(scene.frame.dimensions(), picture, scene.mirror) {
        Some(view) => {
            camera.draw(surface, &view, scene, style.theme.heat);
            marks::outline(surface, &view, scene, style, unit);
        }
        None => surface.fill(picture, style.theme.panel.0),
    }
    marks::answer(surface, picture, scene, style, unit);
    let title = style.language.title.clone();
    let (ground, ink) = (style.theme.ground, style.theme.text);
    let sign = Tag { text: &title, size: 1.6 * unit, symbol: None, ground, opacity: 1.0, ink, right: false };
    let sign = style.tag(surface, picture.inset((0.8 * unit) as i32), sign);
    let below = Area { y: sign.bottom(), height: picture.bottom() - sign.bottom(), ..picture };
    marks::signs(surface, below, scene, style, unit);

    band = band.inset((1.2 * unit) as i32);
    let side = band.height.min(band.width / 4);
    let rings = cut_left(&mut band, side, (1.5 * unit) as i32);
    draw_rings(surface, rings, scene.seconds, style);
    let hint = cut_bottom(&mut band, (1.5 * unit) as i32, (0.3 * unit) as i32);
    let large = Manner::plain(4.2 * unit).bold();
    let invitation = style.language.attract.clone();
    style.line(surface, band, &invitation, large, style.theme.text);
    let text = style.language.hint_about.clone();
    style.line(surface, hint, &text, Manner::plain(1.05 * unit), style.theme.muted);
}

/// A disc from which rings go out, as sound does.
fn draw_rings(surface: &mut Surface, area: Area, seconds: f64, style: &Style) {
    let centre = [area.x as f32 + area.width as f32 / 2.0, area.y as f32 + area.height as f32 / 2.0];
    let largest = (area.width.min(area.height) as f32 / 2.0 - 1.0).max(0.0);
    let color = style.theme.here.0;
    let (core, line) = (largest * 0.26, (largest * 0.07).max(1.0));
    for ring in 0..RINGS {
        let phase = (seconds / RING + ring as f64 / RINGS as f64).rem_euclid(1.0);
        let phase = if phase.is_finite() { phase as f32 } else { 0.0 };
        let circle = Shape::circle(centre, core + (largest - core - line) * phase);
        surface.stroke_shape(area, circle, line, color, (1.0 - phase).powi(2) * 0.9);
    }
    surface.fill_shape(area, Shape::circle(centre, core), color, 1.0);
}
