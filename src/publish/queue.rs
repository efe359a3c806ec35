//! A thread that serves one output, and the bounded queue before it.

use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::thread;
use std::time::Instant;

use super::standing::Standing;

/// A thread whose end is waited for no longer than is right.
#[derive(Debug)]
pub(super) struct Worker {
    ended: Receiver<()>,
}

impl Worker {
    /// Starts a thread.
    ///
    /// # Errors
    /// The system gives none.
    pub(super) fn start(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let (alive, ended) = mpsc::channel();
        thread::Builder::new().name(format!("publish {name}")).spawn(move || {
            // Dropped when the work is over, and by a panic, too.
            let _alive: mpsc::Sender<()> = alive;
            work();
        })?;
        Ok(Self { ended })
    }

    /// Waits until the thread has ended, or until `end`; returns whether it has.
    pub(super) fn wait(&self, end: Instant) -> bool {
        let left = end.saturating_duration_since(Instant::now());
        self.ended.recv_timeout(left) == Err(RecvTimeoutError::Disconnected)
    }
}

/// The pipeline's end of a bounded queue to a thread.
#[derive(Debug)]
pub(super) struct Queue<T> {
    items: Option<SyncSender<T>>,
    worker: Worker,
    standing: Standing,
}

impl<T: Send + 'static> Queue<T> {
    /// Starts the thread: `serve` takes up to `capacity` waiting items until there are no more.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(super) fn start(
        capacity: usize,
        standing: Standing,
        serve: impl FnOnce(Receiver<T>) + Send + 'static,
    ) -> io::Result<Self> {
        let (items, taken) = mpsc::sync_channel(capacity);
        Self::over(items, standing, move || serve(taken))
    }

    /// As [`start`](Self::start), over a channel that others send to as well: the thread ends when all of them are gone.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(super) fn over(
        items: SyncSender<T>,
        standing: Standing,
        serve: impl FnOnce() + Send + 'static,
    ) -> io::Result<Self> {
        let worker = Worker::start(standing.name, serve)?;
        Ok(Self { items: Some(items), worker, standing })
    }

    /// Puts an item into the queue; if there is no room it is lost, and counted.
    pub(super) fn offer(&self, item: T) {
        let Some(items) = &self.items else { return };
        match items.try_send(item) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => self.standing.lose(1),
            Err(TrySendError::Disconnected(_)) => {
                self.standing.lose(1);
                self.standing.tell(Some("stopped by a mistake in the program; start it anew".into()));
            }
        }
    }

    /// Whose queue it is.
    pub(super) fn name(&self) -> &'static str {
        self.standing.name
    }

    /// No more items will come.
    pub(super) fn close(&mut self) {
        self.items = None;
    }

    /// After [`close`](Self::close): gives the thread until `end` to serve what waits.
    pub(super) fn wait(&self, end: Instant) -> bool {
        self.worker.wait(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::testing::standing;
    use std::time::Duration;

    #[test]
    fn a_full_queue_loses_and_counts_and_serves_the_rest_at_the_end() {
        let (standing, (go, wait), (done, served)) = (standing("test"), mpsc::channel(), mpsc::channel());
        let serve = move |items: Receiver<u32>| {
            let _: Result<(), _> = wait.recv();
            items.iter().for_each(|item| done.send(item).unwrap());
        };
        let mut queue = Queue::start(2, standing.clone(), serve).unwrap();
        (0..5).for_each(|item| queue.offer(item));
        assert_eq!(standing.lost(), 3);
        go.send(()).unwrap();
        queue.close();
        assert!(queue.wait(Instant::now() + Duration::from_secs(60)));
        assert_eq!(served.iter().collect::<Vec<_>>(), [0, 1]);
    }

    #[test]
    fn a_thread_that_hangs_is_not_waited_for_and_one_that_died_is_told() {
        let (go, wait) = mpsc::channel::<()>();
        let hanging = Worker::start("test", move || assert!(wait.recv().is_err())).unwrap();
        assert!(!hanging.wait(Instant::now()));
        drop(go);
        let standing = standing("test");
        let died = Queue::start(2, standing.clone(), drop::<Receiver<u32>>).unwrap();
        assert!(died.wait(Instant::now() + Duration::from_secs(60)));
        died.offer(1);
        assert_eq!(standing.lost(), 1);
        assert!(standing.trouble().is_some());
    }
}
