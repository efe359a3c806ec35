//! Work by several threads, results in order.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread;

use crate::Error;

/// Calls `work` for every item by `jobs` threads and hands the results to `take` in the order of the items, by the
/// calling thread. At most a few results wait. `false`: `stop` was set before the end.
///
/// # Errors
/// The first of `take`, or a thread died; the rest is not done then.
pub(super) fn in_order<T: Sync, R: Send>(
    items: &[T],
    jobs: usize,
    stop: &AtomicBool,
    work: impl Fn(&T) -> R + Sync,
    mut take: impl FnMut(&T, R) -> Result<(), Error>,
) -> Result<bool, Error> {
    let work = &work;
    thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs)
            .map(|first| {
                let (sender, receiver) = sync_channel(2);
                scope.spawn(move || {
                    for item in items.iter().skip(first).step_by(jobs) {
                        // The receiver is gone when taking has ended: so does this thread.
                        if stop.load(Ordering::Relaxed) || sender.send(work(item)).is_err() {
                            break;
                        }
                    }
                });
                receiver
            })
            .collect();
        for (item, worker) in items.iter().zip(workers.iter().cycle()) {
            match worker.recv() {
                Ok(result) => take(item, result)?,
                Err(_) if stop.load(Ordering::Relaxed) => return Ok(false),
                Err(_) => return Err(Error::ThreadDied("prepare")),
            }
        }
        Ok(true)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_stopping_ends_the_work() {
        let items: Vec<u32> = (0..50).collect();
        let stop = AtomicBool::new(false);
        let mut taken = Vec::new();
        let square = |n: &u32| n * n;
        let whole = in_order(&items, 4, &stop, square, |_, n| {
            taken.push(n);
            Ok(())
        });
        assert!(whole.unwrap());
        assert_eq!(taken, items.iter().map(square).collect::<Vec<_>>());
        let whole = in_order(&items, 4, &stop, square, |n, _| {
            stop.store(*n >= 10, Ordering::Relaxed);
            Ok(())
        });
        assert!(!whole.unwrap());
        let fails = |n: &u32, _| if *n == 5 { Err(Error::Missing("five".into())) } else { Ok(()) };
        let failed = in_order(&items, 4, &AtomicBool::new(false), square, fails);
        assert_eq!(failed.unwrap_err().to_string(), "five");
    }
}
