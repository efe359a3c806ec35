//! Objects out of photos: photos before a plain background are cut out along the object's outline.

use std::collections::VecDeque;

use image::{Rgb, RgbImage, RgbaImage, imageops};
use lookhear::studio::compose;

/// Largest difference from the background's colour, in any channel (of 255).
const TOLERANCE: u8 = 26;
/// Share of the photo's edge that must have that colour.
const PLAIN_EDGE: f32 = 0.8;
/// Shares of the photo that an object may cover: less is a speck, more is a photo without a background.
const COVERED: std::ops::Range<f32> = 0.08..0.85;

/// The object of a photo with a plain background, transparent around it; `None` if there is no
/// such background.
pub(crate) fn cut_out(photo: &RgbImage) -> Option<RgbaImage> {
    let (w, h) = photo.dimensions();
    if w < 8 || h < 8 {
        return None;
    }
    let edge: Vec<(u32, u32)> = (0..w)
        .flat_map(|x| [(x, 0), (x, h - 1)])
        .chain((1..h - 1).flat_map(|y| [(0, y), (w - 1, y)]))
        .collect();
    let plain = median(edge.iter().map(|&(x, y)| photo.get_pixel(x, y)));
    let is_plain = |x: u32, y: u32| alike(photo.get_pixel(x, y), &plain);
    let on_edge = edge.iter().filter(|&&(x, y)| is_plain(x, y)).count();
    if (on_edge as f32) < PLAIN_EDGE * edge.len() as f32 {
        return None;
    }

    // What is joined to the edge through plain pixels is background; holes inside the object stay.
    let mut alpha = image::GrayImage::from_pixel(w, h, image::Luma([255]));
    let mut open: VecDeque<(u32, u32)> = edge.into_iter().filter(|&(x, y)| is_plain(x, y)).collect();
    while let Some((x, y)) = open.pop_front() {
        if alpha.get_pixel(x, y).0[0] == 0 {
            continue;
        }
        alpha.put_pixel(x, y, image::Luma([0]));
        let neighbours = [(x.wrapping_sub(1), y), (x + 1, y), (x, y.wrapping_sub(1)), (x, y + 1)];
        open.extend(neighbours.into_iter().filter(|&(x, y)| x < w && y < h && is_plain(x, y)));
    }
    let object = alpha.pixels().filter(|p| p.0[0] > 0).count() as f32 / (w * h) as f32;
    COVERED.contains(&object).then(|| {
        let mut object = compose::trim(&RgbaImage::from_fn(w, h, |x, y| {
            let Rgb([r, g, b]) = *photo.get_pixel(x, y);
            image::Rgba([r, g, b, alpha.get_pixel(x, y).0[0]])
        }));
        // Softened, as a camera would see the edge.
        let hard = image::GrayImage::from_fn(object.width(), object.height(), |x, y| {
            image::Luma([object.get_pixel(x, y).0[3]])
        });
        let soft = imageops::fast_blur(&hard, 0.8);
        object.pixels_mut().zip(soft.pixels()).for_each(|(pixel, alpha)| pixel.0[3] = alpha.0[0]);
        object
    })
}

/// Whether a colour is taken for the background's.
pub(crate) fn alike(colour: &Rgb<u8>, background: &Rgb<u8>) -> bool {
    colour.0.iter().zip(background.0).all(|(a, b)| a.abs_diff(b) <= TOLERANCE)
}

fn median<'a>(pixels: impl Iterator<Item = &'a Rgb<u8>>) -> Rgb<u8> {
    let mut channels: [Vec<u8>; 3] = Default::default();
    for pixel in pixels {
        channels.iter_mut().zip(pixel.0).for_each(|(channel, value)| channel.push(value));
    }
    Rgb(channels.map(|mut values| {
        let middle = values.len() / 2;
        *values.select_nth_unstable(middle).1
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_before_a_plain_background_is_cut_out_along_its_outline() {
        let photo = RgbImage::from_fn(60, 40, |x, y| {
            let (dx, dy) = (x as f32 - 30.0, y as f32 - 20.0);
            let ring = (dx * dx + dy * dy).sqrt();
            // White areas inside the object belong to it.
            if ring < 15.0 && ring > 4.0 { Rgb([180, 40, 20]) } else { Rgb([250, 250, 246]) }
        });
        let object = cut_out(&photo).unwrap();
        assert_eq!(object.dimensions(), (29, 29));
        assert_eq!(object.get_pixel(0, 0).0[3], 0);
        assert_eq!(object.get_pixel(14, 14).0, [250, 250, 246, 255]);
        assert_eq!(object.get_pixel(4, 14).0, [180, 40, 20, 255]);
    }

    #[test]
    fn a_photo_without_a_plain_background_stays_whole() {
        let stripes = RgbImage::from_fn(40, 40, |x, _| if x % 8 < 4 { Rgb([0; 3]) } else { Rgb([200; 3]) });
        assert!(cut_out(&stripes).is_none());
        assert!(cut_out(&RgbImage::from_pixel(40, 40, Rgb([9; 3]))).is_none(), "nothing is left");
        assert!(cut_out(&RgbImage::new(3, 3)).is_none());
    }
}
