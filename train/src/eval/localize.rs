//! Localization in scenes with two objects: is the peak on the one that sounds, and does it move
//! when the other one sounds?

use lookhear::event::Map;
use lookhear::preprocess::spectrogram;

use super::avc::sound;
use super::extent::overlap;
use super::extremes::Largest;
use super::pictures::with_heat;
use super::{Case, Cell, Content, Figure, Findings, Picture, Row, Setting};
use crate::Error;
use crate::compose::{SIDE, balanced_classes, other_class, scene};

/// Sounds whose mean map stands for the map without sound.
const OTHER_SOUNDS: usize = 6;

fn inside([x0, y0, x1, y1]: [f32; 4], [x, y]: [f32; 2]) -> bool {
    (x0..x1).contains(&x) && (y0..y1).contains(&y)
}

/// The highest value of the map within a box.
fn highest(map: &Map, bounds: [f32; 4]) -> f32 {
    let (h, w) = (map.rows as f32, map.columns as f32);
    let cells = (0..map.values.len()).filter(|cell| {
        let centre = [((cell % map.columns) as f32 + 0.5) / w, ((cell / map.columns) as f32 + 0.5) / h];
        inside(bounds, centre)
    });
    cells.map(|cell| map.values[cell]).fold(0.0, f32::max)
}

fn area([x0, y0, x1, y1]: [f32; 4]) -> f32 {
    (x1 - x0) * (y1 - y0)
}

/// `n` scenes, each with the sound of the one and then of the other object; and those in which the map is most clearly
/// right or wrong.
///
/// # Errors
/// A file of the corpus cannot be read.
pub fn localize(setting: &mut Setting) -> Result<Findings, Error> {
    let mut rng = setting.rng(3);
    let classes = balanced_classes(setting.corpus, setting.n, &mut rng);
    let [mut on_peak, mut on_side, mut both, mut moved, mut centre, mut vision_only] =
        [const { Vec::new() }; 6];
    let (mut clearly_right, mut clearly_wrong) = (Largest::default(), Largest::default());
    let (mut covered, mut overlaps) = (0.0, Vec::new());
    for (number, class) in classes.into_iter().enumerate() {
        let other = other_class(setting.corpus, class, &mut rng);
        let scene = scene(setting.corpus, class, Some(other), 0.0, &mut rng)?;
        let seen = setting.judge.encode_image(&scene.picture);
        let mut map_of = |setting: &mut Setting, class: usize| -> Result<Map, Error> {
            let (second, _) = sound(setting, class, &mut rng)?;
            let heard = setting.judge.encode_audio(&spectrogram::second(&second));
            Ok(setting.judge.judge(&seen, &heard).map)
        };
        let maps = [map_of(setting, class)?, map_of(setting, other)?];
        // The map without the sound: the mean over sounds of whatever class.
        let mut mean = Map { values: vec![0.0; maps[0].values.len()], ..maps[0].clone() };
        for i in 0..OTHER_SOUNDS {
            let any = (class + 1 + i * 7 + number) % setting.corpus.taught.len();
            let map = map_of(setting, any)?;
            mean.values.iter_mut().zip(&map.values).for_each(|(sum, value)| *sum += value);
        }
        let case = |right: bool| Case { right, group: format!("{number}") };
        let place = |map: &Map| setting.judge.place(map, (SIDE, SIDE));
        let (mut sides, mut overlap_of_scene) = ([false; 2], 0.0);
        for (i, map) in maps.iter().enumerate() {
            let (here, there) = (scene.boxes[i], scene.boxes[1 - i]);
            let margin = highest(map, here) - highest(map, there);
            sides[i] = margin > 0.0;
            let name = &setting.corpus.taught[[class, other][i]].name;
            let cell = || {
                let lit = with_heat(&scene.picture, &map.values, map.rows, map.columns);
                Cell::new(&lit, name)
            };
            let row = if sides[i] { &mut clearly_right } else { &mut clearly_wrong };
            row.offer(margin.abs(), cell)?;
            covered += area(here);
            overlap_of_scene += overlap(place(map).bounds, here) / 2.0;
            on_peak.push(case(inside(here, place(map).peak)));
            on_side.push(case(sides[i]));
            centre.push(case(inside(here, [0.5, 0.5])));
            vision_only.push(case(inside(here, place(&mean).peak)));
        }
        overlaps.push(100.0 * f64::from(overlap_of_scene));
        both.push(case(sides == [true; 2]));
        moved.push(case(place(&maps[0]).peak != place(&maps[1]).peak));
    }
    let chance = 100.0 * f64::from(covered) / (2 * setting.n).max(1) as f64;
    let figures = vec![
        Figure::new("peak within the sounding object's box", chance, &on_peak),
        Figure::new("  baseline: centre of the picture", chance, &centre),
        Figure::new("  baseline: vision only (map without the sound)", chance, &vision_only),
        Figure::new("of two objects, the higher one is the sounding one", 50.0, &on_side),
        Figure::new("right for both sounds of a scene (follows the swap)", 25.0, &both),
        Figure::new("peak moves when the sound is swapped", 0.0, &moved),
        Figure::of_values("the box shown beside the sounding object's: mean IoU x 100", 0.0, &overlaps),
    ];
    let row = |label: &str, largest: Largest| Row { label: label.into(), cells: largest.into_cells() };
    let picture = Picture {
        title: "Where it is right, and where it fails".into(),
        caption: "Scenes with two objects, the class of the sound below; light from blue to yellow up to the map's \
                  largest value. Ordered by how far the map is higher on the one object than on the other."
            .into(),
        content: Content::Sheet(vec![
            row("most clearly on the sounding object", clearly_right),
            row("most clearly on the other one", clearly_wrong),
        ]),
    };
    Ok(Findings { figures, pictures: vec![picture] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_value_is_looked_for_within_the_box() {
        let map = Map { rows: 2, columns: 2, values: vec![0.1, 0.9, 0.3, 0.2] };
        assert_eq!(highest(&map, [0.0, 0.0, 0.5, 1.0]), 0.3);
        assert_eq!(highest(&map, [0.5, 0.0, 1.0, 0.5]), 0.9);
        assert_eq!(area([0.0, 0.5, 0.5, 1.0]), 0.25);
    }
}
