//! A surface to draw on: a `DrawTarget` of embedded-graphics over an [`RgbImage`], with smooth,
//! half-transparent shapes besides, which embedded-graphics does not have.

use std::convert::Infallible;

use embedded_graphics::Pixel;
use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::{OriginDimensions, Size};
use embedded_graphics::pixelcolor::{Rgb888, RgbColor};
use image::{Rgb, RgbImage};

/// A rectangle of whole pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Area {
    /// Left edge.
    pub(crate) x: i32,
    /// Top edge.
    pub(crate) y: i32,
    /// Width; nothing is drawn where it is not positive.
    pub(crate) width: i32,
    /// Height; nothing is drawn where it is not positive.
    pub(crate) height: i32,
}

impl Area {
    /// The area without a border of some pixels.
    pub(crate) fn inset(self, by: i32) -> Self {
        Self { x: self.x + by, y: self.y + by, width: self.width - 2 * by, height: self.height - 2 * by }
    }

    /// The first pixel right of the area.
    pub(crate) fn right(self) -> i32 {
        self.x + self.width
    }

    /// The first pixel below the area.
    pub(crate) fn bottom(self) -> i32 {
        self.y + self.height
    }

    /// Whether there is no pixel in it.
    pub(crate) fn is_empty(self) -> bool {
        self.width <= 0 || self.height <= 0
    }
}

/// A rectangle with rounded corners, in pixels and parts of pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// `[x, y]` of the middle.
    pub(crate) centre: [f32; 2],
    /// Half the width and half the height.
    pub(crate) half: [f32; 2],
    /// Radius of the corners; as large as `half`, the shape is a circle.
    pub(crate) radius: f32,
}

impl Shape {
    /// The area with rounded corners.
    pub(crate) fn rounded(area: Area, radius: f32) -> Self {
        let half = [area.width as f32 / 2.0, area.height as f32 / 2.0];
        let centre = [area.x as f32 + half[0], area.y as f32 + half[1]];
        Self { centre, half, radius: radius.min(half[0]).min(half[1]).max(0.0) }
    }

    /// A circle.
    pub(crate) fn circle(centre: [f32; 2], radius: f32) -> Self {
        Self { centre, half: [radius, radius], radius }
    }

    /// Distance of a point from the outline in pixels, negative inside.
    pub(crate) fn distance(&self, x: f32, y: f32) -> f32 {
        let dx = (x - self.centre[0]).abs() - self.half[0] + self.radius;
        let dy = (y - self.centre[1]).abs() - self.half[1] + self.radius;
        dx.max(0.0).hypot(dy.max(0.0)) + dx.max(dy).min(0.0) - self.radius
    }
}

/// A picture to draw on. Whatever lies outside of it is left out.
pub(super) struct Canvas<'a> {
    picture: &'a mut RgbImage,
}

impl<'a> Canvas<'a> {
    /// Draws on a picture.
    pub(super) fn new(picture: &'a mut RgbImage) -> Self {
        Self { picture }
    }

    /// Lays a colour over one pixel; `alpha` from 0 (nothing) to 1 (only the colour).
    pub(super) fn blend(&mut self, x: i32, y: i32, color: [u8; 3], alpha: f32) {
        let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else {
            return;
        };
        if let Some(pixel) = self.picture.get_pixel_mut_checked(x, y) {
            pixel.0 = mix(pixel.0, color, alpha);
        }
    }

    /// Fills an area with one colour.
    pub(super) fn fill(&mut self, area: Area, color: [u8; 3]) {
        for y in area.y..area.bottom() {
            for x in area.x..area.right() {
                self.blend(x, y, color, 1.0);
            }
        }
    }

    /// Fills a shape, with smooth edges.
    pub(super) fn fill_shape(&mut self, shape: Shape, color: [u8; 3], alpha: f32) {
        self.cover(shape, 0.0, color, |distance| alpha * unit_step(0.5 - distance));
    }

    /// Draws the outline of a shape, `width` pixels wide, with smooth edges.
    pub(super) fn stroke_shape(&mut self, shape: Shape, width: f32, color: [u8; 3], alpha: f32) {
        let half = width / 2.0;
        self.cover(shape, half, color, |distance| alpha * unit_step(half + 0.5 - distance.abs()));
    }

    /// Blends a colour around a shape, as much as `alpha` says for the distance from its outline.
    fn cover(&mut self, shape: Shape, margin: f32, color: [u8; 3], alpha: impl Fn(f32) -> f32) {
        let [x, y] = shape.centre;
        let [w, h] = [shape.half[0] + margin + 1.0, shape.half[1] + margin + 1.0];
        let last = [self.picture.width() as f32, self.picture.height() as f32];
        // Clipping first keeps shapes that lie mostly outside from costing time.
        for row in (y - h).max(0.0) as i32..(y + h).min(last[1]).ceil() as i32 {
            for column in (x - w).max(0.0) as i32..(x + w).min(last[0]).ceil() as i32 {
                let a = alpha(shape.distance(column as f32 + 0.5, row as f32 + 0.5));
                if a > 0.0 {
                    self.blend(column, row, color, a);
                }
            }
        }
    }
}

impl DrawTarget for Canvas<'_> {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I>(&mut self, pixels: I) -> Result<(), Infallible>
    where
        I: IntoIterator<Item = Pixel<Rgb888>>,
    {
        for Pixel(point, color) in pixels {
            let (Ok(x), Ok(y)) = (u32::try_from(point.x), u32::try_from(point.y)) else {
                continue;
            };
            if let Some(pixel) = self.picture.get_pixel_mut_checked(x, y) {
                *pixel = Rgb([color.r(), color.g(), color.b()]);
            }
        }
        Ok(())
    }
}

impl OriginDimensions for Canvas<'_> {
    fn size(&self) -> Size {
        Size::new(self.picture.width(), self.picture.height())
    }
}

/// `under` with `over` laid on it; `alpha` 0..1.
pub(super) fn mix(under: [u8; 3], over: [u8; 3], alpha: f32) -> [u8; 3] {
    let alpha = super::unit(alpha);
    let channel = |u: u8, o: u8| (f32::from(u) + (f32::from(o) - f32::from(u)) * alpha).round() as u8;
    [channel(under[0], over[0]), channel(under[1], over[1]), channel(under[2], over[2])]
}

/// Share of a pixel that is covered when its middle lies `depth - 0.5` pixels inside.
fn unit_step(depth: f32) -> f32 {
    depth.clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use embedded_graphics::mock_display::MockDisplay;
    use embedded_graphics::mono_font::{MonoTextStyle, ascii::FONT_6X10};
    use embedded_graphics::prelude::{Drawable, Point};
    use embedded_graphics::text::{Baseline, Text};

    #[test]
    fn draws_what_the_reference_display_draws() {
        let style = MonoTextStyle::new(&FONT_6X10, Rgb888::GREEN);
        let text = Text::with_baseline("Look", Point::new(3, 2), style, Baseline::Top);
        let mut picture = RgbImage::new(40, 16);
        let mut mock = MockDisplay::<Rgb888>::new();
        assert!(text.draw(&mut Canvas::new(&mut picture)).is_ok());
        assert!(text.draw(&mut mock).is_ok());
        for (x, y, pixel) in picture.enumerate_pixels() {
            let expected = mock.get_pixel(Point::new(x as i32, y as i32)).unwrap_or(Rgb888::BLACK);
            assert_eq!(pixel.0, [expected.r(), expected.g(), expected.b()], "at {x}, {y}");
        }
        assert!(picture.pixels().any(|p| p.0 == [0, 255, 0]));
    }

    #[test]
    fn what_lies_outside_is_left_out() {
        let mut picture = RgbImage::new(4, 3);
        let mut canvas = Canvas::new(&mut picture);
        canvas.blend(-1, 0, [255; 3], 1.0);
        canvas.blend(4, 2, [255; 3], 1.0);
        canvas.fill_shape(Shape::circle([900.0, -900.0], 30.0), [255; 3], 1.0);
        assert!(picture.pixels().all(|p| p.0 == [0; 3]));
    }

    #[test]
    fn a_circle_is_full_inside_soft_at_its_edge_and_nothing_outside() {
        let mut picture = RgbImage::new(21, 21);
        Canvas::new(&mut picture).fill_shape(Shape::circle([10.5, 10.5], 6.0), [200; 3], 1.0);
        assert_eq!(picture.get_pixel(10, 10).0, [200; 3]);
        assert_eq!(picture.get_pixel(2, 10).0, [0; 3]);
        assert!(picture.pixels().any(|p| p.0[0] > 20 && p.0[0] < 180));
        let ring = Shape::circle([10.5, 10.5], 6.0);
        assert!((ring.distance(10.5, 3.5) - 1.0).abs() < 1e-5);
    }
}
