//! What is drawn over the camera's picture: the line around the sounding object, and signs at the edges.

use std::f64::consts::TAU;

use super::camera::View;
use super::scene::Scene;
use super::style::{Style, Tag, state_symbol};
use super::surface::Surface;
use super::theme::Color;
use crate::event::State;
use crate::overlay::canvas::{Area, Shape};

/// Seconds of a breath of the outline.
const BREATH: f64 = 4.0;
/// Ground of the sign that a recording runs, and its dot: the same in every theme.
const SIGN: [Color; 2] = [Color([0x14, 0x16, 0x1c]), Color([0xff, 0x5a, 0x52])];

/// A number that swings between -1 and 1 once in `period` seconds; 0 if the clock is broken.
pub(super) fn swing(seconds: f64, period: f64) -> f32 {
    let phase = (seconds / period).rem_euclid(1.0) * TAU;
    if phase.is_finite() { phase.sin() as f32 } else { 0.0 }
}

/// The line around the sounding object: rounded, on a soft shine, slowly breathing.
pub(super) fn outline(surface: &mut Surface, view: &View, scene: &Scene, style: &Style, unit: f32) {
    let Some(bounds) = scene.outline.filter(|bounds| bounds.iter().all(|v| v.is_finite())) else { return };
    let [x0, y0, x1, y1] = view.place(bounds.map(|v| v.clamp(0.0, 1.0)));
    let breath = swing(scene.seconds, BREATH);
    let half = |low: f32, high: f32| ((high - low) / 2.0 + unit * (0.3 + 0.12 * breath)).max(unit);
    let half = [half(x0, x1), half(y0, y1)];
    let radius = (half[0].min(half[1]) * 0.45).min(3.0 * unit);
    let shape = Shape { centre: [(x0 + x1) / 2.0, (y0 + y1) / 2.0], half, radius };
    let (clip, color, line) = (view.area, style.theme.outline.0, (unit * 0.22).max(2.0));
    // A dark rim keeps the line apart from a picture that is as light as the line itself.
    surface.stroke_shape(clip, shape, line * 2.0, [0; 3], 0.35);
    surface.shine(clip, shape, unit * 1.1, color, 0.42 + 0.16 * breath);
    surface.stroke_shape(clip, shape, line, color, 1.0);
}

/// The signs in the picture's upper corners: trouble on the left, recording on the right.
pub(super) fn signs(surface: &mut Surface, picture: Area, scene: &Scene, style: &mut Style, unit: f32) {
    let mut within = picture.inset((0.6 * unit) as i32);
    if scene.recording {
        let pulse = 0.75 + 0.25 * swing(scene.seconds, 2.0);
        let dot = |surface: &mut Surface, centre: [f32; 2], size: f32| {
            let all = surface.area();
            surface.fill_shape(all, Shape::circle(centre, size * 0.36), SIGN[1].0, pulse);
        };
        let text = style.language.recording.clone();
        let sign = Tag {
            text: &text,
            size: unit,
            symbol: Some(&dot),
            ground: SIGN[0],
            opacity: 0.86,
            ink: SIGN[0].ink(),
            right: true,
        };
        let taken = style.tag(surface, within, sign);
        if taken.width > within.width / 2 {
            within = Area { y: taken.bottom() + taken.height / 4, ..within };
        } else {
            within.width -= taken.width + taken.height / 4;
        }
    }
    if let Some(trouble) = scene.trouble {
        let (ground, ink) = (style.theme.unseen, style.theme.unseen.ink());
        // An exclamation mark in a disc.
        let mark = |surface: &mut Surface, [x, y]: [f32; 2], size: f32| {
            let all = surface.area();
            surface.fill_shape(all, Shape::circle([x, y], size * 0.5), ink.0, 1.0);
            let bar =
                Shape { centre: [x, y - size * 0.1], half: [size * 0.06, size * 0.2], radius: size * 0.06 };
            surface.fill_shape(all, bar, ground.0, 1.0);
            surface.fill_shape(all, Shape::circle([x, y + size * 0.25], size * 0.075), ground.0, 1.0);
        };
        let sign = Tag {
            text: trouble,
            size: 1.15 * unit,
            symbol: Some(&mark),
            ground,
            opacity: 1.0,
            ink,
            right: false,
        };
        style.tag(surface, within, sign);
    }
}

/// The answer as a sign in the picture's lower left corner; nothing in silence.
pub(super) fn answer(surface: &mut Surface, picture: Area, scene: &Scene, style: &mut Style, unit: f32) {
    if scene.state == State::Silent {
        return;
    }
    let inner = picture.inset((0.6 * unit) as i32);
    let height = (2.1 * unit) as i32;
    let within = Area { y: inner.bottom() - height, height, ..inner };
    let text = style.answer(scene);
    let (ground, ink, color) = (style.theme.ground, style.theme.text, style.theme.state(scene.state));
    let symbol = |surface: &mut Surface, centre: [f32; 2], size: f32| {
        state_symbol(surface, centre, size * 0.36, scene.state, color);
    };
    let sign =
        Tag { text: &text, size: 1.2 * unit, symbol: Some(&symbol), ground, opacity: 1.0, ink, right: false };
    style.tag(surface, within, sign);
}
