//! A team of threads that works through a job in phases.
//!
//! The threads wait between jobs without using the processor, and spin for a moment between the phases
//! of one, which follow each other within microseconds. A phase ends when its work is done, not when everybody has
//! come: a thread that is still waking up holds nobody up.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// Phases that one job may have.
const PHASES: usize = 256;
/// Looks at a value that is about to change, before the processor is offered to others: the one who is waited for may
/// have been put on the same processor.
const SPINS: usize = 100;
/// Looks for the next job, before a worker goes to sleep: less than a millisecond. The jobs of a decision follow each
/// other, and waking up can take longer than a job.
const LOOKS: usize = 1_000;

/// What all threads do; it borrows from the caller of [`Team::run`].
type Job = *const (dyn Fn(&Member) + Sync);

/// The threads. The one that calls [`Team::run`] is a member, too.
pub(super) struct Team {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

struct Shared {
    threads: usize,
    /// Counts jobs; changed under `gate`.
    number: AtomicUsize,
    /// The job that workers may join.
    gate: Mutex<Option<Posted>>,
    wake: Condvar,
    /// Workers that have joined the job, less those that have left it; grows under `gate`.
    inside: AtomicUsize,
    phases: [Phase; PHASES],
    /// A member panicked: nobody waits for it.
    broken: AtomicBool,
    over: AtomicBool,
}

/// How far a phase has come.
struct Phase {
    /// The next unit that nobody has taken.
    next: AtomicUsize,
    /// Units that are done.
    done: AtomicUsize,
}

#[derive(Clone, Copy)]
struct Posted(Job);

// SAFETY: the job is `Sync`, and `Team::run` keeps it alive until every worker is done with it.
unsafe impl Send for Posted {}

/// One thread's place in a job.
pub(super) struct Member<'a> {
    /// 0 to the number of threads, exclusive.
    pub(super) index: usize,
    shared: &'a Shared,
    phase: Cell<usize>,
}

impl Member<'_> {
    /// A phase of the job: does those units of 0..`count` that no other member takes, and waits until all are done.
    pub(super) fn phase(&self, count: usize, mut unit: impl FnMut(usize)) {
        let Phase { next, done } = &self.shared.phases[self.phase.replace(self.phase.get() + 1)];
        let take = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|taken| *taken < count);
        while let Some(taken) = take() {
            unit(taken);
            done.fetch_add(1, Ordering::Release);
        }
        wait(|| {
            assert!(!self.shared.broken.load(Ordering::Relaxed), "another thread of the team panicked");
            done.load(Ordering::Acquire) == count
        });
    }
}

/// Spins, then gives the processor to others, until `ready`.
fn wait(ready: impl Fn() -> bool) {
    (0usize..).take_while(|_| !ready()).for_each(rest);
}

/// A look at a value has been in vain.
fn rest(look: usize) {
    if look < SPINS { std::hint::spin_loop() } else { thread::yield_now() }
}

impl Team {
    /// A team of `threads` members, at least one.
    pub(super) fn new(threads: usize) -> Self {
        let threads = threads.max(1);
        let shared = Arc::new(Shared {
            threads,
            number: AtomicUsize::new(0),
            gate: Mutex::new(None),
            wake: Condvar::new(),
            inside: AtomicUsize::new(0),
            phases: [const { Phase { next: AtomicUsize::new(0), done: AtomicUsize::new(0) } }; PHASES],
            broken: AtomicBool::new(false),
            over: AtomicBool::new(false),
        });
        let start = |index| {
            let shared = shared.clone();
            thread::spawn(move || shared.work(index))
        };
        let workers = (1..threads).map(start).collect();
        Self { shared, workers }
    }

    /// Members of the team.
    pub(super) fn threads(&self) -> usize {
        self.shared.threads
    }

    /// Members do `job`, each with a scratch of its own, its phases together; returns when all are done. The caller
    /// does it in any case, a worker if it has woken up before the end.
    ///
    /// # Panics
    /// If a member does, or there are fewer scratches than members.
    pub(super) fn run<S: Send>(&mut self, scratches: &mut [S], job: impl Fn(&Member, &mut S) + Sync) {
        let shared = &*self.shared;
        assert!(scratches.len() >= shared.threads);
        for counter in shared.phases.iter().flat_map(|phase| [&phase.next, &phase.done]) {
            counter.store(0, Ordering::Relaxed);
        }
        shared.broken.store(false, Ordering::Relaxed);

        let scratches = Scratches(scratches.as_mut_ptr());
        let job = move |member: &Member| {
            // SAFETY: every member has an index of its own, smaller than the number of scratches.
            let scratch = unsafe { &mut *scratches.at(member.index) };
            job(member, scratch);
        };
        let job: &(dyn Fn(&Member) + Sync) = &job;
        // SAFETY: only the lifetime changes. Nobody uses the pointer after this function has returned:
        // it takes the job back, and waits for all workers that have joined it.
        let posted = Posted(unsafe { std::mem::transmute::<*const (dyn Fn(&Member) + Sync + '_), Job>(job) });
        if shared.threads > 1 {
            let mut gate = shared.gate.lock().unwrap_or_else(PoisonError::into_inner);
            *gate = Some(posted);
            // With the gate held: a worker that has found nothing new is asleep before this, and hears the call.
            shared.number.fetch_add(1, Ordering::Release);
            drop(gate);
            shared.wake.notify_all();
        }
        let own = shared.attempt(0, job);
        *shared.gate.lock().unwrap_or_else(PoisonError::into_inner) = None;
        wait(|| shared.inside.load(Ordering::Acquire) == 0);
        if let Err(panic) = own {
            resume_unwind(panic);
        }
        assert!(!shared.broken.load(Ordering::Relaxed), "a thread of the team panicked");
    }
}

/// The first scratch.
struct Scratches<S>(*mut S);

impl<S> Scratches<S> {
    fn at(&self, index: usize) -> *mut S {
        self.0.wrapping_add(index)
    }
}

// SAFETY: each member touches the scratch of its own index alone.
unsafe impl<S: Send> Sync for Scratches<S> {}

impl Shared {
    /// What a worker thread does all its life.
    fn work(&self, index: usize) {
        let mut seen = 0;
        loop {
            (0..LOOKS).take_while(|_| self.number.load(Ordering::Acquire) == seen).for_each(rest);
            let mut gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
            while self.number.load(Ordering::Acquire) == seen {
                gate = self.wake.wait(gate).unwrap_or_else(PoisonError::into_inner);
            }
            seen = self.number.load(Ordering::Acquire);
            let posted = *gate;
            if posted.is_some() {
                self.inside.fetch_add(1, Ordering::Relaxed);
            }
            drop(gate);
            if self.over.load(Ordering::Acquire) {
                return;
            }
            if let Some(Posted(job)) = posted {
                // SAFETY: `Team::run` has posted it and waits until nobody is inside.
                let _ = self.attempt(index, unsafe { &*job });
                self.inside.fetch_sub(1, Ordering::Release);
            }
        }
    }

    /// Does the job; a panic breaks the job for all.
    fn attempt(&self, index: usize, job: &(dyn Fn(&Member) + Sync)) -> Result<(), Box<dyn Any + Send>> {
        let member = Member { index, shared: self, phase: Cell::new(0) };
        let result = catch_unwind(AssertUnwindSafe(|| job(&member)));
        if result.is_err() {
            self.broken.store(true, Ordering::Relaxed);
        }
        result
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Release);
        let gate = self.shared.gate.lock().unwrap_or_else(PoisonError::into_inner);
        self.shared.number.fetch_add(1, Ordering::Release);
        drop(gate);
        self.shared.wake.notify_all();
        for worker in self.workers.drain(..) {
            let _ = worker.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_done_once_and_phases_follow_each_other() {
        for threads in [1, 2, 5] {
            let mut team = Team::new(threads);
            let mut scratches = vec![0usize; threads];
            for round in 0..50 {
                let (first, second) = (AtomicUsize::new(0), AtomicUsize::new(0));
                scratches.fill(0);
                team.run(&mut scratches, |member, own| {
                    member.phase(100, |unit| _ = first.fetch_add(unit, Ordering::Relaxed));
                    assert_eq!(first.load(Ordering::Relaxed), 4950, "round {round}");
                    member.phase(17, |_| {
                        *own += 1;
                        second.fetch_add(1, Ordering::Relaxed);
                    });
                });
                assert_eq!((second.into_inner(), scratches.iter().sum()), (17, 17));
            }
        }
    }

    #[test]
    fn a_worker_that_comes_late_holds_nobody_up() {
        let mut team = Team::new(2);
        let (units, over) = (AtomicUsize::new(0), AtomicBool::new(false));
        team.run(&mut [(); 2], |member, ()| {
            wait(|| member.index == 0 || over.load(Ordering::Acquire));
            for _ in 0..3 {
                member.phase(5, |_| _ = units.fetch_add(1, Ordering::Relaxed));
            }
            over.store(true, Ordering::Release);
        });
        assert_eq!(units.into_inner(), 15);
    }

    #[test]
    fn a_panic_ends_the_job_and_not_the_team() {
        let mut team = Team::new(3);
        let mut scratches = [(); 3];
        let broken = catch_unwind(AssertUnwindSafe(|| {
            team.run(&mut scratches, |member, ()| {
                member.phase(3, |unit| assert!(unit != 1, "a mistake"));
            });
        }));
        assert!(broken.is_err());
        let count = AtomicUsize::new(0);
        team.run(&mut scratches, |member, ()| {
            member.phase(7, |_| _ = count.fetch_add(1, Ordering::Relaxed));
        });
        assert_eq!(count.into_inner(), 7);
    }
}
