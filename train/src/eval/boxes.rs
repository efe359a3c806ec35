//! Localization on annotated video frames, by the protocols of Flickr-SoundNet and VGG-SS.

use std::path::{Path, PathBuf};

use image::imageops::{self, FilterType};
use image::{ImageBuffer, Luma, RgbImage};
use lookhear::engine::{AudioEncoding, ImageEncoding};
use lookhear::event::Map;
use lookhear::judge::Judge;
use lookhear::media;
use lookhear::preprocess::{SAMPLE_RATE, spectrogram};

use super::metrics::{auc, ciou, curve};
use super::plots::{Curve, curves};
use super::svg::{Axis, Frame};
use super::{Case, Content, Figure, Findings, Picture};
use crate::annotations::Boxes;
use crate::{Error, EvalError};

/// What was seen and heard with an annotation.
pub(super) struct Annotated {
    boxes: Boxes,
    /// A video, or a picture with a sound beside it.
    files: Files,
}

enum Files {
    Video(PathBuf),
    Still { picture: PathBuf, sound: PathBuf },
}

/// Reads annotations: VGG-SS' JSON file, or Flickr-SoundNet's folder of XML files. What they are about is looked for
/// in `folder`: a video `NAME.mp4`, or `NAME.jpg` with `NAME.wav`. What is not there is left out: many videos
/// are no longer to be had.
///
/// # Errors
/// The annotations cannot be read, or fewer than two of their files are there.
pub(super) fn read(annotations: &Path, folder: &Path) -> Result<Vec<Annotated>, Error> {
    let all = match annotations.is_dir() {
        true => Boxes::flickr_soundnet(annotations)?,
        false => Boxes::vgg_ss(annotations)?,
    };
    let annotated = |boxes: Boxes| {
        let stem = boxes.file.strip_suffix(".mp4").unwrap_or(&boxes.file);
        let [video, picture, sound] = ["mp4", "jpg", "wav"].map(|e| folder.join(format!("{stem}.{e}")));
        let files = match () {
            () if video.is_file() => Files::Video(video),
            () if picture.is_file() && sound.is_file() => Files::Still { picture, sound },
            () => return None,
        };
        Some(Annotated { boxes, files })
    };
    let there: Vec<Annotated> = all.into_iter().filter_map(annotated).collect();
    if there.len() < 2 {
        let why =
            format!("fewer than two of its videos (or pictures with sounds) are in {}", folder.display());
        return Err(Error::file(annotations, why));
    }
    Ok(there)
}

impl Annotated {
    /// What the annotations call it.
    pub(super) fn name(&self) -> &str {
        &self.boxes.file
    }

    /// The frame in the middle and the second around it.
    fn moment(&self) -> Result<(RgbImage, Vec<f32>), Error> {
        Ok(match &self.files {
            Files::Video(file) => {
                let middle = media::probe(file)?.seconds / 2.0;
                (media::frame_at(file, middle)?, media::sound_at(file, middle)?)
            }
            Files::Still { picture, sound } => {
                let middle = media::sound(sound)?.len() as f64 / SAMPLE_RATE as f64 / 2.0;
                (media::picture(picture)?, media::sound_at(sound, middle)?)
            }
        })
    }

    fn hit_by(&self, peak: [f32; 2]) -> bool {
        let [x, y] = peak.map(f64::from);
        let boxes = &self.boxes.boxes;
        boxes.iter().any(|[x0, y0, x1, y1]| (*x0..*x1).contains(&x) && (*y0..*y1).contains(&y))
    }
}

/// Maps are compared on as many pixels a side.
pub(super) const SIDE: usize = 224;

/// A map on the pixels of the annotation.
pub(super) fn pixels(map: &Map) -> Vec<f32> {
    let size = [map.columns as u32, map.rows as u32];
    match ImageBuffer::<Luma<f32>, Vec<f32>>::from_raw(size[0], size[1], map.values.clone()) {
        Some(map) if size[0] > 0 => {
            imageops::resize(&map, SIDE as u32, SIDE as u32, FilterType::Triangle).into_raw()
        }
        _ => vec![0.0; SIDE * SIDE],
    }
}

/// Closeness to the middle: its upper half is the centre of the picture.
fn centre() -> Vec<f32> {
    let from_middle = |i: usize| (i as f32 + 0.5 - SIDE as f32 / 2.0).abs();
    (0..SIDE * SIDE).map(|i| -from_middle(i % SIDE).max(from_middle(i / SIDE))).collect()
}

/// cIoU, AUC, and the peak, on the frame in the middle of each video with the second around it; beside them the
/// centre of the picture, and the map without the sound (the mean over the other videos' sounds).
///
/// # Errors
/// A video cannot be read, or the model has no localization head.
pub(super) fn boxes(judge: &mut Judge, annotated: &[Annotated]) -> Result<Findings, Error> {
    let mut moments: Vec<(ImageEncoding, AudioEncoding, (u32, u32))> = Vec::new();
    for one in annotated {
        let (frame, second) = one.moment()?;
        let heard = judge.encode_audio(&spectrogram::second(&second));
        moments.push((judge.encode_image(&frame), heard, frame.dimensions()));
    }
    let [mut own, mut blind, mut middle] = [const { Vec::new() }; 3];
    let [mut peaks, mut blind_peaks, mut middles, mut moved] = [const { Vec::new() }; 4];
    for (i, one) in annotated.iter().enumerate() {
        let (seen, _, size) = &moments[i];
        let maps: Vec<Map> = moments.iter().map(|(_, heard, _)| judge.judge(seen, heard).map).collect();
        if maps[i].values.is_empty() {
            return Err(EvalError::NoHead("localization").into());
        }
        let others = maps.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, map)| map);
        let mut mean = Map { values: vec![0.0; maps[i].values.len()], ..maps[i].clone() };
        for other in others {
            mean.values.iter_mut().zip(&other.values).for_each(|(sum, value)| *sum += value);
        }
        let truth = one.boxes.truth(SIDE);
        own.push(ciou(&pixels(&judge.shown_map(&maps[i], *size)), &truth));
        blind.push(ciou(&pixels(&judge.shown_map(&mean, *size)), &truth));
        middle.push(ciou(&centre(), &truth));
        let case = |right: bool| Case { right, group: one.boxes.file.clone() };
        let peak = |map: &Map| judge.place(map, *size).peak;
        peaks.push(case(one.hit_by(peak(&maps[i]))));
        blind_peaks.push(case(one.hit_by(peak(&mean))));
        middles.push(case(one.hit_by([0.5, 0.5])));
        moved.push(case(peak(&maps[i]) != peak(&maps[(i + 1) % maps.len()])));
    }
    let [own_curve, blind_curve, middle_curve] = [&own, &blind, &middle].map(|cious| curve(cious));
    let mut figures = Vec::new();
    for (name, cious) in
        [("", &own), ("  baseline: centre of the picture, ", &middle), ("  baseline: vision only, ", &blind)]
    {
        let cases: Vec<Case> = annotated
            .iter()
            .zip(cious)
            .map(|(a, ciou)| Case { right: *ciou >= 0.5, group: a.boxes.file.clone() })
            .collect();
        figures.push(Figure::new(&format!("{name}cIoU >= 0.5"), 0.0, &cases));
        let percent: Vec<f64> = cious.iter().map(|c| 100.0 * auc(&[*c])).collect();
        figures.push(Figure::of_values(&format!("{name}AUC x 100"), 0.0, &percent));
    }
    figures.extend([
        Figure::new("peak within a box", 0.0, &peaks),
        Figure::new("  baseline: centre of the picture", 0.0, &middles),
        Figure::new("  baseline: vision only", 0.0, &blind_peaks),
        Figure::new("peak moves with another video's sound", 0.0, &moved),
    ]);
    let named = |name: &str, points| Curve { name: name.into(), points };
    let lines = [
        named("model", own_curve),
        named("centre of the picture", middle_curve),
        named("vision only", blind_curve),
    ];
    let frame = Frame {
        x: Axis::new("cIoU threshold", 0.0, 1.0),
        y: Axis::new("share of frames at or above it", 0.0, 1.0),
    };
    let picture = Picture {
        title: "cIoU on annotated frames".into(),
        caption: format!(
            "Share of the {} frames whose cIoU reaches a threshold; higher is better.",
            own.len()
        ),
        content: Content::Svg(curves(&frame, &lines)),
    };
    Ok(Findings { figures, pictures: vec![picture] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::annotations::Rule;

    #[test]
    fn annotations_are_read_and_lost_videos_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("boxes.json");
        std::fs::write(folder.path().join("a.mp4"), "").unwrap();
        std::fs::write(folder.path().join("b.mp4"), "").unwrap();
        let entry = |name: &str| format!(r#"{{"file": "{name}", "class": "dog", "bbox": [[0, 0, 0.5, 1]]}}"#);
        std::fs::write(&file, format!("[{},{},{}]", entry("a"), entry("b.mp4"), entry("gone"))).unwrap();
        let read_ = read(&file, folder.path()).unwrap();
        assert_eq!((read_.len(), read_[0].hit_by([0.2, 0.9]), read_[0].hit_by([0.7, 0.5])), (2, true, false));
        std::fs::write(&file, "[{}]").unwrap();
        assert!(read(&file, folder.path()).err().unwrap().to_string().contains("boxes.json"));
    }

    #[test]
    fn the_centre_fills_half_of_the_picture() {
        // A box of half the area in the middle is what the baseline predicts.
        let half = 0.5f64.sqrt() / 2.0;
        let corners = [0.5 - half, 0.5 - half, 0.5 + half, 0.5 + half];
        let boxes = Boxes { file: String::new(), class: None, boxes: vec![corners], rule: Rule::Union };
        let found = ciou(&centre(), &boxes.truth(SIDE));
        assert!(found > 0.97, "{found}");
    }

    #[test]
    fn a_map_covers_all_pixels() {
        let map = Map { rows: 2, columns: 2, values: vec![0.0, 1.0, 0.0, 1.0] };
        let pixels = pixels(&map);
        assert_eq!(pixels.len(), SIDE * SIDE);
        assert!(pixels[0] < 0.1 && pixels[SIDE - 1] > 0.9);
    }
}
