//! Networks for other programs: a bundle as an ONNX model, in 32-bit floating point.
//!
//! | input | shape | |
//! |---|---|---|
//! | `picture` | `[n, 3, 224, 224]` | RGB, -1..1, as `lookhear::preprocess::picture` makes it |
//! | `spectrogram` | `[n, 257, 199]` | a second, as `lookhear::preprocess::spectrogram::second` makes it |
//!
//! | output | shape | of networks with |
//! |---|---|---|
//! | `image_embedding`, `audio_embedding` | `[n, channels]` | |
//! | `image_projection` | `[n, dims, rows, columns]`, `[n, dims]` | a localization head, a distance head |
//! | `audio_projection` | `[n, dims]` | either of them |
//! | `map` | `[n, rows, columns]` | a localization head |
//! | `fusion`, `localization` | `[n]` | a fusion or distance head, a localization head |
//! | `score` | `[n]` | |
//!
//! Picture `i` is judged with sound `i`; `n` is any number. Outputs are those of an engine ([`lookhear::engine::Engine`]), and
//! `score` is [`lookhear::engine::Judgement::score`]. What the bundle says of itself is in `metadata_props`, see [`model`].

mod graph;
mod network;
mod proto;

use lookhear::built;
use lookhear::model::{Bundle, WeightsError};
use lookhear::output::Output;
use prost::Message;
use serde::Serialize;

use self::network::Walk;
use self::proto::{Entry, Model, OperatorSet};
use crate::Error;
use crate::export::write_all;

/// Version of ONNX's operators, of 2022 (ONNX 1.12): old readers know it, too.
pub const OPSET: i64 = 17;
/// Version of the file format that belongs to it.
const IR_VERSION: i64 = 8;

/// The content of an ONNX file.
///
/// `metadata_props` holds `model` (the bundle's SHA-256), `preset`, and as JSON, with the fields of
/// [`lookhear::model::Manifest`], `spec`, `preprocessing`, `thresholds` and `training`.
///
/// # Errors
/// The bundle's weights do not fit its layer table.
pub fn model(bundle: &Bundle) -> Result<Vec<u8>, Error> {
    let failed = |error: WeightsError| Error::Weights { reason: error.to_string() };
    let manifest = &bundle.manifest;
    let mut walk = Walk { graph: Default::default(), weights: bundle.weights().map_err(failed)? };
    walk.network(&manifest.spec, manifest.thresholds.fusion_share).map_err(failed)?;
    let metadata_props = vec![
        entry("model", bundle.hash.clone()),
        entry("preset", manifest.spec.name.clone()),
        entry("spec", json(&manifest.spec)?),
        entry("preprocessing", json(&manifest.preprocessing)?),
        entry("thresholds", json(&manifest.thresholds)?),
        entry("training", json(&manifest.training)?),
    ];
    let model = Model {
        ir_version: IR_VERSION,
        producer_name: "lookhear".into(),
        producer_version: built::VERSION.into(),
        doc_string:
            "Does what a camera sees belong to what a microphone hears, and where in the picture is it?"
                .into(),
        graph: Some(walk.graph.finish(&manifest.spec.name)),
        opset_import: vec![OperatorSet { domain: String::new(), version: OPSET }],
        metadata_props,
    };
    Ok(model.encode_to_vec())
}

/// Writes a bundle as an ONNX file.
///
/// # Errors
/// As [`model`], or the file cannot be written.
pub fn write(bundle: &Bundle, mut target: Output) -> Result<(), Error> {
    write_all(&mut target, &model(bundle)?)?;
    Ok(target.complete()?)
}

fn entry(key: &str, value: String) -> Entry {
    Entry { key: key.into(), value }
}

fn json(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|e| Error::Weights { reason: e.to_string() })
}

#[cfg(test)]
mod tests;
