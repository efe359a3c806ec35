use std::collections::{BTreeMap, BTreeSet};

use burn::tensor::Device;
use lookhear::model::{Bundle, Manifest, Network, Spec, Thresholds, Training};
use lookhear::output::Existing;
use lookhear::preprocess::Preprocessing;
use serde::de::DeserializeOwned;

use super::proto::{FLOAT, Graph, INT64, ValueInfo};
use super::*;

fn parsed(bundle: &Bundle) -> Model {
    Model::decode(&*model(bundle).unwrap()).unwrap()
}

/// A bundle of a preset with random weights; nothing is measured.
fn of(preset: &str) -> Bundle {
    let spec = Spec::preset(preset).unwrap();
    let weights = Network::new_folded(&spec, &Device::flex()).to_weights().unwrap();
    Bundle::seal(Manifest { spec, ..edge().manifest }, &weights).unwrap()
}

fn edge() -> Bundle {
    Bundle::built_in().unwrap()
}

/// Name and shape, e.g. `map n 14 14`.
fn described(values: &[ValueInfo]) -> Vec<String> {
    let each = |value: &ValueInfo| {
        let tensor = value.r#type.as_ref().unwrap().tensor_type.as_ref().unwrap();
        assert_eq!(tensor.elem_type, FLOAT, "{}", value.name);
        assert!(!value.doc_string.is_empty(), "{}", value.name);
        let dims = tensor.shape.iter().flat_map(|shape| &shape.dim);
        let dims = dims.map(|dim| match (&dim.dim_param, dim.dim_value) {
            (Some(name), None) => name.clone(),
            (None, Some(length)) => length.to_string(),
            other => panic!("{}: {other:?}", value.name),
        });
        [vec![value.name.clone()], dims.collect()].concat().join(" ")
    };
    values.iter().map(each).collect()
}

#[test]
fn inputs_and_outputs_are_named_and_their_shapes_told() {
    let graph = parsed(&edge()).graph.unwrap();
    assert_eq!(described(&graph.input), ["picture n 3 224 224", "spectrogram n 257 199"]);
    assert_eq!(
        described(&graph.output),
        [
            "image_embedding n 192",
            "audio_embedding n 192",
            "fusion n",
            "image_projection n 128 14 14",
            "audio_projection n 128",
            "map n 14 14",
            "localization n",
            "score n",
        ]
    );
}

#[test]
fn a_network_has_the_outputs_of_its_heads() {
    let outputs = |preset: &str| -> Vec<String> {
        let graph = parsed(&of(preset)).graph.unwrap();
        assert_well_formed(&graph);
        described(&graph.output).into_iter().skip(2).collect()
    };
    assert_eq!(outputs("l3"), ["fusion n", "score n"]);
    assert_eq!(outputs("ave"), ["image_projection n 128", "audio_projection n 128", "fusion n", "score n"]);
    let avol = [
        "image_projection n 128 28 28",
        "audio_projection n 128",
        "map n 28 28",
        "localization n",
        "score n",
    ];
    assert_eq!(outputs("avol"), avol);
}

#[test]
fn every_weight_is_in_it_under_its_own_name() {
    let bundle = edge();
    let graph = parsed(&bundle).graph.unwrap();
    assert_well_formed(&graph);
    let ours: BTreeMap<&str, _> = graph.initializer.iter().map(|tensor| (&*tensor.name, tensor)).collect();
    for (name, tensor) in bundle.weights().unwrap().iter().filter(|(name, _)| !name.ends_with("log_scale")) {
        let found = ours[name];
        assert_eq!(found.dims, tensor.shape.iter().map(|n| *n as i64).collect::<Vec<_>>(), "{name}");
        let bytes: Vec<u8> = tensor.values.iter().flat_map(|value| value.to_le_bytes()).collect();
        assert!(found.data_type == FLOAT && found.raw_data == bytes, "{name}");
    }
    // It is raised to the power once and for all.
    let scale = ours["localization.scale"];
    let log_scale = bundle.weights().unwrap().get("localization.log_scale").unwrap().values[0];
    assert_eq!(scale.raw_data, log_scale.exp().to_le_bytes());
}

/// Every name is given once, before it is used; every output is computed; every tensor has as many bytes as its shape
/// says.
fn assert_well_formed(graph: &Graph) {
    let mut names = BTreeSet::new();
    let mut give = |name: &String| assert!(names.insert(name.clone()), "{name} is given twice");
    graph.input.iter().for_each(|input| give(&input.name));
    for tensor in &graph.initializer {
        give(&tensor.name);
        let size = if tensor.data_type == INT64 { 8 } else { 4 };
        let count: i64 = tensor.dims.iter().product();
        assert_eq!(tensor.raw_data.len(), size * count as usize, "{}", tensor.name);
    }
    for node in &graph.node {
        for input in &node.input {
            assert!(names.contains(input), "{} reads {input}, which comes later or never", node.name);
        }
        let [output] = &node.output[..] else { panic!("{} has not one output", node.name) };
        assert!(names.insert(output.clone()), "{output} is given twice");
    }
    for output in &graph.output {
        assert!(names.contains(&output.name), "{} is not computed", output.name);
    }
}

#[test]
fn operators_are_those_of_the_opset() {
    // With the version since which each means what it does at opset 17, as ONNX's table of operators has it.
    let known = BTreeMap::from([
        ("Add", 14),
        ("Concat", 13),
        ("Conv", 11),
        ("Div", 14),
        ("Exp", 13),
        ("Flatten", 13),
        ("Gather", 13),
        ("Gemm", 13),
        ("GlobalAveragePool", 1),
        ("GlobalMaxPool", 1),
        ("Identity", 16),
        ("Log", 13),
        ("Max", 13),
        ("MaxPool", 12),
        ("Mul", 14),
        ("ReduceSum", 13),
        ("Relu", 14),
        ("Sigmoid", 13),
        ("Softmax", 13),
        ("Sqrt", 13),
        ("Squeeze", 13),
        ("Sub", 14),
        ("Unsqueeze", 13),
    ]);
    for preset in Spec::PRESETS {
        let model = parsed(&of(preset));
        let [opset] = &model.opset_import[..] else { panic!("{preset}: {:?}", model.opset_import) };
        assert_eq!((&*opset.domain, opset.version), ("", OPSET));
        for node in model.graph.unwrap().node {
            let since = known.get(&*node.op_type).unwrap_or_else(|| panic!("{preset}: {}", node.op_type));
            assert!(*since <= OPSET, "{}", node.op_type);
        }
    }
}

fn read<T: DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(json).unwrap()
}

#[test]
fn it_tells_what_the_bundle_tells() {
    let (bundle, model) = (edge(), parsed(&edge()));
    let told: BTreeMap<_, _> = model.metadata_props.into_iter().map(|e| (e.key, e.value)).collect();
    assert_eq!((&told["model"], &*told["preset"]), (&bundle.hash, &*bundle.manifest.spec.name));
    let manifest = &bundle.manifest;
    assert_eq!(read::<Spec>(&told["spec"]), manifest.spec);
    assert_eq!(read::<Preprocessing>(&told["preprocessing"]), manifest.preprocessing);
    assert_eq!(read::<Thresholds>(&told["thresholds"]), manifest.thresholds);
    assert_eq!(read::<Training>(&told["training"]), manifest.training);
    assert!(told["preprocessing"].contains(r#""floor":0.0001"#), "as it is written in decimals");
    assert_eq!((model.ir_version, &*model.producer_name), (IR_VERSION, "lookhear"));
}

#[test]
fn weights_that_do_not_fit_the_table_are_refused() {
    let mut manifest = edge().manifest;
    let weights = edge().weights().unwrap();
    manifest.spec.fusion.as_mut().unwrap().hidden = 64;
    let error = model(&Bundle::seal(manifest, &weights).unwrap()).unwrap_err().to_string();
    assert!(error.contains("fusion.fc1.weight has the shape [384, 128]"), "{error}");
}

#[test]
fn a_file_holds_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("model.onnx");
    write(&edge(), Output::new(&target, Existing::Keep).unwrap()).unwrap();
    assert_eq!(std::fs::read(&target).unwrap(), model(&edge()).unwrap());
}
