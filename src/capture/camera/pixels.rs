//! Converts camera formats to RGB.

use image::RgbImage;
use yuv::{YuvBiPlanarImage, YuvConversionMode, YuvPackedImage, YuvRange, YuvStandardMatrix};

use crate::preprocess::picture;

/// Pixel formats of cameras, in order of preference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// 4:2:2, two pixels in four bytes.
    Yuyv,
    /// JPEG pictures.
    Mjpeg,
    /// 4:2:0, luma first, then both chroma values of each 2x2 pixels.
    Nv12,
    /// Red, green, blue.
    Rgb,
    /// Blue, green, red.
    Bgr,
    /// Luma alone.
    Grey,
}

impl Format {
    /// All of them, the preferred ones first.
    pub(super) const ALL: [Self; 6] = [Self::Yuyv, Self::Mjpeg, Self::Nv12, Self::Rgb, Self::Bgr, Self::Grey];

    /// For people.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Yuyv => "YUYV",
            Self::Mjpeg => "MJPEG",
            Self::Nv12 => "NV12",
            Self::Rgb => "RGB",
            Self::Bgr => "BGR",
            Self::Grey => "grey",
        }
    }
}

/// How pixels lie in a buffer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub(super) format: Format,
    pub(super) width: u32,
    pub(super) height: u32,
    /// Bytes from one row to the next; 0: rows follow each other without a gap.
    pub(super) stride: u32,
}

/// Decodes a buffer, which may be longer than its picture. `Err`: a broken frame; the next may be whole.
pub(super) fn decode(bytes: &[u8], layout: Layout) -> Result<RgbImage, String> {
    let Layout { format, width, height, stride } = layout;
    let packed = match format {
        Format::Yuyv => width.next_multiple_of(2) * 2,
        Format::Rgb | Format::Bgr => width * 3,
        Format::Nv12 | Format::Grey | Format::Mjpeg => width,
    };
    let stride = stride.max(packed);
    let rows = stride as usize * height as usize;
    let needed = match format {
        Format::Mjpeg => 4,
        Format::Nv12 => rows + stride as usize * height.div_ceil(2) as usize,
        // The last row may end with its last pixel.
        _ => rows - (stride - packed) as usize,
    };
    if bytes.len() < needed {
        return Err(format!("a frame of {} bytes instead of {needed}", bytes.len()));
    }
    let mut picture = RgbImage::new(width, height);
    let out = width * 3;
    let (range, matrix) = (YuvRange::Limited, YuvStandardMatrix::Bt601);
    match format {
        Format::Mjpeg => {
            let jpeg = image::load_from_memory_with_format(bytes, image::ImageFormat::Jpeg);
            picture = jpeg.map_err(|e| e.to_string())?.into_rgb8();
        }
        Format::Yuyv => {
            let image = YuvPackedImage { yuy: &bytes[..needed], yuy_stride: stride, width, height };
            yuv::yuyv422_to_rgb(&image, &mut picture, out, range, matrix).map_err(|e| e.to_string())?;
        }
        Format::Nv12 => {
            let (y_plane, uv_plane) = bytes[..needed].split_at(rows);
            let (y_stride, uv_stride) = (stride, stride);
            let image = YuvBiPlanarImage { y_plane, y_stride, uv_plane, uv_stride, width, height };
            yuv::yuv_nv12_to_rgb(&image, &mut picture, out, range, matrix, YuvConversionMode::Balanced)
                .map_err(|e| e.to_string())?;
        }
        Format::Rgb | Format::Bgr | Format::Grey => {
            for (row, line) in picture.chunks_exact_mut(out as usize).zip(bytes.chunks(stride as usize)) {
                for (x, pixel) in row.chunks_exact_mut(3).enumerate() {
                    match format {
                        Format::Grey => pixel.fill(line[x]),
                        Format::Bgr => pixel
                            .iter_mut()
                            .zip(line[3 * x..3 * x + 3].iter().rev())
                            .for_each(|(p, b)| *p = *b),
                        _ => pixel.copy_from_slice(&line[3 * x..3 * x + 3]),
                    }
                }
            }
        }
    }
    Ok(limit(picture))
}

/// Widest picture that is kept, as for recorded media.
const WIDEST: u32 = 1280;

fn limit(picture: RgbImage) -> RgbImage {
    let (width, height) = picture.dimensions();
    if width <= WIDEST {
        return picture;
    }
    let area = [0.0, 0.0, f64::from(width), f64::from(height)];
    let even = (height * WIDEST / width).next_multiple_of(2).max(2);
    picture::resize(&picture, area, WIDEST, even)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    /// Limited-range BT.601 of a strong red, computed from the standard's matrix.
    const RED: [u8; 3] = [200, 30, 30];
    const RED_YUV: [u8; 3] = [85, 103, 203];

    fn near(picture: &RgbImage, expected: [u8; 3], tolerance: u8) {
        for pixel in picture.pixels() {
            assert!(
                pixel.0.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= tolerance),
                "{pixel:?} {expected:?}"
            );
        }
    }

    fn layout(format: Format, width: u32, height: u32, stride: u32) -> Layout {
        Layout { format, width, height, stride }
    }

    #[test]
    fn every_format_shows_the_same_red() {
        let [y, u, v] = RED_YUV;
        for (width, height) in [(6, 4), (7, 5), (2, 1)] {
            let (w, h) = (width as usize, height as usize);
            let yuyv = [y, u, y, v].repeat(w.div_ceil(2) * h);
            near(&decode(&yuyv, layout(Format::Yuyv, width, height, 0)).unwrap(), RED, 3);
            near(&decode(&RED.repeat(w * h), layout(Format::Rgb, width, height, 0)).unwrap(), RED, 0);
            let bgr = [RED[2], RED[1], RED[0]].repeat(w * h);
            near(&decode(&bgr, layout(Format::Bgr, width, height, 0)).unwrap(), RED, 0);
            near(&decode(&vec![90; w * h], layout(Format::Grey, width, height, 0)).unwrap(), [90; 3], 0);
            let stride = width.next_multiple_of(2);
            let mut nv12 = vec![y; (stride * height) as usize];
            nv12.extend([u, v].repeat((stride / 2 * height.div_ceil(2)) as usize));
            near(&decode(&nv12, layout(Format::Nv12, width, height, stride)).unwrap(), RED, 3);
        }
        let mut jpeg = std::io::Cursor::new(Vec::new());
        RgbImage::from_pixel(16, 16, Rgb(RED)).write_to(&mut jpeg, image::ImageFormat::Jpeg).unwrap();
        let mut jpeg = jpeg.into_inner();
        jpeg.extend([0; 1000]); // The buffer is longer than the picture.
        near(&decode(&jpeg, layout(Format::Mjpeg, 16, 16, 0)).unwrap(), RED, 6);
    }

    #[test]
    fn rows_may_be_padded_and_short_frames_are_refused() {
        let mut rows = vec![0; 2 * 10];
        rows[..6].copy_from_slice(&RED.repeat(2));
        rows[10..16].copy_from_slice(&RED.repeat(2));
        near(&decode(&rows, layout(Format::Rgb, 2, 2, 10)).unwrap(), RED, 0);
        for format in Format::ALL {
            assert!(decode(&[0; 3], layout(format, 64, 48, 0)).is_err(), "{format:?}");
        }
    }

    #[test]
    fn wide_pictures_become_as_wide_as_recorded_ones() {
        let wide = decode(&vec![9; 1920 * 1080], layout(Format::Grey, 1920, 1080, 0)).unwrap();
        assert_eq!(wide.dimensions(), (1280, 720));
    }
}
