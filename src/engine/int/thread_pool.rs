//! A pool of threads that works through a job in phases, each a parallel loop.
//!
//! The threads sleep between jobs and spin between the phases of a job, which follow each other within microseconds. A
//! phase ends when its work is done, not when all threads have arrived: a thread that is still waking up delays no
//! other.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// Phases that one job may have.
const PHASES: usize = 256;
/// Number of spins before a waiting thread yields: the thread that it waits for may be scheduled on the same processor.
const SPINS: usize = 100;
/// Polls for the next job before a spawned thread goes to sleep, for less than a millisecond. The jobs of a decision
/// follow each other, and waking up can take longer than a job.
const LOOKS: usize = 1_000;

/// What all threads do; it borrows from the caller of [`ThreadPool::run`].
type Job = *const (dyn Fn(&Worker) + Sync);

/// The threads. The one that calls [`ThreadPool::run`] is a worker, too: number 0.
pub(super) struct ThreadPool {
    shared: Arc<Shared>,
    handles: Vec<JoinHandle<()>>,
}

struct Shared {
    threads: usize,
    /// Counts jobs; changed under `gate`.
    number: AtomicUsize,
    /// The job that spawned threads may join.
    gate: Mutex<Option<Posted>>,
    wake: Condvar,
    /// Spawned threads that have joined the job, less those that have left it; grows under `gate`.
    inside: AtomicUsize,
    phases: [Phase; PHASES],
    /// A worker panicked: the others stop waiting for its work.
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

// SAFETY: the job is `Sync`, and `ThreadPool::run` keeps it alive until every spawned thread is done with it.
unsafe impl Send for Posted {}

/// One thread's place in a job.
pub(super) struct Worker<'a> {
    /// From 0 up to the number of threads, exclusive.
    pub(super) index: usize,
    shared: &'a Shared,
    phase: Cell<usize>,
}

impl Worker<'_> {
    /// A parallel loop, one phase of the job: does those units of 0..`count` that no other worker takes, and waits
    /// until all are done.
    pub(super) fn parallel_for(&self, count: usize, mut unit: impl FnMut(usize)) {
        let Phase { next, done } = &self.shared.phases[self.phase.replace(self.phase.get() + 1)];
        let take = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|taken| *taken < count);
        while let Some(taken) = take() {
            unit(taken);
            done.fetch_add(1, Ordering::Release);
        }
        wait(|| {
            assert!(!self.shared.broken.load(Ordering::Relaxed), "another thread of the pool panicked");
            done.load(Ordering::Acquire) == count
        });
    }
}

/// Spins, then gives the processor to others, until `ready`.
fn wait(ready: impl Fn() -> bool) {
    (0usize..).take_while(|_| !ready()).for_each(rest);
}

/// One round of waiting: spins at first, yields later.
fn rest(look: usize) {
    if look < SPINS { std::hint::spin_loop() } else { thread::yield_now() }
}

impl ThreadPool {
    /// A pool of `threads` workers, at least one.
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
        let handles = (1..threads).map(start).collect();
        Self { shared, handles }
    }

    /// Workers of the pool.
    pub(super) fn threads(&self) -> usize {
        self.shared.threads
    }

    /// Workers do `job`, each with a scratch of its own, its phases together; returns when all are done. The calling
    /// thread always takes part, a spawned thread only if it wakes up before the job ends.
    ///
    /// # Panics
    /// If a worker does, or there are fewer scratches than workers.
    pub(super) fn run<S: Send>(&mut self, scratches: &mut [S], job: impl Fn(&Worker, &mut S) + Sync) {
        let shared = &*self.shared;
        assert!(scratches.len() >= shared.threads);
        for counter in shared.phases.iter().flat_map(|phase| [&phase.next, &phase.done]) {
            counter.store(0, Ordering::Relaxed);
        }
        shared.broken.store(false, Ordering::Relaxed);

        let scratches = Scratches(scratches.as_mut_ptr());
        let job = move |worker: &Worker| {
            // SAFETY: every worker has an index of its own, smaller than the number of scratches.
            let scratch = unsafe { &mut *scratches.at(worker.index) };
            job(worker, scratch);
        };
        let job: &(dyn Fn(&Worker) + Sync) = &job;
        // SAFETY: only the lifetime changes. Nobody uses the pointer after this function has returned:
        // it takes the job back, and waits for all spawned threads that have joined it.
        let posted = Posted(unsafe { std::mem::transmute::<*const (dyn Fn(&Worker) + Sync + '_), Job>(job) });
        if shared.threads > 1 {
            let mut gate = shared.gate.lock().unwrap_or_else(PoisonError::into_inner);
            *gate = Some(posted);
            // With the gate held: a spawned thread that has found nothing new is asleep before this, and hears the
            // call.
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
        assert!(!shared.broken.load(Ordering::Relaxed), "a thread of the pool panicked");
    }
}

/// The first scratch.
struct Scratches<S>(*mut S);

impl<S> Scratches<S> {
    fn at(&self, index: usize) -> *mut S {
        self.0.wrapping_add(index)
    }
}

// SAFETY: each worker touches the scratch of its own index alone.
unsafe impl<S: Send> Sync for Scratches<S> {}

impl Shared {
    /// What a spawned thread does all its life.
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
                // SAFETY: `ThreadPool::run` has posted it and waits until nobody is inside.
                let _ = self.attempt(index, unsafe { &*job });
                self.inside.fetch_sub(1, Ordering::Release);
            }
        }
    }

    /// Does the job; a panic breaks the job for all.
    fn attempt(&self, index: usize, job: &(dyn Fn(&Worker) + Sync)) -> Result<(), Box<dyn Any + Send>> {
        let worker = Worker { index, shared: self, phase: Cell::new(0) };
        let result = catch_unwind(AssertUnwindSafe(|| job(&worker)));
        if result.is_err() {
            self.broken.store(true, Ordering::Relaxed);
        }
        result
    }
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Release);
        let gate = self.shared.gate.lock().unwrap_or_else(PoisonError::into_inner);
        self.shared.number.fetch_add(1, Ordering::Release);
        drop(gate);
        self.shared.wake.notify_all();
        for handle in self.handles.drain(..) {
            let _ = handle.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_done_once_and_phases_follow_each_other() {
        for threads in [1, 2, 5] {
            let mut thread_pool = ThreadPool::new(threads);
            let mut scratches = vec![0usize; threads];
            for round in 0..50 {
                let (first, second) = (AtomicUsize::new(0), AtomicUsize::new(0));
                scratches.fill(0);
                thread_pool.run(&mut scratches, |worker, own| {
                    worker.parallel_for(100, |unit| _ = first.fetch_add(unit, Ordering::Relaxed));
                    assert_eq!(first.load(Ordering::Relaxed), 4950, "round {round}");
                    worker.parallel_for(17, |_| {
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
        let mut thread_pool = ThreadPool::new(2);
        let (units, over) = (AtomicUsize::new(0), AtomicBool::new(false));
        thread_pool.run(&mut [(); 2], |worker, ()| {
            wait(|| worker.index == 0 || over.load(Ordering::Acquire));
            for _ in 0..3 {
                worker.parallel_for(5, |_| _ = units.fetch_add(1, Ordering::Relaxed));
            }
            over.store(true, Ordering::Release);
        });
        assert_eq!(units.into_inner(), 15);
    }

    #[test]
    fn a_panic_ends_the_job_and_not_the_pool() {
        let mut thread_pool = ThreadPool::new(3);
        let mut scratches = [(); 3];
        let broken = catch_unwind(AssertUnwindSafe(|| {
            thread_pool.run(&mut scratches, |worker, ()| {
                worker.parallel_for(3, |unit| assert!(unit != 1, "a mistake"));
            });
        }));
        assert!(broken.is_err());
        let count = AtomicUsize::new(0);
        thread_pool.run(&mut scratches, |worker, ()| {
            worker.parallel_for(7, |_| _ = count.fetch_add(1, Ordering::Relaxed));
        });
        assert_eq!(count.into_inner(), 7);
    }
}
