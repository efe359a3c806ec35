//! The vision tower computes only what changed of a picture, bit for bit as from scratch.

use std::ops::Range;

use proptest::prelude::*;

use super::kernel::all;
use super::oracle::{noise, weights};
use super::tests::{POOL, best, conv, engine, even_ranges, sample, small, spec, wide};
use super::*;
use crate::model::PRESETS;

/// Everything that an engine says of a picture.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    encoding: Vec<Vec<f32>>,
    map: Vec<f32>,
}

impl Seen {
    fn new(engine: &mut IntEngine, encoding: ImageEncoding) -> Self {
        let mut map = ActivationMap::default();
        engine.vision.write_map(false, &mut map);
        Self { encoding: vec![encoding.embedding, encoding.spatial_embeddings], map: map.values }
    }
}

/// A picture after others.
fn update(engine: &mut IntEngine, picture: &[f32]) -> Seen {
    let mut encoding = ImageEncoding::default();
    engine.encode_image(picture, &mut encoding);
    Seen::new(engine, encoding)
}

/// A picture by itself: all rows are filled in, and all layers computed.
fn from_scratch(engine: &mut IntEngine, picture: &[f32]) -> Seen {
    let input = &engine.vision.input;
    let (height, width, channels) = (input.height, input.width, input.channels);
    let rounding = engine.vision.rounding();
    let fill = |row: usize, pixels: &mut [i16]| {
        for (at, value) in pixels.iter_mut().enumerate() {
            *value = rounding.round(picture[(at % channels * height + row) * width + at / channels]);
        }
    };
    engine.vision.run_on(fill, &mut engine.executor);
    let mut encoding = ImageEncoding::default();
    embed(&mut engine.vision, &mut encoding.embedding);
    if let Some((head, _)) = &mut engine.localization {
        head.run(&mut engine.vision, false, &mut engine.executor, &mut encoding.spatial_embeddings);
    }
    if let Some(head) = &mut engine.distance {
        head.project_image(&mut encoding);
    }
    Seen::new(engine, encoding)
}

/// Where a rectangle begins and how large it is, in both directions: in 256ths of what there is.
type Rectangle = [u8; 4];

/// Paints a rectangle anew; one of no rows or columns changes nothing.
fn repaint(picture: &mut [f32], [channels, height, width]: [usize; 3], rectangle: Rectangle, seed: u32) {
    let [top, rows, left, columns] = rectangle.map(usize::from);
    let span = |start, length, all: usize| -> Range<usize> {
        let start = start * all / 256;
        start..start + length * (all - start + 1) / 256
    };
    let (rows, columns) = (span(top, rows, height), span(left, columns, width));
    let mut values = noise(channels * rows.len() * columns.len(), seed, 0.0, 256.0).into_iter();
    for (channel, row) in (0..channels).flat_map(|channel| rows.clone().map(move |row| (channel, row))) {
        let row = &mut picture[(channel * height + row) * width..][columns.clone()];
        row.iter_mut().zip(&mut values).for_each(|(to, value)| *to = value.floor() / 127.5 - 1.0);
    }
}

/// Both engines are of the same table.
fn updates_equal_scratch(
    [updated, fresh]: &mut [IntEngine; 2],
    spec: &Spec,
    rectangles: &[Rectangle],
    seed: u32,
) {
    let (mut picture, _) = sample(spec, seed);
    assert_eq!(update(updated, &picture), from_scratch(fresh, &picture));
    for (n, rectangle) in (1..).zip(rectangles) {
        repaint(&mut picture, spec.vision.input, *rectangle, seed.wrapping_add(n));
        let (found, expected) = (update(updated, &picture), from_scratch(fresh, &picture));
        assert!(found == expected, "{:?}: rectangle {n} of {rectangles:?}", updated.hardware());
    }
}

/// Towers with all kinds of layers, odd sizes included.
fn specs() -> [Spec; 6] {
    [
        small(),
        wide(),
        spec(&[conv(16, 1), conv(16, 1), POOL, conv(32, 1)], [21, 18], [19, 30]),
        spec(&[conv(16, 1), conv(20, 2), conv(32, 1), POOL], [30, 47], [34, 40]),
        spec(&[conv(16, 1), POOL, conv(20, 2), POOL, conv(8, 1)], [41, 36], [34, 64]),
        spec(&[conv(16, 2), POOL], [19, 22], [16, 16]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn what_changed_is_computed_as_from_scratch(
        shape in 0usize..6,
        kernel in 0..all().len(),
        threads in 1usize..3,
        rectangles in prop::collection::vec(any::<Rectangle>(), 1..8),
        seed: u32,
    ) {
        let spec = &specs()[shape];
        let kernel = || all().swap_remove(kernel);
        let mut engines = [engine(spec, kernel(), threads), engine(spec, kernel(), 1)];
        updates_equal_scratch(&mut engines, spec, &rectangles, seed);
    }
}

#[test]
fn every_kernel_updates_as_from_scratch() {
    let rectangles = [[70, 3, 200, 3], [90, 120, 0, 90], [0; 4], [0, 255, 100, 255], [255, 255, 255, 255]];
    for (number, kernel) in (0..all().len()).flat_map(|kernel| [(0, kernel), (1, kernel), (3, kernel)]) {
        let spec = &specs()[number];
        let kernel = || all().swap_remove(kernel);
        let mut engines = [engine(spec, kernel(), 2), engine(spec, kernel(), 1)];
        updates_equal_scratch(&mut engines, spec, &rectangles, 5);
    }
}

#[test]
fn towers_of_presets_are_updated_as_from_scratch() {
    for preset in PRESETS.iter().filter(|preset| ["avol", "ave", "edge", "edge-wide"].contains(&preset.name))
    {
        let spec = preset.spec();
        let engine = || IntEngine::new(&spec, weights(&spec), &even_ranges(&spec), best(), 2).unwrap();
        // A spot, a person in the middle, nothing, half of the picture, nearly all, all.
        let rectangles = [[200, 9, 30, 9], [60, 150, 100, 80], [0; 4], [0, 255, 128, 255], [0, 245, 0, 255]];
        updates_equal_scratch(&mut [engine(), engine()], &spec, &rectangles, 7);
    }
}

#[test]
fn nothing_is_computed_of_a_picture_that_stays() {
    let spec = small();
    let mut engine = engine(&spec, best(), 2);
    let (mut picture, _) = sample(&spec, 1);
    let first = update(&mut engine, &picture);
    let positions = engine.vision.positions();
    assert_eq!(engine.vision.computed().collect::<Vec<_>>(), (0..positions).collect::<Vec<_>>());
    assert_eq!(update(&mut engine, &picture), first);
    assert_eq!(engine.vision.computed().count(), 0);
    // A corner: it does not reach to the other end of a map of 5 x 4 tiles' pixels.
    repaint(&mut picture, spec.vision.input, [0, 20, 0, 20], 3);
    update(&mut engine, &picture);
    let computed = engine.vision.computed().count();
    assert!((1..=positions).contains(&computed), "{computed} of {positions}");
}

#[test]
fn a_map_that_only_others_saw_is_projected_as_a_whole() {
    let spec = small();
    let [mut engine, mut fresh] = [(); 2].map(|()| engine(&spec, best(), 2));
    let (mut picture, _) = sample(&spec, 1);
    update(&mut engine, &picture);
    repaint(&mut picture, spec.vision.input, [0, 200, 0, 200], 3);
    // The tower is at the new picture, the head is not.
    engine.image_activation_map(&picture, &mut ActivationMap::default());
    assert_eq!(update(&mut engine, &picture), from_scratch(&mut fresh, &picture));
    repaint(&mut picture, spec.vision.input, [0, 90, 0, 90], 4);
    engine.time_layers();
    assert_eq!(update(&mut engine, &picture), from_scratch(&mut fresh, &picture));
}
