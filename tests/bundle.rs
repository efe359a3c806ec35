//! Bundles: what is wrong with one is said, and never panics.

use burn::tensor::Device;
use lookhear::engine::int::kernel::{Choice, MissingKernel};
use lookhear::engine::{Backend, Setup};
use lookhear::model::{Bundle, BundleError, Network, Spec, Thresholds, Training};
use lookhear::preprocess::{Fit, Preprocessing};

fn spec() -> Spec {
    let mut spec = Spec::preset("edge").unwrap();
    spec.vision.input = [3, 64, 64];
    spec
}

fn bundle() -> Bundle {
    let spec = spec();
    let network = Network::new(&spec, &Device::flex());
    let preprocessing = Preprocessing::new(Fit::Stretch);
    Bundle::new(spec, network, preprocessing, Thresholds::default(), Training::default(), &[]).unwrap()
}

fn read(bytes: Vec<u8>) -> Result<Bundle, BundleError> {
    Bundle::from_bytes(bytes, "it.safetensors".into())
}

fn complaint(bytes: Vec<u8>) -> String {
    let error =
        read(bytes).and_then(|b| b.engine(&Backend::Flex.into()).map(|_| ())).unwrap_err().to_string();
    assert!(error.contains("it.safetensors"), "names the file: {error}");
    error
}

/// Replaces text in the header without changing its length.
fn replace(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = bytes.windows(from.len()).position(|w| w == from.as_bytes()).unwrap();
    let mut bytes = bytes.to_vec();
    bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    bytes
}

#[test]
fn what_was_written_is_read_and_gives_the_golden_output() {
    let written = bundle();
    let read = read(written.as_bytes().to_vec()).unwrap();
    assert_eq!((&read.manifest, &read.hash), (&written.manifest, &written.hash));
    assert!(read.engine(&Backend::Flex.into()).is_ok());
    assert_eq!(read.manifest.golden.map.len(), 16, "a 4x4 map for 64x64 pixels");
}

#[test]
fn a_kernel_that_is_not_there_is_told_from_a_bundle_that_is_damaged() {
    let setup = Setup { kernel: Choice::Named("mmx".into()), ..Setup::default() };
    match bundle().engine(&setup).err().unwrap() {
        BundleError::Engine(why) => assert_eq!(why.downcast_ref::<MissingKernel>().unwrap().name, "mmx"),
        other => panic!("{other}"),
    }
}

#[test]
fn cut_off_at_any_place_it_is_damaged() {
    let bytes = bundle().as_bytes().to_vec();
    for length in [0, 1, 7, 8, 9, 500, bytes.len() / 2, bytes.len() - 1] {
        assert!(complaint(bytes[..length].to_vec()).contains("damaged"), "{length} bytes");
    }
}

#[test]
fn one_changed_weight_breaks_the_hash() {
    let mut bytes = bundle().as_bytes().to_vec();
    let last = bytes.len() - 2;
    bytes[last] ^= 1;
    assert!(complaint(bytes).contains("hash"));
}

#[test]
fn a_later_version_is_named() {
    let bytes = replace(bundle().as_bytes(), r#"{\"version\":1,"#, r#"{\"version\":7,"#);
    let error = complaint(bytes);
    assert!(error.contains("version 7") && error.contains("Update"), "{error}");
}

#[test]
fn another_golden_output_is_noticed() {
    // A bundle whose manifest promises another output, with a hash that fits.
    use sha2::{Digest, Sha256};
    let bytes = bundle().as_bytes().to_vec();
    let (header, metadata) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
    let entries = metadata.metadata().clone().unwrap();
    let json = entries["lookhear"].clone();
    let begin = json.find("\"fusion\":0.").unwrap() + "\"fusion\":0.".len();
    let mut changed = json.clone().into_bytes();
    changed[begin] = if changed[begin] == b'9' { b'1' } else { b'9' };
    let changed = String::from_utf8(changed).unwrap();
    let hash = Sha256::new().chain_update(&changed).chain_update(&bytes[8 + header..]).finalize();
    let hash: String = hash.iter().map(|b| format!("{b:02x}")).collect();
    let escape = |s: &str| serde_json::to_string(s).unwrap().trim_matches('"').to_string();
    let bytes = replace(&bytes, &escape(&json), &escape(&changed));
    let bytes = replace(&bytes, &entries["sha256"], &hash);
    assert!(complaint(bytes).contains("golden"));
}

#[test]
fn other_files_are_no_bundles() {
    assert!(complaint(b"\x89PNG\r\n\x1a\n and so on".to_vec()).contains("not a LookHear bundle"));
    let error = Bundle::load("/nonexistent/model".as_ref()).err().unwrap().to_string();
    assert!(error.contains("/nonexistent/model") && error.contains("--model"), "{error}");
}
