//! The paper's two supervised baselines ("Look, Listen and Learn", section 3.1): towers that learn class names
//! instead of correspondence.
//!
//! - Direct combination: one classifier looks, another listens; picture and sound correspond if both name the same
//!   class.
//! - Pre-training: the classifiers' towers stay as they are, and the fusion layers alone learn correspondence.

use std::sync::Arc;

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Linear, LinearConfig};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Int, Tensor, TensorData, activation};
use lookhear::engine::Backend;
use lookhear::judge::Judge;
use lookhear::model::{Bundle, Fusion, FusionNet, Network, Spec, Thresholds, TowerNet, Training, embedding};
use lookhear::preprocess::{Preprocessing, picture, spectrogram};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::avc::{Scored, composed, photo_and_sound};
use super::{Bars, Case, Figure, Setting};
use crate::checkpoint::transplant;
use crate::compose::{balanced_classes, other_class, scene, sound};
use crate::config::Config;
use crate::corpus::Corpus;
use crate::loader::{self, Loader};
use crate::parallel::halve;
use crate::{Error, EvalError};

/// How the classifiers learn.
pub(super) struct Schooling<'a> {
    /// The corpus that they learn from.
    pub(super) corpus: Arc<Corpus>,
    /// The corpus that they are tested on.
    pub(super) held_out: &'a Corpus,
    /// Towers and fusion layers.
    pub(super) spec: Spec,
    /// How the towers see pictures.
    pub(super) preprocessing: Preprocessing,
    /// The device that trains.
    pub(super) device: Device,
    /// Steps of 32 examples each.
    pub(super) steps: u64,
    /// Cases of the test.
    pub(super) n: usize,
    pub(super) seed: u64,
    /// Progress bars.
    pub(super) bars: &'a Bars,
}

const BATCH: usize = 32;

/// Two towers, each with a layer that names a class.
#[derive(Module, Debug)]
struct Classifiers {
    vision: TowerNet,
    audio: TowerNet,
    see: Linear,
    hear: Linear,
}

impl Classifiers {
    /// Pictures and sounds to the logits of their classes, `[n, classes]` each.
    fn forward(&self, pictures: Tensor<4>, sounds: Tensor<4>) -> [Tensor<2>; 2] {
        [
            self.see.forward(embedding(self.vision.forward(pictures))),
            self.hear.forward(embedding(self.audio.forward(sounds))),
        ]
    }
}

/// A batch: `[n, 3, h, w]`, `[n, 1, bins, columns]`, and what is both seen and heard.
struct Lesson {
    pictures: Vec<f32>,
    sounds: Vec<f32>,
    classes: Vec<usize>,
}

/// Both baselines' AVC accuracy, on the very cases of `avc` and `photo`.
///
/// # Errors
/// A file cannot be read.
pub(super) fn baselines(schooling: &Schooling) -> Result<Vec<Figure>, Error> {
    let classifiers = learn_classes(schooling)?;
    let fusion = learn_fusion(schooling, &classifiers)?;
    let learned = Network {
        vision: classifiers.vision,
        audio: classifiers.audio,
        fusion: Some(fusion),
        distance: None,
        localization: None,
    };
    let spec = fused(&schooling.spec);
    // The test runs on the CPU, whatever device trained.
    let mut network = Network::new(&spec, &Device::flex());
    transplant(&learned, &mut network)?;
    let training =
        Training { data: "class names: the paper's supervised baselines".into(), ..Default::default() };
    let preprocessing = schooling.preprocessing.clone();
    let bundle = Bundle::new(spec, network, preprocessing, Thresholds::default(), training, &[])?;
    let mut judge = Judge::new(&bundle, Backend::Flex)?;
    let names = [values(classifiers.see), values(classifiers.hear)];
    let mut setting =
        Setting { judge: &mut judge, corpus: schooling.held_out, n: schooling.n, seed: schooling.seed };
    let mut figures = Vec::new();
    for (name, scored) in
        [("photo + sound", photo_and_sound(&mut setting)?), ("composed scenes", composed(&mut setting)?)]
    {
        let agree = |s: &Scored| {
            let [seen, heard] = [0, 1].map(|side| named(&s.embeddings[side], &names[side]));
            Case { right: (seen == heard) == s.corresponds, group: s.group.clone() }
        };
        let answers = |s: &Scored| {
            let yes = s.judgement.fusion.unwrap_or(0.0) >= 0.5;
            Case { right: yes == s.corresponds, group: s.group.clone() }
        };
        let direct: Vec<Case> = scored.iter().map(agree).collect();
        let trained: Vec<Case> = scored.iter().map(answers).collect();
        figures.push(Figure::new(&format!("direct combination, AVC accuracy, {name}"), 50.0, &direct));
        figures.push(Figure::new(&format!("supervised pre-training, AVC accuracy, {name}"), 50.0, &trained));
    }
    Ok(figures)
}

/// The model's towers with L3-Net's fusion layers, whatever heads the model has.
fn fused(spec: &Spec) -> Spec {
    let fusion = spec.fusion.or(Some(Fusion { hidden: 128 }));
    Spec { fusion, distance: None, localization: None, ..spec.clone() }
}

/// Weights `[inputs][classes]` and biases of a layer.
type Layer = (Vec<f32>, Vec<f32>);

fn values(layer: Linear) -> Layer {
    let all = |t: Tensor<1>| t.into_data().iter::<f32>().collect::<Vec<f32>>();
    let weight = layer.weight.val();
    let [inputs, classes] = weight.dims();
    (all(weight.reshape([inputs * classes])), layer.bias.map(|b| all(b.val())).unwrap_or_default())
}

/// The class that a layer names for an embedding.
fn named(embedding: &[f32], (weights, biases): &Layer) -> usize {
    let logit = |class: usize| {
        let weights = weights.iter().skip(class).step_by(biases.len());
        biases[class] + embedding.iter().zip(weights).map(|(e, w)| e * w).sum::<f32>()
    };
    (0..biases.len()).max_by(|a, b| logit(*a).total_cmp(&logit(*b))).unwrap_or(0)
}

fn lesson(corpus: &Corpus, config: &Config, step: u64) -> Result<Lesson, Error> {
    let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
    rng.set_stream(step);
    let classes = balanced_classes(corpus, BATCH, &mut rng);
    let (mut pictures, mut sounds) = (Vec::new(), Vec::new());
    for class in &classes {
        let mut scene = scene(corpus, *class, None, config.cut_out, &mut rng)?;
        lookhear::studio::compose::jitter(&mut scene, 0.3, true, &mut rng);
        pictures.extend(picture::normalize(&scene.picture));
        sounds.extend(spectrogram::second(&sound(corpus, *class, config.disturb, &mut rng)?));
    }
    Ok(Lesson { pictures, sounds, classes })
}

/// Learning rates and resolutions as in the default recipe.
fn recipe(schooling: &Schooling, steps: u64, half_resolution: f64) -> Config {
    Config { seed: schooling.seed, steps, half_resolution, warmup: steps / 20, ..Config::default() }
}

/// The lessons of a recipe, made ahead; `first` is the number of the first one.
fn lessons(corpus: &Arc<Corpus>, config: &Config, first: u64) -> Loader<Lesson> {
    let (corpus, lesson_config) = (corpus.clone(), config.clone());
    Loader::ahead(first..first + config.steps, loader::threads(), move |number| {
        lesson(&corpus, &lesson_config, number)
    })
}

fn tensors(schooling: &Schooling, lesson: &Lesson, half_resolution: bool, device: &Device) -> [Tensor<4>; 2] {
    let n = lesson.classes.len();
    let tensor = |values: &[f32], [c, h, w]: [usize; 3]| {
        let whole = Tensor::<4>::from_data(TensorData::new(values.to_vec(), [n, c, h, w]), device);
        if half_resolution { halve(whole) } else { whole }
    };
    [
        tensor(&lesson.pictures, schooling.spec.vision.input),
        tensor(&lesson.sounds, schooling.spec.audio.input),
    ]
}

fn learn_classes(schooling: &Schooling) -> Result<Classifiers, Error> {
    let device = schooling.device.clone().autodiff();
    device.seed(schooling.seed);
    let network = Network::new(&schooling.spec, &device);
    let [seen, heard] = [&schooling.spec.vision, &schooling.spec.audio].map(|tower| tower.map_shape()[0]);
    let classes = schooling.corpus.taught.len();
    let mut classifiers = Classifiers {
        vision: network.vision,
        audio: network.audio,
        see: LinearConfig::new(seen, classes).init(&device),
        hear: LinearConfig::new(heard, classes).init(&device),
    };
    let mut adam = AdamConfig::new().init();
    let bar = schooling.bars.bar("baselines: class names", schooling.steps as usize);
    let config = recipe(schooling, schooling.steps, 0.8);
    let mut lessons = lessons(&schooling.corpus, &config, 0);
    for step in 0..config.steps {
        let lesson = lessons.next_batch()?;
        let [pictures, sounds] = tensors(schooling, &lesson, config.at_half_resolution(step), &device);
        let labels: Vec<i64> = lesson.classes.iter().map(|class| *class as i64).collect();
        let labels = Tensor::<1, Int>::from_data(TensorData::new(labels, [lesson.classes.len()]), &device);
        let cross_entropy = CrossEntropyLossConfig::new().init(&device);
        let [seen, heard] = classifiers.forward(pictures, sounds);
        let loss = cross_entropy.forward(seen, labels.clone()) + cross_entropy.forward(heard, labels);
        let gradients = GradientsParams::from_grads(loss.backward(), &classifiers);
        classifiers = adam.step(config.rate_at(step), classifiers, gradients);
        bar.inc(1);
    }
    Ok(classifiers.valid())
}

/// The fusion layers on the outputs of towers that stay as they are: half of the pairs share a class.
fn learn_fusion(schooling: &Schooling, classifiers: &Classifiers) -> Result<FusionNet, Error> {
    let plain = schooling.device.clone();
    let device = schooling.device.clone().autodiff();
    let spec = fused(&schooling.spec);
    let mut fusion = Network::new(&spec, &device).fusion.ok_or(EvalError::NoHead("fusion"))?;
    let mut adam = AdamConfig::new().init();
    let mut rng = ChaCha8Rng::seed_from_u64(schooling.seed ^ 0xf05);
    let config = recipe(schooling, (schooling.steps / 4).max(1), 0.0);
    let mut lessons = lessons(&schooling.corpus, &config, schooling.steps);
    let bar = schooling.bars.bar("baselines: correspondence", config.steps as usize);
    for step in 0..config.steps {
        let lesson = lessons.next_batch()?;
        let [pictures, sounds] = tensors(schooling, &lesson, false, &plain);
        let seen = embedding(classifiers.vision.forward(pictures));
        let heard = embedding(classifiers.audio.forward(sounds));
        // For every picture, either its own sound or one of another class in the batch.
        let n = lesson.classes.len();
        let partner = |i: usize, rng: &mut ChaCha8Rng| loop {
            let wanted = other_class(&schooling.corpus, lesson.classes[i], rng);
            if let Some(j) = (0..n).find(|j| lesson.classes[*j] == wanted) {
                break j;
            }
        };
        let partners: Vec<usize> =
            (0..n).map(|i| if rng.random_bool(0.5) { i } else { partner(i, &mut rng) }).collect();
        let order: Vec<i64> = partners.iter().map(|j| *j as i64).collect();
        let order = Tensor::<1, Int>::from_data(TensorData::new(order, [n]), &plain);
        let heard = heard.select(0, order);
        let targets: Vec<f32> =
            partners.iter().enumerate().map(|(i, j)| f32::from(u8::from(i == *j))).collect();
        let on_device = |t: Tensor<2>| Tensor::<2>::from_data(t.into_data(), &device);
        let targets = Tensor::<1>::from_data(TensorData::new(targets, [n]), &device);
        let logits = fusion.forward(on_device(seen), on_device(heard));
        let logit = logits.clone().slice([0..n, 1..2]) - logits.slice([0..n, 0..1]);
        let logit = logit.reshape([n]);
        let loss = (activation::softplus(logit.clone(), 1.0) - targets * logit).mean();
        let gradients = GradientsParams::from_grads(loss.backward(), &fusion);
        fusion = adam.step(config.rate_at(step), fusion, gradients);
        bar.inc(1);
    }
    Ok(fusion.valid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_names_the_largest_logit() {
        // Two inputs, three classes; weights are [inputs][classes].
        let layer = (vec![1.0, 0.0, -1.0, 0.0, 2.0, 0.0], vec![0.0, 0.0, 0.5]);
        assert_eq!(named(&[3.0, 1.0], &layer), 0);
        assert_eq!(named(&[0.0, 1.0], &layer), 1);
        assert_eq!(named(&[-1.0, 0.0], &layer), 2);
    }
}
