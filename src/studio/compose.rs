//! Putting cut-outs and photos together.

use image::{Rgb, RgbImage, RgbaImage, imageops};
use rand::Rng;

use crate::preprocess::picture::resize;

/// A scene: the picture, and where each object is in it.
#[derive(Clone, Debug)]
pub struct Scene {
    /// What the camera sees.
    pub picture: RgbImage,
    /// `[x0, y0, x1, y1]` in 0..1, in the order in which the objects were given.
    pub boxes: Vec<[f32; 4]>,
}

/// Puts objects side by side (or one above the other, in tall scenes) before a background, each at
/// a random place and size within its own share, so that they never cover each other.
pub fn side_by_side(background: &RgbImage, objects: &[RgbaImage], rng: &mut impl Rng) -> Scene {
    let (width, height) = background.dimensions();
    let mut picture = background.clone();
    let upright = height > width || (height == width && rng.random_bool(0.3));
    let count = objects.len().max(1) as f32;
    let (cell_w, cell_h) = match upright {
        true => (width as f32, height as f32 / count),
        false => (width as f32 / count, height as f32),
    };
    let mut boxes = Vec::with_capacity(objects.len());
    for (i, object) in objects.iter().enumerate() {
        let fill = (cell_w / object.width() as f32).min(cell_h / object.height() as f32);
        let scale = fill * rng.random_range(0.6..0.98);
        let w = ((object.width() as f32 * scale) as u32).max(8);
        let h = ((object.height() as f32 * scale) as u32).max(8);
        let (free_x, free_y) = ((cell_w - w as f32).max(0.0), (cell_h - h as f32).max(0.0));
        let (cell_x, cell_y) = match upright {
            true => (0.0, i as f32 * cell_h),
            false => (i as f32 * cell_w, 0.0),
        };
        let x = (cell_x + rng.random_range(0.0..=1.0) * free_x) as u32;
        let y = (cell_y + rng.random_range(0.0..=1.0) * free_y) as u32;
        let small = imageops::resize(object, w, h, imageops::FilterType::Triangle);
        put(&mut picture, &small, x, y);
        boxes.push([
            x as f32 / width as f32,
            y as f32 / height as f32,
            ((x + w) as f32 / width as f32).min(1.0),
            ((y + h) as f32 / height as f32).min(1.0),
        ]);
    }
    Scene { picture, boxes }
}

/// Lays a cut-out over a picture; what is beyond its edges is left out.
fn put(picture: &mut RgbImage, object: &RgbaImage, left: u32, top: u32) {
    for (x, y, over) in object.enumerate_pixels() {
        if let Some(under) = picture.get_pixel_mut_checked(left + x, top + y) {
            let alpha = u32::from(over.0[3]);
            for (below, above) in under.0.iter_mut().zip(over.0) {
                *below = ((u32::from(above) * alpha + u32::from(*below) * (255 - alpha) + 127) / 255) as u8;
            }
        }
    }
}

/// Without the transparent margin, so that the box is the object's.
pub fn trim(picture: &RgbaImage) -> RgbaImage {
    let (mut x0, mut y0, mut x1, mut y1) = (picture.width(), picture.height(), 0, 0);
    for (x, y, pixel) in picture.enumerate_pixels() {
        if pixel.0[3] > 32 {
            (x0, y0, x1, y1) = (x0.min(x), y0.min(y), x1.max(x + 1), y1.max(y + 1));
        }
    }
    match x1 > x0 {
        true => imageops::crop_imm(picture, x0, y0, x1 - x0, y1 - y0).to_image(),
        false => picture.clone(),
    }
}

/// Photos that fill the picture between them: two halves (left and right, or top and bottom).
/// One photo fills it alone.
pub fn mosaic(photos: &[&RgbImage], side: u32, rng: &mut impl Rng) -> Scene {
    let mut picture = RgbImage::new(side, side);
    let upright = rng.random_bool(0.5);
    let count = photos.len().max(1) as u32;
    let part = side / count;
    let mut boxes = Vec::with_capacity(photos.len());
    for (i, photo) in (0..count).zip(photos) {
        let (w, h) = if upright { (side, part) } else { (part, side) };
        let (x, y) = if upright { (0, i * part) } else { (i * part, 0) };
        let area = random_area(photo, f64::from(w) / f64::from(h), 0.6, rng);
        imageops::replace(&mut picture, &resize(photo, area, w, h), i64::from(x), i64::from(y));
        let unit = side as f32;
        boxes.push([x as f32 / unit, y as f32 / unit, (x + w) as f32 / unit, (y + h) as f32 / unit]);
    }
    Scene { picture, boxes }
}

/// A photo as an object with straight edges: opaque, at most `side` pixels wide and high.
pub fn framed(photo: &RgbImage, side: u32, rng: &mut impl Rng) -> RgbaImage {
    let aspect = rng.random_range(0.75..1.35);
    let (w, h) = match aspect > 1.0 {
        true => (side, (f64::from(side) / aspect) as u32),
        false => ((f64::from(side) * aspect) as u32, side),
    };
    let area = random_area(photo, aspect, 0.7, rng);
    image::DynamicImage::ImageRgb8(resize(photo, area, w.max(1), h.max(1))).to_rgba8()
}

/// A random area `[left, top, width, height]` of a photo, of about the given aspect
/// (width / height), that keeps at least `least` of the largest such area's sides.
pub fn random_area(photo: &RgbImage, aspect: f64, least: f64, rng: &mut impl Rng) -> [f64; 4] {
    let (w, h) = (f64::from(photo.width()), f64::from(photo.height()));
    // Up to a quarter of distortion: cameras and the stretch to a square distort, too.
    let aspect = aspect * rng.random_range(0.8..1.25);
    let (full_w, full_h) = if w / h > aspect { (h * aspect, h) } else { (w, w / aspect) };
    let zoom = rng.random_range(least..=1.0);
    let (area_w, area_h) = (full_w * zoom, full_h * zoom);
    let left = rng.random_range(0.0..=1.0) * (w - area_w).max(0.0);
    let top = rng.random_range(0.0..=1.0) * (h - area_h).max(0.0);
    [left, top, area_w, area_h]
}

/// Changes brightness, contrast and saturation by up to `amount` (0..1), mirrors half of the time
/// if `mirror`. Boxes follow.
pub fn jitter(scene: &mut Scene, amount: f32, mirror: bool, rng: &mut impl Rng) {
    if mirror && rng.random_bool(0.5) {
        imageops::flip_horizontal_in_place(&mut scene.picture);
        for b in &mut scene.boxes {
            (b[0], b[2]) = (1.0 - b[2], 1.0 - b[0]);
        }
    }
    let mut around_one = || 1.0 + rng.random_range(-amount..=amount);
    let (brightness, contrast, saturation) = (around_one(), around_one(), around_one());
    for Rgb(pixel) in scene.picture.pixels_mut() {
        let [r, g, b] = pixel.map(f32::from);
        let grey = 0.299 * r + 0.587 * g + 0.114 * b;
        *pixel = [r, g, b].map(|value| {
            let value = grey + (value - grey) * saturation;
            ((value - 128.0) * contrast + 128.0 * brightness).clamp(0.0, 255.0) as u8
        });
    }
}

/// What a webcam does to a picture: a colour cast always, blur and noise each in three of ten pictures.
pub fn webcam(picture: &mut RgbImage, rng: &mut impl Rng) {
    if rng.random_bool(0.3) {
        *picture = imageops::fast_blur(picture, rng.random_range(0.4..2.0));
    }
    let cast: [f32; 3] = std::array::from_fn(|_| rng.random_range(0.88..1.12));
    let noise = if rng.random_bool(0.3) { rng.random_range(2.0..20.0) } else { 0.0 };
    for Rgb(pixel) in picture.pixels_mut() {
        for (value, factor) in pixel.iter_mut().zip(cast) {
            let grain = if noise > 0.0 { rng.random_range(-noise..noise) } else { 0.0 };
            *value = (f32::from(*value) * factor + grain).clamp(0.0, 255.0) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgba;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn rng() -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(7)
    }

    #[test]
    fn boxes_are_where_the_objects_are() {
        let background = RgbImage::from_pixel(200, 200, Rgb([0; 3]));
        let objects: Vec<_> = [200, 100].map(|v| RgbaImage::from_pixel(50, 80, Rgba([v, v, v, 255]))).into();
        let mut rng = rng();
        for _ in 0..20 {
            let scene = side_by_side(&background, &objects, &mut rng);
            for (b, value) in scene.boxes.iter().zip([200, 100]) {
                let inside =
                    |x: f32, y: f32| scene.picture.get_pixel((x * 200.0) as u32, (y * 200.0) as u32).0[0];
                assert_eq!(inside((b[0] + b[2]) / 2.0, (b[1] + b[3]) / 2.0), value);
                assert_eq!(inside(b[0] + 0.01, b[1] + 0.01), value);
            }
        }
    }

    #[test]
    fn mosaic_halves_cover_the_picture_and_mirroring_moves_boxes() {
        let photos =
            [RgbImage::from_pixel(90, 60, Rgb([250, 0, 0])), RgbImage::from_pixel(60, 90, Rgb([0, 0, 250]))];
        let mut rng = rng();
        for _ in 0..20 {
            let mut scene = mosaic(&[&photos[0], &photos[1]], 64, &mut rng);
            jitter(&mut scene, 0.0, true, &mut rng);
            for (b, channel) in scene.boxes.iter().zip([0, 2]) {
                let at = |p: f32| (p * 64.0) as u32;
                let pixel = scene.picture.get_pixel(at((b[0] + b[2]) / 2.0), at((b[1] + b[3]) / 2.0));
                assert!(pixel.0[channel] > 200, "{pixel:?}");
            }
            let area: f32 = scene.boxes.iter().map(|b| (b[2] - b[0]) * (b[3] - b[1])).sum();
            assert!((area - 1.0).abs() < 1e-5);
        }
    }

    #[test]
    fn a_webcam_changes_colours_but_keeps_the_scene() {
        let mut rng = rng();
        for _ in 0..20 {
            let half = |x: u32, _| if x < 32 { Rgb([60; 3]) } else { Rgb([180; 3]) };
            let mut picture = RgbImage::from_fn(64, 64, half);
            let before = picture.clone();
            webcam(&mut picture, &mut rng);
            assert_ne!(picture, before);
            let mean = |from: u32| {
                let rows = (0..64).flat_map(|y| (from..from + 24).map(move |x| (x, y)));
                rows.map(|(x, y)| f32::from(picture.get_pixel(x, y).0[1])).sum::<f32>() / (24.0 * 64.0)
            };
            assert!((45.0..75.0).contains(&mean(0)) && (150.0..210.0).contains(&mean(40)));
        }
    }

    #[test]
    fn areas_stay_inside() {
        let photo = RgbImage::new(120, 80);
        let mut rng = rng();
        for _ in 0..200 {
            let [left, top, w, h] = random_area(&photo, 1.0, 0.3, &mut rng);
            assert!(left >= 0.0 && top >= 0.0 && left + w <= 120.001 && top + h <= 80.001);
        }
    }
}
