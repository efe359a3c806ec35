//! Boxes around what sounds, drawn by people: the ground truth of localization.

use std::path::Path;

use roxmltree::{Document, Node};
use serde::Deserialize;

use crate::Error;

/// Side of the square on which Flickr-SoundNet's boxes are given, in pixels.
const FLICKR_SIDE: f64 = 256.0;

/// How the boxes of a picture become one region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// What lies in any box counts (VGG-SS).
    Union,
    /// What lies in at least two people's boxes counts wholly, in one by half (Flickr-SoundNet).
    Consensus,
}

/// The boxes of one picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Boxes {
    /// The picture's or clip's name, without an ending.
    pub file: String,
    /// What sounds, if the annotation says it.
    pub class: Option<String>,
    /// `[x0, y0, x1, y1]` in 0..1, origin top left.
    pub boxes: Vec<[f64; 4]>,
    /// How they become one region.
    pub rule: Rule,
}

#[derive(Deserialize)]
struct Annotation {
    #[serde(alias = "clip")]
    file: String,
    class: Option<String>,
    bbox: Vec<[f64; 4]>,
}

impl Boxes {
    /// VGG-SS: one JSON file, `[{file, class, bbox: [[x0, y0, x1, y1], ...]}]` ("Localizing Visual Sounds the Hard
    /// Way", 2021). What reaches over the picture's edge is cut off, as its authors do.
    ///
    /// # Errors
    /// Names the file and the line or the picture.
    pub fn vgg_ss(path: &Path) -> Result<Vec<Self>, Error> {
        let text = std::fs::read_to_string(path).map_err(|e| Error::file(path, e))?;
        let all: Vec<Annotation> = serde_json::from_str(&text).map_err(|e| {
            Error::file(path, format!("{e}; VGG-SS is a list of objects with file, class and bbox"))
        })?;
        let one = |Annotation { file, class, bbox }| {
            let boxes: Result<Vec<_>, String> = bbox.into_iter().map(checked).collect();
            let boxes = boxes.map_err(|why| Error::file(path, format!("{file}: {why}")))?;
            Ok(Self { file, class, boxes, rule: Rule::Union })
        };
        all.into_iter().map(one).collect()
    }

    /// Flickr-SoundNet: a folder with one XML file per picture, in which every `bbox` element is one person's box on
    /// 256 x 256 pixels ("Learning to Localize Sound Source in Visual Scenes", 2018). In the order of the names.
    ///
    /// # Errors
    /// Names the file: no XML, a box without four numbers, no box at all.
    pub fn flickr_soundnet(folder: &Path) -> Result<Vec<Self>, Error> {
        let entries = std::fs::read_dir(folder).map_err(|e| Error::file(folder, e))?;
        let mut paths: Vec<_> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
        paths.retain(|path| path.extension().is_some_and(|e| e.eq_ignore_ascii_case("xml")));
        paths.sort();
        if paths.is_empty() {
            return Err(Error::file(
                folder,
                "no .xml file in it; give the folder Annotations of Flickr-SoundNet",
            ));
        }
        let one = |path: &std::path::PathBuf| {
            let text = std::fs::read_to_string(path).map_err(|e| Error::file(path, e))?;
            let boxes = flickr_boxes(&text).map_err(|why| Error::file(path, why))?;
            let file = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            Ok(Self { file, class: None, boxes, rule: Rule::Consensus })
        };
        paths.iter().map(one).collect()
    }

    /// The ground truth on `side` x `side` pixels, row by row: 0 outside, 1 inside, 0.5 where only one of several
    /// people drew. Pixels are cut as the published evaluations cut them: `int(side * x)`, the end not included.
    pub fn truth(&self, side: usize) -> Vec<f32> {
        let mut truth = vec![0.0f32; side * side];
        for corners in &self.boxes {
            let [x0, y0, x1, y1] = corners.map(|v| ((side as f64 * v) as usize).min(side));
            for row in y0..y1 {
                truth[row * side..][x0.min(x1)..x1].iter_mut().for_each(|v| *v += 1.0);
            }
        }
        let people = if self.rule == Rule::Consensus { 2.0 } else { 1.0 };
        truth.iter_mut().for_each(|v| *v = (*v / people).min(1.0));
        truth
    }
}

fn checked(corners: [f64; 4]) -> Result<[f64; 4], String> {
    let [x0, y0, x1, y1] = corners.map(|v| v.clamp(0.0, 1.0));
    // Also refuses what is no number.
    if !(x0 < x1 && y0 < y1) {
        return Err(format!("the box {corners:?} has no area; it should be [x0, y0, x1, y1] in 0..1"));
    }
    Ok([x0, y0, x1, y1])
}

fn flickr_boxes(text: &str) -> Result<Vec<[f64; 4]>, String> {
    let document = Document::parse(text).map_err(|e| e.to_string())?;
    let boxes = document.descendants().filter(|node| node.has_tag_name("bbox"));
    let boxes: Vec<[f64; 4]> = boxes.map(|node| flickr_box(&node)).collect::<Result<_, _>>()?;
    if boxes.is_empty() {
        return Err("no bbox element in it".into());
    }
    Ok(boxes)
}

/// The last four children are the corners; before them stands what kind of box it is.
fn flickr_box(node: &Node) -> Result<[f64; 4], String> {
    let line = node.document().text_pos_at(node.range().start).row;
    let values: Vec<&str> = node.children().filter(Node::is_element).filter_map(|n| n.text()).collect();
    let numbers: Option<Vec<f64>> =
        values.iter().rev().take(4).rev().map(|text| text.trim().parse().ok()).collect();
    let [x0, y0, x1, y1] = numbers.unwrap_or_default()[..] else {
        return Err(format!("line {line}: the bbox has not four numbers: {values:?}"));
    };
    checked([x0, y0, x1, y1].map(|v| v / FLICKR_SIDE)).map_err(|why| format!("line {line}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(name: &str, text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn vgg_ss_is_the_union_of_its_boxes() {
        let text = r#"[{"file": "abc_000030", "class": "a bell, ringing",
            "bbox": [[0.0, 0.0, 0.5, 0.5], [0.25, 0.25, 1.2, 1.0]]}]"#;
        let (_folder, path) = written("vggss.json", text);
        let all = Boxes::vgg_ss(&path).unwrap();
        assert_eq!((all[0].file.as_str(), all[0].class.as_deref()), ("abc_000030", Some("a bell, ringing")));
        assert_eq!(all[0].boxes[1], [0.25, 0.25, 1.0, 1.0], "cut off at the edge");
        #[rustfmt::skip]
        assert_eq!(all[0].truth(4), [
            1.0, 1.0, 0.0, 0.0,
            1.0, 1.0, 1.0, 1.0,
            0.0, 1.0, 1.0, 1.0,
            0.0, 1.0, 1.0, 1.0,
        ]);
        for wrong in [r#"[{"file": "a", "bbox": [[0.5, 0, 0.2, 1]]}]"#, r#"[{"file": "a"}]"#, "{}"] {
            let (_folder, path) = written("vggss.json", wrong);
            assert!(Boxes::vgg_ss(&path).unwrap_err().to_string().contains("vggss.json: "));
        }
    }

    #[test]
    fn flickr_soundnet_weighs_by_agreement() {
        let one = |corners: [u32; 4]| {
            let [a, b, c, d] = corners;
            format!(
                "<object><bbox><kind>whole</kind><xmin>{a}</xmin><ymin>{b}</ymin><xmax>{c}</xmax><ymax>{d}</ymax></bbox></object>"
            )
        };
        let people = [[0, 0, 128, 256], [0, 0, 128, 128], [64, 0, 256, 64]].map(one).join("\n");
        let (_keep, path) = written("42.xml", &format!("<annotation><name>42</name>{people}</annotation>"));
        let folder = path.parent().unwrap();
        let all = Boxes::flickr_soundnet(folder).unwrap();
        assert_eq!((all.len(), all[0].file.as_str(), all[0].boxes.len()), (1, "42", 3));
        #[rustfmt::skip]
        assert_eq!(all[0].truth(4), [
            1.0, 1.0, 0.5, 0.5,
            1.0, 1.0, 0.0, 0.0,
            0.5, 0.5, 0.0, 0.0,
            0.5, 0.5, 0.0, 0.0,
        ]);
        std::fs::write(&path, "<a>\n<bbox><kind>1</kind><xmin>x</xmin></bbox></a>").unwrap();
        let error = Boxes::flickr_soundnet(folder).unwrap_err().to_string();
        assert!(error.contains("42.xml: line 2"), "{error}");
    }
}
