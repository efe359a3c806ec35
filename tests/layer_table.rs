//! The layer table against the papers' figures.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use lookhear::model::{Network, Spec, embedding};

fn table(preset: &str, tower: &str) -> Vec<(String, [usize; 3])> {
    let spec = Spec::preset(preset).unwrap();
    let tower = if tower == "vision" { spec.vision } else { spec.audio };
    tower.shapes().into_iter().map(|s| (s.name, s.output)).collect()
}

#[test]
fn l3_has_the_papers_shapes() {
    let expected = [
        ("conv1_1", [64, 224, 224], [64, 257, 199]),
        ("conv1_2", [64, 224, 224], [64, 257, 199]),
        ("pool1", [64, 112, 112], [64, 128, 99]),
        ("conv2_1", [128, 112, 112], [128, 128, 99]),
        ("conv2_2", [128, 112, 112], [128, 128, 99]),
        ("pool2", [128, 56, 56], [128, 64, 49]),
        ("conv3_1", [256, 56, 56], [256, 64, 49]),
        ("conv3_2", [256, 56, 56], [256, 64, 49]),
        ("pool3", [256, 28, 28], [256, 32, 24]),
        ("conv4_1", [512, 28, 28], [512, 32, 24]),
        ("conv4_2", [512, 28, 28], [512, 32, 24]),
    ];
    for (tower, side) in [("vision", 0), ("audio", 1)] {
        let expected: Vec<_> =
            expected.iter().map(|(name, v, a)| (name.to_string(), if side == 0 { *v } else { *a })).collect();
        assert_eq!(table("l3", tower), expected);
    }
}

#[test]
fn l3_has_the_papers_cost() {
    let spec = Spec::preset("l3").unwrap();
    assert_eq!(spec.vision.parameters(), 4_687_296, "4.69 M");
    assert_eq!(spec.audio.parameters(), 4_686_144, "4.69 M");
    assert_eq!((spec.vision.macs() as f64 / 1e7).round() / 100.0, 10.26);
    assert_eq!((spec.audio.macs() as f64 / 1e7).round() / 100.0, 10.21);
    assert_eq!(spec.fusion_parameters(), 131_458);
}

#[test]
fn stride_two_makes_a_tower_four_times_cheaper() {
    let full = Spec::preset("l3").unwrap().vision;
    let mut strided = full.clone();
    strided.layers[0] = lookhear::model::Layer::Conv { channels: 64, stride: 2 };
    let ratio = full.macs() as f64 / strided.macs() as f64;
    assert!((ratio - 4.0).abs() < 0.05, "{ratio}");
    assert_eq!((strided.macs() as f64 / 1e7).round() / 100.0, 2.56);
    assert_eq!(strided.map_shape(), [512, 14, 14]);
}

#[test]
fn a_swift_ear_costs_a_quarter() {
    let [wide, swift] = ["edge-wide", "edge-swift"].map(|preset| Spec::preset(preset).unwrap());
    assert_eq!(wide.vision, swift.vision);
    assert_eq!((wide.audio.map_shape(), swift.audio.map_shape()), ([192, 16, 12], [192, 8, 6]));
    let ratio = wide.audio.macs() as f64 / swift.audio.macs() as f64;
    assert!((3.8..4.1).contains(&ratio), "{ratio}");
}

#[test]
fn the_modules_are_built_from_the_table() {
    let device = Device::flex();
    for preset in Spec::PRESETS {
        let spec = Spec::preset(preset).unwrap();
        spec.validate().unwrap();
        let network = Network::new(&spec, &device);
        // Burn counts the running mean and variance of batch norm too: as many as scale and shift.
        let of = |tower: &lookhear::model::Tower| {
            let norm: usize =
                tower.shapes().iter().filter(|s| s.parameters > 0).map(|s| 2 * s.output[0]).sum();
            [tower.parameters(), tower.parameters() + norm]
        };
        assert!(of(&spec.vision).contains(&network.vision.num_params()), "{preset}");
        assert!(of(&spec.audio).contains(&network.audio.num_params()), "{preset}");
        assert_eq!(network.fusion.map_or(0, |f| f.num_params()), spec.fusion_parameters());
    }
}

#[test]
fn activation_maps_and_embeddings_have_the_tables_shape() {
    let device = Device::flex();
    let spec = Spec::preset("edge").unwrap();
    let network = Network::new_folded(&spec, &device);
    for (tower, table) in [(&network.vision, &spec.vision), (&network.audio, &spec.audio)] {
        let [c, h, w] = table.input;
        let map = tower.forward(Tensor::zeros([1, c, h, w], &device));
        let [channels, rows, columns] = table.map_shape();
        assert_eq!(map.dims(), [1, channels, rows, columns]);
        assert_eq!(embedding(map).dims(), [1, channels]);
    }
}

#[test]
fn tables_from_outside_are_checked() {
    let spec = Spec::preset("edge").unwrap();
    let wrong = |change: &dyn Fn(&mut Spec)| {
        let mut spec = spec.clone();
        change(&mut spec);
        spec.validate().unwrap_err().to_string()
    };
    assert!(wrong(&|s| s.vision.layers.clear()).contains("vision: 0 layers"));
    assert!(wrong(&|s| s.audio.input = [1, 4, 4]).contains("pooled away"));
    assert!(wrong(&|s| (s.fusion, s.localization) = (None, None)).contains("needs a head"));
}
