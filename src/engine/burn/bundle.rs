//! Makes bundles of trained networks, and Burn engines of bundles.

use burn::tensor::Device;

use super::engine::BurnEngine;
use crate::engine::choice::{Backend, Setup};
use crate::engine::int::IntEngine;
use crate::engine::load::{check_golden, judge_golden};
use crate::model::{
    ActivationRanges, Bundle, BundleError, Golden, Manifest, Network, Sample, Spec, Thresholds, Training,
    VERSION,
};
use crate::preprocess::Preprocessing;

impl Bundle {
    /// Puts a network and its metadata together as a bundle. Batch norm is folded, the golden output is
    /// computed on the flex backend. Activation ranges are measured on the `calibration` samples; without
    /// any, on the golden input, which is no more than a stopgap.
    ///
    /// # Errors
    /// The weights cannot be quantized, or cannot be written as safetensors.
    pub fn new(
        spec: Spec,
        network: Network,
        preprocessing: Preprocessing,
        thresholds: Thresholds,
        training: Training,
        calibration: &[Sample],
    ) -> Result<Self, BundleError> {
        let network = network.fold();
        let samples = [Golden::sample(&spec)];
        let samples = if calibration.is_empty() { &samples[..] } else { calibration };
        let ranges = ActivationRanges::measure(&spec, &network, samples);
        let damaged = |reason: String| BundleError::Damaged { path: "(new)".into(), reason };
        let weights = network.to_weights().map_err(|e| damaged(e.to_string()))?;
        let mut engine = BurnEngine::new("flex", spec.clone(), network, Device::flex());
        let golden = judge_golden(&mut engine, &spec);
        // Quantizing proves that no sum overflows; a network for which that fails must not be written.
        let kernel = Setup::default().kernel.kernel()?;
        let mut engine =
            IntEngine::new(&spec, weights.clone(), &ranges, kernel, 1).map_err(|e| damaged(e.to_string()))?;
        let golden_int = Some(judge_golden(&mut engine, &spec));
        let ranges = Some(ranges);
        let manifest = Manifest {
            version: VERSION,
            spec,
            preprocessing,
            thresholds,
            ranges,
            golden,
            golden_int,
            training,
        };
        Self::seal(manifest, &weights)
    }

    /// See [`Bundle::into_engine`].
    pub(crate) fn into_burn_engine(self, backend: Backend) -> Result<BurnEngine, BundleError> {
        let device = backend.device()?;
        let network = self.network(&device)?;
        let (spec, golden, path) = (self.manifest.spec.clone(), &self.manifest.golden, self.path());
        let mut engine = BurnEngine::new(backend.name(), spec.clone(), network, device);
        check_golden(&mut engine, &spec, Some(golden), path)?;
        Ok(engine)
    }
}
