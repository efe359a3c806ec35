//! A tower in integers: walks the layer table, phase by phase, with all threads of a team.

use std::ops::Range;
use std::time::Instant;

use super::LayerTime;
use super::buffer::Buffer;
use super::kernel::{Kernel, LANES, PATCH, POSITIONS, TILE};
use super::plan::Plan;
use super::plane::Plane;
use super::quantize::{ConvWeights, GROUP, QuantizeError, Quantized, Scales};
use super::team::{Member, Team};
use crate::model::{Layer, Tower as Table};

/// Transformed weights that are larger than this are read once for many tiles: the transformed inputs
/// of a whole layer are kept then. Smaller ones stay in the cache of each processor.
const SHARED_FROM: usize = 2 << 20;
/// Tiles that are transformed, multiplied and transformed back together.
const TILES: usize = 56;
/// Values between the positions of transformed tiles, against cache conflicts.
const APART: usize = 32;

/// Memory of one thread.
pub(super) struct Scratch {
    inputs: Buffer<i16>,
    sums: Buffer<i32>,
    bytes: Buffer<u8>,
    reals: Buffer<f32>,
}

impl Scratch {
    /// Enough for either tower.
    pub(super) fn for_either(a: &Tower, b: &Tower) -> Self {
        let steps = || a.steps.iter().chain(&b.steps).map(Step::scratch_values);
        let largest = |which: usize| steps().map(|sizes| sizes[which]).max().unwrap_or(0);
        let tile = TILE * TILE * GROUP * LANES;
        Self {
            inputs: Buffer::new(largest(0)),
            sums: Buffer::new(largest(1)),
            bytes: Buffer::new(tile),
            reals: Buffer::new(tile),
        }
    }
}

/// What a layer does, and with which weights.
enum Operation {
    /// Any stride and input depth: inputs are gathered.
    Direct { weights: Quantized, stride: usize },
    /// Stride 1 over activations.
    Winograd { weights: Quantized, pool: bool, shared: bool },
    /// 2x2 maximum that follows a direct convolution; `unit` is the real value of an input of 1.
    Pool { unit: f32 },
}

/// A layer (a convolution with the pool that follows it, where both are one operation).
struct Step {
    operation: Operation,
    /// Layer of the table, for reports.
    name: String,
    /// Multiply-accumulates of the convolution as the table counts them.
    macs: usize,
    /// `[rows, width]` of the output.
    output: [usize; 2],
    /// Where the output goes; the last step's goes to the map.
    plane: Option<Plane<u8>>,
    plan: Plan,
    /// Tiles in a chunk, in this run.
    chunk: usize,
}

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

/// A tower with all of its memory.
pub(super) struct Tower {
    /// `[rows, width, channels]` of rounded inputs.
    pub(super) input: Plane<i16>,
    rounding: Rounding,
    steps: Vec<Step>,
    /// The activation map `[rows, width, channels]`, a ring of rows like a [`Plane`], without a border.
    map: Buffer<f32>,
    /// Channels of the map, padded to a multiple of 16.
    depth: usize,
    channels: usize,
    /// Transformed inputs of one layer, for all threads.
    transformed: Buffer<i16>,
    /// First row of the window, in rows of the input.
    origin: usize,
}

impl Tower {
    /// Quantizes and allocates. The table's rows are this tower's rows, weights must fit them; `peaks`
    /// are the largest outputs of each convolution.
    pub(super) fn new(
        table: &Table,
        convs: &[ConvWeights],
        peaks: &[f32],
        rounding: Rounding,
        kernel: &dyn Kernel,
        threads: usize,
    ) -> Result<Self, QuantizeError> {
        let shapes = table.shapes();
        let [channels, height, width] = table.input;
        let mut steps: Vec<Step> = Vec::new();
        let mut unit = 1.0 / f64::from(rounding.factor);
        let (mut number, mut layer) = (0, 0);
        while layer < shapes.len() {
            let shape = &shapes[layer];
            let mut output = [shape.output[1], shape.output[2]];
            let mut used = 1;
            let pools_next = matches!(table.layers.get(layer + 1), Some(Layer::MaxPool));
            let (operation, macs) = match table.layers[layer] {
                Layer::MaxPool => (Operation::Pool { unit: unit as f32 }, 0),
                Layer::Conv { stride, .. } => {
                    let conv = &convs[number];
                    number += 1;
                    let tiled = stride == 1 && layer > 0;
                    // What ends the tower is not rounded.
                    let output_unit = match layer + 1 + usize::from(tiled && pools_next) < shapes.len() {
                        true => (f64::from(peaks[number - 1]) / 255.0).max(1e-12),
                        false => 1.0,
                    };
                    let real = Scales { input: unit, output: output_unit };
                    unit = output_unit;
                    let operation = if tiled {
                        let weights = Quantized::winograd(conv, real, kernel)?;
                        if pools_next {
                            output = [shapes[layer + 1].output[1], shapes[layer + 1].output[2]];
                            used = 2;
                        }
                        let shared = weights.bytes() > SHARED_FROM;
                        Operation::Winograd { weights, pool: pools_next, shared }
                    } else {
                        let range = if layer == 0 { rounding.range.map(i64::from) } else { [0, 255] };
                        Operation::Direct { weights: Quantized::direct(conv, range, real, kernel)?, stride }
                    };
                    (operation, shape.macs)
                }
            };
            layer += used;
            let padded = shape.output[0].next_multiple_of(LANES);
            let plane = (layer < shapes.len()).then(|| Plane::new(output[0], output[1], padded));
            let name = shape.name.clone();
            steps.push(Step { operation, name, macs, output, plane, plan: Plan::default(), chunk: 0 });
        }
        let [channels_out, rows, columns] = table.map_shape();
        let depth = channels_out.next_multiple_of(LANES);
        let mut tower = Self {
            input: Plane::new(height, width, channels),
            rounding,
            steps,
            map: Buffer::new(rows * columns * depth),
            depth,
            channels: channels_out,
            transformed: Buffer::new(0),
            origin: 0,
        };
        tower.plan(0, 0..0, threads);
        let shared = tower.steps.iter().map(|step| step.shared_values(threads)).max().unwrap_or(0);
        tower.transformed = Buffer::new(shared);
        Ok(tower)
    }

    /// How inputs become integers.
    pub(super) fn rounding(&self) -> Rounding {
        self.rounding
    }

    /// Rows by which a window may move on so that all layers keep their grid.
    pub(super) fn step_rows(&self) -> usize {
        let factor = |step: &Step| match step.operation {
            Operation::Direct { stride, .. } => stride,
            Operation::Winograd { pool: true, .. } | Operation::Pool { .. } => 2,
            Operation::Winograd { .. } => 1,
        };
        self.steps.iter().map(factor).product()
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
    pub(super) fn run(
        &mut self,
        origin: usize,
        moved: Option<usize>,
        kernel: &dyn Kernel,
        team: &mut Team,
        scratches: &mut [Scratch],
    ) {
        let clean = moved.map_or(0..0, |moved| origin..(origin + self.input.height).saturating_sub(moved));
        self.plan(origin, clean, team.threads());
        let tower = &*self;
        team.run(scratches, |member, scratch| {
            for number in 0..tower.steps.len() {
                tower.step(number, kernel, member, scratch);
            }
        });
    }

    /// Runs one step after the other with a clock in between.
    pub(super) fn run_timed(
        &mut self,
        name: &'static str,
        kernel: &dyn Kernel,
        team: &mut Team,
        scratches: &mut [Scratch],
    ) -> Vec<LayerTime> {
        self.plan(0, 0..0, team.threads());
        let tower = &*self;
        let steps = tower.steps.iter().enumerate();
        let timed = steps.map(|(number, step)| {
            let begin = Instant::now();
            team.run(scratches, |member, scratch| tower.step(number, kernel, member, scratch));
            let seconds = begin.elapsed().as_secs_f64();
            let (layer, macs, products) = (step.name.clone(), step.macs, step.products());
            LayerTime { tower: name, layer, macs, products, seconds }
        });
        timed.collect()
    }

    /// Pixels of the map.
    pub(super) fn positions(&self) -> usize {
        self.map.len() / self.depth
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

    /// Bytes of weights and activations.
    pub(super) fn bytes(&self) -> usize {
        let step = |step: &Step| match &step.operation {
            Operation::Direct { weights, .. } | Operation::Winograd { weights, .. } => weights.bytes(),
            Operation::Pool { .. } => 0,
        };
        self.steps.iter().map(step).sum::<usize>() + self.transformed.bytes() + self.map.bytes()
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
    fn step(&self, number: usize, kernel: &dyn Kernel, member: &Member, scratch: &mut Scratch) {
        let step = &self.steps[number];
        let source = number.checked_sub(1).and_then(|n| self.steps[n].plane.as_ref());
        match (&step.operation, source) {
            (Operation::Winograd { weights, pool, shared }, Some(source)) => {
                self.winograd(step, weights, *pool, *shared, source, kernel, member, scratch);
            }
            (Operation::Direct { weights, stride }, None) => {
                self.direct(step, weights, *stride, &self.input, kernel, member, scratch);
            }
            (Operation::Direct { weights, stride }, Some(source)) => {
                self.direct(step, weights, *stride, source, kernel, member, scratch);
            }
            (Operation::Pool { unit }, Some(source)) => self.pool(step, *unit, source, member),
            (_, None) => unreachable!("the table begins with a convolution"),
        }
        member.next_phase();
    }

    #[expect(clippy::too_many_arguments, reason = "the operation's fields and the thread's context")]
    fn winograd(
        &self,
        step: &Step,
        weights: &Quantized,
        pool: bool,
        shared: bool,
        source: &Plane<u8>,
        kernel: &dyn Kernel,
        member: &Member,
        scratch: &mut Scratch,
    ) {
        let Scratch { inputs, sums, bytes, reals } = scratch;
        let plan = &step.plan;
        let across = step.tiles_across();
        let tiles = plan.count() * across;
        let chunks = tiles.div_ceil(step.chunk);
        let chunk = |index: usize| index * step.chunk..((index + 1) * step.chunk).min(tiles);
        let groups = weights.panels.div_ceil(GROUP);
        let mut finish = |group: usize, chunk: Range<usize>, v: &[i16]| {
            let output = (&mut bytes.get_mut()[..], &mut reals.get_mut()[..]);
            self.multiply_and_finish(step, weights, pool, kernel, group, chunk, v, sums.get_mut(), output);
        };
        if !shared {
            for unit in member.units(chunks) {
                transform(plan, across, chunk(unit), source, kernel, weights.depth, inputs.get_mut());
                for group in 0..groups {
                    finish(group, chunk(unit), inputs.get_mut());
                }
            }
            return;
        }
        let size = transformed_values(step.chunk, weights.depth);
        for unit in member.units(chunks) {
            // SAFETY: each unit has a part of its own, and nobody reads before the next phase.
            let v = unsafe { self.transformed.write(unit * size..(unit + 1) * size) };
            transform(plan, across, chunk(unit), source, kernel, weights.depth, v);
        }
        member.next_phase();
        for unit in member.units(groups * chunks) {
            // SAFETY: nobody writes in this phase.
            let v = unsafe { self.transformed.read(unit % chunks * size..(unit % chunks + 1) * size) };
            finish(unit / chunks, chunk(unit % chunks), v);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the operation's fields and the thread's context")]
    fn multiply_and_finish(
        &self,
        step: &Step,
        weights: &Quantized,
        pool: bool,
        kernel: &dyn Kernel,
        group: usize,
        tiles: Range<usize>,
        v: &[i16],
        sums: &mut [i32],
        (bytes, reals): (&mut [u8], &mut [f32]),
    ) {
        let count = tiles.len();
        let panels = group * GROUP..((group + 1) * GROUP).min(weights.panels);
        let stride = transformed_stride(count, weights.depth);
        let sums_stride = count * LANES + LANES;
        let panel_stride = POSITIONS * sums_stride;
        for p in 0..POSITIONS {
            let v = &v[p * stride..][..count * weights.depth];
            for (g, panel) in panels.clone().enumerate() {
                let m = &mut sums[g * panel_stride + p * sums_stride..][..count * LANES];
                kernel.multiply(v, count, weights.depth, weights.panel(panel, p), m);
            }
        }
        let side = if pool { TILE / 2 } else { TILE };
        let width = panels.len() * LANES;
        let across = step.tiles_across();
        for (t, tile) in tiles.enumerate() {
            let (row, column) = (step.plan.row(tile / across) * side, tile % across * side);
            for (g, panel) in panels.clone().enumerate() {
                let m = &sums[g * panel_stride + t * LANES..];
                let finish = weights.finish(panel);
                match step.plane {
                    Some(_) => {
                        kernel.finish(m, sums_stride, finish, pool, &mut bytes[g * LANES..], width);
                    }
                    None => kernel.finish_real(m, sums_stride, finish, pool, &mut reals[g * LANES..], width),
                }
            }
            let first = panels.start * LANES;
            for i in (0..side).filter(|i| step.plan.to.contains(&(row + i))) {
                for j in (0..side).filter(|j| column + j < step.output[1]) {
                    let pixel = (i * side + j) * width..(i * side + j + 1) * width;
                    // SAFETY: tiles and groups of panels do not overlap, and nobody reads the output
                    // before the next phase.
                    match &step.plane {
                        Some(plane) => unsafe {
                            let target = plane.pixels(row + i, column + j, 1);
                            target[first..first + width].copy_from_slice(&bytes[pixel]);
                        },
                        None => unsafe {
                            let target = self.real_pixel(step, row + i, column + j);
                            target[first..first + width].copy_from_slice(&reals[pixel]);
                        },
                    }
                }
            }
        }
    }

    /// A pixel of the map, to write.
    ///
    /// # Safety
    /// While the slice lives, nobody else reads or writes the channels that are used.
    #[expect(clippy::mut_from_ref, reason = "the contract keeps the slices apart")]
    unsafe fn real_pixel(&self, step: &Step, row: usize, column: usize) -> &mut [f32] {
        let [height, width] = step.output;
        let start = (row % height * width + column) * self.depth;
        // SAFETY: by this function's contract.
        unsafe { self.map.write(start..start + self.depth) }
    }

    #[expect(clippy::too_many_arguments, reason = "the operation's fields and the thread's context")]
    fn direct<T: bytemuck::Pod + Into<i16>>(
        &self,
        step: &Step,
        weights: &Quantized,
        stride: usize,
        source: &Plane<T>,
        kernel: &dyn Kernel,
        member: &Member,
        scratch: &mut Scratch,
    ) {
        let width = step.output[1];
        let Scratch { inputs, sums, .. } = scratch;
        let sums = &mut sums.get_mut()[..width * LANES];
        for unit in member.units(step.plan.count()) {
            let row = step.plan.row(unit);
            gather(&step.plan.from, row, width, stride, source, weights.depth, inputs.get_mut());
            for panel in 0..weights.panels {
                kernel.multiply(inputs.get_mut(), width, weights.depth, weights.panel(panel, 0), sums);
                let finish = weights.finish(panel);
                match &step.plane {
                    Some(plane) => {
                        // SAFETY: every row is one unit, and nobody reads it before the next phase.
                        let pixels = unsafe { plane.pixels(row, 0, width) };
                        kernel.requantize(sums, finish, &mut pixels[panel * LANES..], plane.channels);
                    }
                    None => {
                        for (column, sums) in sums.chunks_exact(LANES).enumerate() {
                            // SAFETY: as above.
                            let pixel = unsafe { self.real_pixel(step, row, column) };
                            for (n, sum) in sums.iter().enumerate() {
                                let value = *sum as f32 * finish.scales[n] + finish.bias[n];
                                pixel[panel * LANES + n] = value.max(0.0);
                            }
                        }
                    }
                }
            }
        }
    }

    fn pool(&self, step: &Step, unit: f32, source: &Plane<u8>, member: &Member) {
        for index in member.units(step.plan.count()) {
            let row = step.plan.row(index);
            // SAFETY: nobody writes the source in this phase.
            let [above, below] =
                [0, 1].map(|i| unsafe { source.row((2 * row + i) as isize, &step.plan.from) });
            let channels = source.channels;
            for column in 0..step.output[1] {
                let left = (2 * column + 1) * channels;
                let largest = |n: usize| {
                    let at = left + n;
                    above[at].max(above[at + channels]).max(below[at]).max(below[at + channels])
                };
                // SAFETY: every row is one unit, and nobody reads it before the next phase.
                unsafe {
                    match &step.plane {
                        Some(plane) => {
                            let pixel = plane.pixels(row, column, 1);
                            pixel.iter_mut().enumerate().for_each(|(n, value)| *value = largest(n));
                        }
                        None => {
                            let pixel = self.real_pixel(step, row, column);
                            pixel.iter_mut().enumerate().for_each(|(n, v)| *v = f32::from(largest(n)) * unit);
                        }
                    }
                }
            }
        }
    }
}

impl Step {
    fn plan(&mut self, from: Range<usize>, clean: Range<usize>, threads: usize) {
        let rows = self.output[0];
        self.plan = match self.operation {
            Operation::Direct { stride, .. } => Plan::direct(from, clean, stride, rows),
            Operation::Pool { .. } => Plan::pool(from, clean, rows),
            Operation::Winograd { pool, .. } => Plan::winograd(from, clean, pool, rows),
        };
        // As few chunks as possible, the same number for every thread, of nearly equal size.
        let tiles = (self.plan.count() * self.tiles_across()).max(1);
        let chunks = tiles.div_ceil(TILES).next_multiple_of(threads);
        self.chunk = tiles.div_ceil(chunks);
    }

    /// Products of a run.
    fn products(&self) -> usize {
        match &self.operation {
            Operation::Direct { weights, .. } => {
                self.plan.count() * self.output[1] * weights.depth * weights.panels * LANES
            }
            Operation::Winograd { weights, .. } => {
                let tiles = self.plan.count() * self.tiles_across();
                tiles * POSITIONS * weights.depth * weights.panels * LANES
            }
            Operation::Pool { .. } => 0,
        }
    }

    /// Tiles beside each other.
    fn tiles_across(&self) -> usize {
        let side = if let Operation::Winograd { pool: true, .. } = self.operation { TILE / 2 } else { TILE };
        self.output[1].div_ceil(side)
    }

    /// Values that all threads share: the transformed inputs of all chunks.
    fn shared_values(&self, threads: usize) -> usize {
        match &self.operation {
            Operation::Winograd { weights, shared: true, .. } => {
                // Unaligned windows may have a row of tiles more.
                let tiles = (self.plan.count() + 1) * self.tiles_across();
                // However the tiles are divided, there are fewer chunks than this.
                let chunks = tiles.div_ceil(TILES) + threads;
                tiles * weights.depth * POSITIONS + chunks * POSITIONS * (APART + weights.depth)
            }
            _ => 0,
        }
    }

    /// Values of inputs and of sums that a thread needs.
    fn scratch_values(&self) -> [usize; 2] {
        match &self.operation {
            Operation::Direct { weights, .. } => [self.output[1] * weights.depth, self.output[1] * LANES],
            Operation::Winograd { weights, .. } => {
                [transformed_values(TILES, weights.depth), GROUP * POSITIONS * (TILES + 1) * LANES]
            }
            Operation::Pool { .. } => [0, 0],
        }
    }
}

/// Rounds a number of 16 bits to the nearest integer, ties to even; NaN gives something.
///
/// Added to 1.5 * 2^23, a number's integer part ends up in the lowest bits, rounded by the processor:
/// unlike a call of `round`, this becomes vector instructions on every target.
pub(super) fn round(value: f32) -> i16 {
    const SHIFT: f32 = 12_582_912.0;
    (value + SHIFT).to_bits().wrapping_sub(SHIFT.to_bits()) as i16
}

/// Values from one position of `tiles` transformed tiles to the next.
fn transformed_stride(tiles: usize, depth: usize) -> usize {
    tiles * depth + APART
}

/// Values of `tiles` transformed tiles.
fn transformed_values(tiles: usize, depth: usize) -> usize {
    POSITIONS * transformed_stride(tiles, depth)
}

/// Winograd's input transform of some of the tiles of a plan.
fn transform(
    plan: &Plan,
    across: usize,
    tiles: Range<usize>,
    source: &Plane<u8>,
    kernel: &dyn Kernel,
    depth: usize,
    v: &mut [i16],
) {
    let (count, stride) = (tiles.len(), transformed_stride(tiles.len(), depth));
    for (t, tile) in tiles.enumerate() {
        let (row, column) = (plan.row(tile / across), tile % across);
        let patch: [&[u8]; PATCH] = std::array::from_fn(|i| {
            // SAFETY: nobody writes the source in this phase.
            let row = unsafe { source.row((row * TILE + i) as isize - 1, &plan.from) };
            &row[column * TILE * source.channels..]
        });
        kernel.transform(patch, depth, &mut v[t * LANES..], stride, count * LANES);
    }
}

/// The inputs of a row of outputs without tiles: `[depth / 16, width, 16]`. What lies behind the nine
/// taps of a pixel has weights of 0 and may be anything.
fn gather<T: bytemuck::Pod + Into<i16>>(
    window: &Range<usize>,
    row: usize,
    width: usize,
    stride: usize,
    source: &Plane<T>,
    depth: usize,
    inputs: &mut [i16],
) {
    // SAFETY: nobody writes the source in this phase.
    let rows: [&[T]; 3] =
        std::array::from_fn(|tap| unsafe { source.row((row * stride + tap) as isize - 1, window) });
    let (run, step) = (3 * source.channels, stride * source.channels);
    let mut column = 0;
    if run <= LANES && depth <= 2 * LANES {
        // Few channels: whole vectors are copied, each over the end of the one before.
        let mut pixel = [0i16; 3 * LANES];
        while column < width && column * step + LANES <= rows[0].len() {
            for (tap, values) in rows.iter().enumerate() {
                let target = &mut pixel[tap * run..][..LANES];
                let values = &values[column * step..][..LANES];
                target.iter_mut().zip(values).for_each(|(to, value)| *to = (*value).into());
            }
            for (block, values) in pixel[..depth].chunks_exact(LANES).enumerate() {
                inputs[(block * width + column) * LANES..][..LANES].copy_from_slice(values);
            }
            column += 1;
        }
    }
    for column in column..width {
        for (tap, values) in rows.iter().enumerate() {
            for (k, value) in (tap * run..).zip(&values[column * step..][..run]) {
                inputs[(k / LANES * width + column) * LANES + k % LANES] = (*value).into();
            }
        }
    }
}
