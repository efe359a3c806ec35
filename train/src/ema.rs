//! Exponential moving average (EMA) of a network's parameters ("Polyak averaging"): less noisy than the parameters of
//! any single step, and as good in the middle of a run as those are at its end.

use std::collections::VecDeque;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::Tensor;

/// Decay of the mean after a step, counted from 0: in the first steps the mean covers fewer steps.
pub(crate) fn decay(average: f64, step: u64) -> f64 {
    average.min((1.0 + step as f64) / (10.0 + step as f64))
}

/// Moves every parameter of `ema`, and batch norm's running statistics, from where they are towards those
/// of `network`: `decay * ema + (1 - decay) * network`. Both are of one layer table, but not clones of each
/// other: clones share their running statistics.
pub(crate) fn update<M: Module>(ema: M, network: &M, decay: f64) -> M {
    let mut flat = Flat::default();
    // valid() also brings batch norm's statistics up to date.
    network.valid().visit(&mut flat);
    ema.map(&mut Update { towards: flat.values, decay })
}

/// Parameters in the order of the layer table, `[elements]` each.
#[derive(Default)]
struct Flat {
    values: VecDeque<Tensor<1>>,
}

impl ModuleVisitor for Flat {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let values = param.val();
        let count = values.shape().num_elements();
        self.values.push_back(values.reshape([count]));
    }
}

struct Update {
    towards: VecDeque<Tensor<1>>,
    decay: f64,
}

impl ModuleMapper for Update {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(towards) = self.towards.pop_front() else { return param };
        let decay = self.decay;
        param.map(|ema| {
            let towards = towards.reshape(ema.shape());
            ema * decay + towards * (1.0 - decay)
        })
    }
}
