//! A supervised thread: its end is always noticed, whatever the reason.

use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::error::{Fault, KioskError};

/// A thread that does one thing and ends with a `T`.
pub(super) struct Worker<T> {
    name: &'static str,
    /// `None` once its end was told.
    handle: Option<JoinHandle<Result<T, Fault>>>,
}

impl<T: Send + 'static> Worker<T> {
    /// Starts the thread. `name` completes the message "... broke down".
    pub(super) fn start(
        name: &'static str,
        work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
    ) -> Result<Self, KioskError> {
        let spawned = thread::Builder::new().spawn(work);
        let handle = spawned.map_err(|error| KioskError::Failed { thread: name, fault: error.into() })?;
        Ok(Self { name, handle: Some(handle) })
    }

    /// How it ended; `None` while it works, and when that was told before. Does not wait.
    pub(super) fn ended(&mut self) -> Option<Result<T, KioskError>> {
        let handle = self.handle.take_if(|handle| handle.is_finished())?;
        let thread = self.name;
        Some(match handle.join() {
            Ok(ended) => ended.map_err(|fault| KioskError::Failed { thread, fault }),
            Err(panic) => {
                let words = panic.downcast_ref::<&str>().map(|words| (*words).to_string());
                let words = words.or_else(|| panic.downcast_ref::<String>().cloned());
                Err(KioskError::Panicked {
                    thread,
                    reason: words.unwrap_or_else(|| "it does not say why".into()),
                })
            }
        })
    }

    /// Waits for its end, which must have been asked for; `None` if that was told before.
    pub(super) fn wait(&mut self, patience: Duration) -> Option<Result<T, KioskError>> {
        let until = Instant::now() + patience;
        while self.handle.as_ref().is_some_and(|handle| !handle.is_finished()) {
            if Instant::now() >= until {
                return Some(Err(KioskError::Stuck { thread: self.name, seconds: patience.as_secs() }));
            }
            thread::sleep(Duration::from_millis(5));
        }
        self.ended()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn an_end_is_told_once() {
        let (go, gone) = channel::<()>();
        let mut worker = Worker::start("the pipeline", move || Ok(gone.recv().is_err())).unwrap();
        assert!(worker.ended().is_none(), "it works");
        drop(go);
        assert!(worker.wait(LONG).unwrap().unwrap());
        assert!(worker.ended().is_none() && worker.wait(LONG).is_none());
    }

    #[test]
    fn errors_and_panics_name_the_thread() {
        let mut worker = Worker::<()>::start("the pipeline", || Err("no model".into())).unwrap();
        assert_eq!(worker.wait(LONG).unwrap().unwrap_err().to_string(), "the pipeline: no model");
        let mut worker = Worker::<()>::start("the example", || panic!("index {} of {}", 3, 2)).unwrap();
        let told = worker.wait(LONG).unwrap().unwrap_err().to_string();
        assert!(told.starts_with("the example broke down: index 3 of 2"), "{told}");
    }

    #[test]
    fn a_stuck_thread_is_not_waited_for() {
        let (go, gone) = channel::<()>();
        let mut worker = Worker::start("the pipeline", move || Ok(gone.recv().is_err())).unwrap();
        let told = worker.wait(Duration::ZERO).unwrap().unwrap_err();
        assert!(matches!(told, KioskError::Stuck { thread: "the pipeline", .. }));
        drop(go);
        assert!(worker.wait(LONG).unwrap().is_ok());
    }
}
