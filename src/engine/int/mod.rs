//! The integer engine: the network in 16-bit products and 32-bit sums, on the processor.
//!
//! Activations are bytes, each channel in steps of its own; filters have 16 bits in Winograd's domain
//! (`winograd.rs`), where a convolution needs a quarter of the products; those of the largest layers are transformed on
//! the fly (`winograd_filters.rs`). What is left of the error comes from the bytes. All memory is allocated when the
//! engine is made. This is the one module of the crate that may use `unsafe`.

mod allocator;
mod buffer;
mod changes;
mod convolve;
mod dense;
mod direct;
mod executor;
mod heads;
pub mod kernel;
mod layout;
mod measure;
#[cfg(test)]
mod oracle;
mod plan;
mod plane;
mod pointwise;
mod quantize;
mod step;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_update;
mod thread_pool;
mod tower;
mod vision_head;
mod weights;
mod winograd;
mod winograd_filters;

pub(crate) use allocator::Loading;
pub use measure::LayerTimes;
pub use quantize::QuantizeError;
pub use tower::LayerTime;

use std::time::Instant;

use self::executor::Executor;
use self::heads::{DistanceHead, FusionHead, LocalizationHead};
use self::kernel::Kernel;
use self::thread_pool::ThreadPool;
use self::tower::{Rounding, Tower};
use self::vision_head::VisionHead;
use self::weights::tower_conv;
use super::{ActivationMap, AudioEncoding, Engine, ImageEncoding, Judgement};
use crate::model::{ActivationRanges, Spec, Weights};

/// Pixels of a normalized picture are multiples of 1/255.
const PICTURE: Rounding = Rounding { factor: 255.0, range: [-255, 255] };
/// Values of a spectrogram are below 3.
const SPECTROGRAM: Rounding = Rounding { factor: 8192.0, range: [0, i16::MAX] };

/// The engine.
pub struct IntEngine {
    executor: Executor,
    vision: Tower,
    audio: Tower,
    fusion: Option<FusionHead>,
    distance: Option<DistanceHead>,
    localization: Option<(VisionHead, LocalizationHead)>,
    map_size: [usize; 2],
    /// Whether the vision side of the localization head has seen the map that the vision tower holds.
    projected: bool,
    /// Whether the audio tower holds the window before the next call of `encode_stream`.
    streaming: bool,
}

impl IntEngine {
    /// Quantizes a folded network. Each layer's weights are freed as soon as they are quantized.
    ///
    /// # Errors
    /// The weights do not fit the layer table, or are not finite.
    pub fn new(
        spec: &Spec,
        mut weights: Weights,
        ranges: &ActivationRanges,
        kernel: Box<dyn Kernel>,
        threads: usize,
    ) -> Result<Self, QuantizeError> {
        let thread_pool = ThreadPool::new(threads);
        let mut tower = |name, table, transposed, ranges: &[Vec<f32>], rounding| {
            let conv = |number, channels| tower_conv(&mut weights, name, number, channels, transposed);
            Tower::new(table, conv, ranges, rounding, &*kernel, thread_pool.threads())
        };
        let vision = tower("vision", &spec.vision, false, &ranges.vision, PICTURE)?;
        // The time axis is vertical, so that new columns of the spectrogram are new rows.
        let mut sideways = spec.audio.clone();
        sideways.input.swap(1, 2);
        let audio = tower("audio", &sideways, true, &ranges.audio, SPECTROGRAM)?;
        let [seen, heard] = [vision.channels(), audio.channels()];
        let weights = &mut weights;
        let fusion = spec.fusion.map(|head| FusionHead::new(weights, head, seen + heard)).transpose()?;
        let distance =
            spec.distance.map(|head| DistanceHead::new(weights, head, [seen, heard])).transpose()?;
        let localization = match spec.localization {
            Some(head) => {
                let map = [seen, vision.positions()];
                let vision = VisionHead::new(weights, head, map, &*kernel, thread_pool.threads())?;
                Some((vision, LocalizationHead::new(weights, head, heard)?))
            }
            None => None,
        };
        let map_size = spec.map_size();
        let executor = Executor::new(kernel, thread_pool, || vision.steps().chain(audio.steps()));
        Ok(Self {
            executor,
            vision,
            audio,
            fusion,
            distance,
            localization,
            map_size,
            projected: false,
            streaming: false,
        })
    }

    /// The kernel's name and the number of threads.
    pub fn hardware(&self) -> (&'static str, usize) {
        (self.executor.kernel.name(), self.executor.thread_pool.threads())
    }

    /// The processor's own limit with this kernel and all threads, in products a second.
    pub fn measure_peak(&mut self) -> f64 {
        let Executor { kernel, thread_pool, .. } = &mut self.executor;
        let mut counts = vec![0; thread_pool.threads()];
        let begin = Instant::now();
        thread_pool.run(&mut counts, |_, count| *count = kernel.multiply_registers(2_000_000));
        counts.iter().sum::<usize>() as f64 / begin.elapsed().as_secs_f64()
    }

    /// Runs both towers once, layer by layer. For benchmarks; what the towers hold afterwards is of no use.
    pub fn time_layers(&mut self) -> Vec<LayerTime> {
        self.streaming = false;
        let mut times = self.vision.run_timed("vision", &mut self.executor);
        times.extend(self.audio.run_timed("audio", &mut self.executor));
        times
    }

    /// The vision tower alone, without what the heads make of it. For benchmarks.
    pub fn embed_picture(&mut self, picture: &[f32], embedding: &mut Vec<f32>) {
        self.projected = false;
        self.run_vision(picture);
        embed(&mut self.vision, embedding);
    }

    /// The audio tower alone, without what the heads make of it. For benchmarks.
    pub fn embed_sound(&mut self, spectrogram: &[f32], embedding: &mut Vec<f32>) {
        self.run_second(spectrogram);
        embed(&mut self.audio, embedding);
    }

    /// The vision tower. What the picture has in common with the one before is not computed again.
    fn run_vision(&mut self, picture: &[f32]) {
        /// Pixels that are rounded together.
        const BLOCK: usize = 32;
        let (height, width) = (self.vision.input.height, self.vision.input.width);
        let (channels, rounding) = (self.vision.input.channels, self.vision.rounding());
        let update = |row: usize, pixels: &mut [i16], changed: &mut [u8]| {
            for channel in 0..channels {
                let values = &picture[(channel * height + row) * width..][..width];
                let targets = pixels.chunks_mut(BLOCK * channels).zip(changed.chunks_mut(BLOCK));
                for ((pixels, changed), values) in targets.zip(values.chunks(BLOCK)) {
                    // By itself this loop becomes vector instructions.
                    let mut rounded = [0; BLOCK];
                    rounded.iter_mut().zip(values).for_each(|(to, value)| *to = rounding.round(*value));
                    for ((to, changed), value) in pixels.chunks_exact_mut(channels).zip(changed).zip(rounded)
                    {
                        *changed |= u8::from(to[channel] != value);
                        to[channel] = value;
                    }
                }
            }
        };
        self.vision.run_update(update, &mut self.executor);
    }

    /// The audio tower on a second by itself.
    fn run_second(&mut self, spectrogram: &[f32]) {
        self.streaming = false;
        let (columns, rounding) = (self.audio.input.height, self.audio.rounding());
        let fill = |column: usize, bins: &mut [i16]| {
            let values = spectrogram.iter().skip(column).step_by(columns);
            bins.iter_mut().zip(values).for_each(|(to, value)| *to = rounding.round(*value));
        };
        self.audio.run_on(fill, &mut self.executor);
    }

    /// Computes what the heads need of the audio tower: embedding and projection.
    fn summarize(&mut self, heard: &mut AudioEncoding) {
        embed(&mut self.audio, &mut heard.embedding);
        if let Some((_, head)) = &mut self.localization {
            head.project_audio(heard);
        }
        if let Some(head) = &mut self.distance {
            head.project_audio(heard);
        }
    }
}

/// pool4: the largest value of each channel.
fn embed(tower: &mut Tower, embedding: &mut Vec<f32>) {
    embedding.clear();
    embedding.resize(tower.channels(), 0.0);
    let depth = tower.channels().next_multiple_of(kernel::LANES);
    for pixel in tower.map().chunks_exact(depth) {
        embedding.iter_mut().zip(pixel).for_each(|(m, v)| *m = if *v > *m { *v } else { *m });
    }
}

impl Engine for IntEngine {
    fn encode_image(&mut self, picture: &[f32], seen: &mut ImageEncoding) {
        let projected = std::mem::take(&mut self.projected);
        self.embed_picture(picture, &mut seen.embedding);
        if let Some((head, _)) = &mut self.localization {
            head.run(&mut self.vision, projected, &mut self.executor, &mut seen.spatial_embeddings);
            self.projected = true;
        }
        if let Some(head) = &mut self.distance {
            head.project_image(seen);
        }
    }

    fn encode_audio(&mut self, spectrogram: &[f32], heard: &mut AudioEncoding) {
        self.run_second(spectrogram);
        self.summarize(heard);
    }

    fn encode_stream(&mut self, columns: &[Vec<f32>], fresh: usize, heard: &mut AudioEncoding) {
        let moves = self.streaming && fresh.is_multiple_of(self.audio.step_rows()) && fresh < columns.len();
        let (origin, moved) = if moves { (self.audio.origin() + fresh, Some(fresh)) } else { (0, None) };
        let rounding = self.audio.rounding();
        for (i, column) in columns.iter().enumerate().skip(columns.len() - moved.unwrap_or(columns.len())) {
            let targets = self.audio.input.row_mut(origin + i).iter_mut();
            targets.zip(column).for_each(|(to, value)| *to = rounding.round(*value));
        }
        self.audio.run(origin, moved, &mut self.executor);
        self.summarize(heard);
        self.streaming = true;
    }

    fn judge(&mut self, seen: &ImageEncoding, heard: &AudioEncoding, judgement: &mut Judgement) {
        judgement.fusion = match (&mut self.fusion, &self.distance) {
            (Some(head), _) => Some(head.judge(seen, heard)),
            (None, Some(head)) => Some(head.judge(seen, heard)),
            (None, None) => None,
        };
        match &self.localization {
            Some((_, head)) => head.judge(seen, heard, self.map_size, judgement),
            None => (judgement.localization, judgement.map) = (None, Default::default()),
        }
    }

    fn image_activation_map(&mut self, picture: &[f32], map: &mut ActivationMap) {
        self.projected = false;
        self.run_vision(picture);
        self.vision.write_map(false, map);
    }

    fn audio_activation_map(&mut self, spectrogram: &[f32], map: &mut ActivationMap) {
        self.run_second(spectrogram);
        self.audio.write_map(true, map);
    }

    fn name(&self) -> &str {
        "int"
    }
}
