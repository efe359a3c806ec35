//! The integer engine: the network in 16-bit products and 32-bit sums, on the processor.
//!
//! Activations are bytes, each channel in steps of its own; filters have 16 bits in Winograd's domain
//! (`winograd.rs`), where a convolution needs a quarter of the products; those of the largest layers come there on the
//! way (`taps.rs`). What is left of the error comes from the bytes. All memory is allocated when the engine is made.
//! This is the one module of the crate that may use `unsafe`.

mod allocator;
mod buffer;
mod convolve;
mod crew;
mod dense;
mod direct;
mod heads;
pub mod kernel;
mod layout;
#[cfg(test)]
mod oracle;
mod plan;
mod plane;
mod pointwise;
mod quantize;
mod step;
mod taps;
mod team;
#[cfg(test)]
mod tests;
mod tower;
mod vision_head;
mod weights;
mod winograd;

pub(crate) use allocator::Loading;
pub use quantize::QuantizeError;
pub use tower::LayerTime;

use std::time::Instant;

use self::crew::Crew;
use self::heads::{DistanceHead, FusionHead, LocalizationHead};
use self::kernel::Kernel;
use self::team::Team;
use self::tower::{Rounding, Tower};
use self::vision_head::VisionHead;
use self::weights::tower_conv;
use super::{ActivationMap, Engine, Heard, Judgement, Seen};
use crate::model::{ActivationRanges, Spec, Weights};

/// Pixels of a normalized picture are multiples of 1/255.
const PICTURE: Rounding = Rounding { factor: 255.0, range: [-255, 255] };
/// Values of a spectrogram are below 3.
const SPECTROGRAM: Rounding = Rounding { factor: 8192.0, range: [0, i16::MAX] };

/// The engine.
pub struct IntEngine {
    crew: Crew,
    vision: Tower,
    audio: Tower,
    fusion: Option<FusionHead>,
    distance: Option<DistanceHead>,
    localization: Option<(VisionHead, LocalizationHead)>,
    map_size: [usize; 2],
    /// Whether the audio tower holds the window before the next call of `listen`.
    listening: bool,
}

impl IntEngine {
    /// Quantizes a folded network. Its weights go from memory as the engine's grow.
    ///
    /// # Errors
    /// The weights do not fit the layer table, or are no numbers to count with.
    pub fn new(
        spec: &Spec,
        mut weights: Weights,
        ranges: &ActivationRanges,
        kernel: Box<dyn Kernel>,
        threads: usize,
    ) -> Result<Self, QuantizeError> {
        let team = Team::new(threads);
        let mut tower = |name, table, transposed, ranges: &[Vec<f32>], rounding| {
            let conv = |number, channels| tower_conv(&mut weights, name, number, channels, transposed);
            Tower::new(table, conv, ranges, rounding, &*kernel, team.threads())
        };
        let vision = tower("vision", &spec.vision, false, &ranges.vision, PICTURE)?;
        // Time runs down, so that new columns of the spectrogram are new rows.
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
                let vision = VisionHead::new(weights, head, map, &*kernel, team.threads())?;
                Some((vision, LocalizationHead::new(weights, head, heard)?))
            }
            None => None,
        };
        let map_size = spec.map_size();
        let crew = Crew::new(kernel, team, || vision.steps().chain(audio.steps()));
        Ok(Self { crew, vision, audio, fusion, distance, localization, map_size, listening: false })
    }

    /// The kernel's name and the number of threads.
    pub fn hardware(&self) -> (&'static str, usize) {
        (self.crew.kernel.name(), self.crew.team.threads())
    }

    /// The processor's own limit with this kernel and all threads, in products a second.
    pub fn measure_peak(&mut self) -> f64 {
        let Crew { kernel, team, .. } = &mut self.crew;
        let mut counts = vec![0; team.threads()];
        let begin = Instant::now();
        team.run(&mut counts, |_, count| *count = kernel.multiply_registers(2_000_000));
        counts.iter().sum::<usize>() as f64 / begin.elapsed().as_secs_f64()
    }

    /// Runs both towers once, layer by layer. For benchmarks; what the towers hold afterwards is of no use.
    pub fn time_layers(&mut self) -> Vec<LayerTime> {
        self.listening = false;
        let mut times = self.vision.run_timed("vision", &mut self.crew);
        times.extend(self.audio.run_timed("audio", &mut self.crew));
        times
    }

    /// The vision tower alone, without what the heads make of it. For benchmarks.
    pub fn embed_picture(&mut self, picture: &[f32], embedding: &mut Vec<f32>) {
        self.run_vision(picture);
        embed(&mut self.vision, embedding);
    }

    /// The audio tower alone, likewise.
    pub fn embed_sound(&mut self, spectrogram: &[f32], embedding: &mut Vec<f32>) {
        self.run_second(spectrogram);
        embed(&mut self.audio, embedding);
    }

    fn run_vision(&mut self, picture: &[f32]) {
        let (height, width) = (self.vision.input.height, self.vision.input.width);
        let (channels, rounding) = (self.vision.input.channels, self.vision.rounding());
        let fill = |row: usize, pixels: &mut [i16]| {
            for channel in 0..channels {
                let values = &picture[(channel * height + row) * width..][..width];
                let targets = pixels.chunks_exact_mut(channels);
                targets.zip(values).for_each(|(to, value)| to[channel] = rounding.round(*value));
            }
        };
        self.vision.run_on(fill, &mut self.crew);
    }

    /// The audio tower on a second by itself.
    fn run_second(&mut self, spectrogram: &[f32]) {
        self.listening = false;
        let (columns, rounding) = (self.audio.input.height, self.audio.rounding());
        let fill = |column: usize, bins: &mut [i16]| {
            let values = spectrogram.iter().skip(column).step_by(columns);
            bins.iter_mut().zip(values).for_each(|(to, value)| *to = rounding.round(*value));
        };
        self.audio.run_on(fill, &mut self.crew);
    }

    /// What the heads need of the audio tower.
    fn summarize(&mut self, heard: &mut Heard) {
        embed(&mut self.audio, &mut heard.embedding);
        if let Some((_, head)) = &mut self.localization {
            head.hear(heard);
        }
        if let Some(head) = &mut self.distance {
            head.hear(heard);
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
    fn see(&mut self, picture: &[f32], seen: &mut Seen) {
        self.embed_picture(picture, &mut seen.embedding);
        if let Some((head, _)) = &mut self.localization {
            head.run(self.vision.map(), &mut self.crew, &mut seen.positions);
        }
        if let Some(head) = &mut self.distance {
            head.see(seen);
        }
    }

    fn hear(&mut self, spectrogram: &[f32], heard: &mut Heard) {
        self.run_second(spectrogram);
        self.summarize(heard);
    }

    fn listen(&mut self, columns: &[Vec<f32>], fresh: usize, heard: &mut Heard) {
        let moves = self.listening && fresh.is_multiple_of(self.audio.step_rows()) && fresh < columns.len();
        let (origin, moved) = if moves { (self.audio.origin() + fresh, Some(fresh)) } else { (0, None) };
        let rounding = self.audio.rounding();
        for (i, column) in columns.iter().enumerate().skip(columns.len() - moved.unwrap_or(columns.len())) {
            let targets = self.audio.input.row_mut(origin + i).iter_mut();
            targets.zip(column).for_each(|(to, value)| *to = rounding.round(*value));
        }
        self.audio.run(origin, moved, &mut self.crew);
        self.summarize(heard);
        self.listening = true;
    }

    fn judge(&mut self, seen: &Seen, heard: &Heard, judgement: &mut Judgement) {
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

    fn see_map(&mut self, picture: &[f32], map: &mut ActivationMap) {
        self.run_vision(picture);
        self.vision.write_map(false, map);
    }

    fn hear_map(&mut self, spectrogram: &[f32], map: &mut ActivationMap) {
        self.run_second(spectrogram);
        self.audio.write_map(true, map);
    }

    fn name(&self) -> &str {
        "int"
    }
}
