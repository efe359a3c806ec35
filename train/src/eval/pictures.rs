//! Pictures of a report: plots as SVG, contact sheets of small pictures.

use std::io::Cursor;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::{ImageBuffer, Luma, RgbImage};
use lookhear::overlay::heat_color;
use lookhear::preprocess::spectrogram::{BINS, COLUMNS};

use super::confusion::{Matrix, SHOWN};
use crate::{Error, EvalError};

/// A picture with what it shows.
pub struct Picture {
    /// A few words.
    pub title: String,
    /// Axes, units, how to read it.
    pub caption: String,
    /// What is shown.
    pub content: Content,
}

impl Picture {
    /// The confusion matrix of `what` over classes: answers `(truth, answer)`.
    pub(super) fn confusion(what: &str, classes: &[String], answers: &[(usize, usize)]) -> Self {
        let left_out = match classes.len() > SHOWN {
            true => format!(" The {SHOWN} of {} classes that are mistaken most often.", classes.len()),
            false => String::new(),
        };
        Self {
            title: format!("Confusion matrix: {what}"),
            caption: format!(
                "A row is what was there, a column what was answered; numbers are cases.{left_out}"
            ),
            content: Content::Matrix(Matrix::of_classes(classes, answers)),
        }
    }
}

/// What a picture is made of.
pub enum Content {
    /// A plot.
    Svg(String),
    /// Rows of small pictures.
    Sheet(Vec<Row>),
    /// What was taken for what.
    Matrix(Matrix),
}

/// A row of a contact sheet.
pub struct Row {
    /// What the row has in common.
    pub label: String,
    /// Small pictures, each with a line below it.
    pub cells: Vec<Cell>,
}

/// A small picture.
pub struct Cell {
    /// A `data:` address of a JPEG.
    pub address: String,
    /// The line below it; may be empty.
    pub label: String,
}

/// Side of the pictures of a sheet, pixels.
const THUMBNAIL: u32 = 112;

impl Cell {
    /// A picture, stretched to the square that the towers see.
    ///
    /// # Errors
    /// The encoder fails.
    pub(super) fn new(picture: &RgbImage, label: &str) -> Result<Self, Error> {
        let small = imageops::resize(picture, THUMBNAIL, THUMBNAIL, FilterType::Triangle);
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(Cursor::new(&mut bytes), 82)
            .encode_image(&small)
            .map_err(|e| EvalError::library("a picture of the report", e))?;
        let address = format!("data:image/jpeg;base64,{}", BASE64_STANDARD.encode(bytes));
        Ok(Self { address, label: label.into() })
    }
}

/// A unit's activations `[rows, columns]` over the picture that they were computed from, as light: dark where the
/// unit is silent, from blue to yellow where it responds most.
pub(super) fn with_heat(picture: &RgbImage, activations: &[f32], rows: usize, columns: usize) -> RgbImage {
    let (width, height) = picture.dimensions();
    let highest = activations.iter().copied().fold(1e-9, f32::max);
    let scaled: Vec<f32> = activations.iter().map(|v| v / highest).collect();
    let Some(map) = ImageBuffer::<Luma<f32>, Vec<f32>>::from_raw(columns as u32, rows as u32, scaled) else {
        return picture.clone();
    };
    let map = imageops::resize(&map, width, height, FilterType::Triangle);
    let mut lit = picture.clone();
    for (pixel, Luma([heat])) in lit.pixels_mut().zip(map.pixels()) {
        let heat = heat.clamp(0.0, 1.0);
        let color = heat_color(heat);
        for (value, color) in pixel.0.iter_mut().zip(color) {
            let dimmed = f32::from(*value) * (0.45 + 0.15 * heat);
            *value = (dimmed + f32::from(color) * heat * 0.55).min(255.0) as u8;
        }
    }
    lit
}

/// A second as a picture: time to the right (1 s), frequency up (0 to 24 kHz), bright is loud.
pub(super) fn spectrogram_picture(spectrogram: &[f32]) -> RgbImage {
    let loudest = spectrogram.iter().copied().fold(0.1, f32::max);
    RgbImage::from_fn(COLUMNS as u32, BINS as u32, |x, y| {
        let bin = BINS - 1 - y as usize;
        let value = spectrogram[bin * COLUMNS + x as usize] / loudest;
        image::Rgb([(value.clamp(0.0, 1.0).sqrt() * 255.0) as u8; 3])
    })
}

/// Turns rows upside down: spectrograms have low frequencies first, pictures have the top first.
pub(super) fn upside_down(values: &[f32], columns: usize) -> Vec<f32> {
    values.chunks(columns.max(1)).rev().flatten().copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_confusion_matrix_says_what_it_leaves_out() {
        let classes: Vec<String> = (0..200).map(|class| class.to_string()).collect();
        let picture = Picture::confusion("sounds", &classes, &[(180, 190)]);
        assert!(picture.caption.contains("50 of 200 classes"), "{}", picture.caption);
        assert!(!Picture::confusion("sounds", &classes[..2], &[(0, 1)]).caption.contains("of 2 classes"));
    }

    #[test]
    fn heat_lies_where_the_unit_responds() {
        let picture = RgbImage::from_pixel(40, 40, image::Rgb([100; 3]));
        let lit = with_heat(&picture, &[0.0, 0.0, 0.0, 2.0], 2, 2);
        let sum = |x, y| lit.get_pixel(x, y).0.iter().map(|v| u32::from(*v)).sum::<u32>();
        assert!(sum(38, 38) > sum(1, 1) + 100);
        assert_eq!(lit.get_pixel(1, 1).0, [45; 3]);
    }

    #[test]
    fn low_frequencies_are_at_the_bottom() {
        let mut second = vec![0.0; BINS * COLUMNS];
        second[..COLUMNS].fill(1.0);
        let picture = spectrogram_picture(&second);
        assert_eq!(picture.get_pixel(0, BINS as u32 - 1).0, [255; 3]);
        assert_eq!(picture.get_pixel(0, 0).0, [0; 3]);
        assert_eq!(upside_down(&[1.0, 2.0, 3.0, 4.0], 2), [3.0, 4.0, 1.0, 2.0]);
    }

    #[test]
    fn a_cell_holds_its_picture() {
        let cell = Cell::new(&RgbImage::new(300, 20), "dog").unwrap();
        assert!(cell.address.starts_with("data:image/jpeg;base64,/9j/"), "JPEGs begin with FF D8 FF");
    }
}
