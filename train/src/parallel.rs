//! The gradient of a batch: in one go, or in parts, one after the other (gradient accumulation) or side by side on
//! several devices (data-parallel training).
//!
//! Burn's own parts do the work: a fork of the network for each device, gradients that move to another device, and
//! an accumulator that adds them up. The sum is taken in the order of the parts, so that a step is the same every time.

use std::thread;

use burn::module::Module;
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::module::avg_pool2d;
use burn::tensor::ops::AvgPoolOptions;
use burn::tensor::{Device, Tensor, TensorData};
use lookhear::model::{Network, Spec};

use crate::example::Batch;
use crate::loss::{Loss, Terms, loss};

/// One step's figures.
#[derive(Default)]
pub struct Step {
    /// Total loss.
    pub loss: f32,
    /// Its parts: fusion, logistic, contrast.
    pub parts: [Option<f32>; 3],
}

/// What is done with each part of a batch.
pub(crate) struct Work<'a> {
    pub(crate) spec: &'a Spec,
    /// Whether both inputs are halved.
    pub(crate) half_resolution: bool,
    pub(crate) terms: Terms,
    /// Number of parts; a batch's size is a multiple of it.
    pub(crate) parts: usize,
}

impl Work<'_> {
    /// The mean gradient of the parts' losses, on the first of the devices (all with autodiff), which holds the
    /// network. Batch norm, and negatives of all pairs, see a part at a time.
    pub(crate) fn gradients(
        &self,
        network: &Network,
        batch: Batch,
        devices: &[Device],
    ) -> (GradientsParams, Step) {
        let [first, others @ ..] = devices else { return (GradientsParams::new(), Step::default()) };
        let mut parts = batch.split(self.parts).into_iter();
        if self.parts == 1 {
            return parts.next().map_or_else(Default::default, |part| self.part(network, part, first));
        }
        let (mut sum, mut figures) = (GradientsAccumulator::new(), Step::default());
        loop {
            let round: Vec<Batch> = parts.by_ref().take(devices.len()).collect();
            if round.is_empty() {
                return (sum.grads(), figures);
            }
            let results: Vec<(GradientsParams, Step)> = thread::scope(|scope| {
                let mut round = round.into_iter();
                let own = round.next();
                let helping: Vec<_> = round
                    .zip(others)
                    .map(|(part, device)| {
                        let copy = network.clone().fork(device);
                        scope.spawn(move || {
                            let (gradients, figures) = self.part(&copy, part, device);
                            (gradients.to_device(first, &copy), figures)
                        })
                    })
                    .collect();
                let own = own.map(|part| self.part(network, part, first));
                let rethrow = |panic| std::panic::resume_unwind(panic);
                let helped = helping.into_iter().map(|thread| thread.join().unwrap_or_else(rethrow));
                own.into_iter().chain(helped).collect()
            });
            for (gradients, part) in results {
                sum.accumulate(network, gradients);
                figures.add(&part);
            }
        }
    }

    /// A part's share of the gradient and of the figures.
    fn part(&self, network: &Network, batch: Batch, device: &Device) -> (GradientsParams, Step) {
        let Loss { total, fusion, logistic, contrast } = self.loss(network, batch, device);
        let share = 1.0 / self.parts as f64;
        let number = |t: Tensor<1>| t.into_scalar::<f32>() * share as f32;
        let parts = [fusion, logistic, contrast].map(|part| part.map(number));
        let figures = Step { loss: number(total.clone()), parts };
        (GradientsParams::from_grads((total * share).backward(), network), figures)
    }

    /// The loss of a batch on a network that lives on `device`.
    pub(crate) fn loss(&self, network: &Network, batch: Batch, device: &Device) -> Loss {
        let n = batch.size;
        let tensor = |values, [c, h, w]: [usize; 3]| {
            Tensor::<4>::from_data(TensorData::new(values, [n, c, h, w]), device)
        };
        let mut pictures = tensor(batch.pictures, self.spec.vision.input);
        let mut sounds = tensor(batch.sounds, self.spec.audio.input);
        let targets = Tensor::<2>::from_data(TensorData::new(batch.targets, [n, n]), device);
        if self.half_resolution {
            (pictures, sounds) = (halve(pictures), halve(sounds));
        }
        loss(network, pictures, sounds, targets, self.terms)
    }
}

impl Step {
    fn add(&mut self, other: &Self) {
        self.loss += other.loss;
        for (sum, part) in self.parts.iter_mut().zip(other.parts) {
            *sum = part.map(|part| sum.unwrap_or(0.0) + part);
        }
    }
}

/// Means over 2x2 values.
pub(crate) fn halve(x: Tensor<4>) -> Tensor<4> {
    avg_pool2d(x, AvgPoolOptions::new([2, 2]).with_stride([2, 2]))
}
