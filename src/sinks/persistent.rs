//! An output that may fail, say because the disk is full, without ending a live run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::backoff::Backoff;
use crate::pipeline::{Controls, DecisionContext, Sink, SinkError};

/// Waits before another try: the first, and the longest.
const WAITS: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(60)];

/// How long something that is sent must have gone well, after a failure, to count as mended.
const PROOF: Duration = Duration::from_secs(3);

/// Opens an output anew, and later again, when it fails; tells what is wrong meanwhile.
pub struct Persistent<F> {
    name: &'static str,
    /// What does not happen while it fails.
    failing: &'static str,
    /// How long it must have worked after a failure to count as mended: a receiver that is away is found out late.
    proof: Duration,
    opened: Instant,
    open: F,
    sink: Option<Box<dyn Sink>>,
    controls: Arc<Controls>,
    next: Instant,
    backoff: Backoff,
}

impl<F: FnMut() -> Result<Box<dyn Sink>, SinkError>> Persistent<F> {
    /// Opens it for the first time; `name` tells it from the run's other outputs.
    ///
    /// # Errors
    /// The output cannot be opened; this is reported before the run begins.
    pub fn new(name: &'static str, mut open: F, controls: Arc<Controls>) -> Result<Self, SinkError> {
        let sink = Some(open()?);
        Ok(Self {
            name,
            failing: "not saved",
            proof: Duration::ZERO,
            opened: Instant::now(),
            open,
            sink,
            controls,
            next: Instant::now(),
            backoff: Backoff::new(WAITS[0], WAITS[1]),
        })
    }

    /// For what is sent, not saved.
    #[must_use]
    pub fn sending(self) -> Self {
        Self { failing: "not sent", proof: PROOF, ..self }
    }

    fn failed(&mut self, error: &SinkError) {
        self.sink = None;
        let wait = self.backoff.wait();
        self.next = Instant::now() + wait;
        let sentence = format!("{}: {error}; tried again in {} s", self.failing, wait.as_secs());
        self.controls.faults.set(self.name, Some(sentence));
    }
}

impl<F: FnMut() -> Result<Box<dyn Sink>, SinkError>> Sink for Persistent<F> {
    fn take(&mut self, context: &DecisionContext) -> Result<(), SinkError> {
        if self.sink.is_none() && Instant::now() >= self.next {
            match (self.open)() {
                Ok(sink) => (self.sink, self.opened) = (Some(sink), Instant::now()),
                Err(error) => self.failed(&error),
            }
        }
        match self.sink.as_mut().map(|sink| sink.take(context)) {
            Some(Err(error)) => self.failed(&error),
            Some(Ok(())) if self.opened.elapsed() >= self.proof => self.controls.faults.set(self.name, None),
            _ => {}
        }
        Ok(())
    }

    /// At the end of a run there is no retry: a file that could not be completed is an error.
    fn finish(&mut self) -> Result<(), SinkError> {
        self.sink.as_mut().map_or(Ok(()), |sink| sink.finish())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::event::{Event, Map, State};
    use crate::gallery::Signature;
    use crate::timing::Timings;
    use image::RgbImage;

    /// Fails when it takes its second moment.
    struct Full(Arc<Mutex<Vec<&'static str>>>, usize);

    impl Sink for Full {
        fn take(&mut self, _: &DecisionContext) -> Result<(), SinkError> {
            self.1 += 1;
            self.0.lock().unwrap().push("taken");
            let source = std::io::Error::other("no space left");
            if self.1 == 2 { Err(SinkError::Io { output: "session.mkv".into(), source }) } else { Ok(()) }
        }
    }

    #[test]
    fn a_full_disk_is_told_and_tried_again() {
        let event = Event { score: 0.0, peak: [0.0; 2], confidence: 0.0, ..Event::example(State::Silent) };
        let context = DecisionContext {
            event: &event,
            picture: &RgbImage::new(1, 1),
            map: &Map::default(),
            frames: &[],
            sound: &[],
            second: &[],
            columns: &[],
            scores: &[],
            signature: &Signature::default(),
            timings: &Timings::default(),
            swapped: None,
            health: None,
        };
        let (log, controls) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Controls::default()));
        let seen = log.clone();
        let open = move || -> Result<Box<dyn Sink>, SinkError> {
            seen.lock().unwrap().push("opened");
            Ok(Box::new(Full(seen.clone(), 0)))
        };
        let mut sink = Persistent::new("recording", open, controls.clone()).unwrap();
        for _ in 0..4 {
            sink.take(&context).unwrap();
        }
        assert_eq!(*log.lock().unwrap(), ["opened", "taken", "taken"]);
        let told = controls.faults.get().unwrap();
        assert!(told.contains("session.mkv") && told.contains("no space left"), "{told}");
        controls.faults.set("video", Some("another".into()));
        sink.next = Instant::now();
        sink.take(&context).unwrap();
        assert_eq!(log.lock().unwrap()[3..], ["opened", "taken"]);
        assert_eq!(controls.faults.get().as_deref(), Some("another"), "its own is over, the other is not");
        assert_eq!(sink.backoff.due(), 2 * WAITS[0]);
    }
}
