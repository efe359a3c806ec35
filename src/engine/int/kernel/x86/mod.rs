//! x86-64: AVX2, AVX-512, and AVX-512 with VNNI.

mod avx2;
mod avx512;
mod avx512_products;

pub(super) use avx2::Avx2;
pub(super) use avx512::{Avx512, Vnni};

use super::LANES;

/// Values of weights in a line of the cache.
const LINE: usize = 64 / size_of::<i16>();

/// Calls `$function::<N>` for a run-time number `N` of the list; or `$function::<N, M>`, with an `M` that is known.
macro_rules! dispatch {
    ($n:expr, $function:ident, $arguments:tt, [$($size:literal)*]) => {
        match $n {
            $($size => $function::<$size> $arguments,)*
            other => unreachable!("there is none for {other}"),
        }
    };
    ($n:expr, $m:literal, $function:ident, $arguments:tt, [$($size:literal)*]) => {
        match $n {
            $($size => $function::<$size, $m> $arguments,)*
            other => unreachable!("there is none for {other}"),
        }
    };
}

/// Weights that are needed next, for a kernel to ask memory for while it multiplies others.
#[derive(Clone, Copy)]
struct Next {
    weights: *const i16,
    /// Lines of the cache to ask for with each block of inputs.
    lines: usize,
}

impl Next {
    /// As many panels as are multiplied together, after these; `groups` of tiles are multiplied by these before.
    fn new(panels: *const i16, depth: usize, [together, groups]: [usize; 2]) -> Self {
        let weights = panels.wrapping_add(together * depth * LANES);
        Self { weights, lines: (together * LANES / 2).div_ceil(groups) }
    }

    /// What is left for the groups of tiles after a first one.
    fn after(self, depth: usize) -> Self {
        Self { weights: self.weights.wrapping_add(depth / LANES * self.lines * LINE), ..self }
    }

    /// The lines of a block; there need not be any memory.
    fn block(self, block: usize) -> impl Iterator<Item = *const i16> {
        (0..self.lines).map(move |line| self.weights.wrapping_add((block * self.lines + line) * LINE))
    }
}

/// Calls `$put(pixel, value)` for every output, or for the maxima of every 2x2 if `$pool`.
macro_rules! each_output {
    ($rows:expr, $pool:expr, $max:expr, $put:expr) => {{
        let rows = $rows;
        if $pool {
            for i in 0..TILE / 2 {
                for j in 0..TILE / 2 {
                    let above = $max(rows[2 * i][2 * j], rows[2 * i][2 * j + 1]);
                    let below = $max(rows[2 * i + 1][2 * j], rows[2 * i + 1][2 * j + 1]);
                    $put(i * TILE / 2 + j, $max(above, below));
                }
            }
        } else {
            for (i, row) in rows.into_iter().enumerate() {
                for (j, value) in row.into_iter().enumerate() {
                    $put(i * TILE + j, value);
                }
            }
        }
    }};
}

/// A function for `Kernel::multiply_registers`: `$count` sums of `$lanes` products each. The factors
/// are hidden from the compiler, which would compute the sums itself otherwise.
macro_rules! registers {
    ($name:ident, $features:literal, $count:literal, $lanes:literal, $zero:expr, $factor:expr, $step:expr) => {
        #[target_feature(enable = $features)]
        fn $name(rounds: usize) -> usize {
            let mut sums = [$zero; $count];
            let times = rounds * 1000 / ($count * $lanes);
            for _ in 0..times {
                let x = std::hint::black_box($factor);
                for sum in &mut sums {
                    *sum = $step(*sum, x);
                }
            }
            std::hint::black_box(sums);
            times * $count * $lanes
        }
    };
}

/// The methods of `Kernel`, from functions that need what the kernel proves to be there; `$multiply` multiplies up to
/// `$tiles` tiles by up to `$panels` panels.
macro_rules! kernel {
    ($kernel:ident, $name:literal, $transform:expr, $filters:ident, $multiply:ident, [$tiles:expr, $panels:expr], $epilogue:ident, $epilogue_real:ident, $requantize:ident, $registers:ident) => {
        impl super::super::Kernel for $kernel {
            fn name(&self) -> &'static str {
                $name
            }

            fn group(&self) -> usize {
                $tiles
            }

            fn panels(&self) -> usize {
                $panels
            }

            fn transform(
                &self,
                patch: Patch,
                channels: usize,
                v: &mut [i16],
                stride: usize,
                block_stride: usize,
            ) {
                super::super::portable::check_transform(patch, channels, v, stride, block_stride);
                // SAFETY: `self` proves that the processor has the instructions.
                unsafe { $transform(patch, channels, v, stride, block_stride) }
            }

            fn transform_filters(
                &self,
                taps: &[i16],
                factors: &[f32],
                row: usize,
                panels: &mut [i16],
                stride: usize,
            ) {
                let depth = super::super::portable::check_filters(taps, factors, row, panels, stride);
                let (taps, factors, panels) = (taps.as_ptr(), factors.as_ptr(), panels.as_mut_ptr());
                // SAFETY: `self` proves that the processor has the instructions, `check_filters` the lengths.
                unsafe { super::dispatch!(row, $filters, (taps, depth, factors, panels, stride), [0 1 2 3 4 5]) }
            }

            fn multiply(
                &self,
                v: &[i16],
                tiles: usize,
                depth: usize,
                panels: &[i16],
                m: &mut [i32],
                apart: usize,
            ) {
                let count = super::super::portable::check_multiply(v, tiles, depth, panels, m, apart);
                for (panel, wide) in super::super::groups(count, $panels) {
                    // SAFETY: `check_multiply` has found all of the panels, and room for their sums.
                    let (panels, m) = unsafe {
                        (panels.as_ptr().add(panel * depth * LANES), m.as_mut_ptr().add(panel * apart))
                    };
                    let mut next = super::Next::new(panels, depth, [wide, tiles.div_ceil($tiles)]);
                    for (tile, size) in super::super::groups(tiles, $tiles) {
                        // SAFETY: `self` proves the instructions, `check_multiply` the lengths.
                        unsafe {
                            let (v, m) = (v.as_ptr().add(tile * depth), m.add(tile * LANES));
                            $multiply([size, wide], v, depth, panels, m, apart, next);
                        }
                        next = next.after(depth);
                    }
                }
            }

            fn epilogue(
                &self,
                m: &[i32],
                stride: usize,
                epilogue: Epilogue,
                pool: bool,
                out: &mut [u8],
                out_stride: usize,
            ) {
                super::super::portable::check_epilogue(m, stride, epilogue, pool, out, out_stride);
                // SAFETY: `self` proves that the processor has the instructions.
                unsafe { $epilogue(m, stride, epilogue, pool, out, out_stride) }
            }

            fn epilogue_real(
                &self,
                m: &[i32],
                stride: usize,
                epilogue: Epilogue,
                pool: bool,
                out: &mut [f32],
                out_stride: usize,
            ) {
                super::super::portable::check_epilogue(m, stride, epilogue, pool, out, out_stride);
                // SAFETY: `self` proves that the processor has the instructions.
                unsafe { $epilogue_real(m, stride, epilogue, pool, out, out_stride) }
            }

            fn requantize(&self, m: &[i32], epilogue: Epilogue, out: &mut [u8], out_stride: usize) {
                let pixels = super::super::portable::check_requantize(m, epilogue, out, out_stride);
                // SAFETY: `self` proves that the processor has the instructions.
                unsafe { $requantize(m, pixels, epilogue, out, out_stride) }
            }

            fn multiply_registers(&self, rounds: usize) -> usize {
                // SAFETY: `self` proves that the processor has the instructions.
                unsafe { $registers(rounds) }
            }
        }
    };
}

use {dispatch, each_output, kernel, registers};
