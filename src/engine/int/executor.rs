//! What the towers are computed with: a kernel, a thread pool, and their memory.

use super::buffer::Buffer;
use super::convolve::{Scratch, WorkerContext};
use super::kernel::Kernel;
use super::step::Step;
use super::thread_pool::ThreadPool;

/// A kernel and threads with their memory. Towers run one after the other, so that one executor serves all.
pub(super) struct Executor {
    pub(super) kernel: Box<dyn Kernel>,
    pub(super) thread_pool: ThreadPool,
    scratches: Vec<Scratch>,
    /// See [`WorkerContext::transformed`].
    transformed: Buffer<i16>,
}

impl Executor {
    /// With enough memory for any of the steps.
    pub(super) fn new<'a, S: Iterator<Item = &'a Step>>(
        kernel: Box<dyn Kernel>,
        thread_pool: ThreadPool,
        steps: impl Fn() -> S,
    ) -> Self {
        let threads = thread_pool.threads();
        let transformed = steps().map(|step| step.shared_values(threads)).max().unwrap_or(0);
        let scratches = (0..threads).map(|_| Scratch::for_steps(steps(), threads)).collect();
        Self { kernel, thread_pool, scratches, transformed: Buffer::new(transformed) }
    }

    /// Every thread does `job`; returns when all are done.
    pub(super) fn run(&mut self, job: impl Fn(&mut WorkerContext) + Sync) {
        let Self { kernel, thread_pool, scratches, transformed } = self;
        let (kernel, transformed) = (&**kernel, &*transformed);
        thread_pool.run(scratches, |worker, scratch| {
            job(&mut WorkerContext { kernel, worker, transformed, scratch })
        });
    }
}
