//! Those who compute the towers, and what they compute with.

use super::buffer::Buffer;
use super::convolve::{Hand, Scratch};
use super::kernel::Kernel;
use super::step::Step;
use super::team::Team;

/// Threads with their tools and memory. Towers run one after the other, so that one crew does for all.
pub(super) struct Crew {
    pub(super) kernel: Box<dyn Kernel>,
    pub(super) team: Team,
    scratches: Vec<Scratch>,
    /// See [`Hand::transformed`].
    transformed: Buffer<i16>,
}

impl Crew {
    /// With enough memory for any of the steps.
    pub(super) fn new<'a, S: Iterator<Item = &'a Step>>(
        kernel: Box<dyn Kernel>,
        team: Team,
        steps: impl Fn() -> S,
    ) -> Self {
        let threads = team.threads();
        let transformed = steps().map(|step| step.shared_values(threads)).max().unwrap_or(0);
        let scratches = (0..threads).map(|_| Scratch::for_steps(steps(), threads)).collect();
        Self { kernel, team, scratches, transformed: Buffer::new(transformed) }
    }

    /// Every thread does `job`; returns when all are done.
    pub(super) fn work(&mut self, job: impl Fn(&mut Hand) + Sync) {
        let Self { kernel, team, scratches, transformed } = self;
        let (kernel, transformed) = (&**kernel, &*transformed);
        team.run(scratches, |member, scratch| job(&mut Hand { kernel, member, transformed, scratch }));
    }
}
