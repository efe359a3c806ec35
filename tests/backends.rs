//! The same weights give the same output on every backend. Tolerance: 1e-3 absolute on values
//! of about 1, because the backends add in different orders.

use burn::module::Module;
use burn::store::{ModuleSnapshot, SafetensorsStore};
use burn::tensor::{Device, Tensor, TensorData};
use lookhear::model::{Network, Spec, embedding};

/// A network as `edge`, for small inputs.
fn tiny() -> Spec {
    let mut spec = Spec::preset("edge").unwrap();
    spec.vision.input = [3, 32, 32];
    spec.audio.input = [1, 33, 47];
    spec
}

fn input(shape: [usize; 4], device: &Device) -> Tensor<4> {
    let values = (0..shape.iter().product::<usize>()).map(|n| ((n * 7919 % 1000) as f32) / 500.0 - 1.0);
    Tensor::from_data(TensorData::new(values.collect::<Vec<_>>(), shape), device)
}

/// Fusion logits, pooled localization logits and the map, one after the other.
fn outputs(network: &Network, spec: &Spec, device: &Device) -> Vec<f32> {
    let batch = |[c, h, w]: [usize; 3]| [2, c, h, w];
    let seen = network.vision.forward(input(batch(spec.vision.input), device));
    let heard = embedding(network.audio.forward(input(batch(spec.audio.input), device)));
    let fusion = network.fusion.as_ref().unwrap();
    let pairs = fusion.forward_pairs(embedding(seen.clone()), heard.clone());
    let single = fusion.forward(embedding(seen.clone()), heard.clone());
    let head = network.localization.as_ref().unwrap();
    let similarities = head.similarities(head.project_image(seen), head.project_audio(heard));
    let pooled = head.logits(head.pool(similarities.clone()));
    let all = [pairs.into_data(), single.into_data(), pooled.into_data(), similarities.into_data()];
    all.iter().flat_map(|data| data.iter::<f32>().collect::<Vec<_>>()).collect()
}

fn reference() -> (Spec, Network, Vec<u8>) {
    let spec = tiny();
    let device = Device::flex();
    device.seed(5);
    let network = Network::new(&spec, &device).fold();
    let mut store = SafetensorsStore::from_bytes(None);
    network.save_into(&mut store).unwrap();
    let bytes = store.get_bytes().unwrap();
    (spec, network, bytes)
}

#[allow(dead_code, reason = "used by the backends that are built in")]
fn agrees_with_flex(device: &Device) {
    let (spec, network, weights) = reference();
    let mut other = Network::new_folded(&spec, device);
    other.load_from(&mut SafetensorsStore::from_bytes(Some(weights))).unwrap();
    let (expected, found) = (outputs(&network, &spec, &Device::flex()), outputs(&other, &spec, device));
    assert_eq!(expected.len(), found.len());
    assert!(expected.iter().any(|v| v.abs() > 0.01), "the output says something");
    let worst = expected.iter().zip(&found).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst < 1e-3, "off by {worst}");
}

#[cfg(feature = "ndarray")]
#[test]
fn ndarray_agrees_with_flex() {
    agrees_with_flex(&lookhear::engine::Backend::Ndarray.device().unwrap());
}

/// Runs on whatever Vulkan there is; on a machine without a GPU that is Mesa's software renderer.
#[cfg(feature = "wgpu")]
#[test]
fn wgpu_agrees_with_flex() {
    agrees_with_flex(&lookhear::engine::Backend::Wgpu.device().unwrap());
}

#[test]
fn the_pairwise_form_of_fusion_equals_the_plain_one() {
    let (spec, network, _) = reference();
    let device = Device::flex();
    let all = outputs(&network, &spec, &device);
    let (pairs, single) = (&all[..8], &all[8..12]);
    for i in 0..2 {
        for class in 0..2 {
            let pair = pairs[(i * 2 + i) * 2 + class];
            assert!((pair - single[i * 2 + class]).abs() < 1e-4);
        }
    }
}

/// What folding took away comes back for training, and the outputs stay.
#[test]
fn unfolding_changes_nothing() {
    let (spec, network, _) = reference();
    let folded = network.fold();
    let device = Device::flex();
    let batch = |[c, h, w]: [usize; 3]| input([4, c, h, w], &device);
    let unfolded = folded.clone().unfold(batch(spec.vision.input), batch(spec.audio.input));
    assert!(unfolded.vision.convs.iter().chain(&unfolded.audio.convs).all(|block| block.norm.is_some()));
    let (before, after) = (outputs(&folded, &spec, &device), outputs(&unfolded, &spec, &device));
    let worst = before.iter().zip(&after).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst < 1e-3, "off by {worst}");
}

#[test]
fn folding_changes_nothing() {
    let spec = tiny();
    let device = Device::flex();
    let mut network = Network::new(&spec, &device);
    // Statistics as after training, so that folding has something to fold.
    for block in &mut network.vision.convs {
        if let Some(norm) = &mut block.norm {
            let n = norm.gamma.dims()[0];
            let ramp = |from: f32| {
                let values: Vec<f32> = (0..n).map(|i| from + i as f32 / n as f32).collect();
                Tensor::<1>::from_data(TensorData::new(values, [n]), &device)
            };
            norm.running_mean.update(ramp(-0.5));
            norm.running_var.update(ramp(0.5));
            norm.gamma = burn::module::Param::from_tensor(ramp(0.7));
            norm.beta = burn::module::Param::from_tensor(ramp(-0.2));
        }
    }
    let before = outputs(&network, &spec, &device);
    let after = outputs(&network.clone().fold(), &spec, &device);
    let worst = before.iter().zip(&after).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst < 1e-3, "off by {worst}");
    assert!(network.num_params() > 0);
}
