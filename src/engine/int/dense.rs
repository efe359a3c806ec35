//! Linear layers in floating point, which run once per decision.

/// A linear layer, `[in, out]`.
pub(super) struct Dense {
    pub(super) weights: Vec<f32>,
    pub(super) bias: Vec<f32>,
}

impl Dense {
    /// `out = in * weights + bias`, over the concatenation of `inputs`.
    pub(super) fn run(&self, inputs: [&[f32]; 2], relu: bool, out: &mut Vec<f32>) {
        out.clear();
        out.extend_from_slice(&self.bias);
        let values = inputs.into_iter().flatten();
        for (value, weights) in values.zip(self.weights.chunks_exact(self.bias.len())) {
            out.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += value * weight);
        }
        if relu {
            out.iter_mut().for_each(|v| *v = v.max(0.0));
        }
    }
}
