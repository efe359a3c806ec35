//! Threads that wait on the network.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::Instant;

use tokio::runtime::Builder;
use tokio::sync::watch;

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

/// A thread that does one task.
#[derive(Debug)]
pub(super) struct Network {
    worker: Worker,
    /// The task runs while this sender lives.
    going: Option<watch::Sender<()>>,
}

impl Network {
    /// Starts the thread, and the task in it; the task is built there, since parts of it need the runtime.
    ///
    /// # Errors
    /// The system gives no thread, or nothing to wait with.
    pub(super) fn start(
        name: &str,
        task: impl FnOnce(Ending) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + 'static,
    ) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
        let (going, over) = watch::channel(());
        let worker = Worker::start(name, move || runtime.block_on(async { task(Ending(over)).await }))?;
        Ok(Self { worker, going: Some(going) })
    }

    /// Asks the task to end.
    pub(super) fn close(&mut self) {
        self.going = None;
    }

    /// After [`close`](Self::close): gives the task until `end`.
    pub(super) fn wait(&self, end: Instant) -> bool {
        self.worker.wait(end)
    }
}
