//! The camera's picture on the screen: mirrored, lit by the map, scaled.

use fast_image_resize::images::TypedImage;
use fast_image_resize::pixels::U8x4;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use image::RgbImage;

use super::heatmap_blend::{HeatmapBlend, across};
use super::scene::Scene;
use super::surface::Surface;
use crate::overlay::canvas::Area;

/// Which part of a frame is shown, and where.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct View {
    /// Pixels of the frame, which has at least one: all of it, or the middle.
    crop: Area,
    /// Size of the frame.
    frame: [u32; 2],
    /// Where on the screen.
    pub(super) area: Area,
    mirror: bool,
}

impl View {
    /// The whole frame in the middle of a room; `None` if either has no pixels.
    pub(super) fn whole(frame: (u32, u32), room: Area, mirror: bool) -> Option<Self> {
        let (w, h) = (frame.0 as f32, frame.1 as f32);
        if frame.0 == 0 || frame.1 == 0 || room.is_empty() {
            return None;
        }
        let scale = (room.width as f32 / w).min(room.height as f32 / h);
        let width = ((w * scale).round() as i32).clamp(1, room.width);
        let height = ((h * scale).round() as i32).clamp(1, room.height);
        let (x, y) = (room.x + (room.width - width) / 2, room.y + (room.height - height) / 2);
        let crop = Area { x: 0, y: 0, width: frame.0 as i32, height: frame.1 as i32 };
        Some(Self { crop, frame: frame.into(), area: Area { x, y, width, height }, mirror })
    }

    /// The middle of the frame, as much of it as fills an area; `None` if either has no pixels.
    pub(super) fn filling(frame: (u32, u32), area: Area, mirror: bool) -> Option<Self> {
        let (w, h) = (frame.0 as f32, frame.1 as f32);
        if frame.0 == 0 || frame.1 == 0 || area.is_empty() {
            return None;
        }
        let scale = (area.width as f32 / w).max(area.height as f32 / h);
        let side = |room: i32, full: u32| ((room as f32 / scale).round() as i32).clamp(1, full as i32);
        let (width, height) = (side(area.width, frame.0), side(area.height, frame.1));
        let (x, y) = ((frame.0 as i32 - width) / 2, (frame.1 as i32 - height) / 2);
        Some(Self { crop: Area { x, y, width, height }, frame: frame.into(), area, mirror })
    }

    /// The pixels on the screen, `[x0, y0, x1, y1]`, of a box of the frame, `[x0, y0, x1, y1]` in 0..1.
    pub(super) fn place(&self, [x0, y0, x1, y1]: [f32; 4]) -> [f32; 4] {
        let across = |x: f32| {
            let share = (x * self.frame[0] as f32 - self.crop.x as f32) / self.crop.width as f32;
            self.area.x as f32 + self.area.width as f32 * if self.mirror { 1.0 - share } else { share }
        };
        let down = |y: f32| {
            let share = (y * self.frame[1] as f32 - self.crop.y as f32) / self.crop.height as f32;
            self.area.y as f32 + self.area.height as f32 * share
        };
        let (left, right) = (across(x0), across(x1));
        [left.min(right), down(y0), left.max(right), down(y1)]
    }
}

/// Draws views, and keeps what that needs between pictures.
pub(super) struct Camera {
    resizer: Resizer,
    options: ResizeOptions,
    blend: HeatmapBlend,
    /// Where columns of a frame of this width lie on the map.
    places: Vec<(u16, u16)>,
    /// The shown part at its own size, then at the screen's.
    lit: Vec<u32>,
    scaled: Vec<u32>,
}

impl Camera {
    /// Starts with empty buffers.
    pub(super) fn new() -> Self {
        let options =
            ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear)).use_alpha(false);
        let (places, lit, scaled) = (Vec::new(), Vec::new(), Vec::new());
        Self { resizer: Resizer::new(), options, blend: HeatmapBlend::new(), places, lit, scaled }
    }

    /// Draws what a view shows of the scene's frame. `heat`: how much the map adds, 0..1.
    pub(super) fn draw(&mut self, surface: &mut Surface, view: &View, scene: &Scene, heat: f32) {
        self.blend(view, scene, heat);
        let (from, to) = (view.crop, view.area);
        self.scaled.resize((to.width * to.height) as usize, 0);
        if (from.width, from.height) == (to.width, to.height) {
            self.scaled.copy_from_slice(&self.lit);
        } else if let (Some(lit), Some(mut scaled)) =
            (image(from, &mut self.lit), image(to, &mut self.scaled))
        {
            // Without a crop nothing can fail.
            let _ = self.resizer.resize_typed(&lit, &mut scaled, &self.options);
        }
        let shown = surface.clip(to);
        for y in shown.y..shown.bottom() {
            let start = ((y - to.y) * to.width + shown.x - to.x) as usize;
            let row = &self.scaled[start..start + shown.width as usize];
            surface.row_mut(y, shown.x, shown.right()).copy_from_slice(row);
        }
    }

    /// Mirrors and lights the shown part at the frame's own size: a frame has fewer pixels than a screen.
    fn blend(&mut self, view: &View, scene: &Scene, heat: f32) {
        let frame: &RgbImage = scene.frame;
        let (width, height) = frame.dimensions();
        if self.places.len() != width as usize {
            self.places = across(width);
        }
        let lit = self.blend.set(scene.map, scene.warmth, heat);
        let (from, wide) = (view.crop.x as usize, view.crop.width as usize);
        let rows = frame.as_raw().chunks_exact(3 * width as usize).enumerate();
        self.lit.clear();
        for (y, row) in rows.skip(view.crop.y as usize).take(view.crop.height as usize) {
            let start = self.lit.len();
            let pixels = row[3 * from..3 * (from + wide)].chunks_exact(3).map(|p| [p[0], p[1], p[2]]);
            if lit {
                self.blend.enter_row(y as u32, height);
                let places = &self.places[from..from + wide];
                self.lit.extend(pixels.zip(places).map(|(pixel, place)| self.blend.blend(*place, pixel)));
            } else {
                self.lit.extend(pixels.map(super::surface::pack));
            }
            if view.mirror {
                self.lit[start..].reverse();
            }
        }
    }
}

/// Pixels of an area's size, as the resizer takes them.
fn image(area: Area, pixels: &mut [u32]) -> Option<TypedImage<'_, U8x4>> {
    let (width, height) = (area.width as u32, area.height as u32);
    TypedImage::from_buffer(width, height, bytemuck::cast_slice_mut(pixels)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: Area = Area { x: 10, y: 20, width: 200, height: 100 };

    #[test]
    fn a_whole_frame_fits_and_a_filling_one_covers() {
        let whole = View::whole((640, 480), ROOM, false).expect("both have pixels");
        assert_eq!(whole.area, Area { x: 43, y: 20, width: 133, height: 100 });
        let filling = View::filling((640, 480), ROOM, false).expect("both have pixels");
        assert_eq!((filling.area, filling.crop), (ROOM, Area { x: 0, y: 80, width: 640, height: 320 }));
        assert_eq!(View::whole((0, 480), ROOM, false), None);
        assert_eq!(View::filling((640, 480), Area { width: 0, ..ROOM }, false), None);
    }

    #[test]
    fn boxes_follow_the_crop_and_the_mirror() {
        let view = View::filling((640, 480), ROOM, false).expect("both have pixels");
        assert_eq!(view.place([0.0, 0.0, 0.5, 1.0]), [10.0, -5.0, 110.0, 145.0]);
        let mirrored = View { mirror: true, ..view };
        assert_eq!(mirrored.place([0.0, 0.0, 0.25, 1.0]), [160.0, -5.0, 210.0, 145.0]);
    }
}
