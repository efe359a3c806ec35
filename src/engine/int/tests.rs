//! The engine as a whole: against floating point, and against itself on other kernels, with other
//! numbers of threads, and step by step.

use proptest::prelude::*;

use super::kernel::{Choice, all};
use super::oracle::{Oracle, noise, weights};
use super::*;
use crate::model::{Distance, Layer, Tower as Table};

pub(super) const POOL: Layer = Layer::MaxPool;

pub(super) fn conv(channels: usize, stride: usize) -> Layer {
    Layer::Conv { channels, stride }
}

/// Both heads on small towers of the given layers.
pub(super) fn spec(layers: &[Layer], picture: [usize; 2], sound: [usize; 2]) -> Spec {
    let table = |input| Table { input, layers: layers.to_vec() };
    Spec {
        vision: table([3, picture[0], picture[1]]),
        audio: table([1, sound[0], sound[1]]),
        ..Spec::preset("edge").unwrap()
    }
}

/// As `edge`, with odd sizes and channels.
pub(super) fn small() -> Spec {
    let layers = [conv(8, 2), conv(16, 1), POOL, conv(24, 1), conv(40, 1), POOL, conv(48, 1), conv(70, 1)];
    spec(&layers, [45, 38], [41, 67])
}

/// With a layer whose filters are transformed on the fly.
pub(super) fn wide() -> Spec {
    spec(&[conv(16, 2), conv(208, 1), conv(208, 1), POOL, conv(16, 1)], [21, 18], [18, 75])
}

/// A picture in steps of 1/127.5, and a sound.
pub(super) fn sample(spec: &Spec, seed: u32) -> (Vec<f32>, Vec<f32>) {
    let count = |input: [usize; 3]| input.iter().product();
    let picture = noise(count(spec.vision.input), seed, 0.0, 256.0);
    let picture = picture.into_iter().map(|v| v.floor() / 127.5 - 1.0).collect();
    (picture, noise(count(spec.audio.input), seed + 1, 0.0, 2.5))
}

pub(super) fn engine(spec: &Spec, kernel: Box<dyn Kernel>, threads: usize) -> IntEngine {
    let samples: Vec<_> = (0..4).map(|seed| sample(spec, seed)).collect();
    let ranges = Oracle::new(spec).ranges(&samples);
    IntEngine::new(spec, weights(spec), &ranges, kernel, threads).unwrap()
}

pub(super) fn best() -> Box<dyn Kernel> {
    Choice::Best.kernel().unwrap()
}

/// Everything that an engine says of a sample.
fn outputs(
    engine: &mut dyn Engine,
    (picture, sound): &(Vec<f32>, Vec<f32>),
) -> (ImageEncoding, AudioEncoding, Judgement) {
    let (mut seen, mut heard, mut judgement) = Default::default();
    engine.encode_image(picture, &mut seen);
    engine.encode_audio(sound, &mut heard);
    engine.judge(&seen, &heard, &mut judgement);
    (seen, heard, judgement)
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn agrees_with_floating_point(spec: &Spec) {
    spec.validate().unwrap();
    let mut reference = Oracle::new(spec);
    let mut engine = engine(spec, best(), 2);
    for seed in 10..13 {
        let sample = sample(spec, seed);
        let (seen, heard, judgement) = outputs(&mut engine, &sample);
        let (seen_f, heard_f, judgement_f) = outputs(&mut reference, &sample);
        assert_eq!(seen.spatial_embeddings.len(), seen_f.spatial_embeddings.len());
        for (a, b) in [
            (&seen.embedding, &seen_f.embedding),
            (&heard.embedding, &heard_f.embedding),
            (&seen.spatial_embeddings, &seen_f.spatial_embeddings),
            (&heard.projection, &heard_f.projection),
        ] {
            assert!(cosine(a, b) > 0.999, "{}", cosine(a, b));
        }
        let off = |a: Option<f32>, b: Option<f32>| (a.unwrap() - b.unwrap()).abs();
        assert!(off(judgement.fusion, judgement_f.fusion) < 0.02);
        assert!(off(judgement.localization, judgement_f.localization) < 0.02);
        assert_eq!(judgement.map.columns, judgement_f.map.columns);
        let pairs = judgement.map.values.iter().zip(&judgement_f.map.values);
        assert!(pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) < 0.05);
        for (a, b) in maps(&mut engine, &sample).iter().zip(&maps(&mut reference, &sample)) {
            assert_eq!([a.channels, a.rows, a.columns], [b.channels, b.rows, b.columns]);
            assert!(cosine(&a.values, &b.values) > 0.999, "{}", cosine(&a.values, &b.values));
        }
        // pool4 of the map is the embedding.
        let pooled: Vec<f32> = maps(&mut engine, &sample).iter().flat_map(|map| map.pool(1, 1)).collect();
        assert_eq!(pooled, [seen.embedding, heard.embedding].concat());
    }
}

#[test]
fn the_distance_of_ave_agrees_with_floating_point() {
    let spec = Spec { fusion: None, localization: None, distance: Some(Distance { dims: 24 }), ..small() };
    spec.validate().unwrap();
    let mut reference = Oracle::new(&spec);
    let mut engine = engine(&spec, best(), 2);
    for seed in 10..13 {
        let sample = sample(&spec, seed);
        let (seen, heard, judgement) = outputs(&mut engine, &sample);
        let (seen_f, heard_f, judgement_f) = outputs(&mut reference, &sample);
        assert_eq!((seen.spatial_embeddings.len(), heard.projection.len()), (24, 24));
        assert!(cosine(&seen.spatial_embeddings, &seen_f.spatial_embeddings) > 0.999);
        assert!(cosine(&heard.projection, &heard_f.projection) > 0.999);
        let length = seen.spatial_embeddings.iter().map(|v| v * v).sum::<f32>();
        assert!((length - 1.0).abs() < 1e-3, "{length}");
        assert!((judgement.fusion.unwrap() - judgement_f.fusion.unwrap()).abs() < 0.02);
        assert!(judgement.localization.is_none() && judgement.map.values.is_empty());
    }
}

fn maps(engine: &mut dyn Engine, (picture, sound): &(Vec<f32>, Vec<f32>)) -> [ActivationMap; 2] {
    let mut maps = [ActivationMap::default(), ActivationMap::default()];
    engine.image_activation_map(picture, &mut maps[0]);
    engine.audio_activation_map(sound, &mut maps[1]);
    maps
}

#[test]
fn the_edge_layers_agree_with_floating_point() {
    agrees_with_floating_point(&small());
}

#[test]
fn towers_of_other_shapes_agree_with_floating_point() {
    // Full resolution as in the paper; a stride within; a pool after a strided convolution and at the end.
    agrees_with_floating_point(&spec(&[conv(16, 1), conv(16, 1), POOL, conv(32, 1)], [21, 18], [19, 30]));
    agrees_with_floating_point(&spec(&[conv(16, 1), conv(20, 2), conv(32, 1), POOL], [30, 26], [34, 40]));
    agrees_with_floating_point(&spec(
        &[conv(16, 1), POOL, conv(20, 2), POOL, conv(8, 1)],
        [40, 36],
        [34, 64],
    ));
    agrees_with_floating_point(&spec(&[conv(16, 2), POOL], [16, 16], [16, 16]));
    agrees_with_floating_point(&spec(&[conv(12, 1)], [8, 9], [8, 9]));
    // Filters that are transformed on the fly, before a pool and at the end.
    agrees_with_floating_point(&wide());
    agrees_with_floating_point(&spec(&[conv(16, 2), conv(208, 1), conv(210, 1)], [21, 18], [19, 30]));
}

#[test]
fn neither_kernel_nor_threads_change_a_bit() {
    for spec in [small(), wide()] {
        let sample = sample(&spec, 20);
        let expected = outputs(&mut engine(&spec, all().swap_remove(0), 1), &sample);
        for (kernel, threads) in (0..all().len()).flat_map(|kernel| [(kernel, 1), (kernel, 3)]) {
            let mut engine = engine(&spec, all().swap_remove(kernel), threads);
            let found = outputs(&mut engine, &sample);
            assert_eq!(expected.2, found.2, "{:?}", engine.hardware());
            assert_eq!(
                (&expected.0.embedding, &expected.0.spatial_embeddings),
                (&found.0.embedding, &found.0.spatial_embeddings)
            );
            assert_eq!(expected.1.embedding, found.1.embedding);
        }
    }
}

/// A window of columns that begins at `start` of a stream.
fn window(stream: &[f32], bins: usize, columns: usize, start: usize) -> Vec<Vec<f32>> {
    stream[start * bins..(start + columns) * bins].chunks_exact(bins).map(<[f32]>::to_vec).collect()
}

fn steps_equal_scratch(spec: &Spec, hops: &[usize], seed: u32) {
    let [_, bins, columns] = spec.audio.input;
    let mut streaming = engine(spec, best(), 2);
    let unit = streaming.audio.step_rows();
    let stream = noise((columns + unit * hops.iter().sum::<usize>()) * bins, seed, 0.0, 2.5);
    let (mut heard, mut expected) = (AudioEncoding::default(), AudioEncoding::default());
    streaming.encode_stream(&window(&stream, bins, columns, 0), columns, &mut heard);
    let mut start = 0;
    for hop in hops {
        start += hop * unit;
        let columns = window(&stream, bins, columns, start);
        streaming.encode_stream(&columns, hop * unit, &mut heard);
        // The same window at once, on the same grid.
        let mut fresh = engine(spec, best(), 1);
        for (i, column) in columns.iter().enumerate() {
            let rounding = fresh.audio.rounding();
            let targets = fresh.audio.input.row_mut(streaming.audio.origin() + i).iter_mut();
            targets.zip(column).for_each(|(to, value)| *to = rounding.round(*value));
        }
        fresh.audio.run(streaming.audio.origin(), None, &mut fresh.executor);
        fresh.summarize(&mut expected);
        assert_eq!(heard.embedding, expected.embedding, "after {start} columns");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn step_by_step_equals_at_once(hops in prop::collection::vec(0usize..5, 1..6), seed: u32) {
        steps_equal_scratch(&small(), &hops, seed);
    }

    #[test]
    fn step_by_step_equals_at_once_without_stride(
        hops in prop::collection::vec(1usize..4, 1..5),
        seed: u32,
    ) {
        let layers = [conv(16, 1), conv(16, 1), POOL, conv(16, 1), conv(16, 1), POOL, conv(16, 1), conv(32, 1)];
        steps_equal_scratch(&spec(&layers, [8, 8], [18, 75]), &hops, seed);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3))]
    #[test]
    fn step_by_step_equals_at_once_with_filters_transformed_on_the_way(
        hops in prop::collection::vec(1usize..4, 1..4),
        seed: u32,
    ) {
        steps_equal_scratch(&wide(), &hops, seed);
    }
}

#[test]
fn a_still_window_at_the_start_equals_hear() {
    let spec = small();
    let [_, bins, columns] = spec.audio.input;
    let stream = noise(columns * bins, 9, 0.0, 2.5);
    let mut engine = engine(&spec, best(), 2);
    let (mut heard, mut listened) = (AudioEncoding::default(), AudioEncoding::default());
    engine.encode_stream(&window(&stream, bins, columns, 0), columns, &mut listened);
    let by_bin: Vec<f32> =
        (0..bins).flat_map(|b| (0..columns).map(move |c| c * bins + b)).map(|at| stream[at]).collect();
    engine.encode_audio(&by_bin, &mut heard);
    assert_eq!(heard.embedding, listened.embedding);
}

#[test]
fn numbers_that_are_none_are_refused() {
    let spec = small();
    let mut weights = weights(&spec);
    weights.get_mut("audio.convs.1.conv.weight").unwrap().values[7] = f32::NAN;
    let error = IntEngine::new(&spec, weights, &even_ranges(&spec), best(), 1).err().unwrap().to_string();
    assert!(error.contains("audio, convolution 2"), "{error}");
}

#[test]
fn weights_of_other_tables_are_refused() {
    let (spec, mut other) = (small(), small());
    let error =
        |weights| IntEngine::new(&spec, weights, &even_ranges(&spec), best(), 1).err().unwrap().to_string();
    other.localization = None;
    assert_eq!(error(weights(&other)), "tensor localization.vision.0.conv.weight is missing");
    other.fusion = Some(crate::model::Fusion { hidden: 7 });
    assert!(error(weights(&other)).starts_with("tensor fusion.fc1.weight has the shape [140, 7]"));
}

/// The same range for all channels.
pub(super) fn even_ranges(spec: &Spec) -> ActivationRanges {
    let even = |tower: &Table| tower.channels().map(|channels| vec![1.0; channels]).collect();
    ActivationRanges { vision: even(&spec.vision), audio: even(&spec.audio) }
}
