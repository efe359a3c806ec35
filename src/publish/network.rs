//! The one thread of everything that waits on the network.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::Instant;

use tokio::runtime::Builder;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::queue::Worker;

/// Tells a task when it shall end.
#[derive(Clone, Debug)]
pub(super) struct Ending(watch::Receiver<()>);

impl Ending {
    /// Waits for the end.
    pub(super) async fn over(&mut self) {
        // Nothing is ever sent: an error says that the other side is gone.
        while self.0.changed().await.is_ok() {}
    }
}

/// A task for the thread; it is built there, since parts of it need the runtime.
pub(super) type Task = Box<dyn FnOnce(Ending) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// The thread.
#[derive(Debug)]
pub(super) struct Network {
    worker: Worker,
    /// The tasks run while this sender lives.
    going: Option<watch::Sender<()>>,
}

impl Network {
    /// Starts the thread, and the tasks in it.
    ///
    /// # Errors
    /// The system gives no thread, or nothing to wait with.
    pub(super) fn start(tasks: Vec<Task>) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
        let (going, over) = watch::channel(());
        let worker = Worker::start("network", move || {
            runtime.block_on(async {
                let mut running: JoinSet<()> =
                    tasks.into_iter().map(|task| task(Ending(over.clone()))).collect();
                // A task that panics does not end the others.
                while running.join_next().await.is_some() {}
            });
        })?;
        Ok(Self { worker, going: Some(going) })
    }

    /// Asks the tasks to end.
    pub(super) fn close(&mut self) {
        self.going = None;
    }

    /// After [`close`](Self::close): gives the tasks until `end`.
    pub(super) fn wait(&self, end: Instant) -> bool {
        self.worker.wait(end)
    }
}
