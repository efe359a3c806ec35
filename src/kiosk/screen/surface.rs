//! The pixels of a kiosk: `0x00RRGGBB`, row by row, with smooth shapes and a `DrawTarget` besides.

use std::convert::Infallible;

use embedded_graphics::Pixel;
use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::{OriginDimensions, Size};
use embedded_graphics::pixelcolor::{Rgb888, RgbColor};

use crate::overlay::canvas::{Area, Shape};

/// A picture to draw on. Whatever lies outside of it is left out.
#[derive(Clone)]
pub(super) struct Surface {
    width: i32,
    height: i32,
    pixels: Vec<u32>,
}

impl Surface {
    /// A surface of one colour.
    pub(super) fn new(width: i32, height: i32, color: [u8; 3]) -> Self {
        let (width, height) = (width.max(0), height.max(0));
        Self { width, height, pixels: vec![pack(color); (width * height) as usize] }
    }

    /// The whole surface as an area.
    pub(super) fn area(&self) -> Area {
        Area { x: 0, y: 0, width: self.width, height: self.height }
    }

    /// Row by row.
    pub(super) fn pixels(&self) -> &[u32] {
        &self.pixels
    }

    /// Becomes a copy of a surface of the same size.
    pub(super) fn copy_from(&mut self, other: &Self) {
        self.pixels.copy_from_slice(&other.pixels);
    }

    /// The part of an area that lies on the surface.
    pub(super) fn clip(&self, area: Area) -> Area {
        intersect(area, self.area())
    }

    /// Pixels `from..to` of a row, which must lie on the surface.
    pub(super) fn row_mut(&mut self, y: i32, from: i32, to: i32) -> &mut [u32] {
        let start = y * self.width;
        &mut self.pixels[(start + from) as usize..(start + to) as usize]
    }

    /// Lays a colour over one pixel; `alpha` from 0 (nothing) to 256 (only the colour).
    pub(super) fn blend(&mut self, x: i32, y: i32, color: u32, alpha: u32) {
        if (0..self.width).contains(&x) && (0..self.height).contains(&y) {
            let pixel = &mut self.pixels[(y * self.width + x) as usize];
            *pixel = lerp(*pixel, color, alpha);
        }
    }

    /// Fills an area with one colour.
    pub(super) fn fill(&mut self, area: Area, color: [u8; 3]) {
        let area = self.clip(area);
        for y in area.y..area.bottom() {
            self.row_mut(y, area.x, area.right()).fill(pack(color));
        }
    }

    /// Lays a colour over the part of a shape within `clip`, with smooth edges; `alpha` 0..1.
    pub(super) fn fill_shape(&mut self, clip: Area, shape: Shape, color: [u8; 3], alpha: f32) {
        self.paint(clip, shape, f32::MAX, 1.0, color, |distance| alpha * (0.5 - distance).clamp(0.0, 1.0));
    }

    /// Draws the outline of a shape, `width` pixels wide, within `clip`, with smooth edges; `alpha` 0..1.
    pub(super) fn stroke_shape(&mut self, clip: Area, shape: Shape, width: f32, color: [u8; 3], alpha: f32) {
        let half = width / 2.0;
        self.paint(clip, shape, half + 1.0, half + 1.0, color, |distance| {
            alpha * (half + 0.5 - distance.abs()).clamp(0.0, 1.0)
        });
    }

    /// A soft shine on both sides of an outline that reaches `reach` pixels far, strongest on it; `alpha` 0..1.
    pub(super) fn shine(&mut self, clip: Area, shape: Shape, reach: f32, color: [u8; 3], alpha: f32) {
        let reach = reach.max(1.0);
        self.paint(clip, shape, reach, reach, color, |distance| {
            alpha * (1.0 - distance.abs() / reach).clamp(0.0, 1.0).powi(2)
        });
    }

    /// The surroundings of an area's rounded corners: what is outside of the curve takes the colour.
    pub(super) fn round_corners(&mut self, area: Area, radius: f32, color: [u8; 3]) {
        let shape = Shape::rounded(area, radius);
        let (side, color) = (radius.ceil() as i32, pack(color));
        for y in (0..side).flat_map(|i| [area.y + i, area.bottom() - 1 - i]) {
            for x in (0..side).flat_map(|i| [area.x + i, area.right() - 1 - i]) {
                let outside = shape.distance(x as f32 + 0.5, y as f32 + 0.5) + 0.5;
                self.blend(x, y, color, amount(outside.clamp(0.0, 1.0)));
            }
        }
    }

    /// Blends a colour as `alpha` says for the distance from a shape's outline, which matters no further
    /// than `inside` and `outside` pixels from it: what is deeper inside costs no time.
    fn paint(
        &mut self,
        clip: Area,
        shape: Shape,
        inside: f32,
        outside: f32,
        color: [u8; 3],
        alpha: impl Fn(f32) -> f32,
    ) {
        let [cx, cy] = shape.centre;
        let [half_w, half_h] = shape.half;
        if !(cx.is_finite() && cy.is_finite() && half_w.is_finite() && half_h.is_finite()) {
            return;
        }
        let clip = self.clip(clip);
        let first = (cy - half_h - outside).floor().max(clip.y as f32) as i32;
        let last = (cy + half_h + outside).ceil().min(clip.bottom() as f32) as i32;
        let (left, right) = (cx - half_w - outside, cx + half_w + outside);
        let from = left.floor().max(clip.x as f32) as i32;
        let to = right.ceil().min(clip.right() as f32) as i32;
        let color = pack(color);
        for y in first..last {
            let hollow = hollow(&shape, inside, y as f32 + 0.5 - cy);
            // Columns that are deeper inside than matters, if there are any in this row.
            let skip_from = (cx - hollow).ceil().clamp(from as f32, to.max(from) as f32) as i32;
            let skip_to = (cx + hollow).floor().clamp(from as f32, to.max(from) as f32) as i32;
            let skip = if hollow > 0.0 && skip_from < skip_to { skip_from..skip_to } else { to..to };
            for x in (from..skip.start).chain(skip.end..to) {
                let a = amount(alpha(shape.distance(x as f32 + 0.5, y as f32 + 0.5)));
                if a > 0 {
                    self.blend(x, y, color, a);
                }
            }
        }
    }
}

/// Half the width, at `dy` from its middle, of what lies deeper than `depth` within a shape; 0: nothing does.
fn hollow(shape: &Shape, depth: f32, dy: f32) -> f32 {
    let [half_w, half_h] = shape.half.map(|half| half - depth);
    let radius = (shape.radius - depth).max(0.0);
    let beyond = dy.abs() - (half_h - radius);
    if half_w <= 0.0 || dy.abs() >= half_h {
        return 0.0;
    }
    let curve = if beyond > 0.0 { (radius * radius - beyond * beyond).max(0.0).sqrt() } else { radius };
    (half_w - radius + curve).max(0.0)
}

/// The part that two areas share.
pub(super) fn intersect(a: Area, b: Area) -> Area {
    let (x, y) = (a.x.max(b.x), a.y.max(b.y));
    let width = (a.right().min(b.right()) - x).max(0);
    Area { x, y, width, height: (a.bottom().min(b.bottom()) - y).max(0) }
}

/// A colour as a pixel.
pub(super) fn pack([r, g, b]: [u8; 3]) -> u32 {
    u32::from_be_bytes([0, r, g, b])
}

/// Share 0..1 as 0..=256.
pub(super) fn amount(share: f32) -> u32 {
    (share.clamp(0.0, 1.0) * 256.0 + 0.5) as u32
}

/// `under` with `over` laid on it; `alpha` 0..=256. Red and blue are computed in one product: their
/// channels lie far enough apart.
pub(super) fn lerp(under: u32, over: u32, alpha: u32) -> u32 {
    let rest = 256 - alpha;
    let red_blue = ((under & 0xff_00ff) * rest + (over & 0xff_00ff) * alpha) >> 8;
    let green = ((under & 0x00_ff00) * rest + (over & 0x00_ff00) * alpha) >> 8;
    (red_blue & 0xff_00ff) | (green & 0x00_ff00)
}

impl DrawTarget for Surface {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I>(&mut self, pixels: I) -> Result<(), Infallible>
    where
        I: IntoIterator<Item = Pixel<Rgb888>>,
    {
        for Pixel(point, color) in pixels {
            self.blend(point.x, point.y, pack([color.r(), color.g(), color.b()]), 256);
        }
        Ok(())
    }
}

impl OriginDimensions for Surface {
    fn size(&self) -> Size {
        Size::new(self.width as u32, self.height as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLACK: [u8; 3] = [0; 3];

    fn all(side: i32) -> Area {
        Area { x: 0, y: 0, width: side, height: side }
    }

    #[test]
    fn blending_is_exact_at_its_ends_and_between_equals() {
        for color in [0x00_0000, 0xff_ffff, 0x12_80fe] {
            assert_eq!(lerp(0x33_6699, color, 0), 0x33_6699);
            assert_eq!(lerp(0x33_6699, color, 256), color);
            assert!((0..=256).all(|alpha| lerp(color, color, alpha) == color));
        }
        assert_eq!(lerp(0x00_0000, 0xff_ffff, 128), 0x7f_7f7f);
    }

    #[test]
    fn skipping_the_inside_of_an_outline_changes_no_pixel() {
        for (half, radius) in
            [([20.0, 11.0], 6.0), ([14.5, 14.5], 14.5), ([3.0, 17.0], 2.0), ([22.0, 2.0], 0.0)]
        {
            let shape = Shape { centre: [24.3, 23.8], half, radius };
            let mut fast = Surface::new(48, 48, BLACK);
            fast.stroke_shape(all(48), shape, 3.0, [255; 3], 0.8);
            for y in 0..48 {
                for x in 0..48 {
                    let distance = shape.distance(x as f32 + 0.5, y as f32 + 0.5);
                    let alpha = amount(0.8 * (2.0 - distance.abs()).clamp(0.0, 1.0));
                    assert_eq!(
                        fast.pixels[(y * 48 + x) as usize],
                        lerp(0, 0xff_ffff, alpha),
                        "{shape:?} {x} {y}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_lies_outside_of_the_surface_or_the_clip_is_left_out() {
        let mut surface = Surface::new(8, 8, BLACK);
        surface.fill_shape(all(8), Shape::circle([900.0, -900.0], 30.0), [255; 3], 1.0);
        surface.fill_shape(all(8), Shape::circle([f32::NAN, 4.0], 30.0), [255; 3], 1.0);
        surface.blend(-1, 3, 0xff_ffff, 256);
        surface.blend(8, 3, 0xff_ffff, 256);
        surface.fill(Area { x: 9, y: 2, width: 5, height: 5 }, [255; 3]);
        assert!(surface.pixels().iter().all(|p| *p == 0));
        let clip = Area { x: 2, y: 2, width: 3, height: 3 };
        surface.fill_shape(clip, Shape::circle([4.0, 4.0], 30.0), [255; 3], 1.0);
        assert_eq!(surface.pixels().iter().filter(|p| **p == 0xff_ffff).count(), 9);
    }
}
