//! Pictures: any size to `[3, side, side]`, and positions back to the picture that is shown.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8x3;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use image::RgbImage;
use serde::{Deserialize, Serialize};

/// How a picture that is not square becomes square.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// The shorter side fits, the middle of the longer one is kept (the papers).
    Crop,
    /// Both sides fit: nothing is cut off, and a source at the edge can be found.
    #[default]
    Stretch,
}

/// Resizes to `side` x `side` pixels.
///
/// ```
/// use image::RgbImage;
/// use lookhear::preprocess::{Fit, picture};
///
/// let square = picture::square(&RgbImage::new(640, 360), Fit::Stretch, 224);
/// assert_eq!(square.dimensions(), (224, 224));
/// ```
pub fn square(picture: &RgbImage, fit: Fit, side: u32) -> RgbImage {
    let (w, h) = picture.dimensions();
    if (w, h) == (side, side) {
        return picture.clone();
    }
    let (w, h) = (f64::from(w), f64::from(h));
    let area = match fit {
        Fit::Stretch => [0.0, 0.0, w, h],
        Fit::Crop => {
            let short = w.min(h);
            [(w - short) / 2.0, (h - short) / 2.0, short, short]
        }
    };
    resize(picture, area, side, side)
}

/// Resizes an area `[left, top, width, height]` (pixels, inside the picture) to `width` x `height`,
/// by area-weighted linear interpolation. A picture or area without pixels gives black.
///
/// ```
/// use image::{Rgb, RgbImage};
/// use lookhear::preprocess::picture::resize;
///
/// let picture = RgbImage::from_fn(40, 20, |x, _| Rgb([if x < 20 { 0 } else { 200 }; 3]));
/// let right = resize(&picture, [20.0, 0.0, 20.0, 20.0], 5, 5);
/// assert_eq!(right.dimensions(), (5, 5));
/// // At the very edge, interpolation reaches beyond the area.
/// assert_eq!(right.get_pixel(2, 2).0, [200; 3]);
/// ```
pub fn resize(picture: &RgbImage, area: [f64; 4], width: u32, height: u32) -> RgbImage {
    let mut out = RgbImage::new(width, height);
    let [left, top, w, h] = area;
    let options =
        ResizeOptions::new().crop(left, top, w, h).resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
    let source = TypedImageRef::<U8x3>::from_buffer(picture.width(), picture.height(), picture.as_raw());
    let target = TypedImage::<U8x3>::from_buffer(width, height, &mut out);
    if let (Ok(source), Ok(mut target)) = (source, target) {
        // The only errors left are areas outside the picture; black is the defined result.
        let _ = Resizer::new().resize_typed(&source, &mut target, &options);
    }
    out
}

/// Pixels of a square picture as the vision tower takes them: `[3, side, side]`, red first, -1..1.
///
/// ```
/// use image::{Rgb, RgbImage};
/// use lookhear::preprocess::picture::normalize;
///
/// assert_eq!(normalize(&RgbImage::from_pixel(1, 1, Rgb([255, 0, 255]))), [1.0, -1.0, 1.0]);
/// ```
pub fn normalize(square: &RgbImage) -> Vec<f32> {
    let plane = (square.width() * square.height()) as usize;
    let mut values = vec![0.0; 3 * plane];
    for (i, pixel) in square.pixels().enumerate() {
        for (channel, value) in pixel.0.iter().enumerate() {
            values[channel * plane + i] = f32::from(*value) / 127.5 - 1.0;
        }
    }
    values
}

/// A position in the square picture (0..1) to the position in the picture it was made of (0..1).
///
/// ```
/// use lookhear::preprocess::picture::{Fit, to_shown};
///
/// assert_eq!(to_shown(Fit::Stretch, 400, 200, [0.0, 0.5]), [0.0, 0.5]);
/// assert_eq!(to_shown(Fit::Crop, 400, 200, [0.0, 0.5]), [0.25, 0.5]);
/// ```
pub fn to_shown(fit: Fit, width: u32, height: u32, [x, y]: [f32; 2]) -> [f32; 2] {
    let Fit::Crop = fit else { return [x, y] };
    let (w, h) = (width as f32, height as f32);
    let short = w.min(h);
    let back = |position: f32, side: f32| ((side - short) / 2.0 + position * short) / side;
    [back(x, w), back(y, h)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn crop_keeps_the_middle_and_stretch_keeps_all() {
        let wide =
            RgbImage::from_fn(
                400,
                200,
                |x, _| if (100..300).contains(&x) { Rgb([255; 3]) } else { Rgb([0; 3]) },
            );
        let cropped = square(&wide, Fit::Crop, 224);
        // At the very edge interpolation reaches beyond the crop.
        let inner = cropped.enumerate_pixels().filter(|(x, _, _)| (2..222).contains(x));
        assert!(inner.into_iter().all(|(_, _, p)| p.0 == [255; 3]));
        let stretched = square(&wide, Fit::Stretch, 224);
        assert_eq!((stretched.get_pixel(5, 100).0, stretched.get_pixel(112, 100).0), ([0; 3], [255; 3]));
    }

    #[test]
    fn positions_come_back() {
        assert_eq!(to_shown(Fit::Stretch, 400, 200, [0.2, 0.7]), [0.2, 0.7]);
        assert_eq!(to_shown(Fit::Crop, 400, 200, [0.0, 0.5]), [0.25, 0.5]);
        assert_eq!(to_shown(Fit::Crop, 200, 400, [0.5, 1.0]), [0.5, 0.75]);
    }

    #[test]
    fn normalized_values_are_planar_and_signed() {
        let picture = RgbImage::from_pixel(2, 2, Rgb([255, 0, 51]));
        let values = normalize(&picture);
        assert_eq!(values[..4], [1.0; 4]);
        assert_eq!(values[4..8], [-1.0; 4]);
        assert!((values[8] + 0.6).abs() < 1e-6);
    }
}
