//! What benchmarks ask of the engine: how long its layers take, beside what the processor can do at most.

use super::{IntEngine, LayerTime};

/// Runs of which the fastest counts.
const RUNS: usize = 21;

/// The times of all layers, and the processor's own limit.
#[derive(Clone, Debug)]
pub struct LayerTimes {
    /// Products a second that the kernel computes at most, with all threads.
    pub peak: f64,
    /// The layers of the vision tower, then those of the audio tower; pools count with the layer before.
    pub layers: Vec<LayerTime>,
}

impl LayerTime {
    /// How much of the processor's limit the layer reached, 0 to 1.
    pub fn share(&self, peak: f64) -> f64 {
        self.products as f64 / self.seconds / peak
    }
}

impl IntEngine {
    /// Times the layers of both towers, and the processor's limit beside them, for a second or two; of several runs the
    /// fastest counts. What the towers hold afterwards is of no use.
    pub fn measure_layers(&mut self) -> LayerTimes {
        let peak = (0..5).map(|_| self.measure_peak()).fold(0.0, f64::max);
        let mut layers = self.time_layers();
        for _ in 1..RUNS {
            for (best, time) in layers.iter_mut().zip(self.time_layers()) {
                best.seconds = best.seconds.min(time.seconds);
            }
        }
        LayerTimes { peak, layers }
    }
}
