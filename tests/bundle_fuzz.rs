//! Malformed bundles never panic: the fuzzer's corpus, and a bundle with random damage.

#[path = "fuzz/bundle_case.rs"]
mod bundle_case;

use std::sync::OnceLock;

use burn::tensor::Device;
use lookhear::engine::Backend;
use lookhear::model::{Bundle, Layer, Network, Spec, Thresholds, Tower, Training};
use lookhear::preprocess::{Fit, Preprocessing};
use proptest::prelude::*;

/// A bundle of a few kilobytes.
fn small() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| {
        let layers = vec![
            Layer::Conv { channels: 2, stride: 2 },
            Layer::MaxPool,
            Layer::Conv { channels: 3, stride: 1 },
        ];
        let mut spec = Spec::preset("edge").unwrap();
        spec.vision = Tower { input: [3, 16, 16], layers: layers.clone() };
        spec.audio.layers = layers;
        spec.fusion.as_mut().unwrap().hidden = 2;
        spec.localization.as_mut().unwrap().dims = 2;
        let network = Network::new(&spec, &Device::flex());
        let (preprocessing, thresholds) = (Preprocessing::new(Fit::Stretch), Thresholds::default());
        let bundle = Bundle::new(spec, network, preprocessing, thresholds, Training::default(), &[]).unwrap();
        bundle.as_bytes().to_vec()
    })
}

#[test]
fn the_small_bundle_itself_runs() {
    let bundle = Bundle::from_bytes(small().to_vec(), "small".into()).unwrap();
    assert!(bundle.engine(&Backend::Int.into()).is_ok());
    bundle_case::run(small());
}

#[test]
fn the_corpus_does_not_panic() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fuzz/corpus/bundle");
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!files.is_empty());
    files.iter().for_each(|file| bundle_case::run(&std::fs::read(file).unwrap()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Bytes are changed, taken out, and put in; most of them in the header, where the meaning is.
    #[test]
    fn damage_does_not_panic(damage in prop::collection::vec((0usize..4000, 0u8..4, any::<u8>()), 1..6)) {
        let mut bytes = small().to_vec();
        for (at, how, value) in damage {
            let at = 8 + at % (bytes.len() - 8);
            match how {
                0 => bytes[at] = value,
                1 => bytes[at] = b'0' + value % 10,
                2 => _ = bytes.remove(at),
                _ => bytes.insert(at, b'0' + value % 10),
            }
        }
        // The header's length follows, or no change of length would get past the first check.
        let length = bytes.len() as i64 - small().len() as i64;
        let header = u64::from_le_bytes(bytes[..8].try_into().unwrap());
        bytes[..8].copy_from_slice(&header.saturating_add_signed(length).to_le_bytes());
        bundle_case::run(&bytes);
    }

    /// Numbers of the manifest become other numbers.
    #[test]
    fn other_numbers_do_not_panic(
        which in 0usize..200,
        number in prop_oneof![
            Just("0".to_string()), Just("-1".into()), Just("4096".into()), Just("4097".into()),
            Just("18446744073709551615".into()), Just("1e39".into()), Just("1e-30".into()), Just("2".into()),
        ],
    ) {
        let length = u64::from_le_bytes(small()[..8].try_into().unwrap()) as usize;
        let header = std::str::from_utf8(&small()[8..8 + length]).unwrap();
        let is_number = |c: char| c.is_ascii_digit() || "+-.e".contains(c);
        let starts: Vec<usize> = header
            .match_indices(|c: char| c.is_ascii_digit())
            .map(|(at, _)| at)
            .filter(|at| !header[..*at].ends_with(is_number))
            .collect();
        let start = starts[which % starts.len()];
        let end = start + header[start..].find(|c| !is_number(c)).unwrap();
        let header = format!("{}{number}{}", &header[..start], &header[end..]);
        let bytes = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &small()[8 + length..]].concat();
        bundle_case::run(&bytes);
    }
}
