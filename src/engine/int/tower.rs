//! A tower in integers: walks the layer table, step by step, with all threads of a pool.

use std::ops::Range;
use std::time::Instant;

use super::changes::Changes;
use super::convolve::{Source, Target, WorkerContext};
use super::executor::Executor;
use super::kernel::{Kernel, LANES};
use super::plane::{Plane, RealMap};
use super::quantize::{ActivationScales, Block, ConvWeights, QuantizeError, Quantized};
use super::step::{Operation, Step};
use crate::engine::ActivationMap;
use crate::model::{Layer, Tower as Table, WeightsError};

/// Transformed weights that are larger than this are read once for many tiles: the transformed inputs
/// of a whole layer are kept then. Smaller ones stay in the cache of each processor. (In tests the limit is
/// low, so that small networks go both ways.)
const SHARED_FROM: usize = if cfg!(test) { 100_000 } else { 2 << 20 };
/// Those that are larger than this (conv4_2 of the paper) are not kept: filters are transformed on the fly, which takes
/// about a tenth of such a layer's time with AVX2, and three tenths where products are as fast as with VNNI.
const ON_THE_FLY_FROM: usize = if cfg!(test) { 3_000_000 } else { 16 << 20 };

/// If more than this many of eight pixels of an input changed, all of it is computed: hardly a tile would be left out.
const MOST_OF_8: usize = 7;

/// How inputs become integers: multiplied by a factor, cut off, rounded.
#[derive(Clone, Copy)]
pub(super) struct Rounding {
    pub(super) factor: f32,
    /// Smallest and largest integer.
    pub(super) range: [i16; 2],
}

impl Rounding {
    pub(super) fn round(self, value: f32) -> i16 {
        let [low, high] = self.range.map(f32::from);
        round((value * self.factor).max(low).min(high))
    }
}

/// How long a layer took.
#[derive(Clone, Debug)]
pub struct LayerTime {
    /// `vision` or `audio`.
    pub tower: &'static str,
    /// As in the layer table.
    pub layer: String,
    /// Multiply-accumulates of the layer as the table counts them.
    pub macs: usize,
    /// Products that the engine computed: with Winograd about a quarter.
    pub products: usize,
    /// Seconds.
    pub seconds: f64,
}

/// A tower with all of its memory.
pub(super) struct Tower {
    /// `[rows, width, channels]` of rounded inputs.
    pub(super) input: Plane<i16>,
    rounding: Rounding,
    steps: Vec<Step>,
    map: RealMap,
    /// Channels of the map that are no padding.
    channels: usize,
    /// First row of the window, in rows of the input.
    origin: usize,
    /// Which pixels of the input [`Tower::run_update`] changed.
    changes: Changes,
    /// Whether all layers hold what they make of the input at row 0.
    held: bool,
}

impl Tower {
    /// Quantizes and allocates. The table's rows are this tower's rows; `conv` gives the weights of a convolution by its
    /// number (from 0) and its channels `[inputs, outputs]`; `ranges` are the largest outputs of each channel of each.
    pub(super) fn new(
        table: &Table,
        mut conv: impl FnMut(usize, [usize; 2]) -> Result<ConvWeights, WeightsError>,
        ranges: &[Vec<f32>],
        rounding: Rounding,
        kernel: &dyn Kernel,
        threads: usize,
    ) -> Result<Self, QuantizeError> {
        let shapes = table.shapes();
        let [channels, height, width] = table.input;
        let mut steps: Vec<Step> = Vec::new();
        let mut scales = vec![1.0 / f64::from(rounding.factor); channels];
        let (mut number, mut layer) = (0, 0);
        while layer < shapes.len() {
            let shape = &shapes[layer];
            let mut output = [shape.output[1], shape.output[2]];
            let mut used = 1;
            let pools_next = matches!(table.layers.get(layer + 1), Some(Layer::MaxPool));
            let (operation, macs) = match table.layers[layer] {
                Layer::MaxPool => {
                    (Operation::Pool { scales: scales.iter().map(|scale| *scale as f32).collect() }, 0)
                }
                Layer::Conv { stride, .. } => {
                    let conv = conv(number, [shape.input[0], shape.output[0]])?;
                    let tiled = stride == 1 && layer > 0;
                    let ends = layer + 1 + usize::from(tiled && pools_next) == shapes.len();
                    let outputs = output_scales(&ranges[number], ends);
                    number += 1;
                    let activation_scales = ActivationScales { input: &scales, output: &outputs };
                    let operation = if tiled {
                        if pools_next {
                            output = [shapes[layer + 1].output[1], shapes[layer + 1].output[2]];
                            used = 2;
                        }
                        let (bytes, pool) = (conv.winograd_bytes(), pools_next);
                        if bytes > ON_THE_FLY_FROM {
                            Operation::WinogradOnTheFly {
                                weights: Quantized::on_the_fly(&conv, activation_scales, kernel)?,
                                pool,
                            }
                        } else {
                            let shared = bytes > SHARED_FROM;
                            let block = if shared { Block::LARGE } else { Block::small(kernel) };
                            let weights = Quantized::winograd(&conv, activation_scales, block, kernel)?;
                            Operation::Winograd { weights, pool, shared }
                        }
                    } else {
                        let range = if layer == 0 { rounding.range.map(i64::from) } else { [0, 255] };
                        Operation::Direct {
                            weights: Quantized::direct(&conv, range, activation_scales, kernel)?,
                            stride,
                        }
                    };
                    scales = outputs;
                    (operation, shape.macs)
                }
            };
            layer += used;
            let padded = shape.output[0].next_multiple_of(LANES);
            let plane = (layer < shapes.len()).then(|| Plane::new(output[0], output[1], padded));
            let name = shape.name.clone();
            steps.push(Step::new(operation, name, macs, output, plane));
        }
        let [channels_out, rows, columns] = table.map_shape();
        let mut tower = Self {
            input: Plane::new(height, width, channels),
            rounding,
            steps,
            map: RealMap::new(rows, columns, channels_out.next_multiple_of(LANES)),
            channels: channels_out,
            origin: 0,
            changes: Changes::new([height, width], 1),
            held: false,
        };
        tower.plan(0, 0..0, threads);
        tower.steps.iter_mut().for_each(Step::reserve);
        Ok(tower)
    }

    /// How inputs become integers.
    pub(super) fn rounding(&self) -> Rounding {
        self.rounding
    }

    /// Rows by which a window may move on so that all layers keep their grid.
    pub(super) fn step_rows(&self) -> usize {
        self.steps.iter().map(Step::reduction).product()
    }

    /// First row of the window.
    pub(super) fn origin(&self) -> usize {
        self.origin
    }

    /// Computes the map of the window that begins at row `origin` of the input. If `moved` is the number
    /// of rows by which the window has moved on since the last run, only what that changed is computed.
    ///
    /// Tiles lie on a grid that belongs to the stream, not to the window: a window at `origin` has
    /// the same map whether it was reached step by step or computed at once.
    pub(super) fn run(&mut self, origin: usize, moved: Option<usize>, executor: &mut Executor) {
        let clean = moved.map_or(0..0, |moved| origin..(origin + self.input.height).saturating_sub(moved));
        self.plan(origin, clean, executor.thread_pool.threads());
        let tower = &*self;
        executor.run(|context| (0..tower.steps.len()).for_each(|number| tower.step(number, context)));
    }

    /// Computes the map of a window at row 0, whose rows of the input `fill` fills in.
    pub(super) fn run_on(&mut self, fill: impl Fn(usize, &mut [i16]) + Sync, executor: &mut Executor) {
        self.plan(0, 0..0, executor.thread_pool.threads());
        let tower = &*self;
        executor.run(|context| {
            context.fill(&tower.input, &fill);
            (0..tower.steps.len()).for_each(|number| tower.step(number, context));
        });
    }

    /// As [`Tower::run_on`], for an input that mostly is as it was at the last run: `update` is given a row of the input
    /// as it was, writes it as it is now, and marks (by 1) the pixels that differ. Only what depends on those is computed;
    /// all of the map is then as if it were computed at once. A tower that is run in this way is run in no other.
    pub(super) fn run_update(
        &mut self,
        update: impl Fn(usize, &mut [i16], &mut [u8]) + Sync,
        executor: &mut Executor,
    ) {
        // Until the run is over, layers and input do not belong together.
        let held = std::mem::take(&mut self.held);
        let tower = &*self;
        executor.run(|context| context.update(&tower.input, &tower.changes, &update));
        let threads = executor.thread_pool.threads();
        let [changed, pixels] = self.changes.count();
        if !held || changed * 8 > pixels * MOST_OF_8 {
            self.plan(0, 0..0, threads);
        } else {
            let changes = &mut self.changes;
            self.steps.iter_mut().fold(changes, |source, step| step.plan_changes(source, threads));
        }
        if !held || changed > 0 {
            let tower = &*self;
            executor.run(|context| (0..tower.steps.len()).for_each(|number| tower.step(number, context)));
        }
        self.held = true;
    }

    /// The pixels of the map that the last run computed. The window has to be at row 0.
    pub(super) fn computed(&self) -> impl Iterator<Item = usize> {
        let [_, width] = self.map.size();
        let spans = self.steps.last().into_iter().flat_map(Step::computed);
        spans.flat_map(move |(row, columns)| columns.map(move |column| row * width + column))
    }

    /// Runs one step after the other with a clock in between.
    pub(super) fn run_timed(&mut self, name: &'static str, executor: &mut Executor) -> Vec<LayerTime> {
        self.plan(0, 0..0, executor.thread_pool.threads());
        let tower = &*self;
        let steps = tower.steps.iter().enumerate();
        let timed = steps.map(|(number, step)| {
            let begin = Instant::now();
            executor.run(|context| tower.step(number, context));
            let seconds = begin.elapsed().as_secs_f64();
            let (layer, macs, products) = (step.name.clone(), step.macs, step.products());
            LayerTime { tower: name, layer, macs, products, seconds }
        });
        timed.collect()
    }

    /// The steps, from which an [`Executor`] sizes its memory.
    pub(super) fn steps(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter()
    }

    /// Pixels of the map.
    pub(super) fn positions(&self) -> usize {
        self.map.positions()
    }

    /// Channels of the map.
    pub(super) fn channels(&self) -> usize {
        self.channels
    }

    /// The map's pixels, each of `channels` values padded to a multiple of 16; rows are in their order
    /// only if the window is at row 0.
    pub(super) fn map(&mut self) -> &[f32] {
        self.map.get_mut()
    }

    /// The map with channels first; `sideways`: rows and columns changed places in this tower. The window has
    /// to be at row 0.
    pub(super) fn write_map(&mut self, sideways: bool, to: &mut ActivationMap) {
        let (channels, depth, [height, width]) = (self.channels, self.map.depth(), self.map.size());
        let [rows, columns] = if sideways { [width, height] } else { [height, width] };
        let [row, column] = if sideways { [1, width] } else { [width, 1] };
        let pixels = self.map.get_mut();
        (to.channels, to.rows, to.columns) = (channels, rows, columns);
        to.values.clear();
        for channel in 0..channels {
            for y in 0..rows {
                to.values.extend((0..columns).map(|x| pixels[(y * row + x * column) * depth + channel]));
            }
        }
    }

    /// Decides what each step has to compute: `clean` rows of the input are as they were.
    fn plan(&mut self, origin: usize, clean: Range<usize>, threads: usize) {
        self.origin = origin;
        let (mut from, mut clean) = (origin..origin + self.input.height, clean);
        for step in &mut self.steps {
            step.plan(from, clean, threads);
            (from, clean) = (step.plan.to.clone(), step.plan.clean.clone());
        }
    }

    /// One thread's share of a step.
    fn step(&self, number: usize, context: &mut WorkerContext) {
        let step = &self.steps[number];
        let before = number.checked_sub(1).and_then(|n| self.steps[n].plane.as_ref());
        let source = before.map_or(Source::Input(&self.input), Source::Plane);
        let target = step.plane.as_ref().map_or(Target::Map(&self.map), Target::Plane);
        context.step(step, source, target);
    }
}

/// Real values of an output of 1, for each channel. The output of the last layer is not rounded.
fn output_scales(ranges: &[f32], ends: bool) -> Vec<f64> {
    let scale = |end: &f32| if ends { 1.0 } else { (f64::from(*end) / 255.0).max(1e-12) };
    ranges.iter().map(scale).collect()
}

/// Rounds a number of 16 bits to the nearest integer, ties to even; NaN gives an arbitrary value.
///
/// Added to 1.5 * 2^23, a number's integer part ends up in the lowest bits, rounded by the processor:
/// unlike a call of `round`, this becomes vector instructions on every target.
pub(super) fn round(value: f32) -> i16 {
    const SHIFT: f32 = 12_582_912.0;
    (value + SHIFT).to_bits().wrapping_sub(SHIFT.to_bits()) as i16
}
