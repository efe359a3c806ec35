//! A thread that serves one output, and the bounded queue before it.

use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::thread;
use std::time::Instant;

use super::output_status::OutputStatus;

/// A thread that is joined with a timeout.
#[derive(Debug)]
pub(super) struct Worker {
    ended: Receiver<()>,
}

impl Worker {
    /// Starts a thread.
    ///
    /// # Errors
    /// The system cannot start a thread.
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
    output_status: OutputStatus,
}

impl<T: Send + 'static> Queue<T> {
    /// Starts the thread: `serve` takes up to `capacity` waiting items until there are no more.
    ///
    /// # Errors
    /// The system cannot start a thread.
    pub(super) fn start(
        capacity: usize,
        output_status: OutputStatus,
        serve: impl FnOnce(Receiver<T>) + Send + 'static,
    ) -> io::Result<Self> {
        let (items, taken) = mpsc::sync_channel(capacity);
        Self::over(items, output_status, move || serve(taken))
    }

    /// As [`start`](Self::start), over a channel that others send to as well: the thread ends when all of them are gone.
    ///
    /// # Errors
    /// The system cannot start a thread.
    pub(super) fn over(
        items: SyncSender<T>,
        output_status: OutputStatus,
        serve: impl FnOnce() + Send + 'static,
    ) -> io::Result<Self> {
        let worker = Worker::start(output_status.name, serve)?;
        Ok(Self { items: Some(items), worker, output_status })
    }

    /// Puts an item into the queue; if there is no room it is lost, and counted.
    pub(super) fn offer(&self, item: T) {
        let Some(items) = &self.items else { return };
        match items.try_send(item) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => self.output_status.lose(1),
            Err(TrySendError::Disconnected(_)) => {
                self.output_status.lose(1);
                self.output_status.tell(Some("stopped by a mistake in the program; start it anew".into()));
            }
        }
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
    use crate::publish::testing::output_status;
    use std::time::Duration;

    #[test]
    fn a_full_queue_loses_and_counts_and_serves_the_rest_at_the_end() {
        let (output_status, (go, wait), (done, served)) =
            (output_status("test"), mpsc::channel(), mpsc::channel());
        let serve = move |items: Receiver<u32>| {
            let _: Result<(), _> = wait.recv();
            items.iter().for_each(|item| done.send(item).unwrap());
        };
        let mut queue = Queue::start(2, output_status.clone(), serve).unwrap();
        (0..5).for_each(|item| queue.offer(item));
        assert_eq!(output_status.lost(), 3);
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
        let output_status = output_status("test");
        let died = Queue::start(2, output_status.clone(), drop::<Receiver<u32>>).unwrap();
        assert!(died.wait(Instant::now() + Duration::from_secs(60)));
        died.offer(1);
        assert_eq!(output_status.lost(), 1);
        assert!(output_status.fault().is_some());
    }
}
